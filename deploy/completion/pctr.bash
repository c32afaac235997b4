# bash completion for pctr; goes to /usr/share/bash-completion/completions/pctr
#
# It asks the program itself, so it knows what the program knows.

_pctr() {
    local word=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} words
    local previous=${COMP_WORDS[COMP_CWORD - 1]}

    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="--help --version $("$program" --help 2>/dev/null |
            sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')"
    elif [[ $previous == -F || $previous == --command-config ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    elif [[ $word == -* ]]; then
        words=$("$program" "${COMP_WORDS[1]}" --help-all 2>/dev/null |
            grep -oE -- '--[a-z][a-z0-9._-]*' | sort -u)
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _pctr pctr
