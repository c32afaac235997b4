/*
 * record_look.h - which format the bytes of a record look like.
 *
 * The answer is a guess for people: it explains a dead letter and tells which
 * setting fits a topic. Decoding never depends on it. Any bytes have an
 * answer, only the first few hundred are looked at, and nothing is allocated.
 * No state: any thread.
 */
#ifndef COMMON_RECORD_LOOK_H
#define COMMON_RECORD_LOOK_H

#include <stddef.h>
#include <stdint.h>

enum record_look {
    LOOK_NOTHING,       /* no bytes: a tombstone */
    LOOK_MSGPACK,       /* a msgpack map */
    LOOK_MSGPACK_BYTES, /* a msgpack map whose names are bin, not str */
    LOOK_JSON,          /* a JSON object */
    LOOK_JSON_MARK,     /* JSON behind a byte-order mark */
    LOOK_JSON_ARRAY,    /* a JSON array */
    LOOK_REGISTRY_JSON, /* JSON behind the five bytes of a schema registry */
    LOOK_REGISTRY_AVRO, /* Avro, or anything else, behind those five bytes */
    LOOK_REGISTRY_PROTOBUF,
    LOOK_PROTOBUF,       /* Protobuf on its own */
    LOOK_AVRO_CONTAINER, /* an Avro object container file */
    LOOK_PYTHON,         /* a dict as Python prints it */
    LOOK_CSV,            /* text with commas, semicolons or tabs */
    LOOK_XML,
    LOOK_TEXT,       /* other text */
    LOOK_UTF16,      /* text in UTF-16 */
    LOOK_COMPRESSED, /* gzip or zstd */
    LOOK_BINARY,     /* anything else */
    LOOK_COUNT
};

enum record_look record_look_at(const uint8_t *bytes, size_t size);

/* A noun for a sentence: "a JSON object". */
const char *record_look_name(enum record_look look);

/* The next step of a person whose records look so: a sentence without its
 * full stop, such as "let the producer write UTF-8". NULL
 * where the look alone suggests none. */
const char *record_look_advice(enum record_look look);

/* One line for people about a record that is not an event: the word of the
 * fault, the format that its bytes look like, and the next step. */
void record_look_explain(const char *fault, const uint8_t *bytes, size_t size,
                         char *out, size_t room);

#endif
