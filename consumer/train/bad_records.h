/*
 * bad_records.h - what the trainer does about records that are no events.
 *
 * Only labels become dead letters: an impression that cannot be read is one
 * already, by the scorer, and two of them would be redriven twice. A trainer
 * that starts reads its topics from the beginning; what a published model
 * covers already was dealt with by the trainer that made it. Without
 * transactions: a crash may send a letter twice. One thread.
 */
#ifndef CONSUMER_BAD_RECORDS_H
#define CONSUMER_BAD_RECORDS_H

#include "common/base/error.h"
#include "common/event/event_codec.h"
#include "common/event/manifest.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/message.h"

#include <stdbool.h>
#include <stdint.h>

struct bad_records;

enum bad_records_policy { BAD_DLQ, BAD_SKIP, BAD_FAIL };
#define BAD_RECORDS_WORDS "dlq|skip|fail"

struct bad_records_config {
    struct kafka_settings kafka;
    enum bad_records_policy policy;
    double share_max; /* of the last 10000 records; more is an error */
    char labels[250], dead_letters[250];
};

/* `covered` may be NULL. */
int bad_records_open(const struct bad_records_config *config,
                     const struct manifest *covered, struct bad_records **out,
                     struct error *err) MUST_CHECK;

/* A record that is an event. */
void bad_records_note_good(struct bad_records *bad);

/* One that is not. */
int bad_records_take(struct bad_records *bad, const char *topic, bool is_label,
                     const struct message *message, enum event_fault fault,
                     const char *field, struct error *err) MUST_CHECK;

/* Every letter so far is on the broker. */
int bad_records_flush(struct bad_records *bad, struct error *err) MUST_CHECK;

/* Letters handed to the broker. */
uint64_t bad_records_sent(const struct bad_records *bad);

void bad_records_close(struct bad_records *bad);

#endif
