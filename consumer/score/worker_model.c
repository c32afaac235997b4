#include "consumer/score/worker_model.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/trouble.h"

#include "consumer/score/scorer_metrics.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    SLICE_MS = 1000,         /* one try of catching up */
    AUTH_TRIES = 5,          /* of them may be refused: rights may come late */
    AUTH_PATIENCE_MS = 5000, /* so long the models may be refused to us */
    LOOK_MS = 1000,          /* between two looks at that */
};

struct worker_model {
    const struct scorer_config *config;
    const struct scorer_parts *parts;
    unsigned worker;
    struct worker_pulse *pulse;

    const struct served_model *served; /* taken from the board; may be NULL */
    uint64_t posts;                    /* of the board, when it was looked at */
    uint64_t ticket;         /* of what is caught up with; 0: to be drawn */
    struct trouble troubles; /* of catching up */
    unsigned refusals;       /* of reading models, since that worked */
    int64_t look_ms;         /* when the rights are looked at again */
};

int worker_model_new(const struct scorer_config *config,
                     const struct scorer_parts *parts, unsigned worker,
                     struct worker_pulse *pulse, struct worker_model **out,
                     struct error *err)
{
    struct worker_model *m = calloc(1, sizeof(*m));

    if (!m)
        return error_no_memory(err, "the model of a worker");
    m->config = config;
    m->parts = parts;
    m->worker = worker;
    m->pulse = pulse;
    *out = m;
    return 0;
}

void worker_model_hold(struct worker_model *m)
{
    m->ticket = 0;
}

int worker_model_catch_up(struct worker_model *m, bool *is_there,
                          struct error *err)
{
    unsigned patience_ms = m->config->model_catch_up_ms;
    struct error why;

    *is_there = true;
    if (!m->parts->watcher || patience_ms == 0)
        return 0;
    worker_pulse_beat(m->pulse);
    worker_time_spent(&m->pulse->time, WORKER_SCORES);
    if (m->ticket == 0)
        m->ticket = model_watcher_ask(m->parts->watcher);
    int status = model_watcher_await(
        m->parts->watcher, m->ticket,
        patience_ms < SLICE_MS ? patience_ms : SLICE_MS, &why);
    worker_time_spent(&m->pulse->time, WORKER_WAITS);
    if (status == 0) {
        m->ticket = 0;
        m->refusals = 0;
        trouble_end(&m->troubles);
        return 0;
    }
    *is_there = false;
    if (why.code == ERROR_AUTH && ++m->refusals >= AUTH_TRIES) {
        *err = why;
        return -1;
    }
    int64_t now_ms = clock_monotonic_ms();
    if (trouble_again(&m->troubles, now_ms))
        log_warn("partitions wait for the newest model",
                 "worker=%u attempt=%" PRIu64 " seconds=%" PRId64
                 " code=%s reason=\"%s\"",
                 m->worker, m->troubles.attempts,
                 (now_ms - m->troubles.since_ms) / 1000,
                 error_code_name(why.code), why.text);
    return 0;
}

int worker_model_await(struct worker_model *m, struct error *err)
{
    bool is_told = false, is_there = false;

    atomic_store(&m->pulse->status.is_holding, true);
    while (!is_there && !worker_pulse_must_stop(m->pulse))
        if (worker_model_catch_up(m, &is_there, err) < 0)
            return -1;
    atomic_store(&m->pulse->status.is_holding, false);
    while (m->config->no_model == NO_MODEL_WAIT &&
           !worker_pulse_must_stop(m->pulse) &&
           model_board_epoch(m->parts->board) == 0) {
        if (!is_told)
            log_info("waiting for a first model", "worker=%u", m->worker);
        is_told = true;
        worker_pulse_rest(m->pulse, STOP_SLICE_MS);
    }
    return 0;
}

int worker_model_check_rights(struct worker_model *m, struct error *err)
{
    struct model_watch watch;
    int64_t now_ms = clock_monotonic_ms();

    if (!m->parts->watcher || now_ms < m->look_ms)
        return 0;
    m->look_ms = now_ms + LOOK_MS;
    model_watcher_look(m->parts->watcher, &watch);
    if (watch.why.code != ERROR_AUTH || watch.waiting_ms < AUTH_PATIENCE_MS)
        return 0;
    *err = watch.why;
    return -1;
}

const struct served_model *worker_model_take(struct worker_model *m)
{
    /* A delta is a post as well, under the same epoch. */
    const uint64_t posts = model_board_posts(m->parts->board);

    if (posts == m->posts)
        return m->served;
    m->posts = posts;
    model_board_put(m->parts->board, m->served);
    m->served = model_board_take(m->parts->board);
    atomic_fetch_add(&m->pulse->status.swaps, 1);
    metrics_add(m->parts->metrics, SCORER_MODEL_SWAPS, 0, 1);
    return m->served;
}

void worker_model_free(struct worker_model *m)
{
    if (!m)
        return;
    model_board_put(m->parts->board, m->served);
    free(m);
}
