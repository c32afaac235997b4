#include "common/event/record_look.h"

#include "common/event/cursor.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    LOOK_BYTES_MAX = 512, /* how many bytes are looked at */
    REGISTRY_HEAD = 5,    /* the magic byte 0 and a schema id of four bytes */
    PROTOBUF_FIELD_MAX = 32767, /* higher numbers are legal, and rarely used */
};

static bool begins(const uint8_t *bytes, size_t size, const char *with,
                   size_t length)
{
    return size >= length && memcmp(bytes, with, length) == 0;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static size_t skip_blanks(const uint8_t *bytes, size_t size, size_t at)
{
    while (at < size && is_blank(bytes[at]))
        at++;
    return at;
}

/* No control characters but those that stand in text; bytes above 0x7f are
 * taken for UTF-8. */
static bool is_text(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < 0x20 ? !is_blank(bytes[i]) : bytes[i] == 0x7f)
            return false;
    return true;
}

/* Two separators of one kind in the first line. */
static bool is_csv(const uint8_t *bytes, size_t size)
{
    size_t commas = 0, semicolons = 0, tabs = 0;

    for (size_t i = 0; i < size && bytes[i] != '\n'; i++) {
        commas += bytes[i] == ',';
        semicolons += bytes[i] == ';';
        tabs += bytes[i] == '\t';
    }
    return commas >= 2 || semicolons >= 2 || tabs >= 2;
}

static enum record_look text_look(const uint8_t *bytes, size_t size)
{
    size_t at = skip_blanks(bytes, size, 0);
    size_t next = skip_blanks(bytes, size, at + 1);

    if (at == size)
        return LOOK_TEXT;
    if (bytes[at] == '{')
        return next < size && bytes[next] == '\'' ? LOOK_PYTHON : LOOK_JSON;
    if (bytes[at] == '[')
        return LOOK_JSON_ARRAY;
    if (bytes[at] == '<')
        return LOOK_XML;
    return is_csv(bytes, size) ? LOOK_CSV : LOOK_TEXT;
}

/* The head of a map that has an entry, and behind it the head of a name. */
static enum record_look map_look(const uint8_t *bytes, size_t size)
{
    size_t name = bytes[0] == 0xde ? 3 : bytes[0] == 0xdf ? 5 : 1;

    if (bytes[0] != 0xde && bytes[0] != 0xdf && (bytes[0] & 0xf0) != 0x80)
        return LOOK_BINARY;
    if (name >= size)
        return bytes[0] == 0x80 ? LOOK_MSGPACK : LOOK_BINARY;
    if (bytes[name] >= 0xc4 && bytes[name] <= 0xc6)
        return LOOK_MSGPACK_BYTES;
    return (bytes[name] & 0xe0) == 0xa0 ||
                   (bytes[name] >= 0xd9 && bytes[name] <= 0xdb)
               ? LOOK_MSGPACK
               : LOOK_BINARY;
}

/* --- Protobuf --------------------------------------------------------- */

/* What is left of a record that may be Protobuf. */
struct wire {
    const uint8_t *at, *end;
    bool is_cut; /* the record goes on behind the end */
};

/* False where there is none. */
static bool take_varint(struct wire *wire, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
        const uint8_t byte = *wire->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool pass_bytes(struct wire *wire, uint64_t size)
{
    const uint64_t left = (uint64_t)(wire->end - wire->at);

    if (size > left && !wire->is_cut)
        return false;
    wire->at += size > left ? left : size;
    return true;
}

/* Passes over a field: its number and type, and what the type says. Groups,
 * which nobody writes any more, are none. */
static bool pass_field(struct wire *wire)
{
    uint64_t tag, value;

    if (!take_varint(wire, &tag) || tag >> 3 == 0 ||
        tag >> 3 > PROTOBUF_FIELD_MAX)
        return false;
    switch (tag & 7) {
    case 0:
        return take_varint(wire, &value);
    case 1:
        return pass_bytes(wire, 8);
    case 2:
        return take_varint(wire, &value) && pass_bytes(wire, value);
    case 5:
        return pass_bytes(wire, 4);
    default:
        return false;
    }
}

/* A field at least, and fields to the end. */
static bool is_protobuf(struct wire wire)
{
    if (wire.at == wire.end)
        return false;
    while (wire.at < wire.end)
        if (!pass_field(&wire))
            return wire.is_cut && wire.at == wire.end;
    return true;
}

/* Behind the five bytes a registry's Protobuf has the path to its message: a
 * number of indices and the indices; no index stands for the first message. */
static bool is_registry_protobuf(struct wire wire)
{
    uint64_t count, index;

    if (!take_varint(&wire, &count) || count > 2 * CURSOR_DEPTH_MAX)
        return false;
    for (count >>= 1; count > 0; count--)
        if (!take_varint(&wire, &index))
            return false;
    return is_protobuf(wire);
}

static enum record_look registry_look(const uint8_t *bytes, size_t size,
                                      bool is_cut)
{
    const struct wire wire = {bytes, bytes + size, is_cut};

    if (is_text(bytes, size) && text_look(bytes, size) == LOOK_JSON)
        return LOOK_REGISTRY_JSON;
    return is_registry_protobuf(wire) ? LOOK_REGISTRY_PROTOBUF
                                      : LOOK_REGISTRY_AVRO;
}

enum record_look record_look_at(const uint8_t *bytes, size_t size)
{
    const bool is_cut = size > LOOK_BYTES_MAX;

    if (size == 0)
        return LOOK_NOTHING;
    if (is_cut)
        size = LOOK_BYTES_MAX;
    if (begins(bytes, size, "Obj\x01", 4))
        return LOOK_AVRO_CONTAINER;
    if (begins(bytes, size, "\xef\xbb\xbf", 3))
        return text_look(bytes + 3, size - 3) == LOOK_JSON ? LOOK_JSON_MARK
                                                           : LOOK_TEXT;
    if (begins(bytes, size, "\x1f\x8b", 2) ||
        begins(bytes, size, "\x28\xb5\x2f\xfd", 4))
        return LOOK_COMPRESSED;
    if (begins(bytes, size, "\xff\xfe", 2) ||
        begins(bytes, size, "\xfe\xff", 2) || begins(bytes, size, "{\0", 2) ||
        begins(bytes, size, "\0{", 2))
        return LOOK_UTF16;
    if (bytes[0] == 0 && size > REGISTRY_HEAD)
        return registry_look(bytes + REGISTRY_HEAD, size - REGISTRY_HEAD,
                             is_cut);
    if (bytes[0] < 0x80 && is_text(bytes, size))
        return text_look(bytes, size);
    const enum record_look look = map_look(bytes, size);
    return look == LOOK_BINARY &&
                   is_protobuf((struct wire){bytes, bytes + size, is_cut})
               ? LOOK_PROTOBUF
               : look;
}

const char *record_look_name(enum record_look look)
{
    static const char *const names[LOOK_COUNT] = {
        [LOOK_NOTHING] = "an empty record",
        [LOOK_MSGPACK] = "a msgpack map",
        [LOOK_MSGPACK_BYTES] = "a msgpack map whose names are bin",
        [LOOK_JSON] = "a JSON object",
        [LOOK_JSON_MARK] = "JSON behind a byte-order mark",
        [LOOK_JSON_ARRAY] = "a JSON array",
        [LOOK_REGISTRY_JSON] = "JSON of a schema registry",
        [LOOK_REGISTRY_AVRO] = "Avro of a schema registry",
        [LOOK_REGISTRY_PROTOBUF] = "Protobuf of a schema registry",
        [LOOK_PROTOBUF] = "Protobuf",
        [LOOK_AVRO_CONTAINER] = "an Avro container file",
        [LOOK_PYTHON] = "a dict as Python prints it",
        [LOOK_CSV] = "a line of CSV",
        [LOOK_XML] = "XML",
        [LOOK_TEXT] = "plain text",
        [LOOK_UTF16] = "text in UTF-16",
        [LOOK_COMPRESSED] = "compressed data (gzip or zstd)",
        [LOOK_BINARY] = "binary data of an unknown format",
    };
    return names[look];
}

const char *record_look_advice(enum record_look look)
{
    static const char *const advice[LOOK_COUNT] = {
        [LOOK_MSGPACK_BYTES] = "let the producer write the names of fields as "
                               "str (use_bin_type and str keys in Python)",
        [LOOK_JSON] = "format.impressions and format.labels must be json or "
                      "auto",
        [LOOK_REGISTRY_JSON] = "format.impressions and format.labels must be "
                               "json or auto",
        [LOOK_REGISTRY_AVRO] = "registry.url must say where its schemas are",
        [LOOK_REGISTRY_PROTOBUF] =
            "Protobuf is not read: let the producer write JSON "
            "(value.serializer=KafkaJsonSchemaSerializer) or msgpack",
        [LOOK_PROTOBUF] = "Protobuf is not read: let the producer write JSON "
                          "or msgpack",
        [LOOK_AVRO_CONTAINER] = "one record of the queue must be one of Avro: "
                                "let the producer use the serializer of a "
                                "schema registry",
        [LOOK_XML] = "let the producer write JSON or msgpack",
        [LOOK_JSON_MARK] = "let the producer leave the byte-order mark out",
        [LOOK_JSON_ARRAY] = "let the producer write one object a record",
        [LOOK_PYTHON] = "let the producer write json.dumps() of the dict",
        [LOOK_CSV] = "let the producer write one object a record",
        [LOOK_UTF16] = "let the producer write UTF-8",
        [LOOK_COMPRESSED] = "let the producer set compression.type instead of "
                            "compressing values",
    };
    return advice[look];
}

void record_look_explain(const char *fault, const uint8_t *bytes, size_t size,
                         char *out, size_t room)
{
    const enum record_look look = record_look_at(bytes, size);
    const char *advice = record_look_advice(look);

    snprintf(out, room, "%s: the record looks like %s%s%s", fault,
             record_look_name(look), advice ? "; " : "", advice ? advice : "");
}
