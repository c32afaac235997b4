/*
 * replay_page.c - a replay as one HTML page: no script, nothing from
 * elsewhere.
 */
#include "cli/replay/html_text.h"
#include "cli/replay/page_tables.h"
#include "cli/replay/page_text.h"
#include "cli/replay/page_words.h"
#include "cli/replay/replay_plots.h"
#include "cli/replay/replay_style.h"
#include "cli/replay/time_plots.h"

static const struct {
    enum figure figure;
    const char *title;
} tabs[] = {
    {FIGURE_ENTROPY, "Normalised entropy"}, {FIGURE_AUC, "AUC"},
    {FIGURE_LOGLOSS, "Log-loss"},           {FIGURE_RMSE, "RMSE"},
    {FIGURE_CALIBRATION, "Calibration"},
};
enum { TABS = sizeof(tabs) / sizeof(tabs[0]) };

/* --- The head --------------------------------------------------------- */

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
    char length[32];

    fputs("<div class=\"facts\"><div><b>", out);
    page_count(out, report->rows);
    print_fact(out, "impressions with a settled label");
    fprintf(out, "<div><b>%.2f %%", 100 * report->totals[0].click_rate);
    print_fact(out, "were clicked");
    fprintf(out, "<div><b>%zu", report->window_count);
    fprintf(out, "</b><span>%s of %s</span></div>",
            report->window_count == 1 ? "window" : "windows",
            page_length(report->window_ms, length));
    fputs("<div><b>", out);
    page_count(out, view->replay->log->swap_count);
    print_fact(out, "model versions in service");
    fputs("</div>", out);
}

static void print_head(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    char first[32], last[32];

    fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width\">"
          "<title>Replay of ",
          out);
    html_text(out, replay_rows_topic(view->config));
    fputs("</title><style>\n", out);
    for (size_t i = 0; replay_style[i]; i++)
        fprintf(out, "%s\n", replay_style[i]);
    print_rules(view, out);
    fputs("</style></head><body><main>\n<h1>Replay of ", out);
    html_text(out, replay_rows_topic(view->config));
    fputs("</h1><p class=\"soft\">", out);
    if (report->rows > 0)
        fprintf(out, "%s to %s UTC, ", page_time(report->first_ms, first),
                page_time(report->last_ms, last));
    fputs("model ", out);
    html_text(out, view->config->name);
    fputs(". Every impression was answered with what was known by then, and "
          "learned from afterwards.</p>\n",
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

/* --- Plots ------------------------------------------------------------ */

static void print_time_words(const struct replay_view *view, FILE *out)
{
    size_t reach = time_plot_reach(view);

    fputs("<p class=\"soft\">", out);
    if (reach > 0)
        fprintf(out,
                "Thin: each window by itself. Thick: the mean of %zu windows, "
                "by their impressions.",
                2 * reach + 1);
    else
        fputs("Each window of event time by itself.", out);
    fputs(" Ticks below mark where a contender got a new model version; a few "
          "outliers are cut off. Point at a window for its figures.</p>",
          out);
}

static void print_time(const struct replay_view *view, FILE *out)
{
    fputs("<section id=\"time\"><h2>Over time</h2>", out);
    print_time_words(view, out);
    fputs("<div class=\"tabs\">", out);
    for (size_t t = 0; t < TABS; t++)
        fprintf(out,
                "<input type=\"radio\" name=\"tab\" id=\"tab%zu\"%s>"
                "<label for=\"tab%zu\">%s</label>",
                t, t == 0 ? " checked" : "", t, tabs[t].title);
    for (size_t t = 0; t < TABS; t++) {
        fprintf(out, "<div class=\"panel%zu wide long\">", t);
        time_plot_figure(view, tabs[t].figure, out);
        fputs("</div>", out);
    }
    fputs("</div><figure><figcaption><span class=\"key clicked\"></span>"
          "clicked <span class=\"key unclicked\"></span>not clicked"
          "</figcaption><div class=\"wide long\">",
          out);
    time_plot_traffic(view, out);
    fputs("</div></figure></section>\n", out);
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
    fputs("<section id=\"reliability\"><h2>Is a predicted 10 % clicked one "
          "time in ten?</h2>"
          "<p class=\"soft\">Reliability: groups of equally many impressions "
          "by predicted click rate; on the dashed line prediction and truth "
          "agree; below it too many clicks are predicted, above it too few. "
          "Whiskers are 95 % intervals of the click rate, the bars at the "
          "lower edge show how many impressions are where.</p>",
          out);
    print_multiples(view, out, replay_plot_reliability);
    fputs("</section>\n", out);
}

static void print_scores(const struct replay_view *view, FILE *out)
{
    fputs("<section id=\"scores\"><h2>What scores are given</h2>"
          "<p class=\"soft\"><span class=\"key clicked\"></span>clicked "
          "<span class=\"key unclicked\"></span>not clicked; the last bar has "
          "all scores above it</p>",
          out);
    print_multiples(view, out, replay_plot_scores);
    fputs("</section>\n", out);
}

static void print_roc(const struct replay_view *view, FILE *out)
{
    fputs("<section id=\"roc\"><h2>Do clicks get the higher scores?</h2><p "
          "class=\"soft\">"
          "ROC: the further above the dashed line, the better the order. The "
          "AUC is the chance that a click scores above a non-click.</p>"
          "<div class=\"two\">",
          out);
    replay_plot_roc(view, out);
    fputs("<div class=\"wide\" "
          "tabindex=\"0\"><table><tr><th>contender</th><th>AUC</"
          "th><th>interval</th></tr>",
          out);
    for (size_t c = 0; c < view->report->contenders; c++) {
        struct interval interval =
            bootstrap_interval(view->report->bootstrap, c, FIGURE_AUC);
        fprintf(out, "<tr class=\"k%zu\"><th scope=\"row\">", c);
        page_name(view, c, out);
        fputs("</th><td>", out);
        page_number(out, view->report->totals[c].auc, 4);
        fputs("</td><td>", out);
        page_number(out, interval.low, 4);
        fputs(" to ", out);
        page_number(out, interval.high, 4);
        fputs("</td></tr>", out);
    }
    fputs("</table></div></div></section>\n", out);
}

/* --- The page --------------------------------------------------------- */

void replay_print_page(const struct replay_view *view, FILE *out)
{
    print_head(view, out);
    if (view->report->rows > 0) {
        page_verdict(view, out);
        print_facts(view, out);
        print_legend(view, out);
        page_totals(view, out);
        page_differences(view, out);
        print_time(view, out);
        print_reliability(view, out);
        print_roc(view, out);
        print_scores(view, out);
        page_slices(view, out);
    } else {
        page_absence(view, out);
    }
    page_account(view, out);
    fputs("</main></body></html>\n", out);
}
