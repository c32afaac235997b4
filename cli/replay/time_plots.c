#include "cli/replay/time_plots.h"

#include "cli/replay/html_text.h"
#include "cli/replay/page_text.h"
#include "cli/replay/svg_plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum {
    TIP_SIZE = 2048,
    SWAP_ROW = 14,    /* pixels of the ticks of a contender's swaps */
    SMOOTH_FROM = 30, /* windows; fewer are read one by one */
};

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

size_t time_plot_reach(const struct replay_view *view)
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
    size_t reach = time_plot_reach(view), last = window + reach;
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
                        !smooth && time_plot_reach(view) > 0 ? "raw" : ""));
    svg_series(classes, contender, "dot");
    for (size_t i = 0; i < n; i++)
        if (is_alone(ys, i, n))
            svg_dot(plot, (struct svg_point){points[i], ys[i]}, 3, classes,
                    NULL);
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
                                     "\n%s  %.5f", replay_name(view, c),
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
        html_text(plot->out, replay_name(view, contender));
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

void time_plot_figure(const struct replay_view *view, enum figure figure,
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
        svg_segment(&plot, (struct svg_point){plot.x_low, 1},
                    (struct svg_point){plot.x_high, 1}, "even");
    for (size_t c = 0; c < contenders; c++)
        draw_line(view, &plot, figure, c, LINE_RAW);
    for (size_t c = 0; c < contenders && time_plot_reach(view) > 0; c++)
        draw_line(view, &plot, figure, c, LINE_SMOOTH);
    if (!any)
        svg_words(&plot, "no window has both clicks and non-clicks");
    draw_tips(view, &plot, figure);
    for (size_t c = 0; c < contenders; c++)
        draw_swaps(view, &plot, c, &row);
    svg_close(&plot);
}

void time_plot_traffic(const struct replay_view *view, FILE *out)
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
        svg_bar(&plot, (struct svg_point){start, 0},
                (struct svg_point){end, rows}, "others");
        svg_bar(&plot, (struct svg_point){start, 0},
                (struct svg_point){end, rows * window->figures[0].click_rate},
                "clicks");
    }
    svg_close(&plot);
}
