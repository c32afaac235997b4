#include "support/slow_evaluation.h"
#include "support/one_event.h"

#include "support/kafka_fixture.h"
#include "support/slow_figures.h"

#include "common/event/event_codec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

struct row {
    int64_t ts_ms;
    bool is_shown, is_clicked, is_predicted;
    double p;
    uint64_t version;
};

struct slow_evaluation {
    struct slow_reach reach;
    size_t count;
    struct row *rows; /* (count + 1) by the number of the impression */
    double *labels, *predictions;
    int64_t first_ms, stream_ms;
};

static struct row *row_of(struct slow_evaluation *slow, const struct id *id)
{
    ck_assert_ptr_null(id->text);
    ck_assert_int_ge(id->number, 1);
    ck_assert_uint_le((size_t)id->number, slow->count);
    return &slow->rows[id->number];
}

static void take_time(struct slow_evaluation *slow, int64_t ts_ms)
{
    if (ts_ms > slow->stream_ms)
        slow->stream_ms = ts_ms;
}

static void take_impression(struct slow_evaluation *slow,
                            const struct fixture_record *record)
{
    struct impression event;

    ck_assert_int_eq(one_impression(&fields, record->value, record->value_size,
                                    &event, NULL),
                     EVENT_OK);
    struct row *row = row_of(slow, &event.id);
    ck_assert(!row->is_shown);
    row->is_shown = true;
    row->ts_ms = event.ts_ms;
    if (event.ts_ms < slow->first_ms)
        slow->first_ms = event.ts_ms;
    take_time(slow, event.ts_ms);
}

static void take_label(struct slow_evaluation *slow,
                       const struct fixture_record *record)
{
    struct label event;

    ck_assert_int_eq(
        one_label(&fields, record->value, record->value_size, &event, NULL),
        EVENT_OK);
    struct row *row = row_of(slow, &event.id);
    if (event.click > 0 &&
        event.ts_ms - row->ts_ms <= slow->reach.window_ms + slow->reach.late_ms)
        row->is_clicked = true;
    take_time(slow, event.ts_ms);
}

static void take_prediction(struct slow_evaluation *slow,
                            const struct fixture_record *record)
{
    struct prediction_event event;

    ck_assert_int_eq(
        one_prediction(record->value, record->value_size, &event, NULL),
        EVENT_OK);
    struct id id = event_span_id(event.raw_id);
    struct row *row = row_of(slow, &id);
    ck_assert(!row->is_predicted);
    row->is_predicted = true;
    row->p = event.p;
    row->version = event.model_version;
}

static size_t take_topic(struct slow_evaluation *slow, const char *topic,
                         void (*take)(struct slow_evaluation *,
                                      const struct fixture_record *))
{
    struct fixture_records records = kafka_fixture_read(topic);
    size_t count = records.count;

    for (size_t i = 0; i < count; i++)
        take(slow, &records.at[i]);
    fixture_records_free(&records);
    return count;
}

struct slow_evaluation *slow_evaluation_read(const struct pipeline *pipe,
                                             struct slow_reach reach,
                                             size_t rows)
{
    struct slow_evaluation *slow = calloc(1, sizeof(*slow));

    ck_assert_ptr_nonnull(slow);
    slow->reach = reach;
    slow->count = rows;
    slow->first_ms = INT64_MAX;
    slow->rows = calloc(rows + 1, sizeof(*slow->rows));
    slow->labels = calloc(rows + 1, sizeof(double));
    slow->predictions = calloc(rows + 1, sizeof(double));
    ck_assert(slow->rows && slow->labels && slow->predictions);
    ck_assert_uint_eq(
        take_topic(slow, pipe->names[PIPE_IMPRESSIONS], take_impression), rows);
    take_topic(slow, pipe->names[PIPE_LABELS], take_label);
    ck_assert_uint_eq(
        take_topic(slow, pipe->names[PIPE_PREDICTIONS], take_prediction), rows);
    return slow;
}

static void assert_close(double figure, double slow)
{
    if (isnan(slow))
        ck_assert(isnan(figure));
    else
        ck_assert_double_eq_tol(figure, slow, 1e-12);
}

static bool is_in(const struct row *row, const struct evaluation_event *event)
{
    return row->is_shown && row->ts_ms >= event->start_ms &&
           row->ts_ms < event->start_ms + event->window_ms &&
           (!event->has_version || row->version == event->version);
}

void slow_evaluation_assert(const struct slow_evaluation *slow,
                            const struct evaluation_event *event)
{
    size_t n = 0;

    for (size_t i = 1; i <= slow->count; i++) {
        if (!is_in(&slow->rows[i], event))
            continue;
        slow->labels[n] = slow->rows[i].is_clicked;
        slow->predictions[n++] = slow->rows[i].p;
    }
    ck_assert_uint_eq(event->rows, n);
    struct slow_figures figures =
        slow_figures(slow->labels, slow->predictions, n);
    assert_close(event->click_rate, figures.click_rate);
    assert_close(event->rmse, figures.rmse);
    assert_close(event->mae, figures.mae);
    assert_close(event->logloss, figures.logloss);
    assert_close(event->normalised_entropy, figures.normalised_entropy);
    assert_close(event->auc, figures.auc);
    assert_close(event->calibration, figures.calibration);
    assert_close(event->ece, figures.ece);
}

size_t slow_evaluation_windows(const struct slow_evaluation *slow,
                               int64_t window_ms)
{
    int64_t final_ms =
        slow->stream_ms - slow->reach.window_ms - slow->reach.late_ms;

    return (size_t)(final_ms / window_ms - slow->first_ms / window_ms);
}

void slow_evaluation_free(struct slow_evaluation *slow)
{
    free(slow->rows);
    free(slow->labels);
    free(slow->predictions);
    free(slow);
}
