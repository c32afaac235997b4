/*
 * unanswered.h - the requests about a producer's transactions that were sent
 * and that no broker has answered.
 *
 * librdkafka sends a request again when its answer does not come in time, or
 * when the connection breaks. The first one may be on its way all the same: it
 * then ends, or moves the offsets of, or opens, whatever transaction of the
 * producer it meets. Nothing but the producer's epoch tells the two apart.
 *
 * Counted on librdkafka's threads; any thread may ask.
 */
#ifndef PRODUCER_UNANSWERED_H
#define PRODUCER_UNANSWERED_H

#include "common/base/error.h"

#include <stdbool.h>

typedef struct rd_kafka_conf_s rd_kafka_conf_t;

struct unanswered;

/* For the client that is made with `conf`, and outlives it. ERROR_MEMORY, or
 * ERROR_FAILED where librdkafka refuses to be watched. */
int unanswered_new(rd_kafka_conf_t *conf, struct unanswered **out,
                   struct error *err) MUST_CHECK;

bool unanswered_any(const struct unanswered *unanswered);

/* After the client's end; NULL is fine. */
void unanswered_free(struct unanswered *unanswered);

#endif
