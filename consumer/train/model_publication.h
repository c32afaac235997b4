/*
 * model_publication.h - numbers a fitted model and publishes it.
 *
 * The epoch is one above the highest on the manifest topic, and the parent is
 * the model that has that. Opening it fences whoever published under the same
 * model name before: of two trainers the younger one wins. One thread.
 */
#ifndef CONSUMER_PUBLICATION_H
#define CONSUMER_PUBLICATION_H

#include "common/base/error.h"
#include "common/event/manifest.h"

#include "consumer/learn/fit_job.h"

#include "producer/snapshot_publisher.h"

#include <stddef.h>
#include <stdint.h>

struct publication;

int publication_open(const struct snapshot_publisher_config *config,
                     struct publication **out, struct error *err) MUST_CHECK;

/* The newest manifest on the topic; NULL when there is none. Borrowed until
 * the next call. */
const struct manifest *
publication_newest(const struct publication *publication);

/* Returns after the commit. ERROR_FENCED: there is a younger trainer. */
int publication_publish(struct publication *publication,
                        const struct fit_config *config,
                        const struct fit_result *result,
                        const struct offset_range *ranges, size_t range_count,
                        uint64_t *epoch, struct error *err) MUST_CHECK;

/* NULL is fine. */
void publication_close(struct publication *publication);

#endif
