/*
 * scorer_worker.c - the rounds of a worker: poll, score, commit what is due,
 * follow a rebalance.
 *
 * Partitions that come are held until the model that should serve is in
 * service: another worker may have scored them with it, and a version never
 * goes back on a partition. While they are held the worker stays a member of
 * its group, and drops the records that it is given.
 *
 * What a commit covers, and what becomes of it after a failure, is told in
 * work_unit.h.
 */
#include "consumer/score/scorer_worker.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/trouble.h"

#include "consumer/letters/breaker.h"
#include "consumer/read/extent.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/flood.h"
#include "consumer/score/scorer_metrics.h"
#include "consumer/score/work_unit.h"
#include "consumer/score/worker_model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LEAVE_MS = 5000, PREDICTIONS_MS = 5000 };

struct scorer_worker {
    const struct scorer_config *config;
    const struct scorer_parts *parts;
    struct lag_watch *lags;
    unsigned number;
    struct worker_pulse pulse;

    struct worker_model *model;
    struct subscriber *subscriber; /* NULL until there may be a model */
    struct work_unit *unit;
    struct flood *flood;
    struct trouble waits; /* of partitions for their start */
};

/* --- Opening and closing ---------------------------------------------- */

int scorer_worker_open(const struct scorer_config *config,
                       const struct scorer_parts *parts, unsigned number,
                       struct lag_watch *lags, struct scorer_worker **out,
                       struct error *err)
{
    const struct flood_config flood = {
        .max_share = config->dead_letters_max_share,
        .rate_max = config->dead_letters_rate_max};
    struct scorer_worker *w = calloc(1, sizeof(*w));

    if (!w)
        return error_no_memory(err, "the scorer worker");
    w->config = config;
    w->parts = parts;
    w->number = number;
    w->lags = lags;
    worker_pulse_start(&w->pulse, parts->metrics, number);
    if (flood_new(&flood, &w->flood, err) < 0 ||
        worker_model_new(config, parts, number, &w->pulse, &w->model, err) < 0)
        goto failed;

    const struct work_unit_parts unit = {.config = config,
                                         .metrics = parts->metrics,
                                         .pulse = &w->pulse,
                                         .flood = w->flood,
                                         .worker = number};
    if (work_unit_open(&unit, &w->unit, err) < 0)
        goto failed;
    *out = w;
    return 0;

failed:
    scorer_worker_close(w);
    return -1;
}

static int subscribe(struct scorer_worker *w, struct error *err)
{
    const struct scorer_config *config = w->config;
    struct subscriber_config from = {
        .kafka = config->kafka,
        .batch_max = config->batch_max_events,
        .without_offset = config->offset_start,
        .lost_offset = config->offset_lost,
        .watch_end = config->watch_end,
    };

    memcpy(from.group, config->group, sizeof(from.group));
    memcpy(from.topic, config->impressions, sizeof(from.topic));
    if (subscriber_open(&from, &w->subscriber, err) < 0)
        return -1;
    work_unit_read_from(w->unit, w->subscriber);
    return 0;
}

const struct worker_status *scorer_worker_status(const struct scorer_worker *w)
{
    return &w->pulse.status;
}

void scorer_worker_close(struct scorer_worker *w)
{
    if (!w)
        return;
    /* A group whose broker does not answer cannot be left. */
    subscriber_close(w->subscriber, stop_is_overdue() ? 0 : LEAVE_MS);
    work_unit_close(w->unit);
    flood_free(w->flood);
    worker_model_free(w->model);
    free(w);
}

/* --- Telling ---------------------------------------------------------- */

/* Tells the lag watch which partitions this worker has and what of them is
 * committed. Returns how many it has. */
static int tell_committed(struct scorer_worker *w)
{
    int count = 0;

    for (int32_t i = 0; i < subscriber_partitions(w->subscriber); i++) {
        int64_t committed = subscriber_committed(w->subscriber, i);
        if (committed < 0)
            continue;
        lag_watch_set(w->lags, i, committed);
        count++;
    }
    metrics_set(w->parts->metrics, SCORER_ASSIGNED, (int)w->number, count);
    return count;
}

/* Whoever else has the name of the group gets partitions, too: then this line
 * is all that says why some are missing. */
static void tell_assigned(const struct scorer_worker *w, int count)
{
    log_info("partitions are assigned",
             "worker=%u group=%s topic=%s partitions=%d of=%" PRId32, w->number,
             w->config->group, w->config->impressions, count,
             subscriber_partitions(w->subscriber));
}

/* A group without offsets may be one whose offsets are gone. What it scores
 * then comes twice, or is never scored. */
static void tell_of_new_group(const struct scorer_worker *w)
{
    const struct scorer_config *config = w->config;
    const struct extent_query query = {.topic = config->predictions,
                                       .partition = EXTENT_ALL_PARTITIONS,
                                       .timeout_ms = PREDICTIONS_MS};
    struct topic_extent there;
    struct error why;

    if (topic_extent_find(&config->kafka, &query, &there, &why) < 0)
        return;
    uint64_t size = topic_extent_size(&there);
    topic_extent_free(&there);
    if (size > 0 && config->offset_start == START_EARLIEST)
        log_warn("the group has no offsets and there are predictions already: "
                 "what was scored before is scored again",
                 "group=%s topic=%s offsets=%" PRIu64, config->group,
                 config->predictions, size);
    else if (size > 0)
        log_warn("the group has no offsets and there are predictions already: "
                 "what came since the last one is not scored",
                 "group=%s topic=%s offsets=%" PRIu64, config->group,
                 config->predictions, size);
}

/* Partitions whose start the broker cannot say yet. */
static void tell_what_waits(struct scorer_worker *w, const struct error *waits)
{
    if (!waits)
        trouble_end(&w->waits);
    else if (trouble_again(&w->waits, clock_monotonic_ms()))
        log_warn("partitions wait for the broker", "worker=%u reason=\"%s\"",
                 w->number, waits->text);
}

static void tell_gaps(const struct scorer_worker *w,
                      const struct message_batch *batch)
{
    for (size_t i = 0; i < batch->gap_count; i++) {
        const struct offset_gap *gap = &batch->gaps[i];
        log_warn("an offset was lost; going on elsewhere",
                 "topic=%s partition=%" PRId32 " from=%" PRId64 " to=%" PRId64
                 " skipped=%" PRIu64,
                 w->config->impressions, gap->partition, gap->from, gap->to,
                 gap->skipped);
        metrics_add(w->parts->metrics, SCORER_LOST_OFFSETS, 0, 1);
        metrics_add(w->parts->metrics, SCORER_SKIPPED, 0, gap->skipped);
    }
}

/* --- One round -------------------------------------------------------- */

static int score(struct scorer_worker *w, const struct message_batch *batch,
                 struct error *err)
{
    if (work_unit_begin(w->unit, err) < 0)
        return -1;
    if (!work_unit_is_open(w->unit))
        return 0;
    return work_unit_score(w->unit, worker_model_take(w->model), batch, err);
}

static int commit(struct scorer_worker *w, enum delivery_wait wait,
                  struct error *err)
{
    int committed = work_unit_commit(w->unit, wait, err);

    if (committed > 0)
        tell_committed(w);
    return committed < 0 ? -1 : 0;
}

/* The subscriber chose where partitions begin or go on. The choice is committed
 * before the first record from there, with the open unit or alone. */
static int commit_choice(struct scorer_worker *w,
                         const struct message_batch *batch, struct error *err)
{
    tell_gaps(w, batch);
    if (batch->is_new_group)
        tell_of_new_group(w);
    if (work_unit_begin(w->unit, err) < 0)
        return -1;
    return commit(w, DELIVERY_WAIT, err);
}

/* Partitions come and go. A unit is committed before its partitions are given
 * up, and aborted where another member has them already. */
static int follow(struct scorer_worker *w, const struct message_batch *batch,
                  struct error *err)
{
    struct worker_status *seen = &w->pulse.status;
    int status = 0;

    switch (batch->event) {
    case SUBSCRIBER_NOTHING:
        return 0;
    case SUBSCRIBER_PLACED:
        return commit_choice(w, batch, err);
    case SUBSCRIBER_ASSIGNED:
        metrics_add(w->parts->metrics, SCORER_REBALANCES, 0, 1);
        worker_model_hold(w->model);
        atomic_store(&seen->is_holding, true);
        atomic_store(&seen->is_member, true);
        flood_forget_pauses(w->flood);
        tell_assigned(w, tell_committed(w));
        return 0;
    case SUBSCRIBER_REVOKED:
        status = commit(w, DELIVERY_WAIT, err);
        break;
    case SUBSCRIBER_LOST:
        status = work_unit_abandon(w->unit, err);
        break;
    }
    for (int32_t i = 0; i < subscriber_partitions(w->subscriber); i++)
        if (subscriber_committed(w->subscriber, i) >= 0)
            lag_watch_drop(w->lags, i);
    subscriber_release(w->subscriber);
    metrics_set(w->parts->metrics, SCORER_ASSIGNED, (int)w->number, 0);
    atomic_store(&seen->is_member, false);
    atomic_store(&seen->pending_ms, 0);
    return status;
}

/* Slows partitions down that are flooded with records that are no impressions.
 */
static void dam(struct scorer_worker *w)
{
    const struct scorer_config *config = w->config;
    enum flood_change change;
    int32_t partition;
    bool is_new;

    while ((change = flood_next(w->flood, clock_monotonic_ms(), &partition,
                                &is_new)) != FLOOD_NOTHING) {
        if (change == FLOOD_PAUSE)
            subscriber_pause(w->subscriber, partition);
        else
            subscriber_resume(w->subscriber, partition);
        if (!is_new)
            continue;
        metrics_set(w->parts->metrics, SCORER_FLOODED, partition,
                    change == FLOOD_PAUSE);
        if (change == FLOOD_RESUME)
            log_info("a partition is no longer flooded",
                     "topic=%s partition=%" PRId32, config->impressions,
                     partition);
        else
            log_warn("a partition is flooded with records that are no "
                     "impressions (are the field.* settings right?); its dead "
                     "letters are slowed down",
                     "topic=%s partition=%" PRId32
                     " bad=%zu of=%d letters_per_second=%" PRIu32,
                     config->impressions, partition,
                     flood_bad_count(w->flood, partition), BREAKER_WINDOW,
                     config->dead_letters_rate_max);
    }
}

/* One round of a worker that holds its partitions until the newest model is in
 * service. */
static int hold_once(struct scorer_worker *w, struct error *err)
{
    struct message_batch batch;
    bool is_there;

    if (worker_model_catch_up(w->model, &is_there, err) < 0)
        return -1;
    if (is_there) {
        atomic_store(&w->pulse.status.is_holding, false);
        return 0;
    }
    if (subscriber_poll(w->subscriber, 0, &batch, err) < 0)
        return -1;
    if (batch.count > 0)
        subscriber_rewind(w->subscriber);
    if (follow(w, &batch, err) < 0)
        return -1;
    tell_what_waits(w, batch.waits);
    return 0;
}

/* One round: wait for records, at most until the open unit is due; score and
 * send them; commit when that is due; follow a rebalance. */
static int round_once(struct scorer_worker *w, struct error *err)
{
    struct message_batch batch;
    int64_t wait_ms = work_unit_wait_ms(w->unit, STOP_SLICE_MS);

    if (subscriber_poll(w->subscriber, (unsigned)wait_ms, &batch, err) < 0)
        return -1;
    worker_time_spent_beside(&w->pulse.time, WORKER_SCORES, batch.waited_ns);
    if (batch.count > 0 && score(w, &batch, err) < 0)
        return -1;
    work_unit_serve(w->unit, &batch);
    dam(w);
    if (work_unit_is_due(w->unit) && commit(w, DELIVERY_IN_BACKGROUND, err) < 0)
        return -1;
    if (follow(w, &batch, err) < 0)
        return -1;
    tell_what_waits(w, batch.waits);
    if (worker_model_check_rights(w->model, err) < 0)
        return -1;

    atomic_store(&w->pulse.status.at_end, w->config->watch_end &&
                                              !work_unit_is_open(w->unit) &&
                                              subscriber_at_end(w->subscriber));
    worker_pulse_beat(&w->pulse);
    return 0;
}

int scorer_worker_run(struct scorer_worker *w, const atomic_bool *stop,
                      struct error *err)
{
    w->pulse.stop = stop;
    if (worker_model_await(w->model, err) < 0)
        return -1;
    if (worker_pulse_must_stop(&w->pulse))
        return 0;
    if (subscribe(w, err) < 0)
        return -1;
    while (!worker_pulse_must_stop(&w->pulse))
        if ((atomic_load(&w->pulse.status.is_holding) ? hold_once(w, err)
                                                      : round_once(w, err)) < 0)
            return -1;
    return commit(w, DELIVERY_WAIT, err);
}
