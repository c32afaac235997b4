#include "cli/replay_page_tables.h"
#include "cli/replay_plots.h"
#include "cli/svg_plot.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { SLICES_SHOWN = 60 };

static const struct {
    const char *title;
    enum figure figure;
    bool has_interval;
} columns[] = {
    {"NE", FIGURE_ENTROPY, true},
    {"AUC", FIGURE_AUC, true},
    {"log-loss", FIGURE_LOGLOSS, false},
    {"RMSE", FIGURE_RMSE, false},
    {"MAE", FIGURE_MAE, false},
    {"pred / clicks", FIGURE_CALIBRATION, false},
    {"ECE", FIGURE_ECE, false},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* --- Names and numbers ------------------------------------------------------
 */

static const char *name_of(const struct replay_view *view, size_t contender)
{
    return view->config->contenders[contender].name;
}

void page_name(const struct replay_view *view, size_t contender, FILE *out)
{
    fprintf(out, "<span class=\"chip s%zu\"></span>", contender % 8);
    html_text(out, name_of(view, contender));
}

void page_number(FILE *out, double value, int decimals)
{
    if (isfinite(value))
        fprintf(out, "%.*f", decimals, value);
    else
        fputs("&ndash;", out);
}

void page_count(FILE *out, uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            fputc(',', out);
        fputc(digits[i], out);
    }
}

/* --- Tables -----------------------------------------------------------------
 */

static void print_total(const struct replay_view *view, size_t contender,
                        FILE *out)
{
    const struct replay_report *report = view->report;

    fprintf(out, "<tr class=\"k%zu\"><td>", contender);
    page_name(view, contender, out);
    fputs("</td>", out);
    for (size_t i = 0; i < COLUMNS; i++) {
        enum figure figure = columns[i].figure;
        bool best =
            report->contenders > 1 && replay_best(report, figure) == contender;
        fprintf(out, "<td%s>", best ? " class=\"best\"" : "");
        if (columns[i].has_interval)
            replay_plot_interval(view, figure, contender, out);
        page_number(out, evaluation_figure(&report->totals[contender], figure),
                    4);
        fputs("</td>", out);
    }
    fputs("</tr>\n", out);
}

void page_totals(const struct replay_view *view, FILE *out)
{
    fputs("<section><h2>All in all</h2><p class=\"soft\">NE is log-loss over "
          "that of always saying the mean: below 1 is knowledge. Bars are "
          "bootstrap intervals; green is the best of a column.</p>"
          "<div class=\"wide\"><table><tr><th>contender</th>",
          out);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(out, "<th>%s</th>", columns[i].title);
    fputs("</tr>\n", out);
    for (size_t c = 0; c < view->report->contenders; c++)
        print_total(view, c, out);
    fputs("</table></div></section>\n", out);
}

static void print_difference(const struct replay_view *view, size_t a, size_t b,
                             FILE *out)
{
    static const enum figure shown[] = {FIGURE_ENTROPY, FIGURE_AUC,
                                        FIGURE_LOGLOSS, FIGURE_RMSE};
    const struct replay_report *report = view->report;

    fprintf(out, "<tr class=\"k%zu k%zu\"><td>", a, b);
    page_name(view, a, out);
    fputs(" &minus; ", out);
    page_name(view, b, out);
    fputs("</td>", out);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        struct interval interval =
            bootstrap_difference(report->bootstrap, a, b, shown[i]);
        bool sure = interval.low > 0 || interval.high < 0;
        fprintf(out, "<td class=\"%s\">%+.4f<br><span class=\"soft\">",
                sure ? "sure" : "unsure",
                evaluation_figure(&report->totals[a], shown[i]) -
                    evaluation_figure(&report->totals[b], shown[i]));
        if (isfinite(interval.low))
            fprintf(out, "%+.4f to %+.4f", interval.low, interval.high);
        fputs("</span></td>", out);
    }
    fputs("</tr>\n", out);
}

void page_differences(const struct replay_view *view, FILE *out)
{
    const size_t n = view->report->contenders;

    if (n < 2)
        return;
    fputs("<section><h2>Two at a time</h2><p class=\"soft\">Differences on the "
          "same impressions, with their intervals. Bold: the interval does not "
          "hold 0.</p><div class=\"wide\"><table><tr><th>difference</th>"
          "<th>NE</th><th>AUC</th><th>log-loss</th><th>RMSE</th></tr>\n",
          out);
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++)
            print_difference(view, a, b, out);
    fputs("</table></div></section>\n", out);
}

static void print_slice(const struct replay_view *view,
                        const struct replay_slice *slice, size_t contender,
                        FILE *out)
{
    const struct evaluation *figures = &slice->figures[contender];

    fprintf(out, "<tr class=\"k%zu\"><td>", contender);
    html_text(out, slice->by);
    fputs(" <b>", out);
    html_text(out, slice->value);
    fputs("</b></td><td style=\"text-align:left\">", out);
    page_name(view, contender, out);
    fputs("</td><td>", out);
    page_count(out, figures->rows);
    fprintf(out, "</td><td>%.2f %%</td>", 100 * figures->click_rate);
    for (size_t i = 0; i < COLUMNS; i++) {
        fputs("<td>", out);
        page_number(out, evaluation_figure(figures, columns[i].figure), 4);
        fputs("</td>", out);
    }
    fputs("</tr>\n", out);
}

static void print_slice_rows(const struct replay_view *view, FILE *out,
                             bool versions)
{
    const struct replay_report *report = view->report;
    size_t shown = 0;

    for (size_t i = 0; i < report->slice_count && shown < SLICES_SHOWN; i++) {
        const struct replay_slice *slice = &report->slices[i];
        if ((strcmp(slice->by, "version") == 0) != versions)
            continue;
        shown++;
        for (size_t c = 0; c < report->contenders; c++)
            if (slice->contender == SIZE_MAX || slice->contender == c)
                print_slice(view, slice, c, out);
    }
}

static void print_slice_table(const struct replay_view *view, FILE *out,
                              bool versions)
{
    fputs("<div class=\"wide\"><table><tr><th>slice</th>"
          "<th style=\"text-align:left\">contender</th><th>impressions</th>"
          "<th>clicked</th>",
          out);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(out, "<th>%s</th>", columns[i].title);
    fputs("</tr>\n", out);
    print_slice_rows(view, out, versions);
    fputs("</table></div>", out);
}

void page_slices(const struct replay_view *view, FILE *out)
{
    fputs("<section><h2>By slice</h2><p class=\"soft\">Basis: what the "
          "contender knew: user and ad (learned), one of them (partial), "
          "neither (fallback), no model yet (none).</p>",
          out);
    print_slice_table(view, out, false);
    fprintf(out, "<details><summary>By model version (the first %d)</summary>",
            SLICES_SHOWN);
    print_slice_table(view, out, true);
    fputs("</details></section>\n", out);
}
