/*
 * kafka_fixture.h - a real broker for tests: topics of their own, everything
 * in them as a read_committed consumer sees it, and committed offsets.
 *
 * The broker is the one that the environment's PCTR_KAFKA names. Where it is
 * unset the test program ends as skipped, in the words of kafka_fixture_main().
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_KAFKA_FIXTURE_H
#define SUPPORT_KAFKA_FIXTURE_H

#include "common/kafka/kafka_client.h"

#include "producer/publisher.h"

#include <check.h>
#include <stddef.h>
#include <stdint.h>

enum { FIXTURE_NAME_SIZE = 80 };

/* run_suite() for broker tests: skips (status 77) without PCTR_KAFKA, saying
 * what is then not tested. */
int kafka_fixture_main(Suite *suite, const char *promises);

/* Settings for clients of the broker under test. */
struct kafka_settings kafka_fixture_settings(void);

/* "<stem>-<random>": no two tests, and no two runs, share a name. Good for
 * topics and groups. */
void kafka_fixture_name(const char *stem, char out[FIXTURE_NAME_SIZE]);

/* A consumer, "read_committed" or "read_uncommitted", that is told of each
 * partition's end; to be closed and destroyed. */
typedef struct rd_kafka_s rd_kafka_t;
rd_kafka_t *kafka_fixture_consumer(const char *group, const char *isolation);

/* A topic of that many partitions; `retention_ms` NULL is the broker's own. */
void kafka_fixture_create(const char *topic, int partitions,
                          const char *retention_ms);

/* Sends the record to its partition of the topic (its `topic` and headers do
 * not count). Returns when it is acknowledged. */
void kafka_fixture_send(const char *topic, const struct outgoing *record);

struct fixture_header {
    char *name;
    uint8_t *value;
    size_t size;
};

struct fixture_record {
    int32_t partition;
    int64_t offset, timestamp_ms;
    uint8_t *key, *value; /* NULL: none */
    size_t key_size, value_size;
    struct fixture_header *headers;
    size_t header_count;
};

struct fixture_records {
    struct fixture_record *at;
    size_t count;
};

/* All committed records of the topic, partition by partition in order; waits
 * for open transactions to end, at most for 60 s. */
struct fixture_records kafka_fixture_read(const char *topic);
void fixture_records_free(struct fixture_records *records);

/* The last header of that name; NULL where there is none. */
const struct fixture_header *
fixture_record_header(const struct fixture_record *record, const char *name);

/* The group's committed offset; -1001 where there is none. */
int64_t kafka_fixture_committed(const char *group, const char *topic,
                                int32_t partition);

/* Waits until the topic holds at least so many committed records; the test
 * fails after timeout_ms. */
void kafka_fixture_await(const char *topic, size_t count, unsigned timeout_ms);

#endif
