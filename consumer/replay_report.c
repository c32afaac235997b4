#include "consumer/replay_report.h"

#include "consumer/row_groups.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS_WANTED = 60, WINDOWS_MAX = 100000 };

/* --- The rows that count ----------------------------------------------------
 */

struct place {
    int64_t ts_ms;
    size_t row;
};

static int by_time(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->ts_ms != y->ts_ms)
        return x->ts_ms < y->ts_ms ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static bool is_answered(const struct replay_log *log, size_t row)
{
    for (size_t c = 0; c < log->config.contenders; c++)
        if (isnan(replay_log_answers(log, row)[c].p))
            return false;
    return true;
}

static size_t choose_rows(struct replay_report *report,
                          const struct replay_report_config *config,
                          struct place *places)
{
    const struct replay_log *log = report->log;
    size_t n = 0;

    for (size_t row = 0; row < log->count; row++) {
        if (isnan(log->label[row]) ||
            log->ts_ms[row] >= config->settled_before_ms)
            report->open++;
        else if (!is_answered(log, row))
            report->gone++;
        else
            places[n++] = (struct place){log->ts_ms[row], row};
    }
    if (n > 0)
        qsort(places, n, sizeof(*places), by_time);
    return n;
}

static int fill_columns(struct replay_report *report,
                        const struct place *places, struct error *err)
{
    const struct replay_log *log = report->log;
    size_t n = report->rows;

    report->order = calloc(n + 1, sizeof(*report->order));
    report->labels = calloc(n + 1, sizeof(*report->labels));
    report->predictions =
        calloc(report->contenders + 1, sizeof(*report->predictions));
    if (!report->order || !report->labels || !report->predictions)
        return error_set(err, ERROR_LIMIT, "no memory to report %zu rows", n);
    for (size_t i = 0; i < n; i++) {
        report->order[i] = places[i].row;
        report->labels[i] = (double)log->label[places[i].row];
    }
    for (size_t c = 0; c < report->contenders; c++) {
        report->predictions[c] = calloc(n + 1, sizeof(double));
        if (!report->predictions[c])
            return error_set(err, ERROR_LIMIT, "no memory to report %zu rows",
                             n);
        for (size_t i = 0; i < n; i++)
            report->predictions[c][i] =
                replay_log_answers(log, places[i].row)[c].p;
    }
    if (n > 0) {
        report->first_ms = places[0].ts_ms;
        report->last_ms = places[n - 1].ts_ms;
    }
    return 0;
}

static int take_rows(struct replay_report *report,
                     const struct replay_report_config *config,
                     struct error *err)
{
    struct place *places = calloc(report->log->count + 1, sizeof(*places));

    if (!places)
        return error_set(err, ERROR_LIMIT, "no memory to report %zu rows",
                         report->log->count);
    report->rows = choose_rows(report, config, places);
    int status = fill_columns(report, places, err);
    free(places);
    return status;
}

/* --- Totals -----------------------------------------------------------------
 */

static int measure_totals(struct replay_report *report,
                          const struct replay_report_config *config,
                          struct error *err)
{
    size_t n = report->contenders;

    report->totals = calloc(n + 1, sizeof(*report->totals));
    report->curves = calloc(n + 1, sizeof(*report->curves));
    if (!report->totals || !report->curves)
        return error_set(err, ERROR_LIMIT, "no memory for a report");
    for (size_t c = 0; c < n; c++)
        if (evaluate(report->labels, report->predictions[c], report->rows,
                     &report->totals[c], err) < 0 ||
            curves_draw(report->labels, report->predictions[c], report->rows,
                        &report->curves[c], err) < 0)
            return -1;
    return bootstrap_run(
        report->labels, (const double *const *)report->predictions, n,
        report->rows, &config->bootstrap, &report->bootstrap, err);
}

/* --- Groups of rows ---------------------------------------------------------
 */

/* Of one contender on the rows of one group. */
static int measure(const struct replay_report *report,
                   const struct row_groups *grouping,
                   const struct row_group *group, size_t contender,
                   struct evaluation *out, struct error *err)
{
    double *figures = malloc((2 * group->count + 1) * sizeof(*figures));

    if (!figures)
        return error_set(err, ERROR_LIMIT, "no memory for %zu rows",
                         group->count);
    for (size_t i = 0; i < group->count; i++) {
        size_t at = grouping->rows[group->first + i];
        figures[i] = report->labels[at];
        figures[group->count + i] = report->predictions[contender][at];
    }
    int status =
        evaluate(figures, figures + group->count, group->count, out, err);
    free(figures);
    return status;
}

static struct evaluation *new_cells(const struct replay_report *report,
                                    struct error *err)
{
    struct evaluation *cells = calloc(report->contenders + 1, sizeof(*cells));

    if (!cells)
        error_set(err, ERROR_LIMIT, "no memory for a report");
    return cells;
}

static int measure_all(const struct replay_report *report,
                       const struct row_groups *grouping,
                       const struct row_group *group, struct evaluation **out,
                       struct error *err)
{
    struct evaluation *cells = new_cells(report, err);

    if (!cells)
        return -1;
    *out = cells; /* the report's from now on, whatever happens */
    for (size_t c = 0; c < report->contenders; c++)
        if (measure(report, grouping, group, c, &cells[c], err) < 0)
            return -1;
    return 0;
}

/* --- Windows ----------------------------------------------------------------
 */

static int64_t round_window(int64_t span_ms)
{
    static const int64_t minutes[] = {1,   5,    15,    60,    180,    360,
                                      720, 1440, 10080, 43200, 129600, 525600};
    size_t count = sizeof(minutes) / sizeof(minutes[0]), i = 0;

    while (i + 1 < count && span_ms / (minutes[i] * 60000) > WINDOWS_WANTED)
        i++;
    return minutes[i] * 60000;
}

static int add_windows(struct replay_report *report,
                       const struct row_groups *grouping, struct error *err)
{
    report->windows = calloc(grouping->count + 1, sizeof(*report->windows));
    if (!report->windows)
        return error_set(err, ERROR_LIMIT, "no memory for %zu windows",
                         grouping->count);
    for (size_t i = 0; i < grouping->count; i++) {
        const struct row_group *group = &grouping->groups[i];
        struct replay_window *window = &report->windows[i];
        window->start_ms = (int64_t)group->key * report->window_ms;
        window->rows = group->count;
        report->window_count++;
        if (measure_all(report, grouping, group, &window->figures, err) < 0)
            return -1;
    }
    return 0;
}

static int make_windows(struct replay_report *report, struct keyed_row *keyed,
                        int64_t window_ms, struct error *err)
{
    struct row_groups grouping;

    report->window_ms = window_ms > 0
                            ? window_ms
                            : round_window(report->last_ms - report->first_ms);
    if ((report->last_ms - report->first_ms) / report->window_ms > WINDOWS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "more than %d windows: raise window_ms", WINDOWS_MAX);
    for (size_t i = 0; i < report->rows; i++)
        keyed[i] =
            (struct keyed_row){(uint64_t)(report->log->ts_ms[report->order[i]] /
                                          report->window_ms),
                               i};
    if (row_groups_make(keyed, report->rows, &grouping, err) < 0)
        return -1;
    int status = add_windows(report, &grouping, err);
    row_groups_free(&grouping);
    return status;
}

/* --- Slices -----------------------------------------------------------------
 */

static int add_slice(struct replay_report *report,
                     const struct replay_slice *slice, struct error *err)
{
    struct replay_slice *slices =
        realloc(report->slices, (report->slice_count + 1) * sizeof(*slices));

    if (!slices)
        return error_set(err, ERROR_LIMIT, "no memory for %zu slices",
                         report->slice_count + 1);
    report->slices = slices;
    slices[report->slice_count++] = *slice;
    return 0;
}

static void name_value(const struct replay_report *report, size_t field,
                       uint64_t key, char out[ID_PRINT_SIZE])
{
    struct id id = id_map_id(report->log->names[field], (uint32_t)key);

    id_print(&id, out);
}

/* The values with most rows. */
static int slice_by_field(struct replay_report *report, struct keyed_row *keyed,
                          size_t field, size_t max, struct error *err)
{
    struct row_groups grouping;
    int status = 0;

    for (size_t i = 0; i < report->rows; i++)
        keyed[i] =
            (struct keyed_row){report->log->values[field][report->order[i]], i};
    if (row_groups_make(keyed, report->rows, &grouping, err) < 0)
        return -1;
    row_groups_sort_by_size(&grouping);
    for (size_t g = 0; status == 0 && g < grouping.count && g < max; g++) {
        struct replay_slice slice = {.by = report->log->config.fields[field],
                                     .contender = SIZE_MAX,
                                     .rows = grouping.groups[g].count};
        name_value(report, field, grouping.groups[g].key, slice.value);
        if (add_slice(report, &slice, err) < 0)
            status = -1;
        else
            status = measure_all(
                report, &grouping, &grouping.groups[g],
                &report->slices[report->slice_count - 1].figures, err);
    }
    row_groups_free(&grouping);
    return status;
}

enum own_key { OWN_BASIS, OWN_VERSION };

static int add_own(struct replay_report *report,
                   const struct row_groups *grouping,
                   const struct row_group *group, enum own_key kind,
                   size_t contender, struct error *err)
{
    struct replay_slice slice = {.by = kind == OWN_BASIS ? "basis" : "version",
                                 .contender = contender,
                                 .rows = group->count};

    if (kind == OWN_BASIS)
        snprintf(slice.value, sizeof(slice.value), "%s",
                 basis_name((enum basis)group->key));
    else
        snprintf(slice.value, sizeof(slice.value), "%" PRIu64, group->key);
    if (add_slice(report, &slice, err) < 0)
        return -1;
    struct evaluation *cells = new_cells(report, err);
    report->slices[report->slice_count - 1].figures = cells;
    return cells ? measure(report, grouping, group, contender,
                           &cells[contender], err)
                 : -1;
}

/* By what a contender said of its own answers. */
static int slice_by_answer(struct replay_report *report,
                           struct keyed_row *keyed, enum own_key kind,
                           size_t contender, struct error *err)
{
    struct row_groups grouping;
    int status = 0;

    for (size_t i = 0; i < report->rows; i++) {
        const struct replay_answer *answer =
            &replay_log_answers(report->log, report->order[i])[contender];
        keyed[i] = (struct keyed_row){
            kind == OWN_BASIS ? answer->basis : answer->version, i};
    }
    if (row_groups_make(keyed, report->rows, &grouping, err) < 0)
        return -1;
    for (size_t g = 0; status == 0 && g < grouping.count; g++)
        status = add_own(report, &grouping, &grouping.groups[g], kind,
                         contender, err);
    row_groups_free(&grouping);
    return status;
}

static int make_slices(struct replay_report *report, struct keyed_row *keyed,
                       size_t max, struct error *err)
{
    for (size_t c = 0; c < report->contenders; c++)
        if (slice_by_answer(report, keyed, OWN_BASIS, c, err) < 0)
            return -1;
    for (size_t c = 0; c < report->contenders; c++)
        if (slice_by_answer(report, keyed, OWN_VERSION, c, err) < 0)
            return -1;
    for (size_t field = 0; field < report->log->field_count; field++)
        if (slice_by_field(report, keyed, field, max, err) < 0)
            return -1;
    return 0;
}

/* --- The report -------------------------------------------------------------
 */

static int make(struct replay_report *report,
                const struct replay_report_config *config, struct error *err)
{
    if (take_rows(report, config, err) < 0 ||
        measure_totals(report, config, err) < 0)
        return -1;
    struct keyed_row *keyed = calloc(report->rows + 1, sizeof(*keyed));
    if (!keyed)
        return error_set(err, ERROR_LIMIT, "no memory to group %zu rows",
                         report->rows);
    int status = make_windows(report, keyed, config->window_ms, err);
    if (status == 0)
        status = make_slices(report, keyed, config->slices_max, err);
    free(keyed);
    return status;
}

int replay_report_make(const struct replay_log *log,
                       const struct replay_report_config *config,
                       struct replay_report **out, struct error *err)
{
    struct replay_report *report = calloc(1, sizeof(*report));

    if (!report)
        return error_set(err, ERROR_LIMIT, "no memory for a report");
    report->log = log;
    report->contenders = log->config.contenders;
    if (make(report, config, err) < 0) {
        replay_report_free(report);
        return -1;
    }
    *out = report;
    return 0;
}

void replay_report_free(struct replay_report *report)
{
    if (!report)
        return;
    for (size_t c = 0; report->predictions && c < report->contenders; c++)
        free(report->predictions[c]);
    for (size_t i = 0; i < report->window_count; i++)
        free(report->windows[i].figures);
    for (size_t i = 0; i < report->slice_count; i++)
        free(report->slices[i].figures);
    free(report->predictions);
    free(report->order);
    free(report->labels);
    free(report->totals);
    free(report->curves);
    free(report->windows);
    free(report->slices);
    bootstrap_free(report->bootstrap);
    free(report);
}
