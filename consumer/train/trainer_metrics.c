#include "consumer/train/trainer_metrics.h"

#include "common/base/log.h"
#include "common/event/event_codec.h"

#include "consumer/learn/stream_time.h"
#include "consumer/train/trainer.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define IMPRESSION_WORDS "repeated|given_up|forgotten"
#define LABEL_WORDS                                                            \
    "joined|late|duplicate|contradicted|corrected|orphan|given_up"
#define PENDING_WORDS "open|positive|negative|unknown"
#define ROW_WORDS "judged|unpredicted|unlabelled|late|missed"
#define PREDICTION_WORDS "matched|repeated|unmatched"
#define WINDOW_WORDS "over|early|empty|missed"
#define EVALUATION_OUTCOME_WORDS "published|failed|dropped|known"

/* clang-format off */
const struct metric_family trainer_metric_families[] = {
    [TRAINER_BUILD_INFO] = {"pctr_build_info", METRIC_GAUGE, NULL, NULL, 0, "Always 1; the labels say which program this is."},
    [TRAINER_CONSUMED] = {"pctr_records_consumed_total", METRIC_COUNTER, "topic", TRAINER_TOPIC_WORDS, 0, "Records read, bad ones included."},
    [TRAINER_BAD] = {"pctr_trainer_bad_records_total", METRIC_COUNTER, "reason", "|" EVENT_FAULT_OF_BYTES "|passed_over|" EVENT_FAULT_OF_SCHEMA "|no_registry", 0, "Records that are no events."},
    [TRAINER_DEAD_LETTERS] = {"pctr_trainer_dead_letters_total", METRIC_COUNTER, NULL, NULL, 0, "Labels that became dead letters."},
    [TRAINER_HELD_LETTERS] = {"pctr_trainer_held_letters_total", METRIC_COUNTER, NULL, NULL, 0, "Bad labels that became no dead letters because too many came at once (dead_letters.max_share)."},
    [TRAINER_LAG] = {"pctr_trainer_lag_records", METRIC_GAUGE, NULL, NULL, 0, "Records on the topics that are not read yet."},
    [TRAINER_IMPRESSIONS] = {"pctr_join_impressions_total", METRIC_COUNTER, "result", IMPRESSION_WORDS, 0, "Impressions that did not simply become a row."},
    [TRAINER_PENDING] = {"pctr_join_pending", METRIC_GAUGE, "state", PENDING_WORDS, 0, "Impressions by state; together, all there were. Unknown are those that came after their reach or were given up: they are not learned from."},
    [TRAINER_LABELS] = {"pctr_label_join_total", METRIC_COUNTER, "result", LABEL_WORDS, 0, "What became of the labels; with the waiting ones, all there were."},
    [TRAINER_WAITING] = {"pctr_join_waiting_labels", METRIC_GAUGE, NULL, NULL, 0, "Labels that wait for their impression."},
    [TRAINER_CLICK_DELAY] = {"pctr_click_delay_seconds", METRIC_DELAYS, NULL, NULL, 0, "From an impression to its click, in event time, of clicks within the reach of the join."},
    [TRAINER_ODD_TIMES] = {"pctr_trainer_odd_times_total", METRIC_COUNTER, "kind", ODD_TIME_WORDS, 0, "Events whose time is odd: the record has no time (untimed), the event is dated 1 to 30 minutes after its record (ahead) or more (skewed), the record more than a tenth of join.window_ms, or half of join.late_ms, after its reading (future), the time looks like seconds (seconds), no label can reach an event of that time any more (late), or the record is dated more than a minute after those behind it in its partition (jumped)."},
    [TRAINER_GUESSED_TIMES] = {"pctr_guessed_times_total", METRIC_COUNTER, NULL, NULL, 0, "Event times that are not in milliseconds and whose unit was guessed (field.ts.unit=auto)."},
    [TRAINER_LOG_ROWS] = {"pctr_training_log_rows", METRIC_GAUGE, NULL, NULL, 0, "Rows in the training log, open ones included."},
    [TRAINER_MEMORY] = {"pctr_training_log_bytes", METRIC_GAUGE, NULL, NULL, 0, "Memory of join and training log."},
    [TRAINER_FIT_SECONDS] = {"pctr_train_duration_seconds", METRIC_HISTOGRAM, NULL, NULL, 0, "One fit, with measuring and encoding."},
    [TRAINER_SAMPLES] = {"pctr_train_samples", METRIC_GAUGE, NULL, NULL, 0, "Rows that the last model was fit on."},
    [TRAINER_FITS] = {"pctr_fits_total", METRIC_COUNTER, "result", FIT_OUTCOME_WORDS, 0, "Fits by what came of them: skipped are those whose model would not fit its limits, which is known before the fit."},
    [TRAINER_UNKNOWN_IDS] = {"pctr_fit_unknown_ids_total", METRIC_COUNTER, "side", TRAINER_SIDE_WORDS, 0, "Users and ads that had rows to learn from and became unknown because there were more than training.max_ids, over all fits."},
    [TRAINER_LEFT_OUT_ROWS] = {"pctr_fit_rows_left_out_total", METRIC_COUNTER, NULL, NULL, 0, "Rows that a fit did not learn from because their ads became unknown, over all fits."},
    [TRAINER_PUBLISHED] = {"pctr_snapshots_published_total", METRIC_COUNTER, NULL, NULL, 0, "Models published."},
    [TRAINER_PUBLICATION_FAILURES] = {"pctr_publication_failures_total", METRIC_COUNTER, NULL, NULL, 0, "Attempts to publish a model that failed; the model is kept and published later."},
    [TRAINER_DELTAS] = {"pctr_deltas_published_total", METRIC_COUNTER, NULL, NULL, 0, "Deltas of snapshots published (publish.every_ms)."},
    [TRAINER_DELTA_BYTES] = {"pctr_delta_bytes_total", METRIC_COUNTER, NULL, NULL, 0, "Bytes of these deltas, packed."},
    [TRAINER_GATE] = {"pctr_publication_gate_total", METRIC_COUNTER, "result", GATE_OUTCOME_WORDS, 0, "Fitted models for clicks: passed, published without proof because the held-out rows have one class (ungated), not published because the rows have one class (refused)."},
    [TRAINER_EPOCH] = {"pctr_model_epoch", METRIC_GAUGE, NULL, NULL, 0, "Version of the last model published."},
    [TRAINER_LAST_PUBLICATION] = {"pctr_last_publication_timestamp_seconds", METRIC_GAUGE, NULL, NULL, 0, "Time of the last publication."},
    [TRAINER_HOLDOUT_ROWS] = {"pctr_holdout_rows", METRIC_GAUGE, NULL, NULL, 0, "Rows that the last model was measured on."},
    [TRAINER_HOLDOUT_RMSE] = {"pctr_holdout_rmse", METRIC_GAUGE, NULL, NULL, 0, "Root mean square error there."},
    [TRAINER_HOLDOUT_MAE] = {"pctr_holdout_mae", METRIC_GAUGE, NULL, NULL, 0, "Mean absolute error there."},
    [TRAINER_HOLDOUT_LOGLOSS] = {"pctr_holdout_logloss", METRIC_GAUGE, NULL, NULL, 0, "Logarithmic loss there, natural log."},
    [TRAINER_HOLDOUT_AUC] = {"pctr_holdout_auc", METRIC_GAUGE, NULL, NULL, 0, "Area under the ROC curve there."},
    [TRAINER_HOLDOUT_ENTROPY] = {"pctr_holdout_normalised_entropy", METRIC_GAUGE, NULL, NULL, 0, "Logarithmic loss over that of the plain click rate; below 1 is better."},
    [TRAINER_EVALUATED_ROWS] = {"pctr_evaluation_rows_total", METRIC_COUNTER, "result", ROW_WORDS, 0, "Impressions of windows that are closed: judged, without a prediction, without a label, too late, or of a window that was missed."},
    [TRAINER_EVALUATED_PREDICTIONS] = {"pctr_evaluation_predictions_total", METRIC_COUNTER, "result", PREDICTION_WORDS, 0, "Predictions: of an impression that is judged, once more of one, of none (closed, repeated, too late)."},
    [TRAINER_EVALUATED_WINDOWS] = {"pctr_evaluation_windows_total", METRIC_COUNTER, "result", WINDOW_WORDS, 0, "Windows: closed when over, early for want of room (evaluation.max_rows), without anything to judge, missed for predictions that may have been lost."},
    [TRAINER_EVALUATIONS] = {"pctr_evaluations_total", METRIC_COUNTER, "result", EVALUATION_OUTCOME_WORDS, 0, "Records of windows: published, dropped when too many waited, known from the topic already; failed counts attempts."},
    [TRAINER_EVALUATION_READABLE] = {"pctr_evaluation_predictions_readable", METRIC_GAUGE, NULL, NULL, 0, "1 while predictions can be read, 0 while that is tried again."},
    [TRAINER_EVALUATIONS_WAITING] = {"pctr_evaluations_waiting", METRIC_GAUGE, NULL, NULL, 0, "Records of windows that are not published yet."},
    [TRAINER_EVALUATION_OPEN] = {"pctr_evaluation_open_rows", METRIC_GAUGE, NULL, NULL, 0, "Rows of windows that are not closed."},
    [TRAINER_EVALUATION_MEMORY] = {"pctr_evaluation_bytes", METRIC_GAUGE, NULL, NULL, 0, "Memory for them."},
    [TRAINER_WINDOW_START] = {"pctr_evaluation_window_start_timestamp_seconds", METRIC_GAUGE, NULL, NULL, 0, "Event time at which the last window with figures begins; those that follow are about it, all versions together."},
    [TRAINER_WINDOW_EPOCH] = {"pctr_evaluation_model_epoch", METRIC_GAUGE, NULL, NULL, 0, "Highest model version in it."},
    [TRAINER_WINDOW_ROWS] = {"pctr_evaluation_window_rows", METRIC_GAUGE, NULL, NULL, 0, "Rows that it was judged on."},
    [TRAINER_WINDOW_CLICK_RATE] = {"pctr_evaluation_click_rate", METRIC_GAUGE, NULL, NULL, 0, "Clicks over rows there."},
    [TRAINER_WINDOW_RMSE] = {"pctr_evaluation_rmse", METRIC_GAUGE, NULL, NULL, 0, "Root mean square error there."},
    [TRAINER_WINDOW_MAE] = {"pctr_evaluation_mae", METRIC_GAUGE, NULL, NULL, 0, "Mean absolute error there."},
    [TRAINER_WINDOW_LOGLOSS] = {"pctr_evaluation_logloss", METRIC_GAUGE, NULL, NULL, 0, "Logarithmic loss there, natural log."},
    [TRAINER_WINDOW_ENTROPY] = {"pctr_evaluation_normalised_entropy", METRIC_GAUGE, NULL, NULL, 0, "Logarithmic loss over that of the plain click rate; at 1 or above the models in service know nothing."},
    [TRAINER_WINDOW_AUC] = {"pctr_evaluation_auc", METRIC_GAUGE, NULL, NULL, 0, "Area under the ROC curve there."},
    [TRAINER_WINDOW_CALIBRATION] = {"pctr_evaluation_calibration_ratio", METRIC_GAUGE, NULL, NULL, 0, "Clicks predicted over clicks there."},
    [TRAINER_WINDOW_ECE] = {"pctr_evaluation_ece", METRIC_GAUGE, NULL, NULL, 0, "Expected calibration error there, 10 bins."},
    [TRAINER_REGISTRY] = REGISTRY_METRIC_FAMILIES,
    [TRAINER_KAFKA] = KAFKA_METRIC_FAMILIES,
    {NULL, METRIC_COUNTER, NULL, NULL, 0, NULL},
};
/* clang-format on */

struct line {
    int family, series;
    size_t offset; /* in struct join_books */
};

#define LINE(family, series, field)                                            \
    {                                                                          \
        family, series, offsetof(struct join_books, field)                     \
    }

/* Series in the order of the words above. */
static const struct line counted[] = {
    LINE(TRAINER_IMPRESSIONS, 0, repeated),
    LINE(TRAINER_IMPRESSIONS, 1, given_up),
    LINE(TRAINER_IMPRESSIONS, 2, forgotten),
    LINE(TRAINER_LABELS, 0, joined),
    LINE(TRAINER_LABELS, 1, late),
    LINE(TRAINER_LABELS, 2, duplicate),
    LINE(TRAINER_LABELS, 3, contradicted),
    LINE(TRAINER_LABELS, 4, corrected),
    LINE(TRAINER_LABELS, 5, orphan),
    LINE(TRAINER_LABELS, 6, labels_given_up),
};

static const struct line shown[] = {
    LINE(TRAINER_PENDING, 0, open),     LINE(TRAINER_PENDING, 1, positive),
    LINE(TRAINER_PENDING, 2, negative), LINE(TRAINER_PENDING, 3, unknown),
    LINE(TRAINER_WAITING, 0, waiting),
};

static uint64_t value_of(const struct join_books *books,
                         const struct line *line)
{
    uint64_t value;

    memcpy(&value, (const char *)books + line->offset, sizeof(value));
    return value;
}

/* Warns of the first event of each kind; the metric counts them all. */
static void warn_of_odd_times(const struct intake_counts *now,
                              const struct intake_counts *before)
{
    static const char *const texts[ODD_TIMES] = {
        [ODD_UNTIMED] = "a record has no time of its own, or one of long "
                        "before its event; it does not move event time",
        [ODD_AHEAD] = "an event is dated more than a minute after its record; "
                      "is a producer's clock ahead?",
        [ODD_SKEWED] = "an event is dated more than 30 minutes after its "
                       "record; it counts as of the record's time",
        [ODD_FUTURE] = "a record is dated long after the moment at which it "
                       "was read; it does not move event time that far",
        [ODD_SECONDS] = "an event's time looks like seconds, not milliseconds "
                        "since 1970",
        [ODD_LATE] = "an event came when stream time had passed its window "
                     "and grace; such impressions are not learned from",
        [ODD_JUMPED] = "a record is dated more than a minute after those "
                       "behind it in its partition; it does not hold them back",
    };

    for (int kind = 0; kind < ODD_TIMES; kind++)
        if (now->odd[kind] > 0 && before->odd[kind] == 0)
            log_warn("events have odd times",
                     "kind=%s events=%" PRIu64 " reason=\"%s\"",
                     odd_time_name((enum odd_time)kind), now->odd[kind],
                     texts[kind]);
}

void trainer_metrics_odd_times(struct metrics *metrics,
                               const struct intake_counts *before,
                               const struct intake_counts *now)
{
    for (int kind = 0; kind < ODD_TIMES; kind++)
        metrics_add(metrics, TRAINER_ODD_TIMES, kind,
                    now->odd[kind] - before->odd[kind]);
    warn_of_odd_times(now, before);
    metrics_add(metrics, TRAINER_GUESSED_TIMES, 0,
                now->guessed_times - before->guessed_times);
    if (now->guessed_times > 0 && before->guessed_times == 0)
        log_warn("event times are not in milliseconds, and their unit is "
                 "guessed from their size",
                 "times=%" PRIu64
                 " reason=\"set field.ts.unit to what the producers write\"",
                 now->guessed_times);
}

void trainer_metrics_delays(struct metrics *metrics,
                            const struct click_delays *before,
                            const struct click_delays *now)
{
    metrics_set_delays(metrics, TRAINER_CLICK_DELAY, now->counts, now->sum_s);
    if (click_delays_are_long(now) && !click_delays_are_long(before))
        log_warn("clicks come late",
                 "clicks=%" PRIu64 " in_second_half=%" PRIu64
                 " reason=\"of the reach of join.window_ms and join.late_ms: "
                 "others come after it and are lost, so that predictions are "
                 "too low; raise join.late_ms\"",
                 now->clicks, now->long_after);
}

void trainer_metrics_join(struct metrics *metrics,
                          const struct join_books *before,
                          const struct join_books *now)
{
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
        metrics_add(metrics, counted[i].family, counted[i].series,
                    value_of(now, &counted[i]) - value_of(before, &counted[i]));
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        metrics_set(metrics, shown[i].family, shown[i].series,
                    (double)value_of(now, &shown[i]));
}

/* The last window closed or published, of all versions together. */
static void show_window(struct metrics *metrics,
                        const struct evaluation_event *event)
{
    const struct {
        int family;
        double value;
    } lines[] = {
        {TRAINER_WINDOW_START, (double)event->start_ms / 1e3},
        {TRAINER_WINDOW_ROWS, (double)event->rows},
        {TRAINER_WINDOW_CLICK_RATE, event->click_rate},
        {TRAINER_WINDOW_RMSE, event->rmse},
        {TRAINER_WINDOW_MAE, event->mae},
        {TRAINER_WINDOW_LOGLOSS, event->logloss},
        {TRAINER_WINDOW_ENTROPY, event->normalised_entropy},
        {TRAINER_WINDOW_AUC, event->auc},
        {TRAINER_WINDOW_CALIBRATION, event->calibration},
        {TRAINER_WINDOW_ECE, event->ece},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        metrics_set(metrics, lines[i].family, 0, lines[i].value);
}

void trainer_metrics_evaluation(struct metrics *metrics,
                                const struct live_evaluation_counts *before,
                                const struct live_evaluation_counts *now)
{
    const struct evaluation_counts *was = &before->windows, *is = &now->windows;
    const struct evaluation_outbox_counts *had = &before->outbox;
    const struct evaluation_outbox_counts *has = &now->outbox;
    const struct {
        int family, series;
        uint64_t added;
    } lines[] = {
        {TRAINER_CONSUMED, TRAINER_TOPIC_PREDICTIONS,
         now->predictions - before->predictions},
        {TRAINER_EVALUATED_ROWS, 0, is->judged - was->judged},
        {TRAINER_EVALUATED_ROWS, 1, is->unpredicted - was->unpredicted},
        {TRAINER_EVALUATED_ROWS, 2, is->unlabelled - was->unlabelled},
        {TRAINER_EVALUATED_ROWS, 3, is->late - was->late},
        {TRAINER_EVALUATED_ROWS, 4, is->missed_rows - was->missed_rows},
        {TRAINER_EVALUATED_PREDICTIONS, 0, is->matched - was->matched},
        {TRAINER_EVALUATED_PREDICTIONS, 1, is->repeated - was->repeated},
        {TRAINER_EVALUATED_PREDICTIONS, 2, is->unmatched - was->unmatched},
        {TRAINER_EVALUATED_WINDOWS, 0, is->over - was->over},
        {TRAINER_EVALUATED_WINDOWS, 1, is->early - was->early},
        {TRAINER_EVALUATED_WINDOWS, 2, is->empty - was->empty},
        {TRAINER_EVALUATED_WINDOWS, 3, is->missed - was->missed},
        {TRAINER_EVALUATIONS, 0, has->published - had->published},
        {TRAINER_EVALUATIONS, 1, has->failed - had->failed},
        {TRAINER_EVALUATIONS, 2, has->dropped - had->dropped},
        {TRAINER_EVALUATIONS, 3, has->known - had->known},
    };

    if (!now->is_on)
        return;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        metrics_add(metrics, lines[i].family, lines[i].series, lines[i].added);
    for (int fault = 0; fault < EVENT_FAULT_COUNT; fault++)
        if (now->bad[fault] > before->bad[fault])
            metrics_add(metrics, TRAINER_BAD, fault,
                        now->bad[fault] - before->bad[fault]);
    metrics_set(metrics, TRAINER_EVALUATION_READABLE, 0, now->is_readable);
    metrics_set(metrics, TRAINER_EVALUATIONS_WAITING, 0,
                (double)now->outbox.waiting);
    metrics_set(metrics, TRAINER_EVALUATION_OPEN, 0, (double)now->rows);
    metrics_set(metrics, TRAINER_EVALUATION_MEMORY, 0, (double)now->bytes);
    if (now->has_newest)
        show_window(metrics, &now->newest);
    if (now->epoch > 0)
        metrics_set(metrics, TRAINER_WINDOW_EPOCH, 0, (double)now->epoch);
}

void trainer_metrics_counts(struct metrics *metrics,
                            const struct trainer_counts *before,
                            const struct trainer_counts *now)
{
    trainer_metrics_odd_times(metrics, &before->events, &now->events);
    trainer_metrics_evaluation(metrics, &before->evaluation, &now->evaluation);
    trainer_metrics_join(metrics, &before->books, &now->books);
    trainer_metrics_delays(metrics, &before->delays, &now->delays);
    metrics_add(metrics, TRAINER_DEAD_LETTERS, 0,
                now->letters.sent - before->letters.sent);
    metrics_add(metrics, TRAINER_HELD_LETTERS, 0,
                now->letters.held - before->letters.held);
    metrics_set(metrics, TRAINER_LOG_ROWS, 0, (double)now->log.rows);
}
