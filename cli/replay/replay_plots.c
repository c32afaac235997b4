#include "cli/replay/replay_plots.h"

#include "cli/replay/html_text.h"
#include "cli/replay/page_text.h"
#include "cli/replay/svg_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum {
    BARS = 40, /* of a distribution, about */
    TITLE_SIZE = 256,
    TIP_SIZE = 2048,
    SWAP_ROW = 14,    /* pixels of the ticks of a contender's swaps */
    SMOOTH_FROM = 30, /* windows; fewer are read one by one */
};

static const char *name_of(const struct replay_view *view, size_t contender)
{
    return view->config->contenders[contender].name;
}

/* --- Plots of one contender ------------------------------------------- */

bool replay_plots_are_wide(const struct replay_view *view)
{
    const size_t contenders = view->report->contenders;

    return contenders <= 2 || contenders == 4;
}

static int plot_width(const struct replay_view *view)
{
    return replay_plots_are_wide(view) ? 490 : 330;
}

/* A frame with room for both axes, which begin at 0. */
static struct svg_plot frame(const char *id, int width, int height, FILE *out)
{
    return (struct svg_plot){.out = out,
                             .id = id,
                             .width = width,
                             .height = height,
                             .left = 58,
                             .right = 20,
                             .top = 10,
                             .bottom = 42};
}

/* --- Reliability ------------------------------------------------------ */

/* Returns the end of the scale that all contenders share: no bin of any of them
 * is beyond it. */
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
    char classes[SVG_CLASSES_SIZE], tip[160];

    double predicted = 100 * bin->predicted, clicked = 100 * bin->click_rate;

    svg_segment(plot, predicted, 100 * bin->low, predicted, 100 * bin->high,
                svg_series(classes, contender, "whisker"));
    snprintf(tip, sizeof(tip),
             "predicted %.2f %%\nclicked %.2f %% (%.2f to %.2f)\n"
             "%zu impressions",
             predicted, clicked, 100 * bin->low, 100 * bin->high, bin->rows);
    svg_dot(plot, predicted, clicked, 4, svg_series(classes, contender, "dot"),
            tip);
}

/* Returns the impressions of `group` bins, `first` being the first of them. */
static double sum_bins(const double *bins, size_t first, size_t group)
{
    double sum = 0;

    for (size_t i = first; i < first + group && i < SCORE_BINS; i++)
        sum += bins[i];
    return sum;
}

/* Draws along the lower edge how many impressions have which prediction. */
static void draw_counts(const struct svg_plot *plot,
                        const struct curves *curves, size_t contender)
{
    size_t group = (size_t)fmax(plot->x_high / 100 * SCORE_BINS / BARS, 1);
    double counts[SCORE_BINS], most = 1;
    double tall = (plot->y_high - plot->y_low) * 0.18;
    char classes[SVG_CLASSES_SIZE];

    for (size_t i = 0; i < SCORE_BINS; i += group) {
        counts[i] = sum_bins(curves->clicks, i, group) +
                    sum_bins(curves->others, i, group);
        most = fmax(most, counts[i]);
    }
    for (size_t i = 0; i < SCORE_BINS; i += group)
        if (counts[i] > 0)
            svg_bar(plot, 100.0 * (double)i / SCORE_BINS,
                    100.0 * (double)(i + group) / SCORE_BINS, 0,
                    tall * counts[i] / most,
                    svg_series(classes, contender, "count"));
}

void replay_plot_reliability(const struct replay_view *view, size_t contender,
                             FILE *out)
{
    const struct curves *curves = &view->report->curves[contender];
    double end = 100 * reliability_end(view->report);
    char id[32], title[TITLE_SIZE], classes[SVG_CLASSES_SIZE];
    struct svg_plot plot = frame(id, plot_width(view), 300, out);
    double xs[RELIABILITY_BINS], ys[RELIABILITY_BINS];

    plot.x_high = plot.y_high = end;
    snprintf(id, sizeof(id), "reliability%zu", contender);
    snprintf(title, sizeof(title), "Reliability of %s",
             name_of(view, contender));
    svg_open(&plot, title);
    svg_axis_x(&plot, "predicted click rate, %");
    svg_axis_y(&plot, "clicked, %");
    draw_counts(&plot, curves, contender);
    svg_segment(&plot, 0, 0, end, end, "even");
    for (size_t i = 0; i < curves->bin_count; i++) {
        xs[i] = 100 * curves->bins[i].predicted;
        ys[i] = 100 * curves->bins[i].click_rate;
    }
    svg_line(&plot, xs, ys, curves->bin_count,
             svg_series(classes, contender, "thin"));
    for (size_t i = 0; i < curves->bin_count; i++)
        draw_bin(&plot, &curves->bins[i], contender);
    svg_close(&plot);
}

/* --- Scores and ROC --------------------------------------------------- */

struct bars {
    size_t group, count; /* bins to a bar */
};

/* Returns the number of bins that hold nearly all of every contender's
 * impressions. */
static size_t bins_used(const struct replay_report *report)
{
    double spare = 0.005 * (double)report->rows;
    size_t used = 1;

    for (size_t c = 0; c < report->contenders; c++) {
        const struct curves *curves = &report->curves[c];
        double above = 0;
        size_t i = SCORE_BINS;
        while (i > used) {
            above += curves->clicks[i - 1] + curves->others[i - 1];
            if (above > spare)
                used = i;
            else
                i--;
        }
    }
    return used;
}

static struct bars choose_bars(const struct replay_report *report)
{
    static const size_t groups[] = {1, 2, 5, 10, 20, SCORE_BINS / BARS};
    size_t used = bins_used(report), i = 0;

    while (used > groups[i] * BARS)
        i++;
    return (struct bars){groups[i], (used + groups[i] - 1) / groups[i]};
}

/* Returns the height of a bar in % of the impressions. The last bar has all
 * impressions above it, too. */
static double bar_height(const struct replay_view *view, const double *bins,
                         struct bars bars, size_t bar)
{
    size_t first = bar * bars.group;
    size_t group = bar + 1 == bars.count ? SCORE_BINS : bars.group;

    return 100 * sum_bins(bins, first, group) / (double)view->report->rows;
}

static double highest_bar(const struct replay_view *view, struct bars bars)
{
    double most = 0;

    for (size_t c = 0; c < view->report->contenders; c++) {
        const struct curves *curves = &view->report->curves[c];
        for (size_t i = 0; i < bars.count; i++)
            most = fmax(most, bar_height(view, curves->clicks, bars, i) +
                                  bar_height(view, curves->others, bars, i));
    }
    return most;
}

static void draw_bar(const struct replay_view *view,
                     const struct svg_plot *plot, const struct curves *curves,
                     struct bars bars, size_t bar)
{
    double wide = 100.0 * (double)bars.group / SCORE_BINS;
    double left = (double)bar * wide, right = left + wide;
    double clicks = bar_height(view, curves->clicks, bars, bar);
    double all = clicks + bar_height(view, curves->others, bars, bar);
    char tip[160];

    if (all <= 0)
        return;
    svg_bar(plot, left, left + 0.86 * wide, 0, all, "others");
    svg_bar(plot, left, left + 0.86 * wide, 0, clicks, "clicks");
    snprintf(tip, sizeof(tip),
             "predicted %g to %g %%\n%.2f %% of the impressions, %.2f %% of "
             "them clicked",
             left, bar + 1 == bars.count ? 100 : right, all,
             100 * clicks / all);
    svg_column(plot, left, right, "slot", tip);
}

void replay_plot_scores(const struct replay_view *view, size_t contender,
                        FILE *out)
{
    struct bars bars = choose_bars(view->report);
    char id[32], title[TITLE_SIZE];
    struct svg_plot plot = frame(id, plot_width(view), 220, out);

    plot.x_high = 100.0 * (double)(bars.count * bars.group) / SCORE_BINS;
    plot.y_high = 1.05 * highest_bar(view, bars) + 1e-9;
    snprintf(id, sizeof(id), "scores%zu", contender);
    snprintf(title, sizeof(title), "Scores of %s", name_of(view, contender));
    svg_open(&plot, title);
    svg_axis_x(&plot, "predicted click rate, %");
    svg_axis_y(&plot, "impressions, %");
    for (size_t i = 0; i < bars.count; i++)
        draw_bar(view, &plot, &view->report->curves[contender], bars, i);
    svg_close(&plot);
}

void replay_plot_roc(const struct replay_view *view, FILE *out)
{
    struct svg_plot plot = frame("roc-curves", 460, 440, out);
    char classes[SVG_CLASSES_SIZE];

    plot.x_high = plot.y_high = 100;
    svg_open(&plot, "ROC curves");
    svg_axis_x(&plot, "non-clicks above the threshold, %");
    svg_axis_y(&plot, "clicks above the threshold, %");
    svg_segment(&plot, 0, 0, 100, 100, "even");
    for (size_t c = 0; c < view->report->contenders; c++) {
        const struct curves *curves = &view->report->curves[c];
        double xs[ROC_POINTS_MAX], ys[ROC_POINTS_MAX];
        for (size_t i = 0; i < curves->roc_count; i++) {
            xs[i] = 100 * curves->roc[i].false_rate;
            ys[i] = 100 * curves->roc[i].true_rate;
        }
        svg_line(&plot, xs, ys, curves->roc_count, svg_series(classes, c, ""));
    }
    svg_close(&plot);
}

/* --- Intervals -------------------------------------------------------- */

/* Chooses a scale that holds all intervals. */
static bool span_intervals(struct svg_plot *plot,
                           const struct interval *intervals, size_t n)
{
    plot->x_low = INFINITY;
    plot->x_high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        plot->x_low = fmin(plot->x_low, intervals[i].low);
        plot->x_high = fmax(plot->x_high, intervals[i].high);
    }
    double pad = 0.05 * (plot->x_high - plot->x_low);
    plot->x_low -= pad;
    plot->x_high += pad;
    return pad > 0 && isfinite(pad);
}

static void draw_interval(const struct svg_plot *plot, const char *title,
                          struct interval interval, double value,
                          size_t contender)
{
    char classes[SVG_CLASSES_SIZE];

    svg_open(plot, title);
    if (plot->x_low < 0 && plot->x_high > 0)
        svg_segment(plot, 0, 0, 0, 1, "even");
    svg_segment(plot, interval.low, 0.5, interval.high, 0.5,
                svg_series(classes, contender, "range"));
    svg_dot(plot, value, 0.5, 4, svg_series(classes, contender, "dot"), NULL);
    svg_close(plot);
}

void replay_plot_interval(const struct replay_view *view, enum figure figure,
                          size_t contender, FILE *out)
{
    const struct replay_report *report = view->report;
    struct interval intervals[CONTENDERS_MAX];
    char id[32], title[TITLE_SIZE];
    struct svg_plot plot = {.out = out,
                            .id = id,
                            .width = 110,
                            .height = 22,
                            .left = 6,
                            .right = 6,
                            .y_high = 1};

    for (size_t c = 0; c < report->contenders; c++)
        intervals[c] = bootstrap_interval(report->bootstrap, c, figure);
    if (!span_intervals(&plot, intervals, report->contenders))
        return;
    snprintf(id, sizeof(id), "interval%d-%zu", (int)figure, contender);
    snprintf(title, sizeof(title), "%s: %.5f to %.5f", name_of(view, contender),
             intervals[contender].low, intervals[contender].high);
    draw_interval(&plot, title, intervals[contender],
                  evaluation_figure(&report->totals[contender], figure),
                  contender);
}

void replay_plot_difference(const struct replay_view *view, enum figure figure,
                            size_t first, size_t second, FILE *out)
{
    const struct replay_report *report = view->report;
    struct interval intervals[CONTENDERS_MAX + 1];
    char id[48], title[TITLE_SIZE];
    struct svg_plot plot = {.out = out,
                            .id = id,
                            .width = 150,
                            .height = 22,
                            .left = 6,
                            .right = 6,
                            .y_high = 1};

    for (size_t c = 0; c < report->contenders; c++)
        intervals[c] =
            bootstrap_difference(report->bootstrap, first, c, figure);
    intervals[report->contenders] = (struct interval){0, 0};
    if (!span_intervals(&plot, intervals, report->contenders + 1))
        return;
    snprintf(id, sizeof(id), "difference%d-%zu-%zu", (int)figure, first,
             second);
    snprintf(title, sizeof(title), "%s minus %s: %.5f to %.5f",
             name_of(view, first), name_of(view, second), intervals[second].low,
             intervals[second].high);
    draw_interval(&plot, title, intervals[second],
                  evaluation_figure(&report->totals[first], figure) -
                      evaluation_figure(&report->totals[second], figure),
                  second);
}

/* --- Over time -------------------------------------------------------- */

static const char *const titles[FIGURE_COUNT] = {
    [FIGURE_RMSE] = "RMSE",
    [FIGURE_MAE] = "MAE",
    [FIGURE_LOGLOSS] = "log-loss",
    [FIGURE_ENTROPY] = "normalised entropy",
    [FIGURE_AUC] = "AUC",
    [FIGURE_CALIBRATION] = "predicted / actual clicks",
    [FIGURE_ECE] = "calibration error",
};

static void span_time(const struct replay_view *view, struct svg_plot *plot)
{
    const struct replay_report *report = view->report;

    plot->x_low = (double)report->windows[0].start_ms;
    plot->x_high = (double)(report->windows[report->window_count - 1].start_ms +
                            report->window_ms);
}

/* --- A figure over time ----------------------------------------------- */

static double figure_at(const struct replay_view *view, enum figure figure,
                        size_t window, size_t contender)
{
    return evaluation_figure(&view->report->windows[window].figures[contender],
                             figure);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Chooses a scale that a few wild windows do not stretch. Returns whether any
 * window has the figure. */
static bool span_figure(const struct replay_view *view, enum figure figure,
                        struct svg_plot *plot)
{
    const struct replay_report *report = view->report;
    size_t n = 0, room = report->window_count * report->contenders;
    double *values = malloc((room + 1) * sizeof(*values));

    plot->y_low = 0;
    plot->y_high = 1;
    if (!values)
        return true;
    for (size_t i = 0; i < room; i++) {
        double value = figure_at(view, figure, i / report->contenders,
                                 i % report->contenders);
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
    return n > 0;
}

size_t replay_plot_reach(const struct replay_view *view)
{
    size_t n = view->report->window_count;

    return n < SMOOTH_FROM ? 0 : 1 + n / 40;
}

/* Returns the mean over the windows around this one, weighted by their
 * impressions. */
static double smooth_at(const struct replay_view *view, enum figure figure,
                        size_t window, size_t contender)
{
    const struct replay_report *report = view->report;
    size_t reach = replay_plot_reach(view), last = window + reach;
    double sum = 0, rows = 0;

    if (isnan(figure_at(view, figure, window, contender)))
        return NAN;
    for (size_t i = window > reach ? window - reach : 0;
         i <= last && i < report->window_count; i++) {
        double value = figure_at(view, figure, i, contender);
        if (isfinite(value)) {
            sum += value * (double)report->windows[i].rows;
            rows += (double)report->windows[i].rows;
        }
    }
    return sum / rows;
}

/* Is there no figure on either side of the window? Then no line leads to it,
 * and it is drawn as a dot. */
static bool is_alone(const double *values, size_t i, size_t n)
{
    return (i == 0 || isnan(values[i - 1])) &&
           (i + 1 == n || isnan(values[i + 1]));
}

enum line { LINE_RAW, LINE_SMOOTH };

static void draw_line(const struct replay_view *view,
                      const struct svg_plot *plot, enum figure figure,
                      size_t contender, enum line line)
{
    const bool smooth = line == LINE_SMOOTH;
    size_t n = view->report->window_count;
    double *points = malloc((2 * n + 1) * sizeof(*points)), *ys = points + n;
    char classes[SVG_CLASSES_SIZE];

    if (!points)
        return;
    for (size_t i = 0; i < n; i++) {
        points[i] = (double)view->report->windows[i].start_ms +
                    (double)view->report->window_ms / 2;
        ys[i] = smooth ? smooth_at(view, figure, i, contender)
                       : figure_at(view, figure, i, contender);
    }
    svg_line(plot, points, ys, n,
             svg_series(classes, contender,
                        !smooth && replay_plot_reach(view) > 0 ? "raw" : ""));
    svg_series(classes, contender, "dot");
    for (size_t i = 0; i < n; i++)
        if (is_alone(ys, i, n))
            svg_dot(plot, points[i], ys[i], 3, classes, NULL);
    free(points);
}

/* Gives each window a tip with the figures of all contenders, for a pointer
 * above it. */
static void draw_tips(const struct replay_view *view,
                      const struct svg_plot *plot, enum figure figure)
{
    const struct replay_report *report = view->report;
    char tip[TIP_SIZE], start[32];

    for (size_t i = 0; i < report->window_count; i++) {
        const struct replay_window *at = &report->windows[i];
        double left = (double)at->start_ms;
        size_t used = (size_t)snprintf(
            tip, sizeof(tip), "from %s\n%zu impressions, %.2f %% clicked",
            page_time(at->start_ms, start), at->rows,
            100 * at->figures[0].click_rate);
        for (size_t c = 0; c < report->contenders && used < sizeof(tip); c++)
            used += (size_t)snprintf(tip + used, sizeof(tip) - used,
                                     "\n%s  %.5f", name_of(view, c),
                                     figure_at(view, figure, i, c));
        svg_column(plot, left, left + (double)report->window_ms, "slot", tip);
    }
}

/* Draws a row of ticks for each contender that swapped at all, and how many
 * there are. */
static void draw_swaps(const struct replay_view *view,
                       const struct svg_plot *plot, size_t contender,
                       double *row)
{
    const struct replay_log *log = view->replay->log;
    char classes[SVG_CLASSES_SIZE];
    size_t count = 0;

    svg_series(classes, contender, "swap");
    for (size_t i = 0; i < log->swap_count; i++) {
        const struct replay_swap *swap = &log->swaps[i];
        double x = svg_x(plot, (double)swap->ts_ms);
        if (swap->contender != contender || x < plot->left)
            continue;
        fprintf(plot->out,
                "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.0f\" "
                "y2=\"%.0f\"><title>",
                classes, x, x, *row, *row + SWAP_ROW - 5);
        html_text(plot->out, name_of(view, contender));
        fprintf(plot->out, ": version %" PRIu64 "</title></line>\n",
                swap->version);
        count++;
    }
    if (count == 0)
        return;
    fprintf(plot->out,
            "<text class=\"tick k%zu\" x=\"%d\" y=\"%.0f\" "
            "text-anchor=\"end\">%zu</text>\n",
            contender, plot->left - 7, *row + SWAP_ROW - 3, count);
    *row += SWAP_ROW;
}

void replay_plot_time(const struct replay_view *view, enum figure figure,
                      FILE *out)
{
    const size_t contenders = view->report->contenders;
    char id[32];
    struct svg_plot plot = {
        .out = out, .id = id, .width = 960, .left = 76, .right = 24, .top = 12};
    double row = 300;

    plot.bottom = 34 + SWAP_ROW * (int)contenders;
    plot.height = 266 + plot.bottom;
    snprintf(id, sizeof(id), "time%d", (int)figure);
    span_time(view, &plot);
    bool any = span_figure(view, figure, &plot);
    svg_open(&plot, titles[figure]);
    svg_axis_time(&plot);
    svg_axis_y(&plot, titles[figure]);
    if (figure == FIGURE_ENTROPY || figure == FIGURE_CALIBRATION)
        svg_segment(&plot, plot.x_low, 1, plot.x_high, 1, "even");
    for (size_t c = 0; c < contenders; c++)
        draw_line(view, &plot, figure, c, LINE_RAW);
    for (size_t c = 0; c < contenders && replay_plot_reach(view) > 0; c++)
        draw_line(view, &plot, figure, c, LINE_SMOOTH);
    if (!any)
        svg_words(&plot, "no window has both clicks and non-clicks");
    draw_tips(view, &plot, figure);
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
                            .left = 76,
                            .right = 24,
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
