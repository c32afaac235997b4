#!/usr/bin/env python3
"""generate.py - writes completion for bash, zsh and fish out of the program's
own help, which is made of its tables.

    deploy/completion/generate.py           writes pctr.bash, pctr.zsh, pctr.fish
    deploy/completion/generate.py --check   fails where one is not up to date

PCTR names the program (default build/dev/cli/pctr).
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PCTR = os.environ.get("PCTR", os.path.join(HERE, "../../build/dev/cli/pctr"))
NOTE = "# Written by deploy/completion/generate.py: do not edit."

OPTION = re.compile(r"^(?:  -(\w), |      )--([a-z0-9._-]+)(?:=(\S+))?(?: {2,}(.*))?$"
                    r"|^  -(\w)(?: (\S+))?(?: {2,}(.*))?$")


class Option:
    def __init__(self, letter, name, value, text):
        self.letter, self.name, self.value = letter, name, value
        self.text = text or ""

    def choices(self):
        return self.value.split("|") if self.value and "|" in self.value else []

    def help(self):
        """The first words of the help: up to a colon, semicolon or bracket."""
        return re.split(r"[:;(]", self.text)[0].strip().rstrip(",")


def ask(*arguments):
    return subprocess.run([PCTR, *arguments], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()


def commands():
    for line in ask("--help"):
        match = re.match(r"^  ([a-z]+) {2,}(.*)$", line)
        if match:
            yield match.groups()


def options(command):
    out = []
    for line in ask(command, "--help-all"):
        match = OPTION.match(line)
        if match:
            letter, name, value, text, single, its_value, its_text = match.groups()
            out.append(Option(letter or single, name, value or its_value,
                              text or its_text))
        elif out and line.startswith(" " * 30):
            out[-1].text += " " + line.strip()
        elif out and not line.startswith(" "):
            out.append(Option(None, None, None, None))  # ends a help text
    return [option for option in out if option.letter or option.name]


def words_of(some):
    for option in some:
        if option.letter:
            yield "-" + option.letter
        if option.name:
            yield "--" + option.name + ("=" if option.value else "")


def bash(table):
    lines = [NOTE, "# Goes to /usr/share/bash-completion/completions/pctr.", "",
             "# Prints the options of a command.", "_pctr_options() {",
             '    case $1 in']
    for name, _, some in table:
        lines += [f"    {name}) echo '{' '.join(words_of(some))}' ;;"]
    lines += ["    esac", "}", "", "# Prints the values of an option that has few.",
              "_pctr_values() {", '    case $1 in']
    choices = {}
    for name, _, some in table:
        for option in some:
            if option.choices():
                choices.setdefault(" ".join(option.choices()), []).append(
                    f"{name}--{option.name}")
    for values, places in choices.items():
        lines += [f"    {' | '.join(sorted(places))})", f"        echo '{values}' ;;"]
    names = " ".join(name for name, _, _ in table)
    lines += ["    esac", "}", "", "_pctr() {",
              "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}",
              "    local before=${COMP_WORDS[COMP_CWORD - 1]} values",
              "",
              "    # bash takes the = of --name=value for a word.",
              "    if [[ $word == '=' ]]; then",
              "        word=",
              "    elif [[ $before == '=' ]]; then",
              "        before=${COMP_WORDS[COMP_CWORD - 2]}",
              "    fi",
              "    values=$(_pctr_values \"$command$before\")",
              "    if [ \"$COMP_CWORD\" -eq 1 ]; then",
              f"        values='--help --version {names}'",
              "    elif [[ -z $values && $word == -* ]]; then",
              "        values=$(_pctr_options \"$command\")",
              "    fi",
              "    if [ -n \"$values\" ]; then",
              "        mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$word\")",
              "        [[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace",
              "    else",
              "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")",
              "    fi", "}", "", "complete -F _pctr pctr"]
    return lines


def quoted(text):
    return text.replace("'", "'\\''")


def fish(table):
    lines = [NOTE, "# Goes to /usr/share/fish/vendor_completions.d/pctr.fish.", ""]
    for name, summary, _ in table:
        lines.append(f"complete -c pctr -n __fish_use_subcommand -f -a {name} "
                     f"-d '{quoted(summary)}'")
    for name, _, some in table:
        lines.append("")
        for option in some:
            words = [f"complete -c pctr -n '__fish_seen_subcommand_from {name}'"]
            words += [f"-s {option.letter}"] if option.letter else []
            words += [f"-l {option.name}"] if option.name else []
            words += ["-r"] if option.value else []
            words += [f"-f -a '{' '.join(option.choices())}'"] if option.choices() else []
            words += [f"-d '{quoted(option.help())}'"] if option.help() else []
            lines.append(" ".join(words))
    return lines


def zsh_option(option):
    text = quoted(option.help()).replace("[", "(").replace("]", ")")
    value = ""
    if option.choices():
        value = f":value:({' '.join(option.choices())})"
    elif option.value:
        value = ":value:_files"
    out = []
    if option.letter:
        out.append(f"'-{option.letter}[{text}]{value}'")
    if option.name:
        out.append(f"'--{option.name}{'=' if option.value else ''}[{text}]{value}'")
    return out


def zsh(table):
    lines = ["#compdef pctr", NOTE,
             "# Goes to /usr/share/zsh/vendor-completions/_pctr.", "",
             "_pctr() {", "    local -a commands=("]
    lines += [f"        '{name}:{quoted(summary)}'" for name, summary, _ in table]
    lines += ["    )", "", "    if (( CURRENT == 2 )); then",
              "        _describe command commands", "        return", "    fi",
              "    case $words[2] in"]
    for name, _, some in table:
        lines += [f"    {name})", "        shift words", "        (( CURRENT-- ))",
                  "        _arguments \\"]
        lines += [f"            {word} \\" for option in some
                  for word in zsh_option(option)]
        lines += ["            '*:file:_files' ;;"]
    lines += ["    esac", "}", "", '_pctr "$@"']
    return lines


def main():
    table = [(name, summary, options(name)) for name, summary in commands()]
    stale = False
    for shell in (bash, zsh, fish):
        path = os.path.join(HERE, "pctr." + shell.__name__)
        text = "\n".join(shell(table)) + "\n"
        if sys.argv[1:] == ["--check"]:
            with open(path, encoding="utf-8") as now:
                if now.read() != text:
                    print(path, "is stale: run deploy/completion/generate.py")
                    stale = True
        else:
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
    return 1 if stale else 0


sys.exit(main() if sys.argv[1:] in ([], ["--check"]) else __doc__)
