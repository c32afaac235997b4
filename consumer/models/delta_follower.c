#include "consumer/models/delta_follower.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/trouble.h"

#include "consumer/models/delta_chain.h"
#include "consumer/models/spare_model.h"

#include "model/snapshot_delta.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    RETRY_MS = 100,
    MISSING_MS = 10000, /* after which chunks that are not there refuse a
                           delta */
};

struct delta_follower {
    struct delta_follower_config config;
    struct spare_model spare;
    struct trouble trouble;
    int64_t missing_ms; /* since when the chunks of the next delta are not
                           there; 0: they are */
    int64_t retry_at_ms;
    atomic_uint_least64_t refused[REFUSED_COUNT], applied, posted, failed;
};

int delta_follower_new(const struct delta_follower_config *config,
                       struct delta_follower **out, struct error *err)
{
    struct delta_follower *follower = calloc(1, sizeof(*follower));

    if (!follower)
        return error_no_memory(err, "a follower of deltas");
    follower->config = *config;
    follower->spare.board = config->board;
    *out = follower;
    return 0;
}

/* --- What goes wrong -------------------------------------------------- */

static void refuse(struct delta_follower *follower, const struct delta *delta,
                   enum snapshot_refusal why, const struct error *err)
{
    atomic_fetch_add(&follower->refused[why], 1);
    metrics_add(follower->config.metrics, follower->config.refused_family,
                (int)why, 1);
    log_warn("delta refused", "version=%" PRIu64 " delta=%u reason=\"%s\"",
             delta->epoch, delta->number, err->text);
}

static void try_again(struct delta_follower *follower, const struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    atomic_fetch_add(&follower->failed, 1);
    if (trouble_again(&follower->trouble, now_ms))
        log_warn("deltas not applied, trying again",
                 "attempt=%" PRIu64 " code=%s error=\"%s\"",
                 follower->trouble.attempts, error_code_name(err->code),
                 err->text);
    follower->retry_at_ms = now_ms + RETRY_MS;
}

/* The next delta could not be had. Chunks that stay away although the broker
 * answers refuse it in the end. */
static void postpone(struct delta_follower *follower, struct delta *next,
                     const struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    if (err->code != ERROR_INPUT)
        follower->missing_ms = 0;
    else if (follower->missing_ms == 0)
        follower->missing_ms = now_ms;
    if (follower->missing_ms == 0 ||
        now_ms - follower->missing_ms < MISSING_MS) {
        try_again(follower, err);
        return;
    }
    refuse(follower, next, REFUSED_CHUNKS, err);
    next->is_refused = true;
    follower->missing_ms = 0;
}

/* --- The local copy --------------------------------------------------- */

static void keep_copy(struct delta_follower *follower,
                      const struct delta *delta, const struct buffer *bytes)
{
    const struct manifest manifest =
        delta_manifest(delta, follower->config.name);
    struct error err;

    if (!follower->config.store ||
        snapshot_store_add_delta(follower->config.store, &manifest,
                                 bytes->bytes, bytes->size, &err) == 0)
        return;
    atomic_fetch_add(&follower->failed, 1);
    log_warn("no local copy of the delta", "error=\"%s\"", err.text);
}

/* --- Applying --------------------------------------------------------- */

/* Applies what there is to the chain's snapshot; *applied is how many deltas.
 * Returns whether there is nothing more to do. */
static bool apply(struct delta_follower *follower,
                  const struct delta_chain *chain, uint64_t *applied)
{
    struct buffer bytes = {0};
    struct error err = {ERROR_NONE};
    struct delta_stepped stepped = {.step = DELTA_STEP_APPLIED};
    int status = 0;

    while (status == 0 && stepped.step != DELTA_STEP_END &&
           !atomic_load(follower->config.stopping)) {
        status = delta_chain_step(chain, &bytes, &stepped, &err);
        if (status < 0)
            postpone(
                follower,
                delta_chain_next(chain->reader, chain->epoch, chain->snapshot),
                &err);
        else if (stepped.step == DELTA_STEP_REFUSED)
            refuse(follower, &stepped.delta, stepped.why, &err);
        if (status == 0 && stepped.step == DELTA_STEP_APPLIED) {
            keep_copy(follower, &stepped.delta, &bytes);
            spare_model_applied(&follower->spare, &bytes);
            ++*applied;
        }
    }
    buffer_free(&bytes);
    return status == 0;
}

/* Takes over the snapshot. */
static int post(struct delta_follower *follower,
                const struct manifest *manifest, struct snapshot *snapshot,
                uint64_t applied, struct error *err)
{
    const uint32_t delta = snapshot->delta;
    const uint64_t rows = snapshot->rows;
    struct manifest copy;

    if (manifest_copy(manifest, &copy, err) < 0) {
        snapshot_free(snapshot);
        return -1;
    }
    if (model_board_post(follower->config.board, snapshot, &copy, err) < 0)
        return -1;
    atomic_fetch_add(&follower->applied, applied);
    atomic_fetch_add(&follower->posted, 1);
    follower->missing_ms = 0;
    trouble_end(&follower->trouble);
    log_info("delta active",
             "version=%" PRIu64 " delta=%u applied=%" PRIu64 " rows=%" PRIu64,
             manifest->epoch, delta, applied, rows);
    return 0;
}

/* A model that takes no deltas refuses them. */
static int prepare(struct delta_follower *follower, struct delta *next,
                   const struct served_model *served, struct error *err)
{
    if (spare_model_prepare(&follower->spare, served, err) == 0)
        return 0;
    if (err->code == ERROR_FORMAT) {
        refuse(follower, next, REFUSED_FORMAT, err);
        next->is_refused = true;
    } else {
        try_again(follower, err);
    }
    return -1;
}

/* Returns whether there is nothing more to do now; *is_replaced: another state
 * took the place of the model in service. */
static bool follow(struct delta_follower *follower,
                   const struct served_model *served, bool *is_replaced)
{
    struct delta_chain chain = {.reader = follower->config.reader,
                                .epoch = served->manifest.epoch,
                                .timeout_ms =
                                    follower->config.fetch_timeout_ms};
    struct error err = {ERROR_NONE};
    uint64_t applied = 0;
    struct delta *next =
        delta_chain_next(chain.reader, chain.epoch, served->snapshot);

    if (!next)
        return true;
    if (clock_monotonic_ms() < follower->retry_at_ms ||
        prepare(follower, next, served, &err) < 0)
        return false;
    chain.snapshot = follower->spare.snapshot;
    bool is_done = apply(follower, &chain, &applied);
    if (applied == 0)
        return is_done;
    if (post(follower, &served->manifest, spare_model_take(&follower->spare),
             applied, &err) == 0) {
        *is_replaced = true;
        return is_done;
    }
    try_again(follower, &err);
    return false;
}

bool delta_follower_run(struct delta_follower *follower)
{
    bool is_done = true, is_replaced = false;

    if (snapshot_reader_pinned(follower->config.reader) != 0)
        return true;
    const struct served_model *served =
        model_board_take(follower->config.board);
    if (served)
        is_done = follow(follower, served, &is_replaced);
    if (is_replaced)
        spare_model_replaced(&follower->spare, served);
    else
        model_board_put(follower->config.board, served);
    return is_done;
}

void delta_follower_rest(struct delta_follower *follower)
{
    spare_model_forget(&follower->spare);
}

/* --- The whole -------------------------------------------------------- */

struct delta_follower_counts
delta_follower_counts(const struct delta_follower *follower)
{
    struct delta_follower_counts counts = {
        .applied = atomic_load(&follower->applied),
        .posted = atomic_load(&follower->posted),
        .failed = atomic_load(&follower->failed)};

    for (int why = 0; why < REFUSED_COUNT; why++)
        counts.refused[why] = atomic_load(&follower->refused[why]);
    return counts;
}

void delta_follower_free(struct delta_follower *follower)
{
    if (!follower)
        return;
    spare_model_forget(&follower->spare);
    free(follower);
}
