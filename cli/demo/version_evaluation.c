#include "cli/demo/version_evaluation.h"

#include "common/event/event_codec.h"

#include "model/rows/ratings.h"

#include <math.h>
#include <stdlib.h>

struct row {
    int64_t ts_ms;
    double p;
    double label; /* NaN while nobody knows */
    uint64_t version;
    uint32_t user;
};

/* rows[sequence % rows_max] is the prediction that the join numbered so. */
struct version_evaluation {
    struct version_evaluation_config config;
    struct join *join;
    struct row *rows; /* (rows_max) */
    uint64_t next;    /* sequence of the next prediction */
    int64_t stream_ms;
    uint32_t clicked; /* user of the newest click, INDEX_UNKNOWN */
};

int version_evaluation_new(const struct version_evaluation_config *config,
                           struct version_evaluation **out, struct error *err)
{
    struct version_evaluation *self = calloc(1, sizeof(*self));

    if (self)
        self->rows = calloc(config->rows_max, sizeof(*self->rows));
    if (!self || !self->rows) {
        free(self);
        return error_no_memory(err, "the evaluation");
    }
    self->config = *config;
    if (join_new(&config->join, &self->join, err) < 0) {
        version_evaluation_free(self);
        return -1;
    }
    *out = self;
    return 0;
}

void version_evaluation_free(struct version_evaluation *self)
{
    if (!self)
        return;
    join_free(self->join);
    free(self->rows);
    free(self);
}

/* The oldest prediction that is still kept. */
static uint64_t oldest(const struct version_evaluation *self)
{
    return self->next > self->config.rows_max
               ? self->next - self->config.rows_max
               : 0;
}

static struct row *row_at(const struct version_evaluation *self,
                          uint64_t sequence)
{
    return &self->rows[sequence % self->config.rows_max];
}

static void take_outcomes(struct version_evaluation *self)
{
    struct join_outcome outcome;

    self->clicked = INDEX_UNKNOWN;
    while (join_next(self->join, &outcome)) {
        if (outcome.sequence < oldest(self))
            continue;
        struct row *row = row_at(self, outcome.sequence);
        row->label = (double)outcome.label;
        if (outcome.label > 0)
            self->clicked = row->user;
    }
}

int version_evaluation_prediction(struct version_evaluation *self,
                                  const struct prediction_event *event,
                                  uint32_t user, struct error *err)
{
    struct id id = event_span_id(event->raw_id);
    int64_t ts_ms = event_span_ms(event->raw_ts);
    struct join_place place;

    if (join_impression(self->join, &id, ts_ms, &place, err) < 0)
        return -1;
    if (place.is_new) {
        self->next = place.sequence + 1;
        *row_at(self, place.sequence) =
            (struct row){ts_ms, event->p, NAN, event->model_version, user};
    }
    take_outcomes(self);
    return 0;
}

int version_evaluation_label(struct version_evaluation *self,
                             const struct label *event, struct error *err)
{
    if (join_label(self->join, &event->id, event->ts_ms, event->click, err) < 0)
        return -1;
    take_outcomes(self);
    return 0;
}

void version_evaluation_advance(struct version_evaluation *self,
                                int64_t stream_ms)
{
    if (stream_ms > self->stream_ms)
        self->stream_ms = stream_ms;
    join_advance(self->join, stream_ms);
    take_outcomes(self);
}

uint32_t version_evaluation_clicked(const struct version_evaluation *self)
{
    return self->clicked;
}

/* --- Questions -------------------------------------------------------- */

/* The lowest version above `above`; UINT64_MAX when there is none. */
static uint64_t next_version(const struct version_evaluation *self,
                             uint64_t least)
{
    uint64_t lowest = UINT64_MAX;

    for (uint64_t s = oldest(self); s < self->next; s++) {
        uint64_t version = row_at(self, s)->version;
        if (version >= least && version < lowest)
            lowest = version;
    }
    return lowest;
}

size_t version_evaluation_versions(const struct version_evaluation *self,
                                   uint64_t *versions, size_t max)
{
    size_t count = 0;

    for (uint64_t v = next_version(self, 0); v != UINT64_MAX;
         v = next_version(self, v + 1)) {
        if (count < max)
            versions[count] = v;
        count++;
    }
    return count;
}

/* Clicks come early and the lack of one late: among rows whose window is still
 * open nearly all labels are clicks. */
static bool is_settled(const struct version_evaluation *self,
                       const struct row *row)
{
    return !isnan(row->label) &&
           row->ts_ms < self->stream_ms - self->config.join.window_ms;
}

int version_evaluation_measure(const struct version_evaluation *self,
                               uint64_t version, size_t rows_max,
                               struct evaluation *out, struct error *err)
{
    size_t room =
        self->config.rows_max < rows_max ? self->config.rows_max : rows_max;
    double *figures = malloc((2 * room + 1) * sizeof(*figures));
    size_t n = 0;

    if (!figures)
        return error_no_memory(err, "the evaluation");
    for (uint64_t s = self->next; s > oldest(self) && n < room; s--) {
        const struct row *row = row_at(self, s - 1);
        if (row->version != version || !is_settled(self, row))
            continue;
        figures[n] = row->label;
        figures[room + n] = row->p;
        n++;
    }
    int status = evaluate(figures, figures + room, n, out, err);
    free(figures);
    return status;
}

struct join_books
version_evaluation_books(const struct version_evaluation *self)
{
    return join_books(self->join);
}
