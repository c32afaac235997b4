/*
 * event.h - what travels through the queue: impressions, labels, predictions.
 *
 * Plain values. Decoded events borrow from the message's bytes: valid for as
 * long as those. docs/event-schema.md is the contract, with bytes.
 */
#ifndef COMMON_EVENT_H
#define COMMON_EVENT_H

#include "common/base/basis.h"
#include "common/base/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The bytes of one msgpack value, copied from input to output as they are, so
 * that an id keeps the type its producer gave it. */
struct span {
    const uint8_t *bytes;
    uint32_t size;
};

struct impression {
    struct id id; /* of the impression: unique */
    struct id user, ad;
    int64_t ts_ms; /* event time, since 1970 */
    struct span raw_id, raw_ts, raw_user, raw_ad;
};

struct label {
    struct id id;  /* of the impression it belongs to */
    int64_t ts_ms; /* of the click */
    double click;  /* 0 to 1 */
    bool has_pair; /* user and ad are there: no join is needed */
    struct id user, ad;
};

enum { MODEL_HASH_SIZE = 8 }; /* the first bytes of the snapshot's SHA-256 */

/* What a model is: a snapshot, or one that a delta of it was applied to. */
struct model_state {
    uint64_t version; /* epoch of the snapshot; 0: no model */
    uint8_t hash[MODEL_HASH_SIZE];
    uint32_t delta; /* its number; 0: the snapshot itself */
    uint8_t delta_hash[MODEL_HASH_SIZE]; /* of the delta's SHA-256; else 0 */
};

struct prediction_event {
    struct span raw_id, raw_ts, raw_user, raw_ad; /* as the impression's */
    double p;                                     /* click probability */
    uint64_t model_version;                       /* epoch; 0: no model */
    uint8_t model_hash[MODEL_HASH_SIZE];
    uint32_t delta; /* of the snapshot that the model is; 0: none */
    uint8_t delta_hash[MODEL_HASH_SIZE]; /* likewise of its bytes; else 0 */
    enum basis basis;
    int32_t src_partition; /* of the impression */
    int64_t src_offset;
    bool has_support; /* the record has the next; older ones do not */
    double support;   /* rows behind the value that the model knows least of */
    const char *contender; /* written where a replay made it; not read */
};

static inline struct model_state
prediction_model(const struct prediction_event *event)
{
    struct model_state state = {.version = event->model_version,
                                .delta = event->delta};

    memcpy(state.hash, event->model_hash, MODEL_HASH_SIZE);
    memcpy(state.delta_hash, event->delta_hash, MODEL_HASH_SIZE);
    return state;
}

/* By version, then by delta; the hashes decide where these are the same. */
static inline int model_state_order(const struct model_state *a,
                                    const struct model_state *b)
{
    if (a->version != b->version)
        return a->version < b->version ? -1 : 1;
    int order = memcmp(a->hash, b->hash, MODEL_HASH_SIZE);
    if (order == 0 && a->delta != b->delta)
        order = a->delta < b->delta ? -1 : 1;
    return order ? order
                 : memcmp(a->delta_hash, b->delta_hash, MODEL_HASH_SIZE);
}

/* How the value of a record is written. */
enum event_format {
    EVENT_FORMAT_MSGPACK,
    EVENT_FORMAT_JSON,
    EVENT_FORMAT_AVRO, /* of a schema registry */
    EVENT_FORMAT_AUTO, /* each record by its first byte */
};
#define EVENT_FORMAT_WORDS "msgpack|json|avro|auto"
#define EVENT_FORMAT_OUT_WORDS "msgpack|json|avro" /* what is written */

/* How the records of one kind are written. A plain value. */
struct event_output {
    int format;      /* enum event_format; AUTO is msgpack */
    bool has_schema; /* of Avro: the registry has told the next */
    uint32_t schema; /* the number that the head of each record names */
};

enum { EVENT_FIELD_SIZE = 128, EVENT_FILTER_SIZE = 256 };

struct event_schemas;

/* The settings of events: the format of the records, the fields that are
 * modelled, and what their values mean. Fields are paths (event_path.h). */
struct event_fields {
    int impressions_format, labels_format; /* enum event_format */
    struct event_output predictions;       /* how they are written */
    char id[EVENT_FIELD_SIZE], ts[EVENT_FIELD_SIZE], user[EVENT_FIELD_SIZE],
        ad[EVENT_FIELD_SIZE], click[EVENT_FIELD_SIZE];
    int ts_unit;                                /* enum event_time_unit */
    char click_values[EVENT_FILTER_SIZE];       /* "click:1,view:0" */
    char impressions_filter[EVENT_FILTER_SIZE]; /* "type==view" */
    char labels_filter[EVENT_FILTER_SIZE];
    char anonymous[256]; /* comma-separated user ids that mean nobody */
    char defaults[256];  /* of fields that an impression lacks: "position:1" */
    /* Of records that name their schema by number; borrowed. NULL: there is no
     * registry. */
    const struct event_schemas *schemas;
};

#define EVENT_FIELDS_DEFAULT                                                   \
    {                                                                          \
        .id = "id", .ts = "ts", .user = "user", .ad = "ad", .click = "click",  \
        .anonymous = ""                                                        \
    }

#endif
