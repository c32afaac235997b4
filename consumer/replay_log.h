/*
 * replay_log.h - what was answered to each impression, and its label.
 *
 * Columns: 24 bytes an impression, 16 more a contender, 4 more a field that is
 * sliced by; bounded by rows_max. Knows no clock and no Kafka. One thread.
 */
#ifndef CONSUMER_REPLAY_LOG_H
#define CONSUMER_REPLAY_LOG_H

#include "common/basis.h"
#include "common/error.h"
#include "common/event.h"

#include "model/id_map.h"

#include <stddef.h>
#include <stdint.h>

enum { REPLAY_SLICES_MAX = 4, REPLAY_FIELD_SIZE = 64 };

struct replay_answer {
    double p; /* NaN: the model is gone */
    uint32_t version;
    uint8_t basis;
};

/* A contender's version changed there, seen for the first time. */
struct replay_swap {
    size_t contender;
    int64_t ts_ms; /* event time */
    uint32_t version;
};

struct replay_log_config {
    size_t contenders;
    size_t rows_max;
    char fields[REPLAY_SLICES_MAX][REPLAY_FIELD_SIZE]; /* "" ends */
};

struct replay_log {
    struct replay_log_config config;
    size_t count, room, field_count;
    int64_t *ts_ms;  /* (count) */
    int64_t *offset; /* (count) of the impression */
    int32_t *partition;
    float *label;                        /* (count) NaN: open, or given up */
    struct replay_answer *answers;       /* (count, contenders) */
    uint32_t *values[REPLAY_SLICES_MAX]; /* (count) index in names */
    struct id_map *names[REPLAY_SLICES_MAX];
    struct replay_swap *swaps;
    size_t swap_count, swap_room;
};

int replay_log_new(const struct replay_log_config *config,
                   struct replay_log **out, struct error *err) MUST_CHECK;

/* A new row without a label and without answers, which are the caller's to
 * fill in: replay_log_answers(). `bytes` are the impression's, for the fields.
 */
int replay_log_append(struct replay_log *log, int64_t ts_ms, int32_t partition,
                      int64_t offset, struct span bytes,
                      struct error *err) MUST_CHECK;

/* Of the row. (contenders) */
static inline struct replay_answer *
replay_log_answers(const struct replay_log *log, size_t row)
{
    return &log->answers[row * log->config.contenders];
}

/* Takes the newest row back. */
static inline void replay_log_drop(struct replay_log *log)
{
    log->count--;
}

/* Notes swaps, after the answers of the newest row are there. */
int replay_log_note_swaps(struct replay_log *log, struct error *err) MUST_CHECK;

/* NULL is fine. */
void replay_log_free(struct replay_log *log);

#endif
