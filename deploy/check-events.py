#!/usr/bin/env python3
"""check-events.py SPECIFICATION - holds docs/asyncapi.json against the JSON
Schema of AsyncAPI 3, against the examples of docs/event-schema.md, which its
payloads have to accept and whose tables have to tell of each field, and against
docs/rights.md: who may read or write a topic receives or sends there."""
import json
import pathlib
import re
import sys

import jsonschema
import msgpack

docs = pathlib.Path(__file__).resolve().parent.parent / "docs"
document = json.loads((docs / "asyncapi.json").read_text())
jsonschema.Draft7Validator(json.loads(pathlib.Path(sys.argv[1]).read_text())).validate(document)

messages = document["components"]["messages"]


def section_of(page, at):
    return re.findall(r"^## (\w+)", page[:at], re.M)[-1].lower().rstrip("s")


def plain(value):
    """As JSON Schema sees it: bytes are strings of as many characters."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list):
        return [plain(v) for v in value]
    return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def hexadecimal(block):
    digits = (re.match(r" *((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:  .*| *)$", line) for line in block.splitlines())
    return bytes.fromhex("".join(m[1] for m in digits if m))


def accepts(name, example):
    schema = messages[name]["payload"]
    check = jsonschema.Draft7Validator(schema)
    check.validate(example)
    for field in schema["required"]:
        without = {k: v for k, v in example.items() if k != field}
        assert not check.is_valid(without), f"{name} does without {field}"
        assert not check.is_valid({**example, field: {"no": "such"}}), f"{name}: {field} may be anything"


# Events in Avro are as their producers' schemas say, which are not ours.
page = re.sub(r"^### Avro\n.*?(?=^##)", "", (docs / "event-schema.md").read_text(), flags=re.M | re.S)
seen = []
for block in re.finditer(r"^```(json)?\n(.*?)^```$", page, re.M | re.S):
    section = section_of(page, block.start())
    if block[1]:
        seen.append(f"{section}.json")
        accepts(seen[-1], json.loads(block[2]))
    else:
        seen.append(f"{section}.msgpack")
        accepts(seen[-1], plain(msgpack.unpackb(hexadecimal(block[2]))))
assert len(seen) == 8, seen

sections = {section_of(page, m.end()): m[0] for m in re.finditer(r"^## .*?(?=^## |\Z)", page, re.M | re.S)}
for name, message in messages.items():
    section = {"letter": "dead"}.get(name.split(".")[0], name.split(".")[0])
    for part in ("payload", "headers"):
        for field in message.get(part, {}).get("properties", {}):
            short = field.removeprefix("pctr.")
            assert f"`{field}`" in sections[section] or f"`{short}`" in sections[section], f"{section} does not tell of {field}"

operations = document["operations"]
command = None
for line in (docs / "rights.md").read_text().splitlines():
    if head := re.match(r"    # pctr (\w+)", line):
        command = head[1]
    right = re.match(r"    kafka-acls .*--operation (Read|Write) --topic pctr\.(\S+)$", line)
    if right and command != "cat":
        action = {"Read": "receive", "Write": "send"}[right[1]]
        name = f"{command}.{action}.{right[2]}"
        assert name in operations, f"docs/rights.md has {name}"
print(f"{len(document['channels'])} channels, {len(messages)} messages, {len(operations)} operations; examples: {', '.join(seen)}")
