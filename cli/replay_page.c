/*
 * replay_page.c - a replay as one HTML page: no script, nothing from
 * elsewhere.
 */
#include "cli/replay_page_tables.h"
#include "cli/replay_plots.h"
#include "cli/replay_style.h"
#include "cli/svg_plot.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct {
    enum figure figure;
    const char *title;
} tabs[] = {
    {FIGURE_ENTROPY, "Normalised entropy"}, {FIGURE_AUC, "AUC"},
    {FIGURE_LOGLOSS, "Log-loss"},           {FIGURE_RMSE, "RMSE"},
    {FIGURE_CALIBRATION, "Calibration"},
};
enum { TABS = sizeof(tabs) / sizeof(tabs[0]) };

static const char *name_of(const struct replay_view *view, size_t contender)
{
    return view->config->contenders[contender].name;
}

/* --- The head ---------------------------------------------------------------
 */

/* Rules that depend on how many contenders and tabs there are. */
static void print_rules(const struct replay_view *view, FILE *out)
{
    for (size_t c = 0; c < view->report->contenders; c++)
        fprintf(out, "body:has(#show%zu:not(:checked)) .k%zu{display:none}", c,
                c);
    for (size_t t = 0; t < TABS; t++)
        fprintf(out, "#tab%zu:checked~.panel%zu{display:block}", t, t);
}

static void print_fact(FILE *out, const char *what)
{
    fprintf(out, "</b><span>%s</span></div>", what);
}

static void print_facts(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;

    fputs("<div class=\"facts\"><div><b>", out);
    page_count(out, report->rows);
    print_fact(out, "impressions with a settled label");
    fprintf(out, "<div><b>%.2f %%", 100 * report->totals[0].click_rate);
    print_fact(out, "were clicked");
    fprintf(out, "<div><b>%zu", report->window_count);
    print_fact(out, "windows");
    fputs("<div><b>", out);
    page_count(out, view->replay->log->swap_count);
    print_fact(out, "model versions in service");
    fputs("</div>", out);
}

/* The best by normalised entropy, and how far it is ahead of the next. */
static void print_verdict(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    size_t best = replay_best(report, FIGURE_ENTROPY), next = SIZE_MAX;

    for (size_t c = 0; c < report->contenders && best != SIZE_MAX; c++)
        if (c != best &&
            (next == SIZE_MAX ||
             replay_is_better(FIGURE_ENTROPY,
                              report->totals[c].normalised_entropy,
                              report->totals[next].normalised_entropy)))
            next = c;
    if (next == SIZE_MAX)
        return;
    struct interval ahead =
        bootstrap_difference(report->bootstrap, next, best, FIGURE_ENTROPY);
    fputs("<p class=\"lead\"><b>", out);
    html_text(out, name_of(view, best));
    fprintf(out, "</b> predicts best: normalised entropy %.4f, ahead of ",
            report->totals[best].normalised_entropy);
    html_text(out, name_of(view, next));
    fprintf(out, " by %.4f",
            report->totals[next].normalised_entropy -
                report->totals[best].normalised_entropy);
    if (isfinite(ahead.low))
        fprintf(out, " (%.4f to %.4f)%s", ahead.low, ahead.high,
                ahead.low > 0 ? ""
                              : ", which may be chance: the interval holds 0");
    fputs(".</p>", out);
}

static void print_head(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    char first[32], last[32];

    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width\">"
          "<title>pctr replay</title><style>\n",
          out);
    for (size_t i = 0; replay_style[i]; i++)
        fprintf(out, "%s\n", replay_style[i]);
    print_rules(view, out);
    fputs("</style></head><body><main>\n<h1>Replay of ", out);
    html_text(out, view->config->impressions);
    fprintf(out, "</h1><p class=\"soft\">%s to %s UTC, model %s. ",
            replay_time(report->first_ms, 1, first),
            replay_time(report->last_ms, 1, last), view->config->name);
    fputs("Every impression was answered with what was known by then, and "
          "learned from afterwards.</p>",
          out);
}

static void print_legend(const struct replay_view *view, FILE *out)
{
    fputs("<div class=\"legend\">", out);
    for (size_t c = 0; c < view->report->contenders; c++) {
        fprintf(out, "<label><input type=\"checkbox\" id=\"show%zu\" checked>",
                c);
        page_name(view, c, out);
        fputs("</label>", out);
    }
    fputs("</div>\n", out);
}

/* --- Plots ------------------------------------------------------------------
 */

static void print_time(const struct replay_view *view, FILE *out)
{
    fputs("<section><h2>Over time</h2><p class=\"soft\">Each window of event "
          "time by itself. Ticks below mark where a contender got a new model "
          "version; a few outliers are cut off.</p><div class=\"tabs\">",
          out);
    for (size_t t = 0; t < TABS; t++)
        fprintf(out,
                "<input type=\"radio\" name=\"tab\" id=\"tab%zu\"%s>"
                "<label for=\"tab%zu\">%s</label>",
                t, t == 0 ? " checked" : "", t, tabs[t].title);
    for (size_t t = 0; t < TABS; t++) {
        fprintf(out, "<div class=\"panel%zu\">", t);
        replay_plot_time(view, tabs[t].figure, out);
        fputs("</div>", out);
    }
    fputs("</div><figure><figcaption><span class=\"key\" "
          "style=\"background:var(--clicks)\"></span>clicks of "
          "<span class=\"key\" style=\"background:var(--others);margin-left:"
          "4px\"></span>all impressions of the window</figcaption>",
          out);
    replay_plot_traffic(view, out);
    fputs("</figure></section>\n", out);
}

static void print_multiples(const struct replay_view *view, FILE *out,
                            void (*plot)(const struct replay_view *, size_t,
                                         FILE *))
{
    fprintf(out, "<div class=\"cells%s\">",
            replay_plots_are_wide(view) ? " pairs" : "");
    for (size_t c = 0; c < view->report->contenders; c++) {
        fprintf(out, "<figure class=\"k%zu\"><figcaption><b>", c);
        page_name(view, c, out);
        fputs("</b></figcaption>", out);
        plot(view, c, out);
        fputs("</figure>", out);
    }
    fputs("</div>", out);
}

static void print_reliability(const struct replay_view *view, FILE *out)
{
    fputs("<section><h2>Is a predicted 10 % clicked one time in ten?</h2>"
          "<p class=\"soft\">Reliability: groups of equally many impressions "
          "by predicted click rate; on the dashed line prediction and truth "
          "agree. Whiskers are 95 % intervals of the click rate, the bars "
          "below show how many impressions are where.</p>",
          out);
    print_multiples(view, out, replay_plot_reliability);
    fputs("</section>\n", out);
}

static void print_scores(const struct replay_view *view, FILE *out)
{
    fputs("<section><h2>What scores are given</h2><p class=\"soft\">"
          "<span class=\"key\" style=\"background:var(--clicks)\"></span>"
          "clicked <span class=\"key\" style=\"background:var(--others);"
          "margin-left:10px\"></span>not clicked</p>",
          out);
    print_multiples(view, out, replay_plot_scores);
    fputs("</section>\n", out);
}

static void print_roc(const struct replay_view *view, FILE *out)
{
    fputs("<section><h2>Do clicks get the higher scores?</h2><p class=\"soft\">"
          "ROC: the further above the dashed line, the better the order. The "
          "AUC is the chance that a click scores above a non-click.</p>"
          "<div class=\"two\">",
          out);
    replay_plot_roc(view, out);
    fputs("<table><tr><th>contender</th><th>AUC</th><th>interval</th></tr>",
          out);
    for (size_t c = 0; c < view->report->contenders; c++) {
        struct interval interval =
            bootstrap_interval(view->report->bootstrap, c, FIGURE_AUC);
        fprintf(out, "<tr class=\"k%zu\"><td>", c);
        page_name(view, c, out);
        fputs("</td><td>", out);
        page_number(out, view->report->totals[c].auc, 4);
        fputs("</td><td>", out);
        page_number(out, interval.low, 4);
        fputs(" to ", out);
        page_number(out, interval.high, 4);
        fputs("</td></tr>", out);
    }
    fputs("</table></div></section>\n", out);
}

/* --- The page ---------------------------------------------------------------
 */

static void print_foot(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    const struct join_books *books = &view->replay->counts.books;

    fputs("<section><h2>What was counted</h2><p class=\"soft\">", out);
    fprintf(out,
            "Left out: %zu impressions without a settled label, %zu whose "
            "model is gone, %" PRIu64 " repeated, %" PRIu64
            " that were no events. Labels: %" PRIu64 " joined, %" PRIu64
            " late, %" PRIu64 " duplicate, %" PRIu64 " corrected, %" PRIu64
            " without an impression.",
            report->open, report->gone, books->repeated,
            view->replay->counts.bad_impressions, books->joined, books->late,
            books->duplicate, books->corrected, books->orphan);
    if (view->replay->counts.expired > 0)
        fprintf(out,
                " %zu partitions begin behind records that retention took.",
                view->replay->counts.expired);
    fputs("</p></section>\n</main></body></html>\n", out);
}

void replay_print_page(const struct replay_view *view, FILE *out)
{
    print_head(view, out);
    if (view->report->rows > 0) {
        print_verdict(view, out);
        print_facts(view, out);
        print_legend(view, out);
        page_totals(view, out);
        print_time(view, out);
        print_reliability(view, out);
        print_roc(view, out);
        print_scores(view, out);
        page_differences(view, out);
        page_slices(view, out);
    } else {
        fputs("<p class=\"lead\">No settled impressions in the range.</p>",
              out);
    }
    print_foot(view, out);
}
