#include "consumer/score/work_unit.h"

#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/trouble.h"
#include "common/kafka/transactional_id.h"

#include "consumer/score/answer_sender.h"
#include "consumer/score/culprit.h"
#include "consumer/score/scorer_metrics.h"
#include "consumer/score/tally.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL_BATCH = 200, /* records that are sent at once instead of lingering */
    STRETCH_MAX = 10,  /* commit intervals that a busy worker may wait */
    AUTH_TRIES = 5,    /* units that the broker may refuse to us in a row */
    PAUSE_MS = 100,
    PAUSE_MAX_MS = 2000,
    /* A second fence this soon after the first comes from a twin. */
    FENCED_AGAIN_MS = 600000,
};

struct work_unit {
    struct work_unit_parts with;
    struct subscriber *from;
    struct delivery *delivery;
    struct answer_sender *sender;

    struct tally tally; /* open as long as the unit */
    struct record_position last;
    bool is_quiet; /* everything sent is delivered */

    /* About units that failed, since one was committed. */
    struct culprit culprit;
    struct backoff backoff; /* between two tries */
    struct trouble failures, rebuilds;
    unsigned refusals; /* by the broker (ERROR_AUTH) */

    int64_t fenced_ms; /* monotonic, the last time */
};

/* --- Opening and closing ---------------------------------------------- */

static struct delivery_config delivery_settings(const struct work_unit *u)
{
    const struct scorer_config *config = u->with.config;
    struct delivery_config to = {.mode = config->delivery,
                                 .plan = config->plan};

    to.plan.random += u->with.worker;
    to.publisher.kafka = config->kafka;
    to.publisher.transaction_timeout_ms = config->transaction_timeout_ms;
    to.publisher.linger_ms = config->linger_ms;
    memcpy(to.publisher.compression, config->compression,
           sizeof(to.publisher.compression));
    to.publisher.topics[ANSWER_PREDICTIONS] = config->predictions;
    to.publisher.topics[ANSWER_DEAD_LETTERS] = config->dead_letters;

    const char *const topics[] = {config->impressions, config->predictions,
                                  config->dead_letters, NULL};
    const struct transactional_work work = {
        "score", config->group, config->slot, u->with.worker, topics};
    if (config->delivery == DELIVERY_EXACTLY_ONCE)
        transactional_id_of(&work, to.publisher.transactional_id);
    return to;
}

int work_unit_open(const struct work_unit_parts *parts, struct work_unit **out,
                   struct error *err)
{
    struct work_unit *u = calloc(1, sizeof(*u));

    if (!u)
        return error_no_memory(err, "the unit of a worker");
    u->with = *parts;
    u->fenced_ms = -FENCED_AGAIN_MS;

    struct delivery_config delivery = delivery_settings(u);
    if (answer_sender_new(parts->config, &u->sender, err) < 0 ||
        record_ages_new(&u->tally.ages, err) < 0 ||
        delivery_open(&delivery, &u->delivery, err) < 0) {
        work_unit_close(u);
        return -1;
    }
    *out = u;
    return 0;
}

void work_unit_read_from(struct work_unit *u, struct subscriber *subscriber)
{
    u->from = subscriber;
}

void work_unit_close(struct work_unit *u)
{
    if (!u)
        return;
    delivery_close(u->delivery);
    answer_sender_free(u->sender);
    record_ages_free(u->tally.ages);
    free(u);
}

/* --- After a failure -------------------------------------------------- */

/* The broker forgets the unit. An abort that fails asks for a new producer. */
static enum publisher_verdict abort_unit(struct work_unit *u, struct error *err)
{
    worker_pulse_enter_broker(u->with.pulse);
    enum publisher_verdict verdict = delivery_abort(u->delivery, err);
    worker_pulse_leave_broker(u->with.pulse);

    atomic_fetch_add(&u->with.pulse->status.aborts, 1);
    metrics_add(u->with.metrics, SCORER_UNITS, UNIT_ABORTED, 1);
    return verdict == PUBLISHER_ABORT ? PUBLISHER_REBUILD : verdict;
}

/* Opens a new producer. Tries until it is there, or until it fails in a way
 * that waiting does not heal. */
static int rebuild(struct work_unit *u, struct error *err)
{
    struct backoff backoff = {.first_ms = PAUSE_MS, .most_ms = PAUSE_MAX_MS};

    atomic_fetch_add(&u->with.pulse->status.rebuilds, 1);
    metrics_add(u->with.metrics, SCORER_UNITS, UNIT_REBUILT, 1);
    for (;;) {
        worker_pulse_enter_broker(u->with.pulse);
        int status = delivery_rebuild(u->delivery, err);
        worker_pulse_leave_broker(u->with.pulse);
        if (status == 0)
            break;
        if (worker_pulse_must_stop(u->with.pulse))
            return stop_error(err);
        if (err->code != ERROR_UNAVAILABLE && err->code != ERROR_TEMPORARY)
            return -1;
        int64_t now_ms = clock_monotonic_ms();
        if (trouble_again(&u->rebuilds, now_ms))
            log_warn("no new producer yet, trying again",
                     "worker=%u attempt=%" PRIu64 " seconds=%" PRId64
                     " code=%s reason=\"%s\"",
                     u->with.worker, u->rebuilds.attempts,
                     (now_ms - u->rebuilds.since_ms) / 1000,
                     error_code_name(err->code), err->text);
        worker_pulse_rest(u->with.pulse, backoff_next(&backoff));
    }
    trouble_end(&u->rebuilds);
    return 0;
}

/* Two live processes of one slot would fence each other for ever. But the
 * broker also fences a producer whose transaction took too long, and librdkafka
 * can be fenced without a reason, which is forgiven once. */
static int rebuild_fenced(struct work_unit *u, int64_t opened_ms,
                          const struct error *why, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    metrics_add(u->with.metrics, SCORER_UNITS, UNIT_FENCED, 1);
    if (now_ms - opened_ms >= u->with.config->transaction_timeout_ms)
        return rebuild(u, err);
    if (now_ms - u->fenced_ms < FENCED_AGAIN_MS)
        return error_set(err, ERROR_FENCED,
                         "another live process has group '%s' slot '%s': give "
                         "each its own --slot (%s)",
                         u->with.config->group, u->with.config->slot,
                         why->text);
    u->fenced_ms = now_ms;
    return rebuild(u, err);
}

/* Blames a record, if it was one. Fails when nothing can be done about it. */
static int suspect(struct work_unit *u, const struct error *why,
                   struct error *err)
{
    switch (culprit_suspect(&u->culprit, u->tally.records, u->last, why)) {
    case CULPRIT_ONE_BY_ONE:
        subscriber_limit_batch(u->from, 1);
        return 0;
    case CULPRIT_HOPELESS:
        return error_set(err, why->code,
                         "the dead letter of '%s' [%d] at %" PRId64
                         " is refused too: %s",
                         u->with.config->impressions, u->last.partition,
                         u->last.offset, why->text);
    default:
        return 0;
    }
}

static void tell(struct work_unit *u, const struct error *why)
{
    int64_t now_ms = clock_monotonic_ms();

    metrics_add(u->with.metrics, SCORER_UNIT_FAILURES, (int)why->code, 1);
    if (trouble_again(&u->failures, now_ms))
        log_warn("unit failed; scoring it again",
                 "worker=%u attempt=%" PRIu64 " seconds=%" PRId64
                 " records=%zu code=%s reason=\"%s\"",
                 u->with.worker, u->failures.attempts,
                 (now_ms - u->failures.since_ms) / 1000, u->tally.records,
                 error_code_name(why->code), why->text);
}

/* The unit failed with this verdict. Undoes it, so that the next round begins
 * at the committed positions, also where the worker cannot go on. */
static int recover(struct work_unit *u, enum publisher_verdict verdict,
                   const struct error *why, struct error *err)
{
    const int64_t opened_ms =
        u->tally.open ? u->tally.opened_ms : clock_monotonic_ms();
    struct error cause = *why;
    int status = suspect(u, &cause, err);

    tell(u, &cause);
    /* Rights may come late, so that a few tries are allowed. */
    if (status == 0 && cause.code == ERROR_AUTH &&
        ++u->refusals >= AUTH_TRIES) {
        *err = cause;
        status = -1;
    }
    tally_clear(&u->tally);
    if (verdict == PUBLISHER_ABORT)
        verdict = abort_unit(u, &cause);
    if (status == 0 && verdict == PUBLISHER_REBUILD)
        status = rebuild(u, err);
    else if (status == 0 && verdict == PUBLISHER_FENCED)
        status = rebuild_fenced(u, opened_ms, &cause, err);
    subscriber_rewind(u->from);
    flood_forget_pauses(u->with.flood);
    /* The first failure of a unit is tried again at once. */
    if (u->culprit.failures > 1)
        worker_pulse_rest(u->with.pulse, backoff_next(&u->backoff));
    else
        u->backoff =
            (struct backoff){.first_ms = PAUSE_MS, .most_ms = PAUSE_MAX_MS};
    return status;
}

int work_unit_abandon(struct work_unit *u, struct error *err)
{
    static const struct error lost = {.code = ERROR_TEMPORARY,
                                      .text = "partitions lost"};

    return u->tally.open ? recover(u, PUBLISHER_ABORT, &lost, err) : 0;
}

/* --- From its beginning to its commit --------------------------------- */

bool work_unit_is_open(const struct work_unit *u)
{
    return u->tally.open;
}

int work_unit_begin(struct work_unit *u, struct error *err)
{
    struct error why;

    if (u->tally.open)
        return 0;
    enum publisher_verdict verdict = delivery_begin(u->delivery, &why);
    if (verdict != PUBLISHER_OK)
        return recover(u, verdict, &why, err);
    tally_open(&u->tally);
    return 0;
}

int work_unit_score(struct work_unit *u, const struct served_model *model,
                    const struct message_batch *batch, struct error *err)
{
    const struct message *last = &batch->messages[batch->count - 1];
    const struct answer_sender_parts with = {.model = model,
                                             .delivery = u->delivery,
                                             .culprit = &u->culprit,
                                             .tally = &u->tally,
                                             .flood = u->with.flood,
                                             .metrics = u->with.metrics};
    struct worker_status *status = &u->with.pulse->status;
    struct error why;

    assert(u->tally.open);
    if (atomic_load(&status->pending_ms) == 0)
        atomic_store(&status->pending_ms, clock_monotonic_ms());
    u->tally.records += batch->count;
    u->last = (struct record_position){last->partition, last->offset};
    u->is_quiet = false;
    if (answer_sender_run(u->sender, &with, batch, &why) < 0)
        return recover(u, delivery_verdict(&why), &why, err);
    return 0;
}

static bool is_transactional(const struct work_unit *u)
{
    return u->with.config->delivery == DELIVERY_EXACTLY_ONCE;
}

int64_t work_unit_wait_ms(const struct work_unit *u, int64_t wait_ms)
{
    if (!u->tally.open)
        return wait_ms;
    int64_t due_ms = u->tally.opened_ms + u->with.config->commit_interval_ms;
    int64_t left_ms = due_ms - clock_monotonic_ms();
    if (left_ms <= 0) /* overdue: deliveries are waited for, if anything */
        return u->is_quiet || is_transactional(u) ? 0 : 1;
    return left_ms < wait_ms ? left_ms : wait_ms;
}

void work_unit_serve(struct work_unit *u, const struct message_batch *batch)
{
    delivery_serve(u->delivery);
    if (u->tally.open && !u->is_quiet && !batch->full &&
        batch->count < SMALL_BATCH)
        u->is_quiet = delivery_hurry(u->delivery);
}

bool work_unit_is_due(const struct work_unit *u)
{
    int64_t age_ms = clock_monotonic_ms() - u->tally.opened_ms;
    int64_t interval_ms = u->with.config->commit_interval_ms;

    if (!u->tally.open)
        return false;
    if (u->culprit.alone > 0)
        return true;
    if (is_transactional(u))
        return age_ms >= interval_ms ||
               u->tally.records >= u->with.config->commit_max_events;
    /* Waiting for the last delivery would stop the flow. A worker that stands
     * still anyway commits sooner. */
    return age_ms >= (u->is_quiet ? interval_ms : interval_ms * STRETCH_MAX);
}

int work_unit_commit(struct work_unit *u, enum delivery_wait wait,
                     struct error *err)
{
    struct worker_status *status = &u->with.pulse->status;
    struct error why;

    if (!u->tally.open)
        return 0;
    worker_pulse_enter_broker(u->with.pulse);
    enum publisher_verdict verdict =
        delivery_commit(u->delivery, u->from, wait, &why);
    worker_pulse_leave_broker(u->with.pulse);
    if (verdict != PUBLISHER_OK)
        return recover(u, verdict, &why, err);
    tally_report(&u->tally, u->with.metrics);
    atomic_fetch_add(&status->predictions, tally_predictions(&u->tally));
    atomic_fetch_add(&status->dead_letters, tally_dead_letters(&u->tally));
    atomic_fetch_add(&status->commits, 1);
    atomic_store(&status->pending_ms, 0);
    u->refusals = 0;
    trouble_end(&u->failures);
    tally_clear(&u->tally);
    if (culprit_clear(&u->culprit))
        subscriber_limit_batch(u->from, 0);
    return 1;
}
