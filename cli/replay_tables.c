/*
 * replay_tables.c - a replay on the terminal, and as CSV.
 */
#include "cli/replay_view.h"

#include "common/clock.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { VERSIONS_SHOWN = 20, DAY_MS = 86400000 };

static const char *const titles[FIGURE_COUNT] = {
    [FIGURE_RMSE] = "RMSE",       [FIGURE_MAE] = "MAE",
    [FIGURE_LOGLOSS] = "logloss", [FIGURE_ENTROPY] = "NE",
    [FIGURE_AUC] = "AUC",         [FIGURE_CALIBRATION] = "calib",
    [FIGURE_ECE] = "ECE",
};

const char *replay_time(int64_t ts_ms, int64_t window_ms, char out[32])
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(ts_ms, text);
    if (window_ms >= DAY_MS)
        text[10] = '\0';
    else
        text[16] = '\0';
    snprintf(out, 32, "%s", text);
    return out;
}

bool replay_is_better(enum figure figure, double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(b) && !isnan(a);
    if (figure == FIGURE_AUC)
        return a > b;
    if (figure == FIGURE_CALIBRATION)
        return fabs(log(a)) < fabs(log(b));
    return a < b;
}

size_t replay_best(const struct replay_report *report, enum figure figure)
{
    size_t best = SIZE_MAX;
    double value = NAN;

    for (size_t c = 0; c < report->contenders; c++) {
        double mine = evaluation_figure(&report->totals[c], figure);
        if (replay_is_better(figure, mine, value)) {
            best = c;
            value = mine;
        }
    }
    return best;
}

static const char *name_of(const struct replay_view *view, size_t contender)
{
    return view->config->contenders[contender].name;
}

static void print_head(FILE *out, const char *first)
{
    fprintf(out, "%-24s %9s %7s", first, "rows", "clicks");
    for (int f = 0; f < FIGURE_COUNT; f++)
        fprintf(out, " %8s", titles[f]);
    fputc('\n', out);
}

static void print_figures(FILE *out, const char *first,
                          const struct evaluation *figures)
{
    fprintf(out, "%-24.24s %9zu %7.4f", first, figures->rows,
            figures->click_rate);
    for (int f = 0; f < FIGURE_COUNT; f++) {
        double value = evaluation_figure(figures, (enum figure)f);
        if (isnan(value))
            fprintf(out, " %8s", "-");
        else
            fprintf(out, " %8.5f", value);
    }
    fputc('\n', out);
}

/* --- What was replayed ------------------------------------------------------
 */

static void print_account(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    const struct replay_counts *counts = &view->replay->counts;
    char first[32], last[32];

    if (report->rows == 0)
        fprintf(out, "replay  no settled impressions in the range\n");
    else
        fprintf(out, "replay  %zu impressions from %s to %s\n", report->rows,
                replay_time(report->first_ms, 1, first),
                replay_time(report->last_ms, 1, last));
    fprintf(out,
            "left out  %zu without a settled label, %zu that a contender did "
            "not answer, "
            "%" PRIu64 " repeated, %" PRIu64 " bad\n",
            report->open, report->gone, counts->books.repeated,
            counts->bad_impressions);
    fprintf(out,
            "labels  %" PRIu64 " joined, %" PRIu64 " late, %" PRIu64
            " duplicate, %" PRIu64 " corrected, %" PRIu64
            " contradicted, %" PRIu64 " orphan, %" PRIu64 " bad\n",
            counts->books.joined, counts->books.late, counts->books.duplicate,
            counts->books.corrected, counts->books.contradicted,
            counts->books.orphan, counts->bad_labels);
    for (size_t c = 0; c < report->contenders; c++)
        if (view->replay->versions[c] > 0)
            fprintf(out, "version  %s is version %" PRIu64 "\n",
                    name_of(view, c), view->replay->versions[c]);
    if (counts->fieldless > 0)
        fprintf(out,
                "no number  %" PRIu64 " answers of a field: it is absent, or "
                "no number from 0 to 1\n",
                counts->fieldless);
    if (counts->expired > 0)
        fprintf(out,
                "expired  %zu partitions begin behind records that retention "
                "took\n",
                counts->expired);
    if (counts->disordered > 0)
        fprintf(out,
                "disordered  %" PRIu64 " impressions came after their window: "
                "was the history fed in the order of time?\n",
                counts->disordered);
    if (counts->events.skewed > 0)
        fprintf(out,
                "skewed  %" PRIu64 " events dated more than 30 minutes after "
                "their record: taken as of the record\n",
                counts->events.skewed);
    if (counts->live.recorded + counts->live.published > 0)
        fprintf(out,
                "live  %" PRIu64 " answers by recorded version, %" PRIu64
                " by time of publication, %" PRIu64 " gone\n",
                counts->live.recorded, counts->live.published,
                counts->live.gone);
}

/* --- Totals and differences -------------------------------------------------
 */

static void print_interval(FILE *out, struct interval interval)
{
    if (isnan(interval.low))
        fprintf(out, " %17s", "-");
    else
        fprintf(out, " %8.5f-%8.5f", interval.low, interval.high);
}

static void print_totals(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;

    fputc('\n', out);
    print_head(out, "contender");
    for (size_t c = 0; c < report->contenders; c++)
        print_figures(out, name_of(view, c), &report->totals[c]);
    fprintf(out, "\n%-24s %17s %17s %17s\n", "interval", titles[FIGURE_ENTROPY],
            titles[FIGURE_AUC], titles[FIGURE_CALIBRATION]);
    for (size_t c = 0; c < report->contenders; c++) {
        fprintf(out, "%-24.24s", name_of(view, c));
        print_interval(
            out, bootstrap_interval(report->bootstrap, c, FIGURE_ENTROPY));
        print_interval(out,
                       bootstrap_interval(report->bootstrap, c, FIGURE_AUC));
        print_interval(
            out, bootstrap_interval(report->bootstrap, c, FIGURE_CALIBRATION));
        fputc('\n', out);
    }
}

static void print_difference(const struct replay_view *view, FILE *out,
                             size_t a, size_t b)
{
    static const enum figure shown[] = {FIGURE_ENTROPY, FIGURE_LOGLOSS,
                                        FIGURE_AUC};
    const struct replay_report *report = view->report;
    char title[130];

    snprintf(title, sizeof(title), "%s - %s", name_of(view, a),
             name_of(view, b));
    fprintf(out, "%-32.32s", title);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        struct interval interval =
            bootstrap_difference(report->bootstrap, a, b, shown[i]);
        double difference = evaluation_figure(&report->totals[a], shown[i]) -
                            evaluation_figure(&report->totals[b], shown[i]);
        fprintf(out, " %9.5f [%8.5f %8.5f]", difference, interval.low,
                interval.high);
    }
    fputc('\n', out);
}

static void print_differences(const struct replay_view *view, FILE *out)
{
    if (view->report->contenders < 2)
        return;
    fprintf(out, "\n%-32s %29s %29s %29s\n", "difference, paired", "NE",
            "logloss", "AUC");
    for (size_t a = 0; a < view->report->contenders; a++)
        for (size_t b = a + 1; b < view->report->contenders; b++)
            print_difference(view, out, a, b);
}

/* --- Windows and slices -----------------------------------------------------
 */

static void print_windows(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    char start[32];

    fprintf(out, "\n%-17s %9s %7s ", "NE by window", "rows", "clicks");
    for (size_t c = 0; c < report->contenders; c++)
        fprintf(out, " %12.12s", name_of(view, c));
    fputc('\n', out);
    for (size_t i = 0; i < report->window_count; i++) {
        const struct replay_window *window = &report->windows[i];
        fprintf(out, "%-17s %9zu %7.4f ",
                replay_time(window->start_ms, report->window_ms, start),
                window->rows, window->figures[0].click_rate);
        for (size_t c = 0; c < report->contenders; c++)
            fprintf(out, " %12.5f", window->figures[c].normalised_entropy);
        fputc('\n', out);
    }
}

static size_t count_versions(const struct replay_report *report, size_t c)
{
    size_t count = 0;

    for (size_t i = 0; i < report->slice_count; i++)
        count += report->slices[i].contender == c &&
                 strcmp(report->slices[i].by, "version") == 0;
    return count;
}

static void print_slice(const struct replay_view *view, FILE *out,
                        const struct replay_slice *slice)
{
    char title[400];

    for (size_t c = 0; c < view->report->contenders; c++) {
        if (slice->contender != SIZE_MAX && slice->contender != c)
            continue;
        snprintf(title, sizeof(title), "%s=%s %s", slice->by, slice->value,
                 name_of(view, c));
        print_figures(out, title, &slice->figures[c]);
    }
}

static void print_slices(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;

    if (report->slice_count == 0)
        return;
    fputc('\n', out);
    print_head(out, "slice");
    for (size_t i = 0; i < report->slice_count; i++) {
        const struct replay_slice *slice = &report->slices[i];
        if (strcmp(slice->by, "version") == 0 && slice->contender != SIZE_MAX &&
            count_versions(report, slice->contender) > VERSIONS_SHOWN)
            continue;
        print_slice(view, out, slice);
    }
    for (size_t c = 0; c < report->contenders; c++)
        if (count_versions(report, c) > VERSIONS_SHOWN)
            fprintf(out, "%zu versions of %s: --json has them all\n",
                    count_versions(report, c), name_of(view, c));
}

void replay_print_tables(const struct replay_view *view, FILE *out)
{
    print_account(view, out);
    if (view->report->rows == 0)
        return;
    print_totals(view, out);
    print_differences(view, out);
    print_windows(view, out);
    print_slices(view, out);
}

/* --- Predictions ------------------------------------------------------------
 */

static void print_row(const struct replay_log *log, size_t row, FILE *out)
{
    const struct replay_answer *answers = replay_log_answers(log, row);

    fprintf(out, "%" PRId32 ",%" PRId64 ",%" PRId64 ",", log->partition[row],
            log->offset[row], log->ts_ms[row]);
    if (!isnan(log->label[row]))
        fprintf(out, "%.9g", (double)log->label[row]);
    for (size_t c = 0; c < log->config.contenders; c++) {
        if (isnan(answers[c].p))
            fputs(",,,", out);
        else
            fprintf(out, ",%.17g,%" PRIu32 ",%s", answers[c].p,
                    answers[c].version, basis_name(answers[c].basis));
    }
    fputc('\n', out);
}

void replay_print_predictions(const struct replay_view *view, FILE *out)
{
    const struct replay_log *log = view->replay->log;

    fputs("partition,offset,ts,label", out);
    for (size_t c = 0; c < log->config.contenders; c++)
        fprintf(out, ",\"%s.p\",\"%s.version\",\"%s.basis\"", name_of(view, c),
                name_of(view, c), name_of(view, c));
    fputc('\n', out);
    for (size_t row = 0; row < log->count; row++)
        print_row(log, row, out);
}
