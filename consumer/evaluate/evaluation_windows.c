#include "consumer/evaluate/evaluation_windows.h"

#include "consumer/evaluate/evaluation_open.h"
#include "consumer/evaluate/evaluation_rows.h"

#include <math.h>
#include <stdlib.h>

enum { PARTITIONS_MAX = EVALUATION_PARTITIONS_MAX };

struct evaluation_windows {
    struct evaluation_windows_config config;
    struct evaluation_rows rows;
    struct evaluation_open open;
    int64_t stream_ms; /* 0 before the first event */
    int64_t closed_ms; /* windows that begin before are closed */
    uint32_t waiting;  /* rows that are only predictions so far */

    int64_t next[PARTITIONS_MAX];   /* offset after the last one read */
    int64_t scored[PARTITIONS_MAX]; /* after the last one predicted */
    struct evaluation_doubt doubt;

    struct evaluation_results done;
    struct evaluation_counts counts;
};

int evaluation_windows_new(const struct evaluation_windows_config *config,
                           struct evaluation_windows **out, struct error *err)
{
    struct evaluation_windows *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "an evaluation");
    self->config = *config;
    self->closed_ms = config->from_ms;
    *out = self;
    return 0;
}

static int64_t start_of(const struct evaluation_windows *self, int64_t ts_ms)
{
    return ts_ms / self->config.window_ms * self->config.window_ms;
}

/* --- Closing ---------------------------------------------------------- */

static struct evaluation_row *row_at(const struct evaluation_windows *self,
                                     uint32_t slot)
{
    return &self->rows.pool[slot];
}

static int make_figures(struct evaluation_windows *self,
                        const struct open_window *window,
                        struct evaluation_window *out, struct error *err)
{
    struct judged *rows = malloc((window->count + 1) * sizeof(*rows));

    if (!rows)
        return error_no_memory(err, "judging %zu rows", window->count);
    size_t predicted = evaluation_open_judged(
        window, &self->rows, self->stream_ms - self->config.join.window_ms,
        rows);
    int status = evaluation_figures_make(rows, predicted, out, err);
    free(rows);
    if (status < 0)
        return -1;
    out->start_ms = window->start_ms;
    out->left_out = window->count - out->all.rows;
    self->counts.judged += out->all.rows;
    self->counts.unpredicted += window->count - predicted;
    self->counts.unlabelled += predicted - out->all.rows;
    return 0;
}

static void drop_oldest(struct evaluation_windows *self)
{
    int64_t end_ms = self->open.list[0].start_ms + self->config.window_ms;

    if (end_ms > self->closed_ms)
        self->closed_ms = end_ms;
    evaluation_open_drop(&self->open, &self->rows);
}

static void miss_oldest(struct evaluation_windows *self)
{
    self->counts.missed++;
    self->counts.missed_rows += self->open.list[0].count;
    drop_oldest(self);
}

enum closing { WINDOW_OVER, WINDOW_EARLY };

static int close_oldest(struct evaluation_windows *self, enum closing closing,
                        struct error *err)
{
    struct evaluation_window window = {.is_early = closing == WINDOW_EARLY};

    if (evaluation_open_is_doubtful(&self->open.list[0], &self->rows,
                                    &self->doubt)) {
        miss_oldest(self);
        return 0;
    }
    if (make_figures(self, &self->open.list[0], &window, err) < 0)
        return -1;
    drop_oldest(self);
    if (window.is_early)
        self->counts.early++;
    else if (window.all.rows == 0)
        self->counts.empty++;
    else
        self->counts.over++;
    if (window.all.rows == 0) {
        evaluation_window_free(&window);
        return 0;
    }
    return evaluation_results_push(&self->done, &window, err);
}

static bool is_over(struct evaluation_windows *self, struct open_window *window)
{
    const struct evaluation_windows_config *config = &self->config;

    return self->stream_ms >= window->start_ms + config->window_ms +
                                  config->join.window_ms +
                                  config->join.late_ms &&
           evaluation_open_is_answered(window, &self->rows, self->scored);
}

static int close_what_is_over(struct evaluation_windows *self,
                              struct error *err)
{
    while (self->open.count > 0 && is_over(self, &self->open.list[0]))
        if (close_oldest(self, WINDOW_OVER, err) < 0)
            return -1;
    return 0;
}

/* --- Room ------------------------------------------------------------- */

static bool is_full(const struct evaluation_windows *self)
{
    return self->rows.count >= self->config.rows_max;
}

enum waiting { WAITING_IN_VAIN, WAITING_ALL };

/* Drops predictions that wait: those whose impression was read and is not a
 * row, or all. */
static void drop_waiting(struct evaluation_windows *self, enum waiting which)
{
    for (uint32_t slot = 0; slot < self->rows.used; slot++) {
        const struct evaluation_row *row = row_at(self, slot);
        if (row->source == EVALUATION_NO_SOURCE ||
            row->sequence != EVALUATION_NO_SEQUENCE ||
            !(which == WAITING_ALL ||
              evaluation_is_before(row->source, self->next)))
            continue;
        evaluation_rows_remove(&self->rows, slot);
        self->waiting--;
        self->counts.unmatched++;
    }
}

static int make_room(struct evaluation_windows *self, struct error *err)
{
    if (self->waiting > 0 && is_full(self))
        drop_waiting(self, WAITING_IN_VAIN);
    while (is_full(self)) {
        if (self->open.count == 0)
            drop_waiting(self, WAITING_ALL);
        else if (close_oldest(self, WINDOW_EARLY, err) < 0)
            return -1;
    }
    return 0;
}

void evaluation_windows_give_up(struct evaluation_windows *self)
{
    drop_waiting(self, WAITING_ALL);
}

bool evaluation_windows_has_room(struct evaluation_windows *self)
{
    uint32_t half = self->config.rows_max / 2;

    if (self->waiting >= half)
        drop_waiting(self, WAITING_IN_VAIN);
    return self->waiting < half;
}

void evaluation_windows_begin(struct evaluation_windows *self,
                              int32_t partition, int64_t offset)
{
    if (evaluation_is_place(partition, offset))
        self->next[partition] = offset;
}

/* --- Impressions ------------------------------------------------------ */

static bool is_late(const struct evaluation_windows *self, int64_t ts_ms)
{
    const struct join_config *join = &self->config.join;

    return ts_ms + join->window_ms + join->late_ms < self->stream_ms;
}

/* The impression belongs to no window: drop the prediction that waits for it.
 */
static void pass_over(struct evaluation_windows *self, uint32_t slot)
{
    if (slot == EVALUATION_NO_ROW)
        return;
    evaluation_rows_remove(&self->rows, slot);
    self->waiting--;
    self->counts.unmatched++;
}

static bool belongs(struct evaluation_windows *self,
                    const struct intake_row *row)
{
    int64_t start_ms = start_of(self, row->ts_ms);

    if (!row->is_new || start_ms < self->config.from_ms)
        return false;
    if (start_ms >= self->closed_ms && !is_late(self, row->ts_ms))
        return true;
    self->counts.late++;
    return false;
}

int evaluation_windows_impression(struct evaluation_windows *self,
                                  const struct intake_row *row,
                                  int32_t partition, int64_t offset,
                                  struct error *err)
{
    if (!evaluation_is_place(partition, offset))
        return error_set(err, ERROR_LIMIT,
                         "an impression of partition %d: more than %d",
                         (int)partition, PARTITIONS_MAX);
    uint64_t source = evaluation_source(partition, offset);
    self->next[partition] = offset + 1;
    if (evaluation_rows_find(&self->rows, EVALUATION_BY_SOURCE, source) ==
            EVALUATION_NO_ROW &&
        make_room(self, err) < 0)
        return -1;
    uint32_t slot =
        evaluation_rows_find(&self->rows, EVALUATION_BY_SOURCE, source);
    if (!belongs(self, row)) {
        pass_over(self, slot);
        return 0;
    }
    if (slot != EVALUATION_NO_ROW)
        self->waiting--;
    else if (evaluation_rows_add(&self->rows, source, &slot, err) < 0)
        return -1;
    evaluation_rows_number(&self->rows, slot, row->sequence);
    row_at(self, slot)->ts_ms = row->ts_ms;
    return evaluation_open_add(&self->open, &self->rows,
                               start_of(self, row->ts_ms), slot, err);
}

/* --- Predictions, labels, time ---------------------------------------- */

/* Predictions without impression get half of the room at most. */
static int wait_for_impression(struct evaluation_windows *self, uint64_t source,
                               uint32_t *slot, struct error *err)
{
    *slot = EVALUATION_NO_ROW;
    if (evaluation_is_before(source, self->next) ||
        self->waiting >= self->config.rows_max / 2)
        return 0;
    if (make_room(self, err) < 0)
        return -1;
    if (evaluation_rows_add(&self->rows, source, slot, err) < 0)
        return -1;
    self->waiting++;
    return 0;
}

int evaluation_windows_prediction(struct evaluation_windows *self,
                                  const struct prediction_event *event,
                                  struct error *err)
{
    uint32_t slot = EVALUATION_NO_ROW;

    if (evaluation_is_place(event->src_partition, event->src_offset)) {
        uint64_t source =
            evaluation_source(event->src_partition, event->src_offset);
        int64_t *scored = &self->scored[event->src_partition];
        evaluation_doubt_settle(&self->doubt, event->src_partition,
                                event->src_offset);
        if (event->src_offset >= *scored)
            *scored = event->src_offset + 1;
        slot = evaluation_rows_find(&self->rows, EVALUATION_BY_SOURCE, source);
        if (slot == EVALUATION_NO_ROW &&
            wait_for_impression(self, source, &slot, err) < 0)
            return -1;
    }
    if (slot == EVALUATION_NO_ROW) {
        self->counts.unmatched++;
    } else if (!isnan(row_at(self, slot)->p)) {
        self->counts.repeated++;
    } else {
        self->counts.matched++;
        row_at(self, slot)->p = event->p;
        row_at(self, slot)->version = event->model_version;
    }
    return close_what_is_over(self, err);
}

void evaluation_windows_label(struct evaluation_windows *self,
                              const struct join_outcome *outcome)
{
    uint32_t slot = evaluation_rows_find(&self->rows, EVALUATION_BY_SEQUENCE,
                                         outcome->sequence);

    if (slot != EVALUATION_NO_ROW)
        row_at(self, slot)->label = outcome->label;
}

int evaluation_windows_advance(struct evaluation_windows *self,
                               int64_t stream_ms, struct error *err)
{
    if (stream_ms > self->stream_ms)
        self->stream_ms = stream_ms;
    return close_what_is_over(self, err);
}

void evaluation_windows_skip(struct evaluation_windows *self, int64_t ts_ms)
{
    int64_t end_ms = start_of(self, ts_ms) + self->config.window_ms;

    if (end_ms > self->config.from_ms)
        self->config.from_ms = end_ms;
    while (self->open.count > 0 && self->open.list[0].start_ms < end_ms)
        drop_oldest(self);
}

void evaluation_windows_doubt(struct evaluation_windows *self,
                              enum evaluation_gap gap)
{
    evaluation_doubt_raise(&self->doubt, self->scored, gap);
}

/* --- The outcome ------------------------------------------------------ */

bool evaluation_windows_next(struct evaluation_windows *self,
                             struct evaluation_window *out)
{
    return evaluation_results_shift(&self->done, out);
}

struct evaluation_counts
evaluation_windows_counts(const struct evaluation_windows *self)
{
    return self->counts;
}

size_t evaluation_windows_rows(const struct evaluation_windows *self)
{
    return self->rows.count;
}

size_t evaluation_windows_bytes(const struct evaluation_windows *self)
{
    return sizeof(*self) + evaluation_rows_bytes(&self->rows) +
           self->open.room * sizeof(*self->open.list);
}

void evaluation_windows_free(struct evaluation_windows *self)
{
    if (!self)
        return;
    evaluation_results_free(&self->done);
    evaluation_open_free(&self->open);
    evaluation_rows_free(&self->rows);
    free(self);
}
