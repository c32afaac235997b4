/*
 * transaction.h - the transactions of one producer, one after the other.
 *
 * Calls that may be tried again are, until the transaction's own timeout: by
 * then the broker has given it up. Whatever fails for good asks the owner for
 * what the verdict says (publisher_verdict.h). One thread.
 */
#ifndef PRODUCER_TRANSACTION_H
#define PRODUCER_TRANSACTION_H

#include "common/base/error.h"

#include "producer/deliveries.h"
#include "producer/publisher.h"
#include "producer/unanswered.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transaction {
    rd_kafka_t *client;            /* borrowed, as the next three */
    struct deliveries *deliveries; /* of the client, as the next one */
    const struct unanswered *unanswered;
    const char *id;
    uint32_t timeout_ms; /* 0: librdkafka's default */
    bool is_open;        /* set here */
};

/* Before the first transaction: fences whoever had the id, and aborts what that
 * one left open. */
int transaction_take_over(struct transaction *transaction,
                          struct error *err) MUST_CHECK;

/* As the functions of publisher.h with these names. One does not begin while a
 * request about an earlier one may still arrive. */
enum publisher_verdict transaction_begin(struct transaction *transaction,
                                         struct error *err);
enum publisher_verdict
transaction_send_offsets(struct transaction *transaction,
                         const rd_kafka_topic_partition_list_t *next,
                         const rd_kafka_consumer_group_metadata_t *group,
                         struct error *err);
enum publisher_verdict transaction_commit(struct transaction *transaction,
                                          struct error *err);
enum publisher_verdict transaction_abort(struct transaction *transaction,
                                         struct error *err);

/* A transaction fails as a whole, and every later call only says that it has
 * failed. The first message that was not delivered says why, and whether it is
 * a matter of rights: where one is open, `err` gets these words too. */
void transaction_blame_first(struct transaction *transaction,
                             struct error *err);

/* An open transaction that has failed refuses messages without a reason. Fills
 * in `why` and returns librdkafka's code. */
int transaction_failure(struct transaction *transaction, char *why,
                        size_t size);

#endif
