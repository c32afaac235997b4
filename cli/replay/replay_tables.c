/*
 * replay_tables.c - a replay on the terminal.
 *
 * No line is longer than LINE_WIDTH but by a long name of a contender: a
 * name that does not fit its column has a line of its own.
 */
#include "cli/replay/replay_view.h"

#include "common/base/clock.h"
#include "common/base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    LINE_WIDTH = 80,
    NAME_WIDTH = 15,
    SLICE_WIDTH = 22,
    PAIR_WIDTH = 25,
    WINDOW_CONTENDERS = 5, /* side by side */
    VERSIONS_SHOWN = 20,
    DAY_MS = 86400000,
};

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

void replay_rank(const struct replay_report *report,
                 size_t order[CONTENDERS_MAX])
{
    for (size_t c = 0; c < report->contenders; c++) {
        double entropy = report->totals[c].normalised_entropy;
        size_t at = c;
        while (at > 0 &&
               replay_is_better(
                   FIGURE_ENTROPY, entropy,
                   report->totals[order[at - 1]].normalised_entropy)) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = c;
    }
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

/* Prints the first column. A title that does not fit has a line of its own. */
static void print_title(FILE *out, const char *title, int width)
{
    if (strlen(title) > (size_t)width)
        fprintf(out, "%s\n%*s", title, width, "");
    else
        fprintf(out, "%-*s", width, title);
}

/* Tables of slices have longer names, and leave MAE out. */
static bool is_shown(int figure, int width)
{
    return figure != FIGURE_MAE || width < SLICE_WIDTH;
}

static int figure_width(int figure)
{
    return figure == FIGURE_LOGLOSS ? (int)strlen(titles[figure]) : 6;
}

static void print_head(FILE *out, const char *first, int width)
{
    fprintf(out, "\n%-*s %7s %6s", width, first, "rows", "clicks");
    for (int f = 0; f < FIGURE_COUNT; f++)
        if (is_shown(f, width))
            fprintf(out, " %*s", figure_width(f), titles[f]);
    fputc('\n', out);
}

static void print_figure(FILE *out, double value, int width)
{
    if (isnan(value))
        fprintf(out, " %*s", width, "-");
    else
        fprintf(out, " %*.*f", width, value < 10 ? 4 : 3, value);
}

static void print_figures(FILE *out, const char *first, int width,
                          const struct evaluation *figures)
{
    print_title(out, first, width);
    fprintf(out, " %7zu %6.4f", figures->rows, figures->click_rate);
    for (int f = 0; f < FIGURE_COUNT; f++)
        if (is_shown(f, width))
            print_figure(out, evaluation_figure(figures, (enum figure)f),
                         figure_width(f));
    fputc('\n', out);
}

/* --- What was replayed ------------------------------------------------ */

struct count {
    uint64_t count;
    const char *what;
};

uint64_t replay_bad_rows(const struct replay_view *view)
{
    const struct replay_counts *counts = &view->replay->counts;

    return replay_joins(view->config) ? counts->bad_impressions
                                      : counts->bad_labels;
}

/* Prints the counts on as many lines as they need. */
static void print_counts(FILE *out, const char *title,
                         const struct count *counts, size_t n)
{
    int indent = fprintf(out, "%s  ", title), at = indent;

    for (size_t i = 0; i < n; i++) {
        char text[80];
        int length =
            snprintf(text, sizeof(text), "%s%" PRIu64 " %s%s", i > 0 ? " " : "",
                     counts[i].count, counts[i].what, i + 1 < n ? "," : "");
        if (at + length > LINE_WIDTH)
            at = fprintf(out, "\n%*s", indent - 1, "");
        at += fprintf(out, "%s", text);
    }
    fputc('\n', out);
}

static void print_labels(const struct replay_counts *counts, FILE *out)
{
    const struct count labels[] = {
        {counts->books.joined, "joined"},
        {counts->books.late, "late"},
        {counts->books.duplicate, "duplicate"},
        {counts->books.corrected, "corrected"},
        {counts->books.contradicted, "contradicted"},
        {counts->books.orphan, "orphan"},
        {counts->books.waiting, "still waiting for their impression"},
        {counts->bad_labels, "bad"},
    };

    print_counts(out, "labels", labels, 8);
}

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
    const struct count left_out[] = {
        {report->open, "without a settled label"},
        {report->gone, "that a contender did not answer"},
        {counts->books.repeated, "repeated"},
        {replay_bad_rows(view), "bad"},
    };
    print_counts(out, "left out", left_out, 4);
    if (replay_joins(view->config))
        print_labels(counts, out);
    for (size_t c = 0; c < report->contenders; c++)
        if (view->replay->versions[c] > 0)
            fprintf(out, "version  %s is version %" PRIu64 "\n",
                    replay_name(view, c), view->replay->versions[c]);
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
                "disordered  %" PRIu64 " impressions came after their window:\n"
                "            was the history fed in the order of time?\n",
                counts->disordered);
    if (counts->events.odd[ODD_SKEWED] > 0)
        fprintf(out,
                "skewed  %" PRIu64 " events dated more than 30 minutes after "
                "their record:\n        taken as of the record\n",
                counts->events.odd[ODD_SKEWED]);
    if (counts->live.recorded + counts->live.published > 0)
        fprintf(out,
                "live  %" PRIu64 " answers by recorded version, %" PRIu64
                " by time of publication,\n      %" PRIu64 " gone\n",
                counts->live.recorded, counts->live.published,
                counts->live.gone);
}

/* --- Totals and differences ------------------------------------------- */

static void print_interval(FILE *out, struct interval interval)
{
    if (isnan(interval.low))
        fprintf(out, " %15s", "-");
    else
        fprintf(out, "   %6.4f-%6.4f", interval.low, interval.high);
}

static void print_totals(const struct replay_view *view, FILE *out)
{
    static const enum figure shown[] = {FIGURE_ENTROPY, FIGURE_AUC,
                                        FIGURE_LOGLOSS, FIGURE_CALIBRATION};
    const struct replay_report *report = view->report;

    print_head(out, "contender", NAME_WIDTH);
    for (size_t c = 0; c < report->contenders; c++)
        print_figures(out, replay_name(view, c), NAME_WIDTH,
                      &report->totals[c]);
    fprintf(out, "\n%-*s", NAME_WIDTH, "interval");
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        fprintf(out, " %15s", titles[shown[i]]);
    fputc('\n', out);
    for (size_t c = 0; c < report->contenders; c++) {
        print_title(out, replay_name(view, c), NAME_WIDTH);
        for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
            print_interval(out,
                           bootstrap_interval(report->bootstrap, c, shown[i]));
        fputc('\n', out);
    }
}

/* Leaves the difference of log-loss out: it is the difference of NE times a
 * number that all contenders share. */
static void print_difference(const struct replay_view *view, FILE *out,
                             size_t a, size_t b)
{
    static const enum figure shown[] = {FIGURE_ENTROPY, FIGURE_AUC};
    const struct replay_report *report = view->report;
    char title[160];

    snprintf(title, sizeof(title), "%s - %s", replay_name(view, a),
             replay_name(view, b));
    print_title(out, title, PAIR_WIDTH);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        struct interval interval =
            bootstrap_difference(report->bootstrap, a, b, shown[i]);
        double difference = evaluation_figure(&report->totals[a], shown[i]) -
                            evaluation_figure(&report->totals[b], shown[i]);
        if (isnan(difference))
            fprintf(out, " %25s", "-");
        else
            fprintf(out, " %+.4f [%+.4f %+.4f]", difference, interval.low,
                    interval.high);
    }
    fputc('\n', out);
}

static void print_differences(const struct replay_view *view, FILE *out)
{
    if (view->report->contenders < 2)
        return;
    fprintf(out, "\n%-*s %25s %25s\n", PAIR_WIDTH, "difference, paired", "NE",
            "AUC");
    for (size_t a = 0; a < view->report->contenders; a++)
        for (size_t b = a + 1; b < view->report->contenders; b++)
            print_difference(view, out, a, b);
}

/* --- Windows and slices ----------------------------------------------- */

static void print_windows(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    size_t shown = report->contenders < WINDOW_CONTENDERS ? report->contenders
                                                          : WINDOW_CONTENDERS;
    char start[32];

    fprintf(out, "\n%-16s %7s %6s", "NE by window", "rows", "clicks");
    for (size_t c = 0; c < shown; c++)
        fprintf(out, " %8.8s", replay_name(view, c));
    fputc('\n', out);
    for (size_t i = 0; i < report->window_count; i++) {
        const struct replay_window *window = &report->windows[i];
        fprintf(out, "%-16s %7zu %6.4f",
                replay_time(window->start_ms, report->window_ms, start),
                window->rows, window->figures[0].click_rate);
        for (size_t c = 0; c < shown; c++)
            print_figure(out, window->figures[c].normalised_entropy, 8);
        fputc('\n', out);
    }
    if (shown < report->contenders)
        fprintf(out, "%zu more contenders: --json and --html have them all\n",
                report->contenders - shown);
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
    char value[UTF8_PRINT_SIZE(sizeof(slice->value))];
    char title[sizeof(value) + 160];

    utf8_print(slice->value, slice->value_size, value);
    for (size_t c = 0; c < view->report->contenders; c++) {
        if (slice->contender != SIZE_MAX && slice->contender != c)
            continue;
        snprintf(title, sizeof(title), "%s=%s %s", slice->by, value,
                 replay_name(view, c));
        print_figures(out, title, SLICE_WIDTH, &slice->figures[c]);
    }
}

static void print_slices(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;

    if (report->slice_count == 0)
        return;
    print_head(out, "slice", SLICE_WIDTH);
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
                    count_versions(report, c), replay_name(view, c));
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
