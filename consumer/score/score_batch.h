/*
 * score_batch.h - impressions in, encoded predictions out, one batch with one
 * model.
 *
 * No Kafka calls and no clock: the same messages and the same model give the
 * same bytes. Memory is reserved once and used again. One thread.
 */
#ifndef CONSUMER_SCORE_BATCH_H
#define CONSUMER_SCORE_BATCH_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/event_codec.h"

#include "consumer/models/model_board.h"
#include "consumer/read/message.h"

#include <stddef.h>
#include <stdint.h>

struct score_batch;

struct score_batch_config {
    struct event_fields fields;
    size_t batch_max; /* messages */
    double prior;     /* p while there is no model */
};

/* What became of one message. */
struct scored {
    enum event_fault fault;
    const char *field; /* the fault is about; NULL when about none */
    enum basis basis;  /* where fault is EVENT_OK, as all that follows */
    int64_t ts_ms;     /* event time */
    size_t at, size;   /* of the prediction in score_batch_bytes() */
};

int score_batch_new(const struct score_batch_config *config,
                    struct score_batch **out, struct error *err) MUST_CHECK;

/* model may be NULL: the prior then. *scored is (count), in the order of the
 * messages, valid until the next run. Fails only without memory. */
int score_batch_run(struct score_batch *batch, const struct served_model *model,
                    const struct message *messages, size_t count,
                    const struct scored **scored, struct error *err) MUST_CHECK;

const uint8_t *score_batch_bytes(const struct score_batch *batch);

void score_batch_free(struct score_batch *batch);

/* One pair, outside of any batch: the online answer. Any thread. */
struct prediction score_pair(const struct served_model *model,
                             const struct event_fields *fields, double prior,
                             const struct id *user, const struct id *ad);

#endif
