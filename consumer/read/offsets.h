/*
 * offsets.h - where partitions begin and end, and which of their records is
 * the first of a time.
 *
 * Each question is one request to each broker, however many partitions are
 * asked about. Any thread.
 */
#ifndef CONSUMER_OFFSETS_H
#define CONSUMER_OFFSETS_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;

struct partition_offsets {
    const char *topic; /* borrowed */
    int32_t partition;
    int64_t low;  /* of the oldest record */
    int64_t high; /* behind the newest record that is committed */
    int64_t at;   /* of the first record of a time; -1: none is that young */
};

/* A question failed with `err`. 0 where the broker may answer it later, which
 * is so after ERROR_UNAVAILABLE and ERROR_TEMPORARY: *waits says why. Else -1.
 */
int offsets_wait_or_fail(struct error *waits, const struct error *err);

/* How many partitions the topic has; 0: there is no such topic. */
int offsets_count_partitions(rd_kafka_t *client, rd_kafka_topic_t *topic,
                             unsigned timeout_ms, int32_t *count,
                             struct error *err) MUST_CHECK;

/* Fills in what the client's group, whose name is for errors, has committed in
 * each partition; below 0 where that is nothing. An open transaction of a
 * partition's last owner makes the broker say "not yet", until that transaction
 * ends or times out. The codes are those of kafka_error_code(). */
int offsets_of_group(rd_kafka_t *client, const char *group,
                     rd_kafka_topic_partition_list_t *list, unsigned timeout_ms,
                     struct error *err) MUST_CHECK;

/* Fills in `low` and `high`. After a failure they mean nothing; its codes are
 * those of kafka_error_code(). */
int offsets_find_ends(rd_kafka_t *client, struct partition_offsets *list,
                      size_t count, unsigned timeout_ms,
                      struct error *err) MUST_CHECK;

/* After a broker's answer that was larger than receive.message.max.bytes: which
 * partition, of those that are to be read from `at` on, has records that
 * cannot come? 0: none has any; -1: ERROR_FORMAT names the first that has, as
 * far as the client knows. The broker is not asked: the next answer that is
 * too large would close the connection before its answer. */
int offsets_name_oversized(rd_kafka_t *client,
                           const struct partition_offsets *list, size_t count,
                           struct error *err) MUST_CHECK;

/* Fills in `at`: the first record of that time or later. */
int offsets_find_time(rd_kafka_t *client, struct partition_offsets *list,
                      size_t count, int64_t time_ms, unsigned timeout_ms,
                      struct error *err) MUST_CHECK;

#endif
