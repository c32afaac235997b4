#include "cli/replay/page_tables.h"

#include "cli/replay/html_text.h"
#include "cli/replay/page_text.h"
#include "cli/replay/replay_plots.h"

#include <math.h>
#include <string.h>

enum { SLICES_SHOWN = 60 };

static const struct {
    const char *title;
    enum figure figure;
    bool is_drawn; /* its interval is drawn too */
} columns[] = {
    {"NE", FIGURE_ENTROPY, true},
    {"AUC", FIGURE_AUC, false},
    {"log-loss", FIGURE_LOGLOSS, false},
    {"RMSE", FIGURE_RMSE, false},
    {"MAE", FIGURE_MAE, false},
    {"pred / clicks", FIGURE_CALIBRATION, false},
    {"ECE", FIGURE_ECE, false},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* --- Totals ----------------------------------------------------------- */

static void print_interval(FILE *out, struct interval interval)
{
    if (isfinite(interval.low))
        fprintf(out, "<small>%.4f&ndash;%.4f</small>", interval.low,
                interval.high);
}

static void print_total_cell(const struct replay_view *view, size_t column,
                             size_t contender, FILE *out)
{
    const struct replay_report *report = view->report;
    enum figure figure = columns[column].figure;
    bool best =
        report->contenders > 1 && replay_best(report, figure) == contender;

    if (columns[column].is_drawn && report->contenders > 1) {
        fprintf(out, "<td class=\"drawn%s\">", best ? " best" : "");
        replay_plot_interval(view, figure, contender, out);
        fputs("</td>", out);
    }
    fprintf(out, "<td%s>", best ? " class=\"best\"" : "");
    page_number(out, evaluation_figure(&report->totals[contender], figure), 4);
    print_interval(out,
                   bootstrap_interval(report->bootstrap, contender, figure));
    fputs("</td>", out);
}

static void print_total(const struct replay_view *view, size_t contender,
                        FILE *out)
{
    fprintf(out, "<tr class=\"k%zu\"><th scope=\"row\">", contender);
    page_name(view, contender, out);
    fputs("</th>", out);
    for (size_t i = 0; i < COLUMNS; i++)
        print_total_cell(view, i, contender, out);
    fputs("</tr>\n", out);
}

void page_totals(const struct replay_view *view, FILE *out)
{
    fputs("<section id=\"totals\"><h2>All in all</h2><p class=\"soft\">NE is "
          "log-loss over that of always saying the mean: below 1 is knowledge. "
          "Small: bootstrap intervals. Green: the best of a column.</p>"
          "<div class=\"wide\" tabindex=\"0\"><table><tr><th>contender</th>",
          out);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(out, "%s<th>%s</th>",
                columns[i].is_drawn && view->report->contenders > 1
                    ? "<th class=\"drawn\"></th>"
                    : "",
                columns[i].title);
    fputs("</tr>\n", out);
    for (size_t c = 0; c < view->report->contenders; c++)
        print_total(view, c, out);
    fputs("</table></div></section>\n", out);
}

/* --- Differences ------------------------------------------------------ */

static void print_difference_cells(const struct replay_view *view, size_t a,
                                   size_t b, FILE *out)
{
    static const enum figure shown[] = {FIGURE_ENTROPY, FIGURE_AUC,
                                        FIGURE_LOGLOSS, FIGURE_RMSE};
    const struct replay_report *report = view->report;

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        struct interval interval =
            bootstrap_difference(report->bootstrap, a, b, shown[i]);
        double difference = evaluation_figure(&report->totals[a], shown[i]) -
                            evaluation_figure(&report->totals[b], shown[i]);
        bool sure = interval.low > 0 || interval.high < 0;
        fprintf(out, "<td class=\"%s\">", sure ? "sure" : "unsure");
        if (isfinite(difference))
            fprintf(out, "%+.4f", difference);
        else
            fputs("&ndash;", out);
        if (isfinite(interval.low))
            fprintf(out, "<small>%+.4f to %+.4f</small>", interval.low,
                    interval.high);
        fputs("</td>", out);
    }
}

/* Whether a difference is drawn as an interval beside its figures. */
enum drawing { DRAWN, NOT_DRAWN };

static void print_difference(const struct replay_view *view, size_t a, size_t b,
                             enum drawing drawing, FILE *out)
{
    fprintf(out, "<tr class=\"k%zu k%zu\"><th scope=\"row\">", a, b);
    page_name(view, a, out);
    fputs(" <span class=\"minus\">&minus;</span> ", out);
    page_name(view, b, out);
    fputs("</th>", out);
    if (drawing == DRAWN) {
        fputs("<td class=\"drawn\">", out);
        replay_plot_difference(view, FIGURE_ENTROPY, a, b, out);
        fputs("</td>", out);
    }
    print_difference_cells(view, a, b, out);
    fputs("</tr>\n", out);
}

static void open_differences(enum drawing drawing, FILE *out)
{
    fprintf(out,
            "<div class=\"wide\" tabindex=\"0\"><table><tr>"
            "<th>difference</th>%s<th>NE</th><th>AUC</th><th>log-loss</th>"
            "<th>RMSE</th></tr>\n",
            drawing == DRAWN ? "<th class=\"drawn\"></th>" : "");
}

/* Prints the best contender against each other one, then all other pairs. */
void page_differences(const struct replay_view *view, FILE *out)
{
    const size_t n = view->report->contenders;
    size_t order[CONTENDERS_MAX];

    if (n < 2)
        return;
    replay_rank(view->report, order);
    fputs("<section id=\"differences\"><h2>Two at a time</h2>"
          "<p class=\"soft\">Differences on the same impressions, with their "
          "intervals: of NE, log-loss and RMSE less is better, of AUC more. "
          "Bold: the interval does not hold 0.</p>",
          out);
    open_differences(DRAWN, out);
    for (size_t i = 1; i < n; i++)
        print_difference(view, order[0], order[i], DRAWN, out);
    fputs("</table></div>", out);
    if (n > 2) {
        fputs("<details><summary>All other pairs</summary>", out);
        open_differences(NOT_DRAWN, out);
        for (size_t a = 1; a < n; a++)
            for (size_t b = a + 1; b < n; b++)
                print_difference(view, order[a], order[b], NOT_DRAWN, out);
        fputs("</table></div></details>", out);
    }
    fputs("</section>\n", out);
}

/* --- Slices ----------------------------------------------------------- */

static void print_slice(const struct replay_view *view,
                        const struct replay_slice *slice, size_t contender,
                        FILE *out)
{
    const struct evaluation *figures = &slice->figures[contender];

    fprintf(out, "<tr class=\"k%zu\"><th scope=\"row\">", contender);
    html_text(out, slice->by);
    fputs(" <b>", out);
    html_text_sized(out, slice->value, slice->value_size);
    fputs("</b></th><td class=\"left\">", out);
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

/* The slices by model version have a table of their own. */
enum slice_table { SLICES_BY_VERSION, SLICES_BY_OTHERS };

static void print_slice_rows(const struct replay_view *view, FILE *out,
                             enum slice_table table)
{
    const struct replay_report *report = view->report;
    size_t shown = 0;

    for (size_t i = 0; i < report->slice_count && shown < SLICES_SHOWN; i++) {
        const struct replay_slice *slice = &report->slices[i];
        const bool is_by_version = strcmp(slice->by, "version") == 0;
        if (is_by_version != (table == SLICES_BY_VERSION))
            continue;
        shown++;
        for (size_t c = 0; c < report->contenders; c++)
            if (slice->contender == SIZE_MAX || slice->contender == c)
                print_slice(view, slice, c, out);
    }
}

static void print_slice_table(const struct replay_view *view, FILE *out,
                              enum slice_table table)
{
    fputs("<div class=\"wide\" tabindex=\"0\"><table><tr><th>slice</th>"
          "<th class=\"left\">contender</th><th>impressions</th>"
          "<th>clicked</th>",
          out);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(out, "<th>%s</th>", columns[i].title);
    fputs("</tr>\n", out);
    print_slice_rows(view, out, table);
    fputs("</table></div>", out);
}

void page_slices(const struct replay_view *view, FILE *out)
{
    fputs("<section id=\"slices\"><h2>By slice</h2><p class=\"soft\">Basis: "
          "what the "
          "contender knew: user and ad (learned), one of them (partial), "
          "neither (fallback), no model yet (none).</p>",
          out);
    print_slice_table(view, out, SLICES_BY_OTHERS);
    fprintf(out, "<details><summary>By model version (the first %d)</summary>",
            SLICES_SHOWN);
    print_slice_table(view, out, SLICES_BY_VERSION);
    fputs("</details></section>\n", out);
}
