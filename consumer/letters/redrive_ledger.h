/*
 * redrive_ledger.h - the accounts of all partitions of the dead letters, as
 * committed offsets of a group. One thread.
 */
#ifndef CONSUMER_REDRIVE_LEDGER_H
#define CONSUMER_REDRIVE_LEDGER_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include "consumer/letters/redrive_account.h"

#include "producer/publisher.h"

#include <stdint.h>

struct redrive_ledger;

/* Offsets that an open transaction may still change: redrive_ledger_read()
 * waits for its end, or reads the last sure offsets. */
enum ledger_view { LEDGER_AWAITS_TRANSACTIONS, LEDGER_READS_LAST_SURE };

/* Whose accounts; borrowed for the call. */
struct redrive_ledger_config {
    const char *group;
    const char *topic; /* of the dead letters */
    int32_t partitions;
    enum ledger_view view;
};

int redrive_ledger_open(const struct kafka_settings *kafka,
                        const struct redrive_ledger_config *config,
                        struct redrive_ledger **out,
                        struct error *err) MUST_CHECK;

/* What is committed now. */
int redrive_ledger_read(struct redrive_ledger *ledger, unsigned timeout_ms,
                        struct error *err) MUST_CHECK;

/* Borrowed; changes are written by the next _send. */
struct redrive_account *redrive_ledger_account(struct redrive_ledger *ledger,
                                               int32_t partition);

/* Puts all accounts into the publisher's transaction. A verdict but
 * PUBLISHER_OK has its reason in `err`. */
enum publisher_verdict redrive_ledger_send(struct redrive_ledger *ledger,
                                           struct publisher *publisher,
                                           struct error *err);

/* NULL is fine. */
void redrive_ledger_close(struct redrive_ledger *ledger);

#endif
