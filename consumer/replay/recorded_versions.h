/*
 * recorded_versions.h - which model version scored which impression, as the
 * predictions say.
 *
 * Along a partition of impressions the version changes rarely. Only the places
 * where it changes are kept: a few bytes a change, whatever the number of
 * predictions. Plain memory, no Kafka. One thread.
 */
#ifndef CONSUMER_RECORDED_VERSIONS_H
#define CONSUMER_RECORDED_VERSIONS_H

#include "common/base/error.h"
#include "common/event/event.h"

#include <stddef.h>
#include <stdint.h>

struct recorded_versions;

/* Impressions first..last of a partition, scored by one model. */
struct recorded_run {
    int32_t partition;
    int64_t first, last;
    struct model_state model;
};

int recorded_versions_new(struct recorded_versions **out,
                          struct error *err) MUST_CHECK;

/* Takes a prediction. Those of one output partition come in its order;
 * partitions may be mixed. ERROR_LIMIT: a partition number is too high;
 * ERROR_MEMORY. */
int recorded_versions_add(struct recorded_versions *versions,
                          int32_t output_partition,
                          const struct prediction_event *event,
                          struct error *err) MUST_CHECK;

/* Call it after the last prediction and before the first search. */
void recorded_versions_sort(struct recorded_versions *versions);

/* The run that the impression is in. A record that could not be read has no
 * prediction: the run before it counts for it. NULL before the first recorded
 * impression of the partition, and behind the last one. */
const struct recorded_run *
recorded_versions_find(const struct recorded_versions *versions,
                       int32_t partition, int64_t offset);

size_t recorded_versions_count(const struct recorded_versions *versions);

/* NULL is fine. */
void recorded_versions_free(struct recorded_versions *versions);

#endif
