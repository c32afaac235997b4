#!/usr/bin/env python3
"""Writes the seeds of the fuzzers into tests/fuzz/corpus/: a good record of
each kind, and what is known to hurt careless readers. Run it after a change
of a format; the seeds are kept under version control."""

import pathlib

here = pathlib.Path(__file__).parent / "corpus"

EVENT = b"\xa2id\x01\xa2ts\x01\xa4user\x01\xa2ad\x01"
seeds = {
    "event": {
        "impression": b"\x85" + EVENT + b"\xa5depth\x02",
        "times": b"\x84\xa2id\xc4\x02ab\xa2ts\xd7\xff\x00\x00\x00\x00\x00\x00"
                 b"\x00\x01\xa4user\xa1u\xa2ad\xd3\xff\xff\xff\xff\xff\xff\xff"
                 b"\xff",
        "label": b"\x85" + EVENT + b"\xa5click\xcb\x3f\xe0" + bytes(6),
        "prediction": b"\x88" + EVENT + b"\xa1p\xcb\x3f\xe0" + bytes(6)
                      + b"\xa5model\x92\x01\xc4\x08" + bytes(8)
                      + b"\xa5basis\xa7learned\xa3src\x92\x00\x00",
        "prediction_avro": b"\0\0\0\0\x09\x02\x0aimp-1\xf6\xa1\xab\xfe\xf9\x62\0\x0e\x04\x02\xff"
                           + bytes(6) + b"\xb0\x3f\x18" + bytes(8) + b"\x02\x06\x02"
                           + bytes(8) + b"\x02\x06\x80\x04\x02" + bytes(8) + b"\x02\x02x",
        "bomb_array": b"\xdd\xff\xff\xff\xff",
        "bomb_map": b"\xdf\xff\xff\xff\xff",
        "deep": b"\x91" * 31 + b"\x90",
        "nils": b"\xdd\x00\x00\x10\x00" + b"\xc0" * 4096,
    },
    "json": {
        "impression": b'{"id":"imp-1","ts":1700000000123,'
                      b'"context":{"user":{"id":7}},"ads":[1,42]}',
        "escapes": b'{"\\u0069d":"\\ud83d\\ude00\\n","ts":"2023-11-14T22:13:20.5+01:00",'
                   b'"context":{"user":{"id":"\\u0000"}},"ads":[1,1.5e3]}',
        "label": b' { "type" : "click", "id" : 1, "ts" : 1700000000.5, '
                 b'"click" : "a" } \n',
        "registry": b'\0\0\0\0\7{"type":"click","id":1,"ts":1,"click":true}',
        "deep": b'{"a":' + b"[" * 30 + b"]" * 30 + b"}",
        "numbers": b"[-0.0,1e400,9223372036854775808,1.0000000000000000001]",
        "words": b'{"a":NaN,"b":tru',
        "utf8": b'{"\xc3\xa9":"\xed\xa0\x80","a":"\xf4\x8f\xbf\xbf"}',
    },
    "score_request": {
        "ads": b'{"user":7,"position":1,"ads":[12,"b",{"ad":13,"position":2}],'
               b'"rank":10}',
        "pairs": b'{"pairs":[{"user":"\\u0041","ad":1,"x":[{"y":[]}]},'
                 b'{"ad":null}]}',
        "one": b'{"user":1,"ad":2,"a":true,"b":1.5e3}',
    },
    "path": {
        "names": b"$.context.user.id",
        "index": b"a.b[1].c",
        "quoted": b"$['a.b'][\"it's\"]",
        "beside": b"@timestamp",
        "header": b"header:ce_id==x",
        "filter": b"a.b[0] == '1'",
        "values": b"click:1, cart :0.5,view:0",
        "long": b"a." * 120,
    },
    "manifest": {"newer": b"\x81\xa6format\x02", "empty": b"\x80"},
}


def text(value):
    value = value.encode()
    return bytes([0xD9, len(value)]) + value


def manifest():
    fields = [(text("format"), b"\x01"), (text("name"), text("click"))]
    fields += [(text(n), b"\x01") for n in
               "epoch created seed users ads rows rmse mae logloss auc "
               "normalised_entropy holdout_rows parent_epoch size packed_size "
               "chunk_count chunk_size first_chunk_offset".split()]
    fields += [(text(n), text("x")) for n in
               "trainer algorithm params".split()]
    fields += [(text("snapshot_id"), b"\xc4\x10" + bytes(16))]
    fields += [(text(n), b"\xc4\x20" + bytes(32)) for n in
               "parent_sha256 sha256".split()]
    fields += [(text("ranges"), b"\x91\x94" + text("t") + b"\x00\x00\x01")]
    return (b"\xde\x00" + bytes([len(fields)])
            + b"".join(name + value for name, value in fields))


seeds["manifest"]["good"] = manifest()


def evaluation(version, figure):
    def whole(number):
        return b"\xcf" + number.to_bytes(8, "big")

    fields = [("name", text("click")), ("start", whole(1700000400000)),
              ("window_ms", whole(3600000)), ("version", version),
              ("rows", b"\xcd\x03\xe8")]
    fields += [(n, figure) for n in "click_rate rmse mae logloss "
               "normalised_entropy auc calibration ece".split()]
    fields += [("left_out", b"\x03"), ("early", b"\xc2"),
               ("created", whole(1700007600000))]
    return (b"\xde\x00" + bytes([len(fields)])
            + b"".join(text(name) + value for name, value in fields))


HALF = b"\xcb\x3f\xe0" + bytes(6)
seeds["evaluation"] = {
    "window": evaluation(b"\xc0", HALF),
    "version": evaluation(b"\x07", b"\xc0"),
    "json": b'{"name":"click","start":1700000400000,"window_ms":3600000,'
            b'"version":null,"rows":1000,"click_rate":0.1,"rmse":0.3,'
            b'"mae":0.2,"logloss":0.3,"normalised_entropy":0.9,"auc":null,'
            b'"calibration":1.01,"ece":0.02,"left_out":3,"early":false,'
            b'"created":1700007600000}',
}


def piece(content, width=1):
    return len(content).to_bytes(width, "little") + content


# A zstd frame of one raw block: "right", whose digest the fuzzer wants.
FRAME = bytes.fromhex("28b52ffd2005290000") + b"right"
seeds["chunks"] = {
    "whole": b"\xff\x0d\x00\x04\x00\x00" + piece(FRAME),
    "halves": b"\x06\x0d\x00\x04\x00\x00" + piece(FRAME[:7]) + b"\x00"
              + piece(FRAME[7:]),
    "between": b"\x06\x0d\x00\x04\x00\x00" + piece(FRAME[:7]) + b"\x01"
               + piece(b"other") + b"\x00" + piece(FRAME[7:]),
    "bomb": b"\xff\x0d\x00\xff\xff\x00" + piece(FRAME[:5] + b"\xff" + FRAME[6:]),
}
# A filter, and a record.
seeds["filter"] = {
    "fits": piece(b"type==click") + seeds["json"]["label"],
    "another": piece(b"type==view") + seeds["json"]["label"],
    "number": piece(b"a.b[0] == '7'") + b'{"a":{"b":[7]},"id":1,"ts":1}',
    "quoted": piece(b"$['a.b'] == \" x \"") + b'{"a.b":" x "}',
    "escaped": piece(b"a==bc") + b'{"a":"\\u0062c","id":1,"ts":1,"click":1}',
    "null": piece(b"click==null") + b'{"click":null}',
    "msgpack": piece(b"click==true") + b"\x83\xa2id\x01\xa2ts\x01\xa5click\xc3",
    "twice": piece(b"a==1") + b'{"a":1,"a":1}',
    "within": piece(b"id.x==1") + seeds["event"]["label"],
    "beside": piece(b"@timestamp==1"),
    "header": piece(b"header:ce_type==com.example.click"),
    "one_sign": piece(b"type=click"),
    "no_value": piece(b"type=="),
    "no_path": piece(b"==click"),
    "long": piece(b"a==" + b"x" * 252),
}
seeds["redrive"] = {
    "account": b"\x01\x05\x00\x00\x00" + piece(b"missing 7 9;* 12 14;", 2)
               + bytes([1, 2, 3, 2, 9, 9]),
    "letter": b"\x00\x04\x00" + piece(b"impressions") + b"\x01"
              + piece(b"3") + b"\x03" + piece(b"missing") + b"\x05"
              + piece(b"2"),
}
seeds["manifest_list"] = {
    "stream": bytes([0, 1, 0, 2, 0, 9, 1, 2, 0, 10]) + b"\x02\x00"
              + piece(b"\x81\xa5epoch\x09", 2) + b"\x02\x00" + piece(b"", 2),
    "jump": b"\x80" + bytes([255] * 8) + b"\x00\x01",
    "bytes": b"\x03\x00" + piece(b"click@3") + piece(manifest(), 2),
}
seeds["intake"] = {
    "clicks": bytes([1, 100, 50]) + bytes([3, 1, 0, 0, 3, 2, 5, 0, 2, 1, 9, 0,
                                           2, 2, 2, 200, 0, 0, 3, 3, 255, 1]),
    "labels": bytes([0, 10, 10]) + bytes([2, 1, 0, 0, 2, 2, 3, 1, 0, 1]),
    "bytes": bytes([1, 9, 9, 5]) + piece(seeds["event"]["impression"]),
}
# The first byte: format + 4 * header + 12 * separator.
seeds["table"] = {
    name: bytes([first]) + rows
    for name, first, rows in [
        ("comma", 1, b"user,ad,click\n1,\"a,b\",1\n"),
        ("semicolon", 25, b"user;ad;click\n1;a;0,5\n"),
        ("tab", 37, b"user\tad\n1\t\"a\tb\"\n"),
        ("bar", 57, b"1|a|1\n2|b|0\n"),
        ("colons", 3, b"1::2::3::4\n"),
        ("found", 0, b"user;ad\n1;2\n"),
        ("arff", 2, b"@relation r\n@attribute a numeric\n@data\n{0 1}\n'x'\n")]
}
seeds["record_json"] = {
    name: bytes([kind, 1]) + piece(b"reason") + piece(b"missing")
          + piece(b"7") + value
    for kind, (name, value) in enumerate([
        ("impression", seeds["event"]["impression"]),
        ("label", seeds["event"]["label"]),
        ("prediction", seeds["event"]["prediction"]),
        ("model", manifest()), ("chunk", FRAME),
        ("letter", b"\x1b[31m\xc2\x9b\xff"),
        ("evaluation", b"\x80"), ("msgpack", seeds["event"]["times"])])
}
def record(fields):
    return b'{"type":"record","name":"R","fields":[' + b",".join(
        b'{"name":"%s","type":%s}' % field for field in fields) + b"]}"


seeds["avro"] = {
    "flat": piece(record([(b"id", b'"string"'), (b"user", b'"long"')]), 2)
            + b"\x0aimp-1\x0e",
    "nested": piece(record([
        (b"user", b'["null",{"type":"record","name":"U","fields":'
                  b'[{"name":"id","aliases":["uid"],"type":"double"}]}]'),
        (b"ads", b'{"type":"array","items":{"type":"fixed","name":"F",'
                 b'"size":2}}'),
        (b"tags", b'{"type":"map","values":["int","bytes"]}')]), 2)
              + b"\x02" + bytes(8) + b"\x03\x08abcd\0\x02\x04id\0\x02\0",
    "list": piece(record([(b"id", b'"int"'), (b"next", b'["null","R"]')]), 2)
            + b"\x02\x02\x04\x02\x06\0",
    "times": piece(record([(b"id", b'{"type":"long","logicalType":'
                                   b'"timestamp-nanos"}'),
                           (b"user", b'{"type":"enum","name":"E",'
                                     b'"symbols":["A","B"]}')]), 2)
             + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02",
    "nulls": piece(record([(b"ads", b'{"type":"array","items":"null"}')]), 2)
             + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\0",
}
for target, files in seeds.items():
    (here / f"fuzz_{target}").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (here / f"fuzz_{target}" / name).write_bytes(content)
