/*
 * record_fetch.h - single records of a topic by partition and offset, fetched
 * in ranges.
 *
 * Wanted records that lie near each other come with one pass over the records
 * between them. A fetch that begins where the last one ended goes on without a
 * new start. Only committed records are read, without a group. One thread.
 */
#ifndef CONSUMER_RECORD_FETCH_H
#define CONSUMER_RECORD_FETCH_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_fetch;

enum fetch_result {
    FETCH_MISSING, /* no such offset, partition, or committed record */
    FETCH_EXPIRED, /* retention took the record */
    FETCH_FOUND,
};

struct record_slot {
    int32_t partition; /* in */
    int64_t offset;    /* in */
    enum fetch_result result;
    size_t at, size;         /* of the value, in the buffer; where FOUND */
    int64_t timestamp_ms;    /* likewise */
    size_t key_at, key_size; /* likewise, of the key */
    bool has_key;            /* likewise */
};

/* ERROR_UNAVAILABLE: there is no such topic, or no broker. */
int record_fetch_open(const struct kafka_settings *kafka, const char *topic,
                      unsigned timeout_ms, struct record_fetch **out,
                      struct error *err) MUST_CHECK;

/* Fills the slots, which are in the order of partition and offset (two may be
 * equal), and appends values to `values`. After a failure the fetch can only be
 * closed; ERROR_TEMPORARY: the program is asked to stop, or the broker was
 * silent for timeout_ms. */
int record_fetch_run(struct record_fetch *fetch, struct record_slot *slots,
                     size_t count, struct buffer *values,
                     struct error *err) MUST_CHECK;

/* NULL is fine. */
void record_fetch_close(struct record_fetch *fetch);

#endif
