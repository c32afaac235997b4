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
    char tip[200], start[32], classes[SVG_CLASSES_SIZE];

    snprintf(tip, sizeof(tip), "%s, from %s\n%s %.5f\n%zu impressions",
             name_of(view, contender),
             replay_time(at->start_ms, report->window_ms, start),
             titles[figure], value, at->rows);
    svg_dot(plot, middle_ms(view, window), value, 4,
            svg_series(classes, contender, "tip"), tip);
}

static void draw_figure(const struct replay_view *view,
                        const struct svg_plot *plot, enum figure figure,
                        size_t contender)
{
    const struct replay_report *report = view->report;
    size_t n = report->window_count;
    double *points = malloc((2 * n + 1) * sizeof(*points));
    char classes[SVG_CLASSES_SIZE];

    if (!points)
        return;
    for (size_t i = 0; i < n; i++) {
        points[i] = middle_ms(view, i);
        points[n + i] =
            evaluation_figure(&report->windows[i].figures[contender], figure);
    }
    svg_line(plot, points, points + n, n, svg_series(classes, contender, ""));
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
    char classes[SVG_CLASSES_SIZE];
    bool any = false;

    svg_series(classes, contender, "swap");
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
