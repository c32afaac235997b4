#include "consumer/report/replay_report.h"

#include "consumer/report/replay_census.h"
#include "consumer/report/row_sorter.h"

#include <stdlib.h>
#include <string.h>

/* The contenders are measured one after the other with these. */
struct pass {
    const struct replay_log *log;
    const struct replay_census *census;
    struct replay_report *report;
    struct row_sorter *sorter;
    struct evaluation_sums *sums; /* (groups) */
};

static int no_memory(struct error *err)
{
    return error_no_memory(err, "a report");
}

/* --- Into the order of a contender's predictions ---------------------- */

static int add_row(struct pass *pass, const struct replay_row *row,
                   size_t contender, struct error *err)
{
    struct sorted_row sorted = {
        .p = row->answers[contender].p, .unit = row->unit, .label = row->label};

    if (!replay_census_counts(pass->census, pass->log, row))
        return 0;
    replay_groups_of(&pass->report->groups, row, contender, sorted.groups);
    return row_sorter_add(pass->sorter, &sorted, err);
}

static int sort_rows(struct pass *pass, size_t contender, struct error *err)
{
    struct replay_log_cursor cursor;
    const struct replay_row *row = NULL;
    int status = replay_log_read(pass->log, &cursor, err);

    if (status < 0)
        return -1;
    row_sorter_clear(pass->sorter);
    while (status == 0 && (status = replay_log_next(&cursor, &row, err)) == 0 &&
           row)
        status = add_row(pass, row, contender, err);
    replay_log_read_end(&cursor);
    return status < 0 ? -1 : row_sorter_sort(pass->sorter, err);
}

/* --- Figures ---------------------------------------------------------- */

static void measure_row(struct pass *pass, const struct sorted_row *row,
                        struct evaluation_sums *total,
                        struct curves_pass *curves)
{
    struct evaluation_terms terms =
        evaluation_terms((double)row->label, row->p);

    evaluation_add(total, &terms);
    curves_add(curves, terms.label, terms.prediction);
    bootstrap_add(pass->report->bootstrap, row->unit, &terms);
    for (size_t i = 0; i < ROW_GROUPS_MAX; i++)
        if (row->groups[i] != NO_GROUP)
            evaluation_add(&pass->sums[row->groups[i]], &terms);
}

static int measure(struct pass *pass, size_t contender, struct error *err)
{
    struct replay_report *report = pass->report;
    struct evaluation_sums total = {0};
    struct curves_pass curves;
    const struct sorted_row *row = NULL;
    int status = 0;

    memset(pass->sums, 0,
           replay_groups_count(&report->groups) * sizeof(*pass->sums));
    curves_begin(&curves, report->rows, &report->curves[contender]);
    while ((status = row_sorter_next(pass->sorter, &row, err)) == 0 && row)
        measure_row(pass, row, &total, &curves);
    if (status < 0)
        return -1;
    curves_end(&curves);
    bootstrap_end(report->bootstrap, contender);
    report->totals[contender] = evaluation_of(&total);
    replay_groups_measure(&report->groups, contender, pass->sums);
    return 0;
}

static int measure_all(struct pass *pass, struct error *err)
{
    struct replay_report *report = pass->report;

    pass->sums =
        calloc(replay_groups_count(&report->groups) + 1, sizeof(*pass->sums));
    report->totals = calloc(report->contenders + 1, sizeof(*report->totals));
    report->curves = calloc(report->contenders + 1, sizeof(*report->curves));
    if (!pass->sums || !report->totals || !report->curves)
        return no_memory(err);
    for (size_t c = 0; c < report->contenders; c++)
        if (sort_rows(pass, c, err) < 0 || measure(pass, c, err) < 0)
            return -1;
    replay_groups_drop_empty(&report->groups);
    return 0;
}

/* --- The report ------------------------------------------------------- */

static void take_census(struct replay_report *report,
                        const struct replay_census *census)
{
    report->rows = census->rows;
    report->open = census->open;
    report->gone = census->gone;
    report->first_ms = census->first_ms;
    report->last_ms = census->last_ms;
}

static int make(struct pass *pass, const struct replay_report_config *config,
                struct error *err)
{
    struct replay_report *report = pass->report;

    take_census(report, pass->census);
    if (replay_groups_make(pass->log, pass->census, config->window_ms,
                           config->slices_max, &report->groups, err) < 0 ||
        bootstrap_new(&config->bootstrap, report->contenders,
                      &report->bootstrap, err) < 0 ||
        row_sorter_new(pass->log->config.folder, (size_t)config->sort_bytes,
                       &pass->sorter, err) < 0 ||
        measure_all(pass, err) < 0)
        return -1;
    report->window_ms = report->groups.window_ms;
    report->windows = report->groups.windows;
    report->window_count = report->groups.window_count;
    report->slices = report->groups.slices;
    report->slice_count = report->groups.slice_count;
    return 0;
}

int replay_report_make(const struct replay_log *log,
                       const struct replay_report_config *config,
                       struct replay_report **out, struct error *err)
{
    struct replay_report *report = calloc(1, sizeof(*report));
    struct replay_census census;

    if (!report)
        return no_memory(err);
    report->contenders = log->config.contenders;
    struct pass pass = {.log = log, .census = &census, .report = report};
    int status =
        replay_census_take(log, config->settled_before_ms, &census, err);
    if (status == 0) {
        status = make(&pass, config, err);
        replay_census_free(&census);
    }
    row_sorter_free(pass.sorter);
    free(pass.sums);
    if (status < 0)
        replay_report_free(report);
    else
        *out = report;
    return status;
}

void replay_report_free(struct replay_report *report)
{
    if (!report)
        return;
    replay_groups_free(&report->groups);
    free(report->totals);
    free(report->curves);
    bootstrap_free(report->bootstrap);
    free(report);
}
