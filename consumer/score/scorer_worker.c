/*
 * scorer_worker.c - poll, score, send, commit; and what happens when that
 * fails.
 *
 *   unit closed --first batch--> open --due--> committed
 *                                open --abort--> rewound, scored again
 *                                open --unknown outcome, fenced--> producer
 *                                     rebuilt, rewound to the committed
 *
 * A unit that the broker refuses because of a record in it is scored again
 * record by record; the record that is refused alone becomes a dead letter.
 */
#include "consumer/score/scorer_worker.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"

#include "consumer/score/scorer_metrics.h"
#include "consumer/score/worker_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL_BATCH = 200, /* records that are not left to linger */
    STRETCH_MAX = 10,  /* commit intervals that a busy worker may wait */
    TICK_MS = 1000,
    LEAVE_MS = 5000,
};

/* --- Opening and closing ---------------------------------------------- */

static struct delivery_config delivery_settings(const struct scorer_worker *w)
{
    const struct scorer_config *config = w->config;
    struct delivery_config to = {.mode = config->delivery,
                                 .plan = config->plan};

    to.plan.random += w->number;
    to.publisher.kafka = config->kafka;
    to.publisher.transaction_timeout_ms = config->transaction_timeout_ms;
    to.publisher.linger_ms = config->linger_ms;
    memcpy(to.publisher.compression, config->compression,
           sizeof(to.publisher.compression));
    to.publisher.topics[SCORING_PREDICTIONS] = config->predictions;
    to.publisher.topics[SCORING_DEAD_LETTERS] = config->dead_letters;
    if (config->delivery == DELIVERY_EXACTLY_ONCE)
        snprintf(to.publisher.transactional_id,
                 sizeof(to.publisher.transactional_id), "%.80s-%s-%u",
                 config->group, config->slot, w->number);
    return to;
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
    return subscriber_open(&from, &w->subscriber, err);
}

int scorer_worker_open(const struct scorer_config *config,
                       const struct scorer_parts *parts, unsigned number,
                       const atomic_bool *stop, struct scorer_worker **out,
                       struct error *err)
{
    struct scorer_worker *w = calloc(1, sizeof(*w));

    if (!w)
        return error_no_memory(err, "the scorer worker");
    w->config = config;
    w->parts = parts;
    w->number = number;
    w->stop = stop;
    w->fenced_ms = -FENCED_AGAIN_MS;
    worker_beat(w);

    struct delivery_config delivery = delivery_settings(w);
    if (scoring_new(config, &w->scoring, err) < 0 ||
        delivery_open(&delivery, &w->delivery, err) < 0) {
        scorer_worker_close(w);
        return -1;
    }
    *out = w;
    return 0;
}

const struct worker_status *scorer_worker_status(const struct scorer_worker *w)
{
    return &w->status;
}

void scorer_worker_close(struct scorer_worker *w)
{
    if (!w)
        return;
    subscriber_close(w->subscriber, LEAVE_MS);
    delivery_close(w->delivery);
    scoring_free(w->scoring);
    model_board_put(w->parts->board, w->model);
    free(w);
}

/* --- The model -------------------------------------------------------- */

/* Between two batches: one load, unless there is a new one. */
static void look_for_model(struct scorer_worker *w)
{
    if (model_board_epoch(w->parts->board) == w->epoch)
        return;
    model_board_put(w->parts->board, w->model);
    w->model = model_board_take(w->parts->board);
    w->epoch = w->model ? w->model->manifest.epoch : 0;
    atomic_fetch_add(&w->status.swaps, 1);
    metrics_add(w->parts->metrics, SCORER_MODEL_SWAPS, 0, 1);
}

/* With partitions that somebody else had, the model must not be older than
 * the one they were scored with. */
static void catch_up(struct scorer_worker *w)
{
    struct error err;

    if (!w->parts->catch_up)
        return;
    if (w->parts->catch_up(w->parts->context, w->config->model_catch_up_ms,
                           &err) < 0)
        log_warn("the newest model is not known yet; going on",
                 "worker=%u reason=\"%s\"", w->number, err.text);
}

static void wait_for_model(struct scorer_worker *w)
{
    bool told = false;

    catch_up(w);
    while (w->config->no_model == NO_MODEL_WAIT && !worker_must_stop(w) &&
           model_board_epoch(w->parts->board) == 0) {
        if (!told)
            log_info("waiting for a first model", "worker=%u", w->number);
        told = true;
        worker_rest(w, STOP_SLICE_MS);
    }
}

/* --- Committing ------------------------------------------------------- */

static void unit_committed(struct scorer_worker *w)
{
    tally_report(&w->unit, w->parts->metrics);
    atomic_fetch_add(&w->status.predictions, tally_predictions(&w->unit));
    atomic_fetch_add(&w->status.dead_letters, tally_dead_letters(&w->unit));
    atomic_fetch_add(&w->status.commits, 1);
    tally_clear(&w->unit);
    if (culprit_clear(&w->culprit))
        subscriber_limit_batch(w->subscriber, 0);
}

static int commit(struct scorer_worker *w, bool wait, struct error *err)
{
    struct error why;

    if (!w->unit.open)
        return 0;
    enum publisher_verdict verdict =
        delivery_commit(w->delivery, w->subscriber, wait, &why);
    if (verdict != PUBLISHER_OK)
        return worker_recover(w, verdict, &why, err);
    unit_committed(w);
    return 0;
}

static bool is_due(const struct scorer_worker *w)
{
    int64_t age_ms = clock_monotonic_ms() - w->unit.opened_ms;
    int64_t interval_ms = w->config->commit_interval_ms;

    if (!w->unit.open)
        return false;
    if (w->culprit.alone > 0)
        return true;
    if (w->config->delivery == DELIVERY_EXACTLY_ONCE)
        return age_ms >= interval_ms ||
               w->unit.records >= w->config->commit_max_events;
    /* Waiting for the last delivery would stop the flow: rather where it
     * stands still anyway. */
    return age_ms >= (w->quiet ? interval_ms : interval_ms * STRETCH_MAX);
}

/* --- Scoring ---------------------------------------------------------- */

static int send_batch(struct scorer_worker *w,
                      const struct message_batch *batch, struct error *err)
{
    struct scoring_means with = {.model = w->model,
                                 .delivery = w->delivery,
                                 .culprit = &w->culprit,
                                 .unit = &w->unit,
                                 .metrics = w->parts->metrics};
    const struct message *last = &batch->messages[batch->count - 1];

    w->unit.records += batch->count;
    w->last = (struct record_position){last->partition, last->offset};
    return scoring_run(w->scoring, &with, batch, err);
}

/* Too much that is no impression: what is not committed stays so. */
static int check_breaker(struct scorer_worker *w, struct error *err)
{
    struct error ignored;

    if (scoring_check(w->scoring, err) == 0)
        return 0;
    worker_abort(w, &ignored);
    tally_clear(&w->unit);
    return -1;
}

static int work(struct scorer_worker *w, const struct message_batch *batch,
                struct error *err)
{
    struct error why;

    if (batch->count == 0)
        return 0;
    if (!w->unit.open) {
        enum publisher_verdict verdict = delivery_begin(w->delivery, &why);
        if (verdict != PUBLISHER_OK)
            return worker_recover(w, verdict, &why, err);
        tally_open(&w->unit);
    }
    look_for_model(w);
    if (send_batch(w, batch, &why) < 0)
        return worker_recover(w, delivery_verdict(&why), &why, err);
    w->quiet = false;
    return check_breaker(w, err);
}

/* --- Partitions come and go ------------------------------------------- */

static void hide_lags(struct scorer_worker *w)
{
    for (int32_t i = 0; i < subscriber_partitions(w->subscriber); i++)
        if (subscriber_lag(w->subscriber, i) >= 0)
            metrics_set(w->parts->metrics, SCORER_LAG, i, 0);
}

static int give_up(struct scorer_worker *w, bool lost, struct error *err)
{
    struct error why = {.code = ERROR_TEMPORARY, .text = "partitions lost"};
    int status = 0;

    if (lost && w->unit.open)
        status = worker_recover(w, PUBLISHER_ABORT, &why, err);
    else
        status = commit(w, true, err);
    hide_lags(w);
    subscriber_release(w->subscriber);
    return status;
}

static int follow(struct scorer_worker *w, enum subscriber_event event,
                  struct error *err)
{
    switch (event) {
    case SUBSCRIBER_ASSIGNED:
        metrics_add(w->parts->metrics, SCORER_REBALANCES, 0, 1);
        catch_up(w);
        atomic_store(&w->status.member, true);
        return 0;
    case SUBSCRIBER_REVOKED:
        return give_up(w, false, err);
    case SUBSCRIBER_LOST:
        return give_up(w, true, err);
    default:
        return 0;
    }
}

/* --- The loop --------------------------------------------------------- */

static void show_lags(struct scorer_worker *w)
{
    int64_t now_ms = clock_monotonic_ms();

    if (now_ms - w->tick_ms < TICK_MS)
        return;
    w->tick_ms = now_ms;
    for (int32_t i = 0; i < subscriber_partitions(w->subscriber); i++) {
        int64_t lag = subscriber_lag(w->subscriber, i);
        if (lag >= 0)
            metrics_set(w->parts->metrics, SCORER_LAG, i, (double)lag);
    }
}

static unsigned patience_ms(const struct scorer_worker *w)
{
    if (!w->unit.open)
        return STOP_SLICE_MS;
    int64_t left_ms = w->unit.opened_ms + w->config->commit_interval_ms -
                      clock_monotonic_ms();
    if (left_ms <= 0)
        return w->quiet || w->config->delivery == DELIVERY_EXACTLY_ONCE ? 0 : 1;
    return left_ms < STOP_SLICE_MS ? (unsigned)left_ms : STOP_SLICE_MS;
}

/* What was sent must not linger while nothing else comes. */
static void hurry(struct scorer_worker *w, const struct message_batch *batch)
{
    delivery_serve(w->delivery);
    if (w->unit.open && !w->quiet && !batch->full && batch->count < SMALL_BATCH)
        w->quiet = delivery_hurry(w->delivery);
}

static int round_once(struct scorer_worker *w, struct error *err)
{
    struct message_batch batch;

    if (subscriber_poll(w->subscriber, patience_ms(w), &batch, err) < 0 ||
        work(w, &batch, err) < 0)
        return -1;
    hurry(w, &batch);
    if (is_due(w) && commit(w, false, err) < 0)
        return -1;
    if (follow(w, batch.event, err) < 0)
        return -1;
    show_lags(w);
    atomic_store(&w->status.at_end, w->config->watch_end && !w->unit.open &&
                                        subscriber_at_end(w->subscriber));
    worker_beat(w);
    return 0;
}

int scorer_worker_run(struct scorer_worker *w, struct error *err)
{
    wait_for_model(w);
    if (worker_must_stop(w))
        return 0;
    if (subscribe(w, err) < 0)
        return -1;
    while (!worker_must_stop(w))
        if (round_once(w, err) < 0)
            return -1;
    return commit(w, true, err);
}
