#include "cli/replay/replay_plots.h"

#include "cli/replay/svg_plot.h"

#include <math.h>

enum {
    BARS = 40, /* of a distribution, about */
    TITLE_SIZE = 256,
};

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

    svg_segment(plot, (struct svg_point){predicted, 100 * bin->low},
                (struct svg_point){predicted, 100 * bin->high},
                svg_series(classes, contender, "whisker"));
    snprintf(tip, sizeof(tip),
             "predicted %.2f %%\nclicked %.2f %% (%.2f to %.2f)\n"
             "%zu impressions",
             predicted, clicked, 100 * bin->low, 100 * bin->high, bin->rows);
    svg_dot(plot, (struct svg_point){predicted, clicked}, 4,
            svg_series(classes, contender, "dot"), tip);
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
            svg_bar(plot, (struct svg_point){100.0 * (double)i / SCORE_BINS, 0},
                    (struct svg_point){100.0 * (double)(i + group) / SCORE_BINS,
                                       tall * counts[i] / most},
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
             replay_name(view, contender));
    svg_open(&plot, title);
    svg_axis_x(&plot, "predicted click rate, %");
    svg_axis_y(&plot, "clicked, %");
    draw_counts(&plot, curves, contender);
    svg_segment(&plot, (struct svg_point){0, 0}, (struct svg_point){end, end},
                "even");
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
    svg_bar(plot, (struct svg_point){left, 0},
            (struct svg_point){left + 0.86 * wide, all}, "others");
    svg_bar(plot, (struct svg_point){left, 0},
            (struct svg_point){left + 0.86 * wide, clicks}, "clicks");
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
    snprintf(title, sizeof(title), "Scores of %s",
             replay_name(view, contender));
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
    svg_segment(&plot, (struct svg_point){0, 0}, (struct svg_point){100, 100},
                "even");
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
        svg_segment(plot, (struct svg_point){0, 0}, (struct svg_point){0, 1},
                    "even");
    svg_segment(plot, (struct svg_point){interval.low, 0.5},
                (struct svg_point){interval.high, 0.5},
                svg_series(classes, contender, "range"));
    svg_dot(plot, (struct svg_point){value, 0.5}, 4,
            svg_series(classes, contender, "dot"), NULL);
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
    snprintf(title, sizeof(title), "%s: %.5f to %.5f",
             replay_name(view, contender), intervals[contender].low,
             intervals[contender].high);
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
             replay_name(view, first), replay_name(view, second),
             intervals[second].low, intervals[second].high);
    draw_interval(&plot, title, intervals[second],
                  evaluation_figure(&report->totals[first], figure) -
                      evaluation_figure(&report->totals[second], figure),
                  second);
}
