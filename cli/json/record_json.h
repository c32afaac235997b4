/*
 * record_json.h - one record of a topic as one JSON object, for people and jq.
 *
 *   {"topic":...,"partition":0,"offset":7,"ts":1700000000123,"key":"7",
 *    "headers":{...},"value":{...}}
 *
 * `ts` is the record's time in ms since 1970. The value is shown by its kind; a
 * record that names its schema is shown as that
 * says, and one that is not of its kind is {"raw": "<base64>", "fault":
 * "<word>", ...} and not an error. Ids keep their types; bytes that are not
 * UTF-8 are
 * {"bin": "<base64>"}, hashes hexadecimal, times milliseconds. docs/cat.md has
 * an example of each kind. One thread at a time.
 */
#ifndef CLI_RECORD_JSON_H
#define CLI_RECORD_JSON_H

#include "common/base/buffer.h"
#include "common/event/event_plain.h"
#include "common/event/event_reader.h"

#include "consumer/read/message.h"

#include <stddef.h>

enum record_kind {
    RECORD_IMPRESSION,
    RECORD_LABEL,
    RECORD_PREDICTION,
    RECORD_MODEL, /* manifests, pins, tombstones */
    RECORD_CHUNK, /* a summary, without the bytes */
    RECORD_DEAD_LETTER,
    RECORD_EVALUATION, /* as any msgpack, JSON or Avro */
    RECORD_MSGPACK,    /* any msgpack */
};
#define RECORD_KIND_WORDS                                                      \
    "impressions|labels|predictions|models|chunks|dead_letters|evaluations|"   \
    "msgpack"

enum { RECORD_HEADERS_MAX = 128 };

struct record {
    const char *topic;
    const struct message *message;
    const struct record_header *headers;
    size_t header_count;
};

/* What events are read with. */
struct record_readers {
    struct event_reader *impressions, *labels, *predictions;
    struct event_scratch scratch;        /* of one record, and ready */
    const struct event_schemas *schemas; /* of the settings */
    struct buffer plain;                 /* of one record in Avro */
};

/* Fails with ERROR_CONFIG where the settings make no sense, and with
 * ERROR_MEMORY; *out is untouched then. */
int record_readers_open(const struct event_fields *fields,
                        struct record_readers *out,
                        struct error *err) MUST_CHECK;

/* Frees what it owns, not the struct. Zeroed is fine. */
void record_readers_close(struct record_readers *readers);

/* Appends the object and a line feed. */
void record_json(const struct record *record, enum record_kind kind,
                 struct record_readers *readers, struct buffer *out);

#endif
