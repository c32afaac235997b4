/*
 * scorer_worker.c - poll, score, send, commit; and how a worker goes on after
 * one of these failed.
 *
 * A unit of work is everything between two commits:
 *
 *   closed --first batch--> open --is due--> committed, closed
 *                           open --the broker refuses it--> aborted, rewound
 *                           open --outcome unknown, or fenced once--> a new
 *                                  producer, rewound
 *                           open --fenced again--> the worker ends: a twin has
 *                                  its slot
 *
 * Partitions that come are held until the model that should serve is in
 * service: another worker may have scored them with it, and a version never
 * goes back on a partition. While they are held the worker stays a member of
 * its group, and drops the records that it is given.
 *
 * "Rewound" means that the next round begins at the committed positions and
 * scores the unit again. A unit that the broker refuses because of a record in
 * it is scored again record by record; the record that is refused alone becomes
 * a dead letter (culprit.h).
 */
#include "consumer/score/scorer_worker.h"

#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/trouble.h"
#include "common/kafka/transactional_id.h"

#include "consumer/letters/breaker.h"
#include "consumer/read/extent.h"
#include "consumer/read/subscriber.h"
#include "consumer/score/answer_sender.h"
#include "consumer/score/culprit.h"
#include "consumer/score/delivery.h"
#include "consumer/score/flood.h"
#include "consumer/score/scorer_metrics.h"
#include "consumer/score/tally.h"
#include "consumer/score/worker_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL_BATCH = 200, /* records that are sent at once instead of lingering */
    STRETCH_MAX = 10,  /* commit intervals that a busy worker may wait */
    LEAVE_MS = 5000,
    MODEL_SLICE_MS = 1000, /* one try of catching up with the models */
    AUTH_TRIES = 5,        /* of one thing that the broker refuses to us */
    AUTH_MODELS_MS = 5000, /* so long the models may be refused to us */
    LOOK_MS = 1000,        /* between two looks at that */
    SILENCE_MS = 45000,    /* a round may wait that long */
    /* librdkafka's calls about a transaction return within two minutes,
     * whatever the broker does. */
    BROKER_SILENCE_MS = 180000,
    PREDICTIONS_MS = 5000,
    PAUSE_MS = 100,
    PAUSE_MAX_MS = 2000,
    /* A second fence this soon after the first comes from a twin. */
    FENCED_AGAIN_MS = 600000,
};

/* What the broker may refuse to us, each counted by itself: models that can be
 * read say nothing about predictions that cannot be written. */
enum refused { REFUSED_UNITS, REFUSED_MODELS, REFUSED_KINDS };

struct scorer_worker {
    const struct scorer_config *config;
    const struct scorer_parts *parts;
    struct lag_watch *lags;
    const atomic_bool *stop; /* while it runs */
    unsigned number;
    struct worker_status status;

    struct subscriber *subscriber; /* NULL until there may be a model */
    struct delivery *delivery;
    struct answer_sender *batch;
    struct flood *flood;
    const struct served_model *model; /* taken from the board; may be NULL */
    uint64_t posts;                   /* of the board, when it was looked at */

    struct tally unit;
    struct worker_time time;
    bool is_quiet; /* everything sent is delivered */
    struct culprit culprit;
    struct backoff backoff;                 /* between two tries of the unit */
    struct record_position last;            /* of the unit */
    struct trouble units, rebuilds, models; /* that failed */
    unsigned refusals[REFUSED_KINDS];       /* by the broker (ERROR_AUTH), since
                                               that worked */
    struct trouble waits;                   /* of partitions for their start */
    int64_t fenced_ms;
    int64_t look_ms; /* when the rights are looked at again */
};

/* --- Opening and closing --- */

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
    to.publisher.topics[ANSWER_PREDICTIONS] = config->predictions;
    to.publisher.topics[ANSWER_DEAD_LETTERS] = config->dead_letters;

    const char *const topics[] = {config->impressions, config->predictions,
                                  config->dead_letters, NULL};
    const struct transactional_work work = {"score", config->group,
                                            config->slot, w->number, topics};
    if (config->delivery == DELIVERY_EXACTLY_ONCE)
        transactional_id_of(&work, to.publisher.transactional_id);
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

/* A sign of life, and a promise of the next one within silence_ms. */
static void beat_for(struct scorer_worker *w, int64_t silence_ms)
{
    atomic_store(&w->status.silence_ms, silence_ms);
    atomic_store(&w->status.beat_ms, clock_monotonic_ms());
    atomic_fetch_add(&w->status.beats, 1);
}

static void beat(struct scorer_worker *w)
{
    beat_for(w, SILENCE_MS);
}

int scorer_worker_open(const struct scorer_config *config,
                       const struct scorer_parts *parts, unsigned number,
                       struct lag_watch *lags, struct scorer_worker **out,
                       struct error *err)
{
    struct scorer_worker *w = calloc(1, sizeof(*w));

    if (!w)
        return error_no_memory(err, "the scorer worker");
    w->config = config;
    w->parts = parts;
    w->number = number;
    w->lags = lags;
    w->fenced_ms = -FENCED_AGAIN_MS;
    worker_time_start(&w->time, parts->metrics, number);
    beat(w);

    struct delivery_config delivery = delivery_settings(w);
    const struct flood_config flood = {
        .max_share = config->dead_letters_max_share,
        .rate_max = config->dead_letters_rate_max};
    if (flood_new(&flood, &w->flood, err) < 0 ||
        answer_sender_new(config, &w->batch, err) < 0 ||
        record_ages_new(&w->unit.ages, err) < 0 ||
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
    /* A group whose broker does not answer cannot be left. */
    subscriber_close(w->subscriber, stop_is_overdue() ? 0 : LEAVE_MS);
    delivery_close(w->delivery);
    answer_sender_free(w->batch);
    record_ages_free(w->unit.ages);
    flood_free(w->flood);
    model_board_put(w->parts->board, w->model);
    free(w);
}

/* --- Waiting --- */

static bool must_stop(const struct scorer_worker *w)
{
    return atomic_load(w->stop);
}

/* Tells the lag watch which partitions this worker has and what of them is
 * committed. */
static void tell_committed(struct scorer_worker *w)
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
}

/* Waits in slices, so that a stop is noticed. */
static void rest(struct scorer_worker *w, int64_t wait_ms)
{
    worker_time_spent(&w->time, WORKER_SCORES);
    while (wait_ms > 0 && !must_stop(w)) {
        clock_sleep_ms(wait_ms < STOP_SLICE_MS ? wait_ms : STOP_SLICE_MS);
        worker_time_spent(&w->time, WORKER_WAITS);
        wait_ms -= STOP_SLICE_MS;
        beat(w);
    }
}

/* The broker refuses something to us. Rights may come late, so that a few tries
 * are allowed. Returns whether they are used up. */
static bool is_refused(struct scorer_worker *w, enum refused what,
                       const struct error *why)
{
    return why->code == ERROR_AUTH && ++w->refusals[what] >= AUTH_TRIES;
}

/* --- The model --- */

/* Waits a moment for the model that should serve. *is_there tells whether it is
 * in service, or was refused. Fails (ERROR_AUTH) when the broker keeps refusing
 * to let us read the models. */
static int catch_up(struct scorer_worker *w, bool *is_there, struct error *err)
{
    unsigned patience_ms = w->config->model_catch_up_ms;
    struct error why;

    *is_there = true;
    if (!w->parts->watcher || patience_ms == 0)
        return 0;
    beat(w);
    worker_time_spent(&w->time, WORKER_SCORES);
    int status = model_watcher_catch_up(
        w->parts->watcher,
        patience_ms < MODEL_SLICE_MS ? patience_ms : MODEL_SLICE_MS, &why);
    worker_time_spent(&w->time, WORKER_WAITS);
    if (status == 0) {
        w->refusals[REFUSED_MODELS] = 0;
        trouble_end(&w->models);
        return 0;
    }
    *is_there = false;
    if (is_refused(w, REFUSED_MODELS, &why)) {
        *err = why;
        return -1;
    }
    int64_t now_ms = clock_monotonic_ms();
    if (trouble_again(&w->models, now_ms))
        log_warn("partitions wait for the newest model",
                 "worker=%u attempt=%" PRIu64 " seconds=%" PRId64
                 " code=%s reason=\"%s\"",
                 w->number, w->models.attempts,
                 (now_ms - w->models.since_ms) / 1000,
                 error_code_name(why.code), why.text);
    return 0;
}

/* Before the group is joined: until the newest model is known and, where the
 * settings say so, until there is one. */
static int wait_for_model(struct scorer_worker *w, struct error *err)
{
    bool is_told = false, is_there = false;

    atomic_store(&w->status.is_holding, true);
    while (!is_there && !must_stop(w))
        if (catch_up(w, &is_there, err) < 0)
            return -1;
    atomic_store(&w->status.is_holding, false);
    while (w->config->no_model == NO_MODEL_WAIT && !must_stop(w) &&
           model_board_epoch(w->parts->board) == 0) {
        if (!is_told)
            log_info("waiting for a first model", "worker=%u", w->number);
        is_told = true;
        rest(w, STOP_SLICE_MS);
    }
    return 0;
}

/* A scorer that may not read models any more would serve an old one for ever.
 * Rights may come late, so that a moment is allowed. */
static int look_after_rights(struct scorer_worker *w, struct error *err)
{
    struct model_watch watch;
    int64_t now_ms = clock_monotonic_ms();

    if (!w->parts->watcher || now_ms < w->look_ms)
        return 0;
    w->look_ms = now_ms + LOOK_MS;
    model_watcher_look(w->parts->watcher, &watch);
    if (watch.why.code != ERROR_AUTH || watch.waiting_ms < AUTH_MODELS_MS)
        return 0;
    *err = watch.why;
    return -1;
}

/* Between two batches: one atomic load, unless there is a new model. */
static void look_for_model(struct scorer_worker *w)
{
    const uint64_t posts = model_board_posts(w->parts->board);

    if (posts == w->posts)
        return;
    w->posts = posts;
    model_board_put(w->parts->board, w->model);
    w->model = model_board_take(w->parts->board);
    atomic_fetch_add(&w->status.swaps, 1);
    metrics_add(w->parts->metrics, SCORER_MODEL_SWAPS, 0, 1);
}

/* --- Recovering --- */

/* The broker forgets the unit. An abort that fails asks for a new producer. */
static enum publisher_verdict abort_unit(struct scorer_worker *w,
                                         struct error *err)
{
    worker_time_spent(&w->time, WORKER_SCORES);
    beat_for(w, BROKER_SILENCE_MS);
    enum publisher_verdict verdict = delivery_abort(w->delivery, err);
    worker_time_spent(&w->time, WORKER_COMMITS);
    beat(w);

    atomic_fetch_add(&w->status.aborts, 1);
    metrics_add(w->parts->metrics, SCORER_UNITS, UNIT_ABORTED, 1);
    return verdict == PUBLISHER_ABORT ? PUBLISHER_REBUILD : verdict;
}

/* Opens a new producer. Tries until it is there, or until it fails in a way
 * that waiting does not heal. */
static int rebuild(struct scorer_worker *w, struct error *err)
{
    struct backoff backoff = {.first_ms = PAUSE_MS, .most_ms = PAUSE_MAX_MS};

    atomic_fetch_add(&w->status.rebuilds, 1);
    metrics_add(w->parts->metrics, SCORER_UNITS, UNIT_REBUILT, 1);
    for (;;) {
        beat_for(w, BROKER_SILENCE_MS);
        worker_time_spent(&w->time, WORKER_SCORES);
        int status = delivery_rebuild(w->delivery, err);
        worker_time_spent(&w->time, WORKER_COMMITS);
        if (status == 0)
            break;
        if (must_stop(w))
            return stop_error(err);
        if (err->code != ERROR_UNAVAILABLE && err->code != ERROR_TEMPORARY)
            return -1;
        int64_t now_ms = clock_monotonic_ms();
        if (trouble_again(&w->rebuilds, now_ms))
            log_warn("no new producer yet, trying again",
                     "worker=%u attempt=%" PRIu64 " seconds=%" PRId64
                     " code=%s reason=\"%s\"",
                     w->number, w->rebuilds.attempts,
                     (now_ms - w->rebuilds.since_ms) / 1000,
                     error_code_name(err->code), err->text);
        rest(w, backoff_next(&backoff));
    }
    trouble_end(&w->rebuilds);
    beat(w);
    return 0;
}

/* Two live processes of one slot would fence each other for ever. But the
 * broker also fences a producer whose transaction took too long, and librdkafka
 * can be fenced without a reason, which is forgiven once. */
static int rebuild_fenced(struct scorer_worker *w, int64_t opened_ms,
                          const struct error *why, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    metrics_add(w->parts->metrics, SCORER_UNITS, UNIT_FENCED, 1);
    if (now_ms - opened_ms >= w->config->transaction_timeout_ms)
        return rebuild(w, err);
    if (now_ms - w->fenced_ms < FENCED_AGAIN_MS)
        return error_set(err, ERROR_FENCED,
                         "another live process has group '%s' slot '%s': give "
                         "each its own --slot (%s)",
                         w->config->group, w->config->slot, why->text);
    w->fenced_ms = now_ms;
    return rebuild(w, err);
}

/* The unit failed with this verdict. Undoes it, so that the next round begins
 * at the committed positions. Fails when the worker cannot go on. */
static int recover(struct scorer_worker *w, enum publisher_verdict verdict,
                   const struct error *why, struct error *err)
{
    struct error cause = *why;
    int status = 0;

    switch (culprit_suspect(&w->culprit, w->unit.records, w->last, &cause)) {
    case CULPRIT_ONE_BY_ONE:
        subscriber_limit_batch(w->subscriber, 1);
        break;
    case CULPRIT_HOPELESS:
        status = error_set(err, cause.code,
                           "the dead letter of '%s' [%d] at %" PRId64
                           " is refused too: %s",
                           w->config->impressions, w->last.partition,
                           w->last.offset, cause.text);
        break;
    default:
        break;
    }
    metrics_add(w->parts->metrics, SCORER_UNIT_FAILURES, (int)cause.code, 1);
    int64_t now_ms = clock_monotonic_ms();
    const int64_t opened_ms = w->unit.open ? w->unit.opened_ms : now_ms;
    if (trouble_again(&w->units, now_ms))
        log_warn("unit failed; scoring it again",
                 "worker=%u attempt=%" PRIu64 " seconds=%" PRId64
                 " records=%zu code=%s reason=\"%s\"",
                 w->number, w->units.attempts,
                 (now_ms - w->units.since_ms) / 1000, w->unit.records,
                 error_code_name(cause.code), cause.text);
    if (status == 0 && is_refused(w, REFUSED_UNITS, &cause)) {
        *err = cause;
        status = -1;
    }
    tally_clear(&w->unit);
    if (verdict == PUBLISHER_ABORT)
        verdict = abort_unit(w, &cause);
    if (status == 0 && verdict == PUBLISHER_REBUILD)
        status = rebuild(w, err);
    else if (status == 0 && verdict == PUBLISHER_FENCED)
        status = rebuild_fenced(w, opened_ms, &cause, err);
    subscriber_rewind(w->subscriber);
    flood_forget_pauses(w->flood);
    /* The first failure of a unit is tried again at once. */
    if (w->culprit.failures > 1)
        rest(w, backoff_next(&w->backoff));
    else
        w->backoff =
            (struct backoff){.first_ms = PAUSE_MS, .most_ms = PAUSE_MAX_MS};
    return status;
}

/* --- Telling --- */

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

/* --- One round --- */

/* Begins a unit where none is open, scores the batch and sends the answers. */
static int score(struct scorer_worker *w, const struct message_batch *batch,
                 struct error *err)
{
    const struct message *last = &batch->messages[batch->count - 1];
    struct error why;

    if (!w->unit.open) {
        enum publisher_verdict verdict = delivery_begin(w->delivery, &why);
        if (verdict != PUBLISHER_OK)
            return recover(w, verdict, &why, err);
        tally_open(&w->unit);
    }
    if (atomic_load(&w->status.pending_ms) == 0)
        atomic_store(&w->status.pending_ms, clock_monotonic_ms());
    look_for_model(w);

    const struct answer_sender_parts with = {.model = w->model,
                                             .delivery = w->delivery,
                                             .culprit = &w->culprit,
                                             .unit = &w->unit,
                                             .flood = w->flood,
                                             .metrics = w->parts->metrics};
    w->unit.records += batch->count;
    w->last = (struct record_position){last->partition, last->offset};
    w->is_quiet = false;
    if (answer_sender_run(w->batch, &with, batch, &why) < 0)
        return recover(w, delivery_verdict(&why), &why, err);
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
    /* Waiting for the last delivery would stop the flow. A worker that stands
     * still anyway commits sooner. */
    return age_ms >= (w->is_quiet ? interval_ms : interval_ms * STRETCH_MAX);
}

/* Commits the open unit, if there is one. */
static int commit(struct scorer_worker *w, enum delivery_wait wait,
                  struct error *err)
{
    struct error why;

    if (!w->unit.open)
        return 0;
    worker_time_spent(&w->time, WORKER_SCORES);
    beat_for(w, BROKER_SILENCE_MS);
    enum publisher_verdict verdict =
        delivery_commit(w->delivery, w->subscriber, wait, &why);
    worker_time_spent(&w->time, WORKER_COMMITS);
    beat(w);
    if (verdict != PUBLISHER_OK)
        return recover(w, verdict, &why, err);
    tell_committed(w);
    tally_report(&w->unit, w->parts->metrics);
    atomic_fetch_add(&w->status.predictions, tally_predictions(&w->unit));
    atomic_fetch_add(&w->status.dead_letters, tally_dead_letters(&w->unit));
    atomic_fetch_add(&w->status.commits, 1);
    atomic_store(&w->status.pending_ms, 0);
    w->refusals[REFUSED_UNITS] = 0;
    trouble_end(&w->units);
    tally_clear(&w->unit);
    if (culprit_clear(&w->culprit))
        subscriber_limit_batch(w->subscriber, 0);
    return 0;
}

/* The subscriber chose where partitions begin or go on. The choice is committed
 * before the first record from there, with the open unit or alone. */
static int commit_choice(struct scorer_worker *w,
                         const struct message_batch *batch, struct error *err)
{
    struct error why;

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
    if (batch->is_new_group)
        tell_of_new_group(w);
    if (!w->unit.open) {
        enum publisher_verdict verdict = delivery_begin(w->delivery, &why);
        if (verdict != PUBLISHER_OK)
            return recover(w, verdict, &why, err);
        tally_open(&w->unit);
    }
    return commit(w, DELIVERY_WAIT, err);
}

/* Partitions come and go. A unit is committed before its partitions are given
 * up, and aborted where another member has them already. */
static int follow(struct scorer_worker *w, const struct message_batch *batch,
                  struct error *err)
{
    static const struct error lost = {.code = ERROR_TEMPORARY,
                                      .text = "partitions lost"};
    int status = 0;

    switch (batch->event) {
    case SUBSCRIBER_NOTHING:
        return 0;
    case SUBSCRIBER_PLACED:
        return commit_choice(w, batch, err);
    case SUBSCRIBER_ASSIGNED:
        metrics_add(w->parts->metrics, SCORER_REBALANCES, 0, 1);
        atomic_store(&w->status.is_holding, true);
        atomic_store(&w->status.is_member, true);
        flood_forget_pauses(w->flood);
        tell_committed(w);
        return 0;
    case SUBSCRIBER_REVOKED:
        status = commit(w, DELIVERY_WAIT, err);
        break;
    case SUBSCRIBER_LOST:
        if (w->unit.open)
            status = recover(w, PUBLISHER_ABORT, &lost, err);
        break;
    }
    for (int32_t i = 0; i < subscriber_partitions(w->subscriber); i++)
        if (subscriber_committed(w->subscriber, i) >= 0)
            lag_watch_drop(w->lags, i);
    subscriber_release(w->subscriber);
    metrics_set(w->parts->metrics, SCORER_ASSIGNED, (int)w->number, 0);
    atomic_store(&w->status.is_member, false);
    atomic_store(&w->status.pending_ms, 0);
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

    if (catch_up(w, &is_there, err) < 0)
        return -1;
    if (is_there) {
        atomic_store(&w->status.is_holding, false);
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
    const struct scorer_config *config = w->config;
    struct message_batch batch;
    int64_t wait_ms = STOP_SLICE_MS;

    if (w->unit.open) {
        int64_t due_ms = w->unit.opened_ms + config->commit_interval_ms;
        wait_ms = due_ms - clock_monotonic_ms();
        if (wait_ms <= 0) /* overdue: deliveries are waited for, if anything */
            wait_ms = w->is_quiet || config->delivery == DELIVERY_EXACTLY_ONCE
                          ? 0
                          : 1;
        else if (wait_ms > STOP_SLICE_MS)
            wait_ms = STOP_SLICE_MS;
    }
    if (subscriber_poll(w->subscriber, (unsigned)wait_ms, &batch, err) < 0)
        return -1;
    worker_time_spent_beside(&w->time, WORKER_SCORES, batch.waited_ns);
    if (batch.count > 0 && score(w, &batch, err) < 0)
        return -1;

    /* Answers must not linger while no other records come. */
    delivery_serve(w->delivery);
    if (w->unit.open && !w->is_quiet && !batch.full &&
        batch.count < SMALL_BATCH)
        w->is_quiet = delivery_hurry(w->delivery);

    dam(w);
    if (is_due(w) && commit(w, DELIVERY_IN_BACKGROUND, err) < 0)
        return -1;
    if (follow(w, &batch, err) < 0)
        return -1;
    tell_what_waits(w, batch.waits);
    if (look_after_rights(w, err) < 0)
        return -1;

    atomic_store(&w->status.at_end, config->watch_end && !w->unit.open &&
                                        subscriber_at_end(w->subscriber));
    beat(w);
    return 0;
}

int scorer_worker_run(struct scorer_worker *w, const atomic_bool *stop,
                      struct error *err)
{
    w->stop = stop;
    if (wait_for_model(w, err) < 0)
        return -1;
    if (must_stop(w))
        return 0;
    if (subscribe(w, err) < 0)
        return -1;
    while (!must_stop(w))
        if ((atomic_load(&w->status.is_holding) ? hold_once(w, err)
                                                : round_once(w, err)) < 0)
            return -1;
    return commit(w, DELIVERY_WAIT, err);
}
