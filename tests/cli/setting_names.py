#!/usr/bin/env python3
"""setting_names.py SOURCE - an error text that names a setting names one that
there is: what is written as --x.y or x.y in a string of the libraries is a row
of docs/configuration.md (which is generated from the tables of settings), and
no text has a name that was given up."""

import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
ROOMS = ["common", "model", "producer", "consumer", "cli"]
# Options that are no settings, and properties of librdkafka and of brokers.
OPTIONS = {"help", "help-all", "usage", "version", "dump-config",
           "check-config", "online", "describe-config",
           "describe-events", "describe-schema", "describe-metrics"}
PROPERTIES = {"fetch.wait.max.ms", "transaction.timeout.ms",
              "transaction.max.timeout.ms"}

docs = (source / "docs/configuration.md").read_text()
names = set(re.findall(r"^\| `([A-Za-z0-9_.-]+)`", docs, re.M))
groups = {name.split(".")[0] for name in names if "." in name}
assert len(names) > 100, "docs/configuration.md has no settings"

given_up = set()
texts = []
for room in ROOMS:
    for path in sorted((source / room).rglob("*.[ch]")):
        code = path.read_text()
        given_up |= set(re.findall(r'CONFIG_WAS\("([^"]+)"', code))
        code = re.sub(r"CONFIG_WAS\([^)]*\)", "", code)
        code = re.sub(r"^\s*#include.*$", "", code, flags=re.M)
        code = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
        code = re.sub(r'"\s*\n\s*"', "", code)
        texts += [(path.relative_to(source), text)
                  for text in re.findall(r'"((?:\\.|[^"\\])*)"', code)
                  if " " in text and "kafka-configs.sh" not in text
                  and path.name != "replay_style.c"]
given_up -= names

wrong = []
for path, text in texts:
    named = re.findall(r"--([a-z][a-z_-]*(?:\.[a-z_]+)*)", text)
    wrong += [f"{path}: --{name}: {text[:70]}" for name in named
              if name not in names | OPTIONS]
    dotted = re.findall(r"(?<![\w.$/-])([a-z_]+(?:\.[a-z_]+)+)(?![\w.(/])", text)
    wrong += [f"{path}: {name}: {text[:70]}" for name in dotted
              if name not in names | PROPERTIES
              and (name.split(".")[0] in groups or name in given_up)
              and not name.endswith((".snap", ".gz", ".csv", ".html"))]
    words = re.findall(r"(?<![\w.])([a-z]+_[a-z_]+)(?![\w.])", text)
    wrong += [f"{path}: {name} is given up: {text[:70]}" for name in words
              if name in given_up]

for line in wrong:
    print(line)
print(f"{len(texts)} texts, {len(names)} settings, {len(given_up)} given up")
sys.exit(1 if wrong else 0)
