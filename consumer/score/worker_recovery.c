/*
 * worker_recovery.c - a unit of work failed: which of its records, if any, is
 * to blame, and how to go on.
 *
 * abort:         the broker forgot the unit; score it again
 * outcome unknown, fenced once:  a new producer, then from what is committed
 * fenced again:  a twin has our slot; leave
 */
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"

#include "consumer/score/scorer_metrics.h"
#include "consumer/score/worker_state.h"

#include <inttypes.h>

enum { PAUSE_MS = 100, PAUSE_MAX_MS = 2000 };

bool worker_must_stop(const struct scorer_worker *w)
{
    return atomic_load(w->stop);
}

void worker_beat(struct scorer_worker *w)
{
    atomic_store(&w->status.beat_ms, clock_monotonic_ms());
}

void worker_rest(struct scorer_worker *w, int64_t wait_ms)
{
    while (wait_ms > 0 && !worker_must_stop(w)) {
        clock_sleep_ms(wait_ms < STOP_SLICE_MS ? wait_ms : STOP_SLICE_MS);
        wait_ms -= STOP_SLICE_MS;
        worker_beat(w);
    }
}

/* Narrows down which record it is, if it is one. */
static int suspect(struct scorer_worker *w, const struct error *why,
                   struct error *err)
{
    switch (culprit_suspect(&w->culprit, w->unit.records, w->last, why)) {
    case CULPRIT_ONE_BY_ONE:
        subscriber_limit_batch(w->subscriber, 1);
        return 0;
    case CULPRIT_HOPELESS:
        return error_set(err, why->code,
                         "the dead letter of '%s' [%d] at %" PRId64
                         " is refused too: %s",
                         w->config->impressions, w->last.partition,
                         w->last.offset, why->text);
    default:
        return 0;
    }
}

/* Until it is there, or until the failure is of a kind that waiting does not
 * heal. */
static int rebuild(struct scorer_worker *w, struct error *err)
{
    struct backoff backoff = {.first_ms = PAUSE_MS, .most_ms = PAUSE_MAX_MS};

    atomic_fetch_add(&w->status.rebuilds, 1);
    metrics_add(w->parts->metrics, SCORER_UNITS, UNIT_REBUILT, 1);
    while (delivery_rebuild(w->delivery, err) < 0) {
        if (worker_must_stop(w) ||
            (err->code != ERROR_UNAVAILABLE && err->code != ERROR_TEMPORARY))
            return -1;
        worker_rest(w, backoff_next(&backoff));
    }
    return 0;
}

/* librdkafka can be fenced without a twin, so once is forgiven. Two live
 * processes of one slot would fence each other for ever. */
static int fenced(struct scorer_worker *w, const struct error *why,
                  struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    metrics_add(w->parts->metrics, SCORER_UNITS, UNIT_FENCED, 1);
    if (now_ms - w->fenced_ms < FENCED_AGAIN_MS)
        return error_set(err, ERROR_FENCED,
                         "another live process has group '%s' slot '%s': give "
                         "each its own --slot (%s)",
                         w->config->group, w->config->slot, why->text);
    w->fenced_ms = now_ms;
    return rebuild(w, err);
}

enum publisher_verdict worker_abort(struct scorer_worker *w, struct error *err)
{
    enum publisher_verdict verdict = delivery_abort(w->delivery, err);

    atomic_fetch_add(&w->status.aborts, 1);
    metrics_add(w->parts->metrics, SCORER_UNITS, UNIT_ABORTED, 1);
    return verdict == PUBLISHER_ABORT ? PUBLISHER_REBUILD : verdict;
}

int worker_recover(struct scorer_worker *w, enum publisher_verdict verdict,
                   const struct error *why, struct error *err)
{
    struct error cause = *why;
    int status = suspect(w, &cause, err);

    log_warn("unit failed; scoring it again",
             "worker=%u records=%zu code=%s reason=\"%s\"", w->number,
             w->unit.records, error_code_name(cause.code), cause.text);
    tally_clear(&w->unit);
    if (verdict == PUBLISHER_ABORT)
        verdict = worker_abort(w, &cause);
    if (status == 0 && verdict == PUBLISHER_REBUILD)
        status = rebuild(w, err);
    else if (status == 0 && verdict == PUBLISHER_FENCED)
        status = fenced(w, &cause, err);
    subscriber_rewind(w->subscriber);
    /* The first failure of a unit is tried again at once. */
    if (w->culprit.failures <= 1)
        w->backoff =
            (struct backoff){.first_ms = PAUSE_MS, .most_ms = PAUSE_MAX_MS};
    else
        worker_rest(w, backoff_next(&w->backoff));
    return status;
}
