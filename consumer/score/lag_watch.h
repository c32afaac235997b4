/*
 * lag_watch.h - how far the workers are behind the ends of their partitions.
 *
 * A thread and a client of its own ask the broker for the ends once a second,
 * so that the lag is true also while a worker waits for the broker, which is
 * when it matters most. Workers report what they have committed; any thread.
 */
#ifndef CONSUMER_LAG_WATCH_H
#define CONSUMER_LAG_WATCH_H

#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/kafka/kafka_client.h"

#include <stdint.h>

struct lag_watch;

/* `metrics` (may be NULL) gets a gauge by partition in the family. Fails with
 * ERROR_MEMORY, ERROR_CONFIG (the client's settings) and ERROR_TEMPORARY (no
 * thread). */
int lag_watch_start(const struct kafka_settings *kafka, const char *topic,
                    struct metrics *metrics, int family, struct lag_watch **out,
                    struct error *err) MUST_CHECK;

/* A worker of this process has the partition, and has committed this offset. */
void lag_watch_set(struct lag_watch *watch, int32_t partition,
                   int64_t committed);

/* No worker of this process has the partition any more: its lag is 0 here. */
void lag_watch_drop(struct lag_watch *watch, int32_t partition);

/* Waits for a question under way, at most a few seconds. NULL is fine. */
void lag_watch_stop(struct lag_watch *watch);

#endif
