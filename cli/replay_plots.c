#include "cli/replay_plots.h"
#include "cli/svg_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { TIPS_MAX = 2000, SWAP_ROW = 12 };

static const char *const titles[FIGURE_COUNT] = {
    [FIGURE_RMSE] = "RMSE",
    [FIGURE_MAE] = "MAE",
    [FIGURE_LOGLOSS] = "log-loss",
    [FIGURE_ENTROPY] = "normalised entropy",
    [FIGURE_AUC] = "AUC",
    [FIGURE_CALIBRATION] = "predicted / actual clicks",
    [FIGURE_ECE] = "calibration error",
};

static const char *name_of(const struct replay_view *view, size_t contender)
{
    return view->config->contenders[contender].name;
}

/* "s2 k2 more" */
static const char *series(char out[64], size_t contender, const char *more)
{
    snprintf(out, 64, "s%zu k%zu %s", contender % 8, contender, more);
    return out;
}

static double middle_ms(const struct replay_view *view, size_t window)
{
    const struct replay_report *report = view->report;

    return (double)report->windows[window].start_ms +
           (double)report->window_ms / 2;
}

static void span_time(const struct replay_view *view, struct svg_plot *plot)
{
    const struct replay_report *report = view->report;

    plot->x_low = (double)report->windows[0].start_ms;
    plot->x_high = (double)(report->windows[report->window_count - 1].start_ms +
                            report->window_ms);
}

/* --- A figure over time -----------------------------------------------------
 */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* A few wild windows do not press all others flat. */
static void span_figure(const struct replay_view *view, enum figure figure,
                        struct svg_plot *plot)
{
    const struct replay_report *report = view->report;
    size_t n = 0, room = report->window_count * report->contenders;
    double *values = malloc((room + 1) * sizeof(*values));

    plot->y_low = 0;
    plot->y_high = 1;
    if (!values)
        return;
    for (size_t i = 0; i < room; i++) {
        double value =
            evaluation_figure(&report->windows[i / report->contenders]
                                   .figures[i % report->contenders],
                              figure);
        if (isfinite(value))
            values[n++] = value;
    }
    if (n > 0) {
        qsort(values, n, sizeof(*values), by_value);
        double low = values[n * 2 / 100], high = values[n - 1 - n * 2 / 100];
        double pad = (high - low) * 0.08 + 1e-6;
        plot->y_low = low - pad;
        plot->y_high = high + pad;
    }
    free(values);
}

static void draw_tip(const struct replay_view *view,
                     const struct svg_plot *plot, enum figure figure,
                     size_t window, size_t contender)
{
    const struct replay_report *report = view->report;
    const struct replay_window *at = &report->windows[window];
    double value = evaluation_figure(&at->figures[contender], figure);
    char tip[200], start[32], classes[64];

    snprintf(tip, sizeof(tip), "%s, from %s\n%s %.5f\n%zu impressions",
             name_of(view, contender),
             replay_time(at->start_ms, report->window_ms, start),
             titles[figure], value, at->rows);
    svg_dot(plot, middle_ms(view, window), value, 4,
            series(classes, contender, "tip"), tip);
}

static void draw_figure(const struct replay_view *view,
                        const struct svg_plot *plot, enum figure figure,
                        size_t contender)
{
    const struct replay_report *report = view->report;
    size_t n = report->window_count;
    double *points = malloc((2 * n + 1) * sizeof(*points));
    char classes[64];

    if (!points)
        return;
    for (size_t i = 0; i < n; i++) {
        points[i] = middle_ms(view, i);
        points[n + i] =
            evaluation_figure(&report->windows[i].figures[contender], figure);
    }
    svg_line(plot, points, points + n, n, series(classes, contender, ""));
    free(points);
    if (n * report->contenders <= TIPS_MAX)
        for (size_t i = 0; i < n; i++)
            draw_tip(view, plot, figure, i, contender);
}

/* A row of ticks for each contender that swapped at all. */
static void draw_swaps(const struct replay_view *view,
                       const struct svg_plot *plot, size_t contender,
                       double *row)
{
    const struct replay_log *log = view->replay->log;
    char classes[64];
    bool any = false;

    series(classes, contender, "swap");
    for (size_t i = 0; i < log->swap_count; i++) {
        const struct replay_swap *swap = &log->swaps[i];
        double x = svg_x(plot, (double)swap->ts_ms);
        if (swap->contender != contender || x < plot->left)
            continue;
        fprintf(plot->out,
                "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" "
                "y2=\"%.0f\"><title>",
                classes, x, x, *row, *row + SWAP_ROW - 4);
        html_text(plot->out, name_of(view, contender));
        fprintf(plot->out, ": version %" PRIu32 "</title></line>\n",
                swap->version);
        any = true;
    }
    *row += any ? SWAP_ROW : 0;
}

void replay_plot_time(const struct replay_view *view, enum figure figure,
                      FILE *out)
{
    const size_t contenders = view->report->contenders;
    char id[32];
    struct svg_plot plot = {
        .out = out, .id = id, .width = 960, .left = 64, .right = 16, .top = 12};
    double row = 300;

    plot.bottom = 34 + SWAP_ROW * (int)contenders;
    plot.height = 266 + plot.bottom;
    snprintf(id, sizeof(id), "time%d", (int)figure);
    span_time(view, &plot);
    span_figure(view, figure, &plot);
    svg_open(&plot, titles[figure]);
    svg_axis_time(&plot);
    svg_axis_y(&plot, titles[figure]);
    if (figure == FIGURE_ENTROPY || figure == FIGURE_CALIBRATION)
        svg_segment(&plot, plot.x_low, 1, plot.x_high, 1, "even");
    for (size_t c = 0; c < contenders; c++)
        draw_figure(view, &plot, figure, c);
    for (size_t c = 0; c < contenders; c++)
        draw_swaps(view, &plot, c, &row);
    svg_close(&plot);
}

void replay_plot_traffic(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    struct svg_plot plot = {.out = out,
                            .id = "traffic",
                            .width = 960,
                            .height = 130,
                            .left = 64,
                            .right = 16,
                            .top = 8,
                            .bottom = 26};
    double most = 1;

    span_time(view, &plot);
    for (size_t i = 0; i < report->window_count; i++)
        most = fmax(most, (double)report->windows[i].rows);
    plot.y_high = most * 1.05;
    svg_open(&plot, "impressions and clicks by window");
    svg_axis_time(&plot);
    svg_axis_y(&plot, "impressions");
    for (size_t i = 0; i < report->window_count; i++) {
        const struct replay_window *window = &report->windows[i];
        double start = (double)window->start_ms;
        double end = start + 0.86 * (double)report->window_ms;
        double rows = (double)window->rows;
        svg_bar(&plot, start, end, 0, rows, "others");
        svg_bar(&plot, start, end, 0, rows * window->figures[0].click_rate,
                "clicks");
    }
    svg_close(&plot);
}

/* --- Plots of one contender -------------------------------------------------
 */

bool replay_plots_are_wide(const struct replay_view *view)
{
    const size_t contenders = view->report->contenders;

    return contenders <= 2 || contenders == 4;
}

static int plot_width(const struct replay_view *view)
{
    return replay_plots_are_wide(view) ? 490 : 330;
}

/* --- Reliability ------------------------------------------------------------
 */

/* One scale for all contenders, as far as any bin goes. */
static double reliability_end(const struct replay_report *report)
{
    double end = 0.02;

    for (size_t c = 0; c < report->contenders; c++)
        for (size_t i = 0; i < report->curves[c].bin_count; i++)
            end = fmax(end, fmax(report->curves[c].bins[i].high,
                                 report->curves[c].bins[i].predicted));
    return fmin(end * 1.04, 1);
}

static void draw_bin(const struct svg_plot *plot,
                     const struct reliability_bin *bin, size_t contender)
{
    char classes[64], tip[160];

    svg_segment(plot, bin->predicted, bin->low, bin->predicted, bin->high,
                series(classes, contender, "whisker"));
    snprintf(tip, sizeof(tip),
             "predicted %.4f\nclicked %.4f (%.4f to %.4f)\n%zu impressions",
             bin->predicted, bin->click_rate, bin->low, bin->high, bin->rows);
    svg_dot(plot, bin->predicted, bin->click_rate, 4,
            series(classes, contender, "dot"), tip);
}

/* How many impressions are where, along the lower edge. */
static void draw_counts(const struct svg_plot *plot,
                        const struct curves *curves, size_t contender)
{
    double most = 1, tall = (plot->y_high - plot->y_low) * 0.18;
    char classes[64];

    for (size_t i = 0; i < SCORE_BINS; i++)
        most = fmax(most, curves->clicks[i] + curves->others[i]);
    for (size_t i = 0; i < SCORE_BINS; i++) {
        double count = curves->clicks[i] + curves->others[i];
        if (count > 0)
            svg_bar(plot, (double)i / SCORE_BINS, (double)(i + 1) / SCORE_BINS,
                    0, tall * count / most,
                    series(classes, contender, "count"));
    }
}

void replay_plot_reliability(const struct replay_view *view, size_t contender,
                             FILE *out)
{
    const struct curves *curves = &view->report->curves[contender];
    double end = reliability_end(view->report);
    char id[32], classes[64];
    struct svg_plot plot = {.out = out,
                            .id = id,
                            .width = plot_width(view),
                            .height = 300,
                            .left = 52,
                            .right = 12,
                            .top = 10,
                            .bottom = 42,
                            .x_high = end,
                            .y_high = end};
    double xs[RELIABILITY_BINS], ys[RELIABILITY_BINS];

    snprintf(id, sizeof(id), "reliability%zu", contender);
    svg_open(&plot, "reliability diagram");
    svg_axis_x(&plot, "predicted click rate");
    svg_axis_y(&plot, "click rate");
    draw_counts(&plot, curves, contender);
    svg_segment(&plot, 0, 0, end, end, "even");
    for (size_t i = 0; i < curves->bin_count; i++) {
        xs[i] = curves->bins[i].predicted;
        ys[i] = curves->bins[i].click_rate;
    }
    svg_line(&plot, xs, ys, curves->bin_count,
             series(classes, contender, "thin"));
    for (size_t i = 0; i < curves->bin_count; i++)
        draw_bin(&plot, &curves->bins[i], contender);
    svg_close(&plot);
}

/* --- Scores and ROC ---------------------------------------------------------
 */

void replay_plot_scores(const struct replay_view *view, size_t contender,
                        FILE *out)
{
    const struct curves *curves = &view->report->curves[contender];
    char id[32];
    struct svg_plot plot = {.out = out,
                            .id = id,
                            .width = plot_width(view),
                            .height = 220,
                            .left = 52,
                            .right = 12,
                            .top = 10,
                            .bottom = 42,
                            .x_high = 1};
    double rows = (double)view->report->rows, most = 0;

    for (size_t i = 0; i < SCORE_BINS; i++)
        most = fmax(most, (curves->clicks[i] + curves->others[i]) / rows);
    plot.y_high = 100 * most * 1.05 + 1e-9;
    snprintf(id, sizeof(id), "scores%zu", contender);
    svg_open(&plot, "distribution of scores");
    svg_axis_x(&plot, "predicted click rate");
    svg_axis_y(&plot, "% of impressions");
    for (size_t i = 0; i < SCORE_BINS; i++) {
        double left = (double)i / SCORE_BINS, right = left + 0.86 / SCORE_BINS;
        double clicks = 100 * curves->clicks[i] / rows;
        double others = 100 * curves->others[i] / rows;
        if (clicks + others > 0) {
            svg_bar(&plot, left, right, 0, clicks + others, "others");
            svg_bar(&plot, left, right, 0, clicks, "clicks");
        }
    }
    svg_close(&plot);
}

void replay_plot_roc(const struct replay_view *view, FILE *out)
{
    struct svg_plot plot = {.out = out,
                            .id = "roc",
                            .width = 460,
                            .height = 440,
                            .left = 52,
                            .right = 12,
                            .top = 10,
                            .bottom = 42,
                            .x_high = 1,
                            .y_high = 1};
    char classes[64];

    svg_open(&plot, "ROC curves");
    svg_axis_x(&plot, "share of non-clicks above the threshold");
    svg_axis_y(&plot, "share of clicks above the threshold");
    svg_segment(&plot, 0, 0, 1, 1, "even");
    for (size_t c = 0; c < view->report->contenders; c++) {
        const struct curves *curves = &view->report->curves[c];
        double xs[ROC_POINTS_MAX], ys[ROC_POINTS_MAX];
        for (size_t i = 0; i < curves->roc_count; i++) {
            xs[i] = curves->roc[i].false_rate;
            ys[i] = curves->roc[i].true_rate;
        }
        svg_line(&plot, xs, ys, curves->roc_count, series(classes, c, ""));
    }
    svg_close(&plot);
}

/* --- Intervals --------------------------------------------------------------
 */

void replay_plot_interval(const struct replay_view *view, enum figure figure,
                          size_t contender, FILE *out)
{
    const struct replay_report *report = view->report;
    char id[32], classes[64];
    struct svg_plot plot = {.out = out,
                            .id = id,
                            .width = 150,
                            .height = 22,
                            .left = 6,
                            .right = 6,
                            .y_high = 1,
                            .x_low = INFINITY,
                            .x_high = -INFINITY};

    for (size_t c = 0; c < report->contenders; c++) {
        struct interval interval =
            bootstrap_interval(report->bootstrap, c, figure);
        plot.x_low = fmin(plot.x_low, interval.low);
        plot.x_high = fmax(plot.x_high, interval.high);
    }
    if (!(plot.x_low < plot.x_high) || !isfinite(plot.x_high - plot.x_low))
        return;
    double pad = 0.05 * (plot.x_high - plot.x_low);
    plot.x_low -= pad;
    plot.x_high += pad;
    struct interval mine =
        bootstrap_interval(report->bootstrap, contender, figure);
    snprintf(id, sizeof(id), "interval%d-%zu", (int)figure, contender);
    svg_open(&plot, "interval");
    svg_segment(&plot, mine.low, 0.5, mine.high, 0.5,
                series(classes, contender, "range"));
    svg_dot(&plot, evaluation_figure(&report->totals[contender], figure), 0.5,
            4, series(classes, contender, "dot"), NULL);
    svg_close(&plot);
}
