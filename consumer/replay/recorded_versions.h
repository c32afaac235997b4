/*
 * recorded_versions.h - which model version scored which impression, as the
 * predictions say.
 *
 * Along a partition of impressions the version changes rarely, so what is kept
 * is where it changes: a few bytes a swap, whatever the number of predictions.
 * Plain memory, no Kafka. One thread.
 */
#ifndef CONSUMER_RECORDED_VERSIONS_H
#define CONSUMER_RECORDED_VERSIONS_H

#include "common/base/error.h"
#include "common/event/event.h"

#include <stddef.h>
#include <stdint.h>

struct recorded_versions;

/* Impressions first..last of a partition, with one version. */
struct recorded_run {
    int32_t partition;
    int64_t first, last;
    uint64_t version; /* 0: no model */
    uint8_t hash[MODEL_HASH_SIZE];
};

int recorded_versions_new(struct recorded_versions **out,
                          struct error *err) MUST_CHECK;

/* Predictions of one output partition in its order; partitions may be mixed.
 */
int recorded_versions_add(struct recorded_versions *versions,
                          int32_t output_partition,
                          const struct prediction_event *event,
                          struct error *err) MUST_CHECK;

/* After the last one was added. */
void recorded_versions_sort(struct recorded_versions *versions);

/* The run that the impression is in, or the one before it where nothing was
 * recorded between the two (bad records have no prediction). NULL before the
 * first and behind the last one recorded of the partition. */
const struct recorded_run *
recorded_versions_find(const struct recorded_versions *versions,
                       int32_t partition, int64_t offset);

size_t recorded_versions_count(const struct recorded_versions *versions);

/* NULL is fine. */
void recorded_versions_free(struct recorded_versions *versions);

#endif
