#include "cli/replay/page_words.h"

#include "cli/replay/html_text.h"
#include "cli/replay/page_text.h"

#include <inttypes.h>
#include <math.h>

enum { NAMED_MAX = 3 }; /* in one sentence */

static double entropy_of(const struct replay_report *report, size_t contender)
{
    return report->totals[contender].normalised_entropy;
}

/* --- The verdict ------------------------------------------------------ */

static void print_range(FILE *out, struct interval interval)
{
    if (isfinite(interval.low))
        fprintf(out, " (%.4f to %.4f)", interval.low, interval.high);
}

/* A lead is perhaps by chance where its interval holds 0. */
enum lead_kind { LEAD_SURE, LEAD_MAY_BE_CHANCE };

/* The leads of the best contender. */
struct leads {
    size_t best;
    size_t others[CONTENDERS_MAX]; /* (count) the nearest first */
    size_t count;
};

static struct leads leads_of(const struct replay_report *report,
                             const size_t *order, enum lead_kind kind)
{
    struct leads leads = {.best = order[0]};

    for (size_t i = 1; i < report->contenders; i++) {
        struct interval ahead = bootstrap_difference(
            report->bootstrap, order[i], order[0], FIGURE_ENTROPY);
        bool is_sure = !(ahead.low <= 0);
        if (is_sure == (kind == LEAD_SURE) &&
            isfinite(entropy_of(report, order[i])))
            leads.others[leads.count++] = order[i];
    }
    return leads;
}

/* "than svd by 0.0152 (0.0112 to 0.0190), than ..." */
static void print_leads(const struct replay_view *view,
                        const struct leads *leads, const char *word, FILE *out)
{
    const struct replay_report *report = view->report;

    for (size_t i = 0; i < leads->count && i < NAMED_MAX; i++) {
        const size_t other = leads->others[i];
        fprintf(out, "%s%s <b>", i > 0 ? ", " : "", word);
        html_text(out, replay_name(view, other));
        fprintf(out, "</b> by %.4f",
                entropy_of(report, other) - entropy_of(report, leads->best));
        print_range(out, bootstrap_difference(report->bootstrap, other,
                                              leads->best, FIGURE_ENTROPY));
    }
    if (leads->count > NAMED_MAX)
        fprintf(out, ", and %s %zu more", word, leads->count - NAMED_MAX);
    fputc('.', out);
}

static void print_others(const struct replay_view *view, const size_t *order,
                         FILE *out)
{
    const struct leads sure = leads_of(view->report, order, LEAD_SURE);
    const struct leads chance =
        leads_of(view->report, order, LEAD_MAY_BE_CHANCE);

    if (sure.count > 0) {
        fputs(" It is better ", out);
        print_leads(view, &sure, "than", out);
    }
    if (chance.count > 0) {
        fputs(" Its lead may be chance: ", out);
        print_leads(view, &chance, "over", out);
    }
}

static void print_calibration(double calibration, FILE *out)
{
    double more = 100 * (calibration - 1);

    if (isnan(more))
        return;
    if (fabs(more) < 0.5)
        fputs(" It predicts as many clicks as there were.", out);
    else
        fprintf(out, " It predicts %.*f %% %s clicks than there were.",
                fabs(more) < 10 ? 1 : 0, fabs(more),
                more > 0 ? "more" : "fewer");
}

static const char *against_mean(double entropy, struct interval interval)
{
    if (isnan(interval.low))
        interval = (struct interval){entropy, entropy};
    return interval.high < 1  ? "better than"
           : interval.low > 1 ? "worse than"
                              : "not surely better than";
}

void page_verdict(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    size_t order[CONTENDERS_MAX] = {0};

    replay_rank(report, order);
    double entropy = entropy_of(report, order[0]);
    struct interval interval =
        bootstrap_interval(report->bootstrap, order[0], FIGURE_ENTROPY);
    if (isnan(entropy)) {
        fprintf(out,
                "<p class=\"lead\">%s of the impressions %s clicked: nothing "
                "can be said of how well clicks are told apart.</p>\n",
                report->totals[0].click_rate > 0 ? "All" : "None",
                report->totals[0].click_rate > 0 ? "were" : "was");
        return;
    }
    fputs("<p class=\"lead\"><b>", out);
    html_text(out, replay_name(view, order[0]));
    fprintf(out, "</b> predicts %s normalised entropy %.4f",
            report->contenders > 1 ? "best:" : "with", entropy);
    print_range(out, interval);
    fprintf(out, ", %s always saying the mean.",
            against_mean(entropy, interval));
    print_others(view, order, out);
    print_calibration(report->totals[order[0]].calibration, out);
    fputs("</p>\n", out);
}

void page_absence(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;

    fputs("<p class=\"lead\">No settled impressions in the range", out);
    if (report->open + report->gone == 0)
        fputs(": there are none at all", out);
    if (report->open > 0) {
        fputs(": of ", out);
        page_count(out, report->open);
        fputs(" the label may still come", out);
    }
    if (report->gone > 0) {
        fputs(report->open > 0 ? ", " : ": ", out);
        page_count(out, report->gone);
        fputs(" were not answered by every contender", out);
    }
    fputs(".</p>\n", out);
}

/* --- The account ------------------------------------------------------ */

static void print_count(FILE *out, uint64_t count, const char *what)
{
    fputs("<div><b>", out);
    page_count(out, count);
    fprintf(out, "</b><span>%s</span></div>", what);
}

static void print_labels(const struct join_books *books, uint64_t bad,
                         FILE *out)
{
    fputs("<h3>Labels</h3><div class=\"facts small\">", out);
    print_count(out, books->joined, "joined");
    print_count(out, books->late, "late");
    print_count(out, books->duplicate, "duplicate");
    print_count(out, books->corrected, "corrected");
    print_count(out, books->orphan, "without an impression");
    print_count(out, books->waiting, "still waiting for their impression");
    print_count(out, bad, "that were no events");
    fputs("</div>", out);
}

static void print_notes(const struct replay_view *view, FILE *out)
{
    const struct replay_counts *counts = &view->replay->counts;

    for (size_t c = 0; c < view->report->contenders; c++)
        if (view->replay->versions[c] > 0) {
            fputs("<p class=\"soft\">", out);
            html_text(out, replay_name(view, c));
            fprintf(out, " is version %" PRIu64 ".</p>",
                    view->replay->versions[c]);
        }
    if (counts->fieldless > 0)
        fprintf(out,
                "<p class=\"soft\">%" PRIu64 " answers of a field are left "
                "out: it is absent, or no number from 0 to 1.</p>",
                counts->fieldless);
    if (counts->expired > 0)
        fprintf(out,
                "<p class=\"soft\">%zu partitions begin behind records that "
                "retention took.</p>",
                counts->expired);
}

void page_account(const struct replay_view *view, FILE *out)
{
    const struct replay_report *report = view->report;
    const struct replay_counts *counts = &view->replay->counts;
    const struct join_books *books = &counts->books;

    fputs("<section><h2>What was counted</h2><h3>Impressions left out</h3>"
          "<div class=\"facts small\">",
          out);
    print_count(out, report->open, "without a settled label");
    print_count(out, report->gone, "that a contender did not answer");
    print_count(out, books->repeated, "repeated");
    print_count(out, replay_bad_rows(view), "that were no events");
    fputs("</div>", out);
    if (replay_joins(view->config))
        print_labels(books, counts->bad_labels, out);
    print_notes(view, out);
    fputs("</section>\n", out);
}
