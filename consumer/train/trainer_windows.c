/*
 * trainer_windows.c - what becomes of the windows that the trainer judged.
 */
#include "consumer/train/trainer_parts.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* The record of all versions is the first of its window. */
static int offer(struct trainer *trainer,
                 const struct evaluation_window *window,
                 const struct evaluation_event *all, struct error *err)
{
    size_t count = 0;
    struct evaluation_event *events =
        malloc((window->version_count + 1) * sizeof(*events));

    if (!events)
        return error_no_memory(err, "%zu evaluations",
                               window->version_count + 1);
    events[count++] = *all;
    for (size_t i = 0; i < window->version_count; i++) {
        const struct evaluation_version *version = &window->versions[i];
        if (version->figures.rows == 0)
            continue;
        events[count] =
            make_event(trainer, window, &version->figures, version->left_out);
        events[count].has_version = true;
        events[count++].version = version->version;
    }
    int status =
        evaluation_outbox_offer(trainer->evaluation.outbox, events, count, err);
    free(events);
    return status;
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
static void log_incomplete(struct trainer *trainer)
{
    struct trainer_evaluation *self = &trainer->evaluation;
    struct evaluation_counts counts = evaluation_windows_counts(self->windows);
    uint64_t early = counts.early, missed = counts.missed;

    if (missed > self->missed)
        log_warn("windows were not judged",
                 "windows=%" PRIu64 " reason=\"predictions are missing that "
                 "may have been made while they could not be read, or before "
                 "the oldest one on the topic\"",
                 missed - self->missed);
    if (early > self->early)
        log_warn("windows closed before they were over",
                 "windows=%" PRIu64
                 " reason=\"more rows than evaluation.rows=%" PRIu32 "\"",
                 early - self->early, trainer->config.evaluation_rows);
    self->early = early;
    self->missed = missed;
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
        status = offer(trainer, &window, &all, err);
        evaluation_window_free(&window);
        windows++;
    }
    if (windows > 0)
        log_newest(&all, windows);
    log_incomplete(trainer);
    return status;
}
