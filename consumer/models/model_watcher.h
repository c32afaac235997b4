/*
 * model_watcher.h - keeps the newest published model on the board.
 *
 * A thread of its own follows the manifests, fetches, verifies, decodes and
 * probes a new snapshot, posts it, and keeps a copy on this machine. What is
 * refused is counted and logged with its reason, and the model in service
 * stays. Once started, any thread may ask.
 */
#ifndef CONSUMER_MODEL_WATCHER_H
#define CONSUMER_MODEL_WATCHER_H

#include "common/base/error.h"
#include "common/base/metrics.h"

#include "consumer/models/model_board.h"
#include "consumer/models/snapshot_reader.h"

#include <stdint.h>

struct model_watcher;

struct model_watcher_config {
    struct snapshot_reader_config reader;
    char state_dir[512];       /* for the local copy; empty: none */
    uint32_t fetch_timeout_ms; /* for one snapshot; 0: 60 s */
    struct metrics *metrics;   /* may be NULL */
    int refused_family;        /* counter by SNAPSHOT_REFUSAL_WORDS */
};

struct model_watcher_counts {
    uint64_t refused[REFUSED_COUNT];
    uint64_t posted;
    uint64_t failed; /* the broker or the disk, not the snapshot */
};

/* Posts the local copy, if there is one, before it returns. The board must
 * outlive the watcher. */
int model_watcher_start(const struct model_watcher_config *config,
                        struct model_board *board, struct model_watcher **out,
                        struct error *err) MUST_CHECK;

/* Returns when the manifest topic has been read to its end as of this call
 * and the model to serve is on the board, or was refused. ERROR_UNAVAILABLE
 * when that takes longer. */
int model_watcher_catch_up(struct model_watcher *watcher, unsigned timeout_ms,
                           struct error *err) MUST_CHECK;

void model_watcher_count(const struct model_watcher *watcher,
                         struct model_watcher_counts *out);

/* Waits for what is under way, at most a slice. NULL is fine. */
void model_watcher_stop(struct model_watcher *watcher);

#endif
