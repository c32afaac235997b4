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

struct prediction_event {
    struct span raw_id, raw_ts, raw_user, raw_ad; /* as the impression's */
    double p;                                     /* click probability */
    uint64_t model_version;                       /* epoch; 0: no model */
    uint8_t model_hash[MODEL_HASH_SIZE];
    enum basis basis;
    int32_t src_partition; /* of the impression */
    int64_t src_offset;
    const char *contender; /* written where a replay made it; not read */
};

/* How the value of a record is written. */
enum event_format {
    EVENT_FORMAT_MSGPACK,
    EVENT_FORMAT_JSON,
    EVENT_FORMAT_AUTO, /* each record by its first byte */
};
#define EVENT_FORMAT_WORDS "msgpack|json|auto"
#define EVENT_FORMAT_OUT_WORDS "msgpack|json" /* what is written */

enum { EVENT_FIELD_SIZE = 128, EVENT_FILTER_SIZE = 256 };

/* The settings of events: the format of the records, the fields that are
 * modelled, and what their values mean. Fields are paths (event_path.h). */
struct event_fields {
    int impressions_format, labels_format; /* enum event_format */
    int predictions_format; /* likewise, that they are written in */
    char id[EVENT_FIELD_SIZE], ts[EVENT_FIELD_SIZE], user[EVENT_FIELD_SIZE],
        ad[EVENT_FIELD_SIZE], click[EVENT_FIELD_SIZE];
    int ts_unit;                                /* enum event_time_unit */
    char click_values[EVENT_FILTER_SIZE];       /* "click:1,view:0" */
    char impressions_filter[EVENT_FILTER_SIZE]; /* "type==view" */
    char labels_filter[EVENT_FILTER_SIZE];
    char anonymous[256]; /* comma-separated user ids that mean nobody */
    char defaults[256];  /* of fields that an impression lacks: "position:1" */
};

#define EVENT_FIELDS_DEFAULT                                                   \
    {                                                                          \
        .id = "id", .ts = "ts", .user = "user", .ad = "ad", .click = "click",  \
        .anonymous = ""                                                        \
    }

#endif
