#include "consumer/score/scorer.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_watch.h"

#include "consumer/score/batch_scorer.h"
#include "consumer/score/lag_watch.h"
#include "consumer/score/scorer_metrics.h"
#include "consumer/score/scorer_worker.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PENDING_MS = 15000, /* above two commit intervals: nothing gets through */
    MODEL_MS = 60000,   /* a published model may take this long to load */
};

struct thread {
    struct scorer *scorer;
    struct scorer_worker *worker;
    pthread_t handle;
    bool started;
};

struct scorer {
    struct scorer_config config;
    struct scorer_parts parts;
    struct id_set *nobody;       /* the users of field.anonymous */
    struct kafka_watch *clients; /* NULL without metrics */
    struct lag_watch *lags;
    atomic_bool stop;
    struct thread threads[SCORER_WORKERS_MAX];
    pthread_mutex_t lock; /* guards `failure` */
    struct error failure; /* the first one; code ERROR_NONE: none */
};

/* Keeps the first failure and asks the others to leave. */
static void fail(struct scorer *scorer, const struct error *err)
{
    pthread_mutex_lock(&scorer->lock);
    if (!scorer->failure.code)
        scorer->failure = *err;
    pthread_mutex_unlock(&scorer->lock);
    atomic_store(&scorer->stop, true);
}

static void *run_worker(void *context)
{
    struct thread *thread = context;
    struct scorer *scorer = thread->scorer;
    struct error err = {.code = ERROR_NONE};

    if (scorer_worker_run(thread->worker, &scorer->stop, &err) < 0) {
        log_error("worker stopped", "worker=%zu code=%s reason=\"%s\"",
                  (size_t)(thread - scorer->threads), error_code_name(err.code),
                  err.text);
        fail(scorer, &err);
    }
    return NULL;
}

/* Over the brokers and over the ends of partitions. */
static int start_watches(struct scorer *scorer, struct error *err)
{
    struct scorer_config *config = &scorer->config;
    struct metrics *metrics = scorer->parts.metrics;

    if (kafka_watch_new(metrics, SCORER_KAFKA, &scorer->clients, err) < 0)
        return -1;
    config->kafka.watch = scorer->clients;
    return lag_watch_start(&config->kafka, config->impressions, metrics,
                           SCORER_LAG, &scorer->lags, err);
}

static int open_workers(struct scorer *scorer, struct error *err)
{
    for (unsigned i = 0; i < scorer->config.workers; i++) {
        struct thread *thread = &scorer->threads[i];
        thread->scorer = scorer;
        if (scorer_worker_open(&scorer->config, &scorer->parts, i, scorer->lags,
                               &thread->worker, err) < 0)
            return -1;
    }
    return 0;
}

static int start_threads(struct scorer *scorer, struct error *err)
{
    for (unsigned i = 0; i < scorer->config.workers; i++) {
        struct thread *thread = &scorer->threads[i];
        if (pthread_create(&thread->handle, NULL, run_worker, thread) != 0)
            return error_set(err, ERROR_FAILED, "no thread for worker %u", i);
        thread->started = true;
    }
    return 0;
}

int scorer_start(const struct scorer_config *config,
                 const struct scorer_parts *parts, struct scorer **out,
                 struct error *err)
{
    struct error ignored;
    struct scorer *scorer = calloc(1, sizeof(*scorer));

    assert(config->workers > 0 && config->workers <= SCORER_WORKERS_MAX);
    if (!scorer)
        return error_no_memory(err, "the scorer");
    scorer->config = *config;
    scorer->parts = *parts;
    pthread_mutex_init(&scorer->lock, NULL);
    if (id_set_new(config->fields.anonymous, &scorer->nobody, err) < 0 ||
        start_watches(scorer, err) < 0 || open_workers(scorer, err) < 0 ||
        start_threads(scorer, err) < 0) {
        scorer_stop(scorer);
        (void)!scorer_join(scorer, NULL, &ignored);
        return -1;
    }
    *out = scorer;
    return 0;
}

void scorer_stop(struct scorer *scorer)
{
    atomic_store(&scorer->stop, true);
}

int scorer_join(struct scorer *scorer, struct scorer_counts *total,
                struct error *err)
{
    for (unsigned i = 0; i < scorer->config.workers; i++)
        if (scorer->threads[i].started)
            pthread_join(scorer->threads[i].handle, NULL);
    if (total)
        *total = scorer_counts(scorer);
    for (unsigned i = 0; i < scorer->config.workers; i++)
        scorer_worker_close(scorer->threads[i].worker);

    struct error failure = scorer->failure;
    pthread_mutex_destroy(&scorer->lock);
    lag_watch_stop(scorer->lags);
    kafka_watch_free(scorer->clients);
    id_set_free(scorer->nobody);
    free(scorer);
    if (!failure.code)
        return 0;
    *err = failure;
    return -1;
}

bool scorer_is_running(const struct scorer *scorer)
{
    return !atomic_load(&scorer->stop);
}

static const struct worker_status *status_of(const struct scorer *scorer,
                                             unsigned worker)
{
    return scorer_worker_status(scorer->threads[worker].worker);
}

bool scorer_at_end(const struct scorer *scorer)
{
    for (unsigned i = 0; i < scorer->config.workers; i++)
        if (!atomic_load(&status_of(scorer, i)->at_end))
            return false;
    return true;
}

bool scorer_is_live(const struct scorer *scorer, char *why, size_t size)
{
    int64_t now_ms = clock_monotonic_ms();

    for (unsigned i = 0; i < scorer->config.workers; i++) {
        int64_t silent_ms =
            now_ms - atomic_load(&status_of(scorer, i)->beat_ms);
        if (silent_ms > atomic_load(&status_of(scorer, i)->silence_ms)) {
            snprintf(why, size, "worker %u has not moved for %lld ms", i,
                     (long long)silent_ms);
            return false;
        }
    }
    return true;
}

/* `why` says what keeps the worker from its work. */
static bool is_worker_ready(const struct scorer *scorer, unsigned number,
                            char *why, size_t size)
{
    const struct worker_status *status = status_of(scorer, number);
    int64_t bound_ms = PENDING_MS + 2 * scorer->config.commit_interval_ms;
    int64_t since_ms = atomic_load(&status->pending_ms);
    int64_t pending_ms = since_ms ? clock_monotonic_ms() - since_ms : 0;

    if (atomic_load(&status->is_holding)) {
        struct model_watch watch = {.wanted = 0};
        if (scorer->parts.watcher)
            model_watcher_look(scorer->parts.watcher, &watch);
        snprintf(why, size, "worker %u waits for the newest model (%.150s)",
                 number,
                 watch.why.text[0] ? watch.why.text : "it is being loaded");
        return false;
    }
    if (!atomic_load(&status->is_member)) {
        snprintf(why, size, "worker %u is not a member of its group", number);
        return false;
    }
    if (pending_ms > bound_ms) {
        snprintf(why, size, "worker %u has not committed for %lld ms", number,
                 (long long)pending_ms);
        return false;
    }
    return true;
}

bool scorer_is_ready(const struct scorer *scorer, char *why, size_t size)
{
    uint64_t served = model_board_epoch(scorer->parts.board);
    struct model_watch watch = {.wanted = 0};

    if (!scorer_is_running(scorer)) {
        snprintf(why, size, "stopping");
        return false;
    }
    if (scorer->config.no_model == NO_MODEL_WAIT && served == 0) {
        snprintf(why, size, "no model yet");
        return false;
    }
    for (unsigned i = 0; i < scorer->config.workers; i++)
        if (!is_worker_ready(scorer, i, why, size))
            return false;
    if (scorer->parts.watcher)
        model_watcher_look(scorer->parts.watcher, &watch);
    if (watch.waiting_ms > MODEL_MS) {
        snprintf(why, size, "model %llu serves, %llu is wanted (%.150s)",
                 (unsigned long long)served, (unsigned long long)watch.wanted,
                 watch.why.text);
        return false;
    }
    return true;
}

struct scorer_counts scorer_counts(const struct scorer *scorer)
{
    struct scorer_counts sum = {0};

    for (unsigned i = 0; i < scorer->config.workers; i++) {
        const struct worker_status *status = status_of(scorer, i);
        sum.predictions += atomic_load(&status->predictions);
        sum.dead_letters += atomic_load(&status->dead_letters);
        sum.commits += atomic_load(&status->commits);
        sum.aborts += atomic_load(&status->aborts);
        sum.rebuilds += atomic_load(&status->rebuilds);
        sum.swaps += atomic_load(&status->swaps);
        sum.beats += atomic_load(&status->beats);
    }
    return sum;
}

const struct served_model *scorer_take_model(const struct scorer *scorer)
{
    return model_board_take(scorer->parts.board);
}

void scorer_put_model(const struct scorer *scorer,
                      const struct served_model *model)
{
    model_board_put(scorer->parts.board, model);
}

struct score_rules scorer_rules(const struct scorer *scorer)
{
    return (struct score_rules){.defaults = scorer->config.fields.defaults,
                                .nobody = scorer->nobody,
                                .prior = scorer->config.no_model_p};
}

bool scorer_answers_without_model(const struct scorer *scorer)
{
    return scorer->config.no_model == NO_MODEL_PRIOR;
}
