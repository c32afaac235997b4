/*
 * bad_records.h - what the trainer does about records that are not events.
 *
 * Only labels become dead letters: the scorer writes the letter of an
 * impression that cannot be read, and two of them would be redriven twice. A
 * trainer that starts reads its topics from the beginning; a label that a
 * published model covers, or whose letter is on the topic, gets none again.
 *
 * Junk does not end the trainer. Where more than share_max of the last 10,000
 * labels of a partition are bad, that partition gets 60 letters a minute; the
 * log and a count tell of the labels that got none. That ends when its labels
 * are good again, or other policies were chosen. Without transactions: a crash
 * within a second of a letter may send it twice. One thread.
 */
#ifndef CONSUMER_BAD_RECORDS_H
#define CONSUMER_BAD_RECORDS_H

#include "common/base/error.h"
#include "common/event/event_codec.h"
#include "common/event/manifest.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/message.h"

#include <stdint.h>

struct bad_records;

enum bad_records_policy { BAD_DLQ, BAD_SKIP, BAD_FAIL };
#define BAD_RECORDS_WORDS "dlq|skip|fail"

struct bad_records_config {
    struct kafka_settings kafka;
    enum bad_records_policy policy;
    double share_max;
    char impressions[250], labels[250], dead_letters[250];
};

enum bad_record_kind { BAD_IMPRESSION, BAD_LABEL };

struct bad_record {
    enum bad_record_kind kind;
    const struct message *message;
    enum event_fault fault;
    const char *field; /* NULL: none in particular */
};

/* `covered`, which may be NULL, is the newest model published. */
int bad_records_open(const struct bad_records_config *config,
                     const struct manifest *covered, struct bad_records **out,
                     struct error *err) MUST_CHECK;

/* A label of the partition is an event. ERROR_MEMORY alone. */
int bad_records_note_good(struct bad_records *bad, int32_t partition,
                          struct error *err) MUST_CHECK;

/* ERROR_FORMAT: the policy is BAD_FAIL. Any other failure is one of the
 * publisher's; the record can be taken again. */
int bad_records_take(struct bad_records *bad, const struct bad_record *record,
                     struct error *err) MUST_CHECK;

/* Every letter so far is on the broker. */
int bad_records_flush(struct bad_records *bad, struct error *err) MUST_CHECK;

struct bad_records_counts {
    uint64_t sent;  /* letters handed to the broker */
    uint64_t held;  /* labels that got none because there were too many */
    uint64_t known; /* labels whose letter was there before */
};

struct bad_records_counts bad_records_counts(const struct bad_records *bad);

/* NULL is fine. */
void bad_records_close(struct bad_records *bad);

#endif
