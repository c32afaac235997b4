/*
 * replay_json.c - a replay as lines of JSON.
 */
#include "cli/replay/replay_view.h"

#include "common/base/json_writer.h"

#include <string.h>

/* The replay, and where its lines go. */
struct lines {
    const struct replay_view *view;
    struct json_writer *to;
    FILE *out;
};

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

static void begin_line(const struct lines *lines, const char *kind)
{
    json_writer_open(lines->to, '{');
    json_writer_member_text(lines->to, "kind", kind);
}

static int end_line(const struct lines *lines, struct error *err)
{
    json_writer_close(lines->to, '}');
    return json_writer_print_line(lines->to, lines->out, err);
}

static void write_figures(struct json_writer *to,
                          const struct evaluation *figures)
{
    json_writer_member_unsigned(to, "impressions", figures->rows);
    json_writer_member_real(to, "click_rate", figures->click_rate);
    for (int f = 0; f < FIGURE_COUNT; f++)
        json_writer_member_real(to, figure_name((enum figure)f),
                                evaluation_figure(figures, (enum figure)f));
}

static void write_interval(struct json_writer *to, const char *name,
                           struct interval interval)
{
    json_writer_name(to, name);
    json_writer_open(to, '[');
    json_writer_real(to, interval.low);
    json_writer_real(to, interval.high);
    json_writer_close(to, ']');
}

static void write_contender(const struct lines *lines, size_t contender)
{
    json_writer_member_text(lines->to, "contender",
                            replay_name(lines->view, contender));
}

static int write_head(const struct lines *lines, struct error *err)
{
    const struct replay_report *report = lines->view->report;
    const struct replay_counts *counts = &lines->view->replay->counts;
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
        {"skewed", counts->events.odd[ODD_SKEWED]},
        {"history", counts->history},
        {"fits", counts->fits},
        {"fieldless", counts->fieldless},
        {"expired_partitions", counts->expired},
        {"live_recorded", counts->live.recorded},
        {"live_published", counts->live.published},
    };

    begin_line(lines, "replay");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        json_writer_member_unsigned(lines->to, numbers[i].name,
                                    numbers[i].value);
    json_writer_member_integer(lines->to, "first_ts", report->first_ms);
    json_writer_member_integer(lines->to, "last_ts", report->last_ms);
    json_writer_member_integer(lines->to, "window_ms", report->window_ms);
    return end_line(lines, err);
}

static int write_totals(const struct lines *lines, struct error *err)
{
    const struct replay_report *report = lines->view->report;
    const uint64_t *versions = lines->view->replay->versions;

    for (size_t c = 0; c < report->contenders; c++) {
        begin_line(lines, "total");
        write_contender(lines, c);
        if (versions[c] > 0)
            json_writer_member_unsigned(lines->to, "version", versions[c]);
        write_figures(lines->to, &report->totals[c]);
        json_writer_name(lines->to, "intervals");
        json_writer_open(lines->to, '{');
        for (int f = 0; f < FIGURE_COUNT; f++)
            write_interval(
                lines->to, figure_name((enum figure)f),
                bootstrap_interval(report->bootstrap, c, (enum figure)f));
        json_writer_close(lines->to, '}');
        if (end_line(lines, err) < 0)
            return -1;
    }
    return 0;
}

/* Writes the means of the contender's predictions and of the clicks, for equal
 * shares of the rows. */
static int write_reliability(const struct lines *lines, struct error *err)
{
    const struct replay_report *report = lines->view->report;

    for (size_t c = 0; c < report->contenders; c++) {
        for (size_t i = 0; i < report->curves[c].bin_count; i++) {
            const struct reliability_bin *bin = &report->curves[c].bins[i];
            begin_line(lines, "reliability");
            write_contender(lines, c);
            json_writer_member_unsigned(lines->to, "impressions", bin->rows);
            json_writer_member_real(lines->to, "predicted", bin->predicted);
            json_writer_member_real(lines->to, "click_rate", bin->click_rate);
            write_interval(lines->to, "interval",
                           (struct interval){bin->low, bin->high});
            if (end_line(lines, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int write_difference(const struct lines *lines, size_t a, size_t b,
                            struct error *err)
{
    const struct replay_report *report = lines->view->report;

    begin_line(lines, "difference");
    write_contender(lines, a);
    json_writer_member_text(lines->to, "minus", replay_name(lines->view, b));
    for (int f = 0; f < FIGURE_COUNT; f++) {
        enum figure figure = (enum figure)f;
        json_writer_member_real(
            lines->to, figure_name(figure),
            evaluation_figure(&report->totals[a], figure) -
                evaluation_figure(&report->totals[b], figure));
    }
    json_writer_name(lines->to, "intervals");
    json_writer_open(lines->to, '{');
    for (int f = 0; f < FIGURE_COUNT; f++)
        write_interval(
            lines->to, figure_name((enum figure)f),
            bootstrap_difference(report->bootstrap, a, b, (enum figure)f));
    json_writer_close(lines->to, '}');
    return end_line(lines, err);
}

static int write_differences(const struct lines *lines, struct error *err)
{
    const size_t contenders = lines->view->report->contenders;

    for (size_t a = 0; a < contenders; a++)
        for (size_t b = a + 1; b < contenders; b++)
            if (write_difference(lines, a, b, err) < 0)
                return -1;
    return 0;
}

static int write_windows(const struct lines *lines, struct error *err)
{
    const struct replay_report *report = lines->view->report;

    for (size_t i = 0; i < report->window_count; i++) {
        for (size_t c = 0; c < report->contenders; c++) {
            begin_line(lines, "window");
            json_writer_member_integer(lines->to, "start",
                                       report->windows[i].start_ms);
            write_contender(lines, c);
            write_figures(lines->to, &report->windows[i].figures[c]);
            if (end_line(lines, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int write_slices(const struct lines *lines, struct error *err)
{
    const struct replay_report *report = lines->view->report;

    for (size_t i = 0; i < report->slice_count; i++) {
        const struct replay_slice *slice = &report->slices[i];
        for (size_t c = 0; c < report->contenders; c++) {
            if (slice->contender != SIZE_MAX && slice->contender != c)
                continue;
            begin_line(lines, "slice");
            json_writer_member_text(lines->to, "by", slice->by);
            json_writer_name(lines->to, "value");
            json_writer_bytes(lines->to, (const uint8_t *)slice->value,
                              slice->value_size);
            write_contender(lines, c);
            write_figures(lines->to, &slice->figures[c]);
            if (end_line(lines, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int write_swaps(const struct lines *lines, struct error *err)
{
    const struct replay_log *log = lines->view->replay->log;

    for (size_t i = 0; i < log->swap_count; i++) {
        begin_line(lines, "swap");
        json_writer_member_integer(lines->to, "ts", log->swaps[i].ts_ms);
        write_contender(lines, log->swaps[i].contender);
        json_writer_member_unsigned(lines->to, "version",
                                    log->swaps[i].version);
        if (end_line(lines, err) < 0)
            return -1;
    }
    return 0;
}

int replay_print_json(const struct replay_view *view, FILE *out,
                      struct error *err)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line, .in_full = true};
    const struct lines lines = {view, &to, out};
    int status = write_head(&lines, err);

    if (status == 0)
        status = write_totals(&lines, err);
    if (status == 0)
        status = write_reliability(&lines, err);
    if (status == 0)
        status = write_differences(&lines, err);
    if (status == 0)
        status = write_windows(&lines, err);
    if (status == 0)
        status = write_slices(&lines, err);
    if (status == 0)
        status = write_swaps(&lines, err);
    buffer_free(&line);
    return status;
}
