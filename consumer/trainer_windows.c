/*
 * trainer_windows.c - what becomes of the windows that the trainer judged.
 */
#include "consumer/trainer_parts.h"

#include "common/clock.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_MS = 5000, /* and twice as long after each failure, */
    RETRY_MAX_MS = 320000,
    EVENTS_MAX = 100000, /* that wait for a broker to take them */
};

/* --- Records ----------------------------------------------------------------
 */

static struct evaluation_event
make_event(const struct trainer *trainer,
           const struct evaluation_window *window,
           const struct evaluation *figures, size_t left_out)
{
    struct evaluation_event event = {
        .start_ms = window->start_ms,
        .window_ms = trainer->config.evaluation_window_ms,
        .rows = figures->rows,
        .click_rate = figures->click_rate,
        .rmse = figures->rmse,
        .mae = figures->mae,
        .logloss = figures->logloss,
        .normalised_entropy = figures->normalised_entropy,
        .auc = figures->auc,
        .calibration = figures->calibration,
        .ece = figures->ece,
        .left_out = left_out,
        .is_early = window->is_early,
        .created_ms = clock_wall_ms(),
    };

    memcpy(event.name, trainer->config.name, sizeof(event.name));
    return event;
}

static int make_room(struct trainer_evaluation *self, size_t count,
                     struct error *err)
{
    if (self->count + count <= self->room)
        return 0;
    size_t room = 2 * (self->count + count);
    struct evaluation_event *events =
        realloc(self->events, room * sizeof(*events));
    if (!events)
        return error_set(err, ERROR_LIMIT, "no memory for %zu evaluations",
                         room);
    self->events = events;
    self->room = room;
    return 0;
}

/* The record of all versions is the first of its window. */
static int enqueue(struct trainer *trainer,
                   const struct evaluation_window *window,
                   const struct evaluation_event *all, struct error *err)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    size_t count = window->version_count + 1;

    if (!self->publication)
        return 0;
    if (self->count + count > EVENTS_MAX) {
        metrics_add(trainer->metrics, TRAINER_EVALUATIONS, EVALUATION_DROPPED,
                    count);
        return 0;
    }
    if (make_room(self, count, err) < 0)
        return -1;
    self->events[self->count++] = *all;
    for (size_t i = 0; i < window->version_count; i++) {
        const struct evaluation_version *version = &window->versions[i];
        if (version->figures.rows == 0)
            continue;
        struct evaluation_event event =
            make_event(trainer, window, &version->figures, version->left_out);
        event.has_version = true;
        event.version = version->version;
        self->events[self->count++] = event;
    }
    return 0;
}

static void show_window(struct trainer *trainer,
                        const struct evaluation_window *window,
                        const struct evaluation_event *all)
{
    uint64_t epoch = window->versions[window->version_count - 1].version;

    trainer_metrics_window(trainer->metrics, all);
    metrics_set(trainer->metrics, TRAINER_WINDOW_EPOCH, 0, (double)epoch);
}

/* Once for all that were closed since the last time. */
static void log_early(struct trainer *trainer)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    uint64_t early = evaluation_windows_counts(self->windows).early;

    if (early > self->early)
        log_warn("windows closed before they were over",
                 "windows=%" PRIu64
                 " reason=\"more rows than evaluation.rows=%" PRIu32 "\"",
                 early - self->early, trainer->config.evaluation_rows);
    self->early = early;
}

static void log_newest(const struct evaluation_event *all, size_t windows)
{
    char start[CLOCK_TEXT_SIZE];

    log_info("models in service evaluated",
             "windows=%zu newest=%s rows=%" PRIu64
             " click_rate=%.5f rmse=%.5f logloss=%.5f auc=%.5f "
             "normalised_entropy=%.5f calibration=%.4f",
             windows, clock_format(all->start_ms, start), all->rows,
             all->click_rate, all->rmse, all->logloss, all->auc,
             all->normalised_entropy, all->calibration);
}

int trainer_windows_take(struct trainer *trainer, struct error *err)
{
    struct evaluation_window window;
    struct evaluation_event all;
    size_t windows = 0;
    int status = 0;

    while (status == 0 &&
           evaluation_windows_next(trainer->evaluation.windows, &window)) {
        all = make_event(trainer, &window, &window.all, window.left_out);
        show_window(trainer, &window, &all);
        status = enqueue(trainer, &window, &all, err);
        evaluation_window_free(&window);
        windows++;
    }
    if (windows > 0)
        log_newest(&all, windows);
    log_early(trainer);
    return status;
}

/* --- Publishing -------------------------------------------------------------
 */

int trainer_windows_publish(struct trainer *trainer, struct error *err)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    struct error why;

    if (self->count == 0 || clock_monotonic_ms() < self->retry_ms)
        return 0;
    if (evaluation_publication_publish(self->publication, self->events,
                                       self->count, &why) == 0) {
        metrics_add(trainer->metrics, TRAINER_EVALUATIONS, EVALUATION_PUBLISHED,
                    self->count);
        trainer->counts.evaluations += self->count;
        self->count = 0;
        self->pause_ms = 0;
        return 0;
    }
    if (why.code == ERROR_FENCED) {
        *err = why;
        return -1;
    }
    metrics_add(trainer->metrics, TRAINER_EVALUATIONS, EVALUATION_FAILED, 1);
    self->pause_ms = self->pause_ms ? 2 * self->pause_ms : RETRY_MS;
    if (self->pause_ms > RETRY_MAX_MS)
        self->pause_ms = RETRY_MAX_MS;
    self->retry_ms = clock_monotonic_ms() + self->pause_ms;
    log_warn("evaluations could not be published, once more later",
             "records=%zu pause_ms=%" PRId64 " reason=\"%s\"", self->count,
             self->pause_ms, why.text);
    return 0;
}
