/*
 * replay_row.h - one impression of a replay, and the sinks that it goes to.
 *
 * A sink gets every impression of the range once, in the order of reading, as
 * soon as nothing can change its label any more. Impressions whose label is
 * open when the range ends come last, with the labels that they have. A row is
 * borrowed for the call. An error of a sink ends the replay. The thread of
 * replay_run() calls the sinks.
 */
#ifndef CONSUMER_REPLAY_ROW_H
#define CONSUMER_REPLAY_ROW_H

#include "common/base/error.h"

#include <stdint.h>

/* How many rows stand behind an answer of a model of fields. */
enum support_band {
    SUPPORT_NONE, /* the model is another */
    SUPPORT_0,    /* of a value that it has not learned */
    SUPPORT_FEW,  /* up to 9, when rounded, and no less than one */
    SUPPORT_SOME, /* 10 to 99 */
    SUPPORT_MANY,
    SUPPORT_BANDS
};
#define SUPPORT_BAND_WORDS "-", "0", "1-9", "10-99", "100+"

enum { REPLAY_SLICES_MAX = 4, REPLAY_SINKS_MAX = 2 };

struct replay_answer {
    double p;         /* NaN: the model is gone */
    uint64_t version; /* 0: none */
    uint8_t basis;
    uint8_t support; /* enum support_band */
};

struct replay_row {
    int64_t ts_ms;  /* event time */
    int64_t offset; /* of the impression */
    uint64_t unit;  /* of the bootstrap: the same for all rows of a user */
    int32_t partition;
    float label; /* NaN: open, or given up */
    uint32_t values[REPLAY_SLICES_MAX];
    struct replay_answer answers[]; /* (contenders) */
};

struct replay_sink {
    int (*take)(void *context, const struct replay_row *row, struct error *err);
    void *context;
};

#endif
