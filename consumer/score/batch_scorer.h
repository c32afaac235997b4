/*
 * batch_scorer.h - impressions in, encoded predictions out, one batch with one
 * model.
 *
 * No Kafka calls and no clock: the same messages and the same model give the
 * same bytes. Memory is reserved once and used again. One thread.
 */
#ifndef CONSUMER_BATCH_SCORER_H
#define CONSUMER_BATCH_SCORER_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/event_reader.h"

#include "consumer/models/model_board.h"
#include "consumer/read/message.h"
#include "consumer/score/impression_reader.h"
#include "consumer/score/score_question.h"

#include <stddef.h>
#include <stdint.h>

struct batch_scorer;

struct batch_scorer_config {
    struct event_fields fields;
    size_t batch_max; /* messages */
    double prior;     /* p while there is no model */
};

/* What became of one message. */
struct scored {
    enum event_fault
        fault;         /* EVENT_PASSED_OVER: no impression, by the filter */
    const char *field; /* the fault is about; NULL when about none */
    enum basis basis;  /* where fault is EVENT_OK, as all that follows */
    int64_t ts_ms;     /* event time */
    size_t at, size;   /* of the prediction in batch_scorer_bytes() */
};

/* Fails with ERROR_CONFIG where the settings of the events make no sense, or
 * predictions are to be Avro without the number of their schema, and with
 * ERROR_MEMORY. */
int batch_scorer_new(const struct batch_scorer_config *config,
                     struct batch_scorer **out, struct error *err) MUST_CHECK;

/* model may be NULL: the prior then. *scored is (count), in the order of the
 * messages, valid until the next run. Fails without memory, and as
 * event_reader_check() does: then nothing may be committed of the messages. */
int batch_scorer_run(struct batch_scorer *batch,
                     const struct served_model *model,
                     const struct message *messages, size_t count,
                     const struct scored **scored,
                     struct error *err) MUST_CHECK;

/* How many event times were in a unit that was guessed, since the batch was
 * made. */
uint64_t batch_scorer_guessed_times(const struct batch_scorer *batch);

const uint8_t *batch_scorer_bytes(const struct batch_scorer *batch);

void batch_scorer_free(struct batch_scorer *batch);

/* The event that says what a model answered about an impression, which came as
 * `message`. It borrows the spans of the impression. */
struct prediction_event prediction_event_of(const struct impression *impression,
                                            const struct message *message,
                                            const struct prediction *answer,
                                            const struct model_state *model);

#endif
