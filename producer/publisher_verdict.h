/*
 * publisher_verdict.h - what a failed call of a transaction asks for.
 *
 * librdkafka's own classification is right but for the errors that the source
 * file names. The order of judgement follows its documentation: an error that
 * needs an abort, else one that may be tried again, else a fatal one. An
 * outcome that stays unknown means REBUILD: a new producer with the same id
 * settles the old transaction, and the committed offsets then tell what
 * happened.
 */
#ifndef PRODUCER_PUBLISHER_VERDICT_H
#define PRODUCER_PUBLISHER_VERDICT_H

#include "producer/publisher.h"

typedef struct rd_kafka_error_s rd_kafka_error_t;

/* Takes ownership of `error`, which is not NULL, and fills `err` with it after
 * `what`, the name of the call. Never PUBLISHER_OK. */
enum publisher_verdict publisher_verdict_of(rd_kafka_error_t *error,
                                            const char *what,
                                            struct error *err);

#endif
