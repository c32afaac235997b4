/*
 * live_evaluation.h - the trainer judges the models in service by what they
 * predicted.
 *
 * Reads predictions by itself, hands them and the trainer's impressions and
 * labels to the windows of evaluate/, and publishes the figures of each closed
 * window. Predictions carry today's record times even when a history is fed:
 * merged by record time with the history they would never be read, so they
 * have their own reader.
 *
 * For each record that the trainer takes:
 *
 *     live_evaluation_impression(live, &row, message, err);  of an impression
 *     live_evaluation_outcome(live, &outcome);               of each outcome
 *     live_evaluation_advance(live, stream_ms, err);
 *
 * and once a round live_evaluation_read(). Nothing here waits for a broker but
 * opening and closing. Every function takes NULL: the evaluation is switched
 * off. One thread.
 */
#ifndef CONSUMER_LIVE_EVALUATION_H
#define CONSUMER_LIVE_EVALUATION_H

#include "common/base/error.h"
#include "common/base/offset_range.h"
#include "common/event/evaluation_event.h"
#include "common/event/event_codec.h"
#include "common/kafka/kafka_client.h"

#include "consumer/evaluate/evaluation_windows.h"
#include "consumer/read/message.h"
#include "consumer/train/evaluation_outbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_evaluation;

struct live_evaluation_config {
    struct kafka_settings kafka;
    char name[64]; /* of the model */
    char impressions[250], predictions[250], evaluations[250]; /* topics */
    int64_t window_ms;
    uint32_t rows_max; /* of windows that are not closed */
    struct join_config join;
    int64_t from_ms; /* record time of the first impression that is read; 0:
                        the topic is read from its beginning */
    bool once;       /* the reading ends where the topic ends now */
    uint32_t linger_ms;
    uint64_t buffer_bytes;
    struct event_output output;          /* of the evaluations */
    const struct event_schemas *schemas; /* of predictions and evaluations;
                                            NULL: there is no registry */
};

/* How far the trainer has read the impressions. */
enum live_reading {
    LIVE_CATCHING_UP, /* not yet to where the topic ended at the start */
    LIVE_BEHIND,      /* that far, and there are more */
    LIVE_ALL_READ,
};

struct live_evaluation_counts {
    struct evaluation_counts windows;
    struct evaluation_outbox_counts outbox;
    uint64_t predictions;            /* records read, */
    uint64_t bad[EVENT_FAULT_COUNT]; /* and those that are not predictions */
    size_t rows, bytes;              /* of windows that are not closed */
    bool is_on, is_readable;
    bool has_newest;                /* window, all versions together: */
    struct evaluation_event newest; /* published before, or closed since */
    uint64_t epoch; /* the highest in the last window closed; 0: none yet */
};

/* `ranges` are what the trainer's reader begins with. *out is NULL where there
 * are no predictions to judge and none will come: in a single run that cannot
 * read them; the log says so. ERROR_FENCED: there is a younger trainer.
 * ERROR_CONFIG: the output is Avro without the number of its schema. */
int live_evaluation_open(const struct live_evaluation_config *config,
                         const struct offset_range *ranges, size_t range_count,
                         struct live_evaluation **out,
                         struct error *err) MUST_CHECK;

/* The impression was read; `row` is what it became. */
int live_evaluation_impression(struct live_evaluation *live,
                               const struct intake_row *row,
                               const struct message *message,
                               struct error *err) MUST_CHECK;

void live_evaluation_outcome(struct live_evaluation *live,
                             const struct join_outcome *outcome);

/* After the outcomes: event time has come so far. */
int live_evaluation_advance(struct live_evaluation *live, int64_t stream_ms,
                            struct error *err) MUST_CHECK;

/* Reads predictions that are there, and gives closed windows to the outbox.
 * Topics that cannot be read or written are tried again later; of these
 * troubles only ERROR_FENCED, a younger trainer, is a failure. */
int live_evaluation_read(struct live_evaluation *live,
                         enum live_reading impressions,
                         struct error *err) MUST_CHECK;

/* All predictions of a single run are read, or cannot be. */
bool live_evaluation_has_ended(const struct live_evaluation *live);

struct live_evaluation_counts
live_evaluation_counts(struct live_evaluation *live);

/* Publishes what waits, but does not try again. */
void live_evaluation_close(struct live_evaluation *live);

#endif
