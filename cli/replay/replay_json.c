/*
 * replay_json.c - a replay as lines of JSON.
 */
#include "cli/replay/replay_view.h"

#include <jansson.h>
#include <math.h>

/* JSON has no NaN. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static const char *figure_name(enum figure figure)
{
    static const char *const names[FIGURE_COUNT] = {
        [FIGURE_RMSE] = "rmse",       [FIGURE_MAE] = "mae",
        [FIGURE_LOGLOSS] = "logloss", [FIGURE_ENTROPY] = "normalised_entropy",
        [FIGURE_AUC] = "auc",         [FIGURE_CALIBRATION] = "calibration",
        [FIGURE_ECE] = "ece",
    };
    return names[figure];
}

static void set(json_t *line, const char *name, json_t *value)
{
    json_object_set_new(line, name, value);
}

static json_t *new_line(const char *kind)
{
    json_t *line = json_object();

    set(line, "kind", json_string(kind));
    return line;
}

static int write_line(json_t *line, FILE *out, struct error *err)
{
    int status = json_dumpf(line, out,
                            JSON_COMPACT | JSON_PRESERVE_ORDER |
                                JSON_REAL_PRECISION(17));

    json_decref(line);
    if (status < 0 || fputc('\n', out) == EOF)
        return error_set(err, ERROR_IO, "write JSON");
    return 0;
}

static void set_figures(json_t *line, const struct evaluation *figures)
{
    set(line, "impressions", json_integer((json_int_t)figures->rows));
    set(line, "click_rate", number(figures->click_rate));
    for (int f = 0; f < FIGURE_COUNT; f++)
        set(line, figure_name((enum figure)f),
            number(evaluation_figure(figures, (enum figure)f)));
}

static json_t *interval_json(struct interval interval)
{
    json_t *pair = json_array();

    json_array_append_new(pair, number(interval.low));
    json_array_append_new(pair, number(interval.high));
    return pair;
}

static const char *name_of(const struct replay_view *view, size_t contender)
{
    return view->config->contenders[contender].name;
}

static int write_head(const struct replay_view *view, FILE *out,
                      struct error *err)
{
    const struct replay_report *report = view->report;
    const struct replay_counts *counts = &view->replay->counts;
    const struct join_books *books = &counts->books;
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"impressions", report->rows},
        {"open", report->open},
        {"gone", report->gone},
        {"repeated", books->repeated},
        {"bad_impressions", counts->bad_impressions},
        {"bad_labels", counts->bad_labels},
        {"joined", books->joined},
        {"late", books->late},
        {"duplicate", books->duplicate},
        {"corrected", books->corrected},
        {"contradicted", books->contradicted},
        {"orphan", books->orphan},
        {"waiting", books->waiting},
        {"disordered", counts->disordered},
        {"skewed", counts->events.skewed},
        {"history", counts->history},
        {"fits", counts->fits},
        {"fieldless", counts->fieldless},
        {"expired_partitions", counts->expired},
        {"live_recorded", counts->live.recorded},
        {"live_published", counts->live.published},
    };
    json_t *line = new_line("replay");

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        set(line, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    set(line, "first_ts", json_integer(report->first_ms));
    set(line, "last_ts", json_integer(report->last_ms));
    set(line, "window_ms", json_integer(report->window_ms));
    return write_line(line, out, err);
}

static int write_totals(const struct replay_view *view, FILE *out,
                        struct error *err)
{
    const struct replay_report *report = view->report;

    for (size_t c = 0; c < report->contenders; c++) {
        json_t *line = new_line("total"), *intervals = json_object();
        set(line, "contender", json_string(name_of(view, c)));
        if (view->replay->versions[c] > 0)
            set(line, "version",
                json_integer((json_int_t)view->replay->versions[c]));
        set_figures(line, &report->totals[c]);
        for (int f = 0; f < FIGURE_COUNT; f++)
            set(intervals, figure_name((enum figure)f),
                interval_json(
                    bootstrap_interval(report->bootstrap, c, (enum figure)f)));
        set(line, "intervals", intervals);
        if (write_line(line, out, err) < 0)
            return -1;
    }
    return 0;
}

/* What the contender said and what came true, by equal shares of rows. */
static int write_reliability(const struct replay_view *view, FILE *out,
                             struct error *err)
{
    const struct replay_report *report = view->report;

    for (size_t c = 0; c < report->contenders; c++) {
        for (size_t i = 0; i < report->curves[c].bin_count; i++) {
            const struct reliability_bin *bin = &report->curves[c].bins[i];
            json_t *line = new_line("reliability");
            set(line, "contender", json_string(name_of(view, c)));
            set(line, "impressions", json_integer((json_int_t)bin->rows));
            set(line, "predicted", number(bin->predicted));
            set(line, "click_rate", number(bin->click_rate));
            set(line, "interval",
                interval_json((struct interval){bin->low, bin->high}));
            if (write_line(line, out, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int write_difference(const struct replay_view *view, size_t a, size_t b,
                            FILE *out, struct error *err)
{
    const struct replay_report *report = view->report;
    json_t *line = new_line("difference"), *intervals = json_object();

    set(line, "contender", json_string(name_of(view, a)));
    set(line, "minus", json_string(name_of(view, b)));
    for (int f = 0; f < FIGURE_COUNT; f++) {
        enum figure figure = (enum figure)f;
        set(line, figure_name(figure),
            number(evaluation_figure(&report->totals[a], figure) -
                   evaluation_figure(&report->totals[b], figure)));
        set(intervals, figure_name(figure),
            interval_json(
                bootstrap_difference(report->bootstrap, a, b, figure)));
    }
    set(line, "intervals", intervals);
    return write_line(line, out, err);
}

static int write_differences(const struct replay_view *view, FILE *out,
                             struct error *err)
{
    for (size_t a = 0; a < view->report->contenders; a++)
        for (size_t b = a + 1; b < view->report->contenders; b++)
            if (write_difference(view, a, b, out, err) < 0)
                return -1;
    return 0;
}

static int write_windows(const struct replay_view *view, FILE *out,
                         struct error *err)
{
    const struct replay_report *report = view->report;

    for (size_t i = 0; i < report->window_count; i++) {
        for (size_t c = 0; c < report->contenders; c++) {
            json_t *line = new_line("window");
            set(line, "start", json_integer(report->windows[i].start_ms));
            set(line, "contender", json_string(name_of(view, c)));
            set_figures(line, &report->windows[i].figures[c]);
            if (write_line(line, out, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int write_slice(const struct replay_view *view,
                       const struct replay_slice *slice, size_t contender,
                       FILE *out, struct error *err)
{
    json_t *line = new_line("slice");
    json_t *value = json_string(slice->value); /* NULL: not UTF-8 */

    set(line, "by", json_string(slice->by));
    set(line, "value", value ? value : json_null());
    set(line, "contender", json_string(name_of(view, contender)));
    set_figures(line, &slice->figures[contender]);
    return write_line(line, out, err);
}

static int write_slices(const struct replay_view *view, FILE *out,
                        struct error *err)
{
    const struct replay_report *report = view->report;

    for (size_t i = 0; i < report->slice_count; i++) {
        const struct replay_slice *slice = &report->slices[i];
        for (size_t c = 0; c < report->contenders; c++)
            if ((slice->contender == SIZE_MAX || slice->contender == c) &&
                write_slice(view, slice, c, out, err) < 0)
                return -1;
    }
    return 0;
}

static int write_swaps(const struct replay_view *view, FILE *out,
                       struct error *err)
{
    const struct replay_log *log = view->replay->log;

    for (size_t i = 0; i < log->swap_count; i++) {
        json_t *line = new_line("swap");
        set(line, "ts", json_integer(log->swaps[i].ts_ms));
        set(line, "contender",
            json_string(name_of(view, log->swaps[i].contender)));
        set(line, "version", json_integer(log->swaps[i].version));
        if (write_line(line, out, err) < 0)
            return -1;
    }
    return 0;
}

int replay_print_json(const struct replay_view *view, FILE *out,
                      struct error *err)
{
    if (write_head(view, out, err) < 0 || write_totals(view, out, err) < 0 ||
        write_reliability(view, out, err) < 0 ||
        write_differences(view, out, err) < 0 ||
        write_windows(view, out, err) < 0 || write_slices(view, out, err) < 0)
        return -1;
    return write_swaps(view, out, err);
}
