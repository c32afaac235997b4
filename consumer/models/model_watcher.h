/*
 * model_watcher.h - keeps the newest published model on the board.
 *
 * A thread of its own follows the manifests, fetches, verifies, decodes and
 * probes a new snapshot, posts it, and keeps a copy on this machine. A snapshot
 * that is refused is counted and logged with its reason, and the model in
 * service stays. The deltas that follow a snapshot are applied to a second one,
 * which then takes its place (spare_model.h); a pinned version serves without
 * them, as it was published. A snapshot that cannot be had yet is not refused:
 * it is tried again, and until then no older one takes its place. Without a pin
 * the version in service only rises; when it is retired, the newest that is
 * left serves. Once started, any thread may ask.
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
    uint32_t fetch_timeout_ms; /* longest silence between two chunks; 0: 60 s */
    uint32_t load_deadline_ms; /* after which chunks that are still not there
                                  refuse a snapshot; 0: 10 minutes */
    struct metrics *metrics;   /* may be NULL */
    int refused_family;        /* counter by SNAPSHOT_REFUSAL_WORDS */
};

struct model_watcher_counts {
    uint64_t refused[REFUSED_COUNT];
    uint64_t posted; /* snapshots, and steps to newer deltas */
    uint64_t deltas; /* applied */
    uint64_t failed; /* tries that failed by the broker or the disk */
};

/* Posts the local copy, if there is one, before it returns. The board must
 * outlive the watcher. */
int model_watcher_start(const struct model_watcher_config *config,
                        struct model_board *board, struct model_watcher **out,
                        struct error *err) MUST_CHECK;

/* Returns when the manifest topic has been read to its end as of this call
 * and the model to serve is on the board, or was refused. When that takes
 * longer, `err` has the last failure: its code, or ERROR_UNAVAILABLE. */
int model_watcher_catch_up(struct model_watcher *watcher, unsigned timeout_ms,
                           struct error *err) MUST_CHECK;

/* Its two halves, for who cannot wait so long at a time: a ticket for the topic
 * as it is now, never 0; and waiting for it, which may be tried again. */
uint64_t model_watcher_ask(struct model_watcher *watcher);
int model_watcher_await(struct model_watcher *watcher, uint64_t ticket,
                        unsigned timeout_ms, struct error *err) MUST_CHECK;

/* What should serve, as far as the manifests were read. */
struct model_watch {
    uint64_t wanted;    /* epoch; 0: none is published */
    int64_t waiting_ms; /* since it could not be loaded, or the manifests could
                           not be read; 0: the wanted model serves */
    struct error why;   /* where waiting_ms is not 0 */
};
void model_watcher_look(struct model_watcher *watcher, struct model_watch *out);

void model_watcher_count(const struct model_watcher *watcher,
                         struct model_watcher_counts *out);

/* Waits for what is under way, at most a slice. NULL is fine. */
void model_watcher_stop(struct model_watcher *watcher);

#endif
