#include "cli/replay_plots.h"
#include "cli/svg_plot.h"

#include <math.h>

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
    char classes[SVG_CLASSES_SIZE], tip[160];

    svg_segment(plot, bin->predicted, bin->low, bin->predicted, bin->high,
                svg_series(classes, contender, "whisker"));
    snprintf(tip, sizeof(tip),
             "predicted %.4f\nclicked %.4f (%.4f to %.4f)\n%zu impressions",
             bin->predicted, bin->click_rate, bin->low, bin->high, bin->rows);
    svg_dot(plot, bin->predicted, bin->click_rate, 4,
            svg_series(classes, contender, "dot"), tip);
}

/* How many impressions are where, along the lower edge. */
static void draw_counts(const struct svg_plot *plot,
                        const struct curves *curves, size_t contender)
{
    double most = 1, tall = (plot->y_high - plot->y_low) * 0.18;
    char classes[SVG_CLASSES_SIZE];

    for (size_t i = 0; i < SCORE_BINS; i++)
        most = fmax(most, curves->clicks[i] + curves->others[i]);
    for (size_t i = 0; i < SCORE_BINS; i++) {
        double count = curves->clicks[i] + curves->others[i];
        if (count > 0)
            svg_bar(plot, (double)i / SCORE_BINS, (double)(i + 1) / SCORE_BINS,
                    0, tall * count / most,
                    svg_series(classes, contender, "count"));
    }
}

void replay_plot_reliability(const struct replay_view *view, size_t contender,
                             FILE *out)
{
    const struct curves *curves = &view->report->curves[contender];
    double end = reliability_end(view->report);
    char id[32], classes[SVG_CLASSES_SIZE];
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
             svg_series(classes, contender, "thin"));
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
    char classes[SVG_CLASSES_SIZE];

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
        svg_line(&plot, xs, ys, curves->roc_count, svg_series(classes, c, ""));
    }
    svg_close(&plot);
}

/* --- Intervals --------------------------------------------------------------
 */

void replay_plot_interval(const struct replay_view *view, enum figure figure,
                          size_t contender, FILE *out)
{
    const struct replay_report *report = view->report;
    char id[32], classes[SVG_CLASSES_SIZE];
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
                svg_series(classes, contender, "range"));
    svg_dot(&plot, evaluation_figure(&report->totals[contender], figure), 0.5,
            4, svg_series(classes, contender, "dot"), NULL);
    svg_close(&plot);
}
