/*
 * check_replay_report.c - windows, slices and what is left out, against slow
 * computations over the rows; when rows are told.
 */
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/event/event_codec.h"

#include "consumer/report/replay_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 600,
    CONTENDERS = 2,
    WINDOW_MS = 1000,
    SETTLED_MS = 9000,
    ROW_SIZE =
        sizeof(struct replay_row) + CONTENDERS * sizeof(struct replay_answer),
};

static struct error err;
static struct replay_log *log_of;
static struct replay_report *report;
static _Alignas(8) uint8_t rows[ROWS][ROW_SIZE];
static size_t kept_count;

/* What a reader finds in {"shelf": number}. */
static const struct event_found *shelf(struct replay_log *log, size_t number)
{
    static struct event_found found;
    const unsigned at = log->field_at[0];

    found.seen = 1u << at;
    found.values[at] = (struct cursor_value){.type = CURSOR_INTEGER,
                                             .integer = (int64_t)number};
    return &found;
}

static struct replay_row row_at(int64_t ts_ms, size_t i)
{
    return (struct replay_row){
        .ts_ms = ts_ms, .offset = (int64_t)i, .unit = i / 3, .label = NAN};
}

static struct replay_row *row_of(size_t i)
{
    return (struct replay_row *)(void *)rows[i];
}

/* Kept here too, for the slow computations. */
static int keep(void *context, const struct replay_row *row,
                struct error *error)
{
    size_t *kept = context;

    (void)error;
    memcpy(rows[(*kept)++], row, ROW_SIZE);
    return 0;
}

/* The second contender is of a model of fields. */
static uint8_t band_at(size_t contender, size_t i)
{
    return (uint8_t)(contender == 0 ? SUPPORT_NONE : SUPPORT_0 + i % 3);
}

static void add_row(size_t i, uint64_t *state)
{
    int64_t ts_ms = (int64_t)(random_uniform(state) * 10000);
    struct replay_row head = row_at(ts_ms, i), *row = NULL;

    ck_assert_ok(
        replay_log_append(log_of, &head, shelf(log_of, i % 3), &row, &err),
        err);
    for (size_t c = 0; c < CONTENDERS; c++)
        row->answers[c] = (struct replay_answer){
            floor(random_uniform(state) * 200) / 200, 1 + i / 200,
            i % 5 ? BASIS_LEARNED : BASIS_PARTIAL, band_at(c, i)};
    bool clicked = random_uniform(state) < row->answers[0].p;
    if (i == 7)
        row->answers[1].p = NAN;
    ck_assert_ok(replay_log_note_swaps(log_of, &err), err);
    if (i != 5)
        replay_log_label(log_of, i, clicked ? 1.0F : 0.0F);
}

static struct replay_report *report_of(size_t sort_bytes)
{
    struct replay_report_config wanted = {.window_ms = WINDOW_MS,
                                          .settled_before_ms = SETTLED_MS,
                                          .bootstrap = {20, 1, 0.95},
                                          .slices_max = 2,
                                          .sort_bytes = sort_bytes};
    struct replay_report *made = NULL;

    ck_assert_ok(replay_report_make(log_of, &wanted, &made, &err), err);
    return made;
}

static void make(void)
{
    struct replay_log_config config = {.contenders = CONTENDERS,
                                       .rows_max = ROWS,
                                       .fields = {"shelf"},
                                       .sinks = {{keep, &kept_count}}};
    uint64_t state = 3;

    kept_count = 0;
    ck_assert_ok(replay_log_new(&config, &log_of, &err), err);
    for (size_t i = 0; i < ROWS; i++)
        add_row(i, &state);
    ck_assert_ok(replay_log_settle(log_of, INT64_MAX, &err), err);
    ck_assert_uint_eq(kept_count, ROWS);
    report = report_of(1 << 20);
}

static void clear(void)
{
    replay_report_free(report);
    replay_log_free(log_of);
}

/* The rows that count, of a window, a shelf or a version; -1: any. */
static struct evaluation slow(size_t contender, int64_t window, int number,
                              int version)
{
    double labels[ROWS], predictions[ROWS];
    struct evaluation out;
    size_t n = 0;

    for (size_t i = 0; i < ROWS; i++) {
        if (i == 5 || i == 7 || row_of(i)->ts_ms >= SETTLED_MS ||
            (window >= 0 && row_of(i)->ts_ms / WINDOW_MS != window) ||
            (number >= 0 && (int)(i % 3) != number) ||
            (version >= 0 && (int)(1 + i / 200) != version))
            continue;
        labels[n] = (double)row_of(i)->label;
        predictions[n++] = row_of(i)->answers[contender].p;
    }
    ck_assert_ok(evaluate(labels, predictions, n, &out, &err), err);
    return out;
}

static void assert_same(const struct evaluation *a, const struct evaluation *b)
{
    ck_assert_uint_eq(a->rows, b->rows);
    for (int f = 0; f < FIGURE_COUNT; f++)
        ck_assert_double_eq_tol(evaluation_figure(a, (enum figure)f),
                                evaluation_figure(b, (enum figure)f), 1e-12);
}

START_TEST(totals_leave_out_what_is_open_or_gone)
{
    size_t late = 0;

    for (size_t i = 0; i < ROWS; i++)
        late += i != 5 && row_of(i)->ts_ms >= SETTLED_MS;
    ck_assert_uint_gt(late, 10);
    ck_assert_uint_eq(report->open, late + 1);
    ck_assert_uint_eq(report->gone, 1);
    ck_assert_uint_eq(report->rows, ROWS - late - 2);
    for (size_t c = 0; c < CONTENDERS; c++) {
        struct evaluation expected = slow(c, -1, -1, -1);
        assert_same(&report->totals[c], &expected);
    }
}
END_TEST

START_TEST(windows_are_the_rows_of_their_time)
{
    ck_assert_uint_eq(report->window_count, SETTLED_MS / WINDOW_MS);
    for (size_t i = 0; i < report->window_count; i++) {
        ck_assert_int_eq(report->windows[i].start_ms, (int64_t)i * WINDOW_MS);
        for (size_t c = 0; c < CONTENDERS; c++) {
            struct evaluation expected = slow(c, (int64_t)i, -1, -1);
            assert_same(&report->windows[i].figures[c], &expected);
        }
    }
}
END_TEST

START_TEST(slices_are_the_rows_of_their_value)
{
    size_t shelves = 0, versions = 0, bases = 0, supports = 0;

    for (size_t i = 0; i < report->slice_count; i++) {
        const struct replay_slice *slice = &report->slices[i];
        struct evaluation expected;
        if (strcmp(slice->by, "shelf") == 0) {
            shelves++;
            expected = slow(1, -1, atoi(slice->value), -1);
            assert_same(&slice->figures[1], &expected);
        } else if (strcmp(slice->by, "version") == 0) {
            versions++;
            expected = slow(slice->contender, -1, -1, atoi(slice->value));
            assert_same(&slice->figures[slice->contender], &expected);
        } else if (strcmp(slice->by, "support") == 0) {
            static const char *const words[] = {"0", "1-9", "10-99"};
            ck_assert_str_eq(slice->value, words[supports % 3]);
            ck_assert_uint_eq(slice->contender, 1);
            expected = slow(1, -1, (int)supports++, -1);
            assert_same(&slice->figures[1], &expected);
        } else {
            ck_assert_str_eq(slice->by, "basis");
            bases++;
        }
    }
    ck_assert_uint_eq(shelves, 2); /* slices_max */
    ck_assert_uint_eq(versions, 3 * CONTENDERS);
    ck_assert_uint_eq(bases, 2 * CONTENDERS);
    ck_assert_uint_eq(supports, 3);
}
END_TEST

START_TEST(swaps_are_noted_once)
{
    ck_assert_uint_eq(log_of->swap_count, 3 * CONTENDERS);
    ck_assert_uint_eq(log_of->swaps[2].version, 2);
    ck_assert_int_eq(log_of->swaps[2].ts_ms, row_of(200)->ts_ms);
}
END_TEST

START_TEST(more_rows_than_agreed_are_refused)
{
    struct replay_row head = row_at(1, 1), *row = NULL;

    ck_assert_refused(
        replay_log_append(log_of, &head, shelf(log_of, 1), &row, &err), err,
        ERROR_LIMIT, "rows.max");
}
END_TEST

static void assert_same_bits(const struct evaluation *a,
                             const struct evaluation *b)
{
    ck_assert_mem_eq(a, b, sizeof(*a));
}

/* With memory to sort thirty rows at a time. */
START_TEST(sorting_on_disk_changes_no_bit)
{
    struct replay_report *other = report_of(2400);

    for (size_t c = 0; c < CONTENDERS; c++) {
        struct interval a =
            bootstrap_interval(report->bootstrap, c, FIGURE_AUC);
        struct interval b = bootstrap_interval(other->bootstrap, c, FIGURE_AUC);
        assert_same_bits(&report->totals[c], &other->totals[c]);
        ck_assert_mem_eq(&a, &b, sizeof(a));
        ck_assert_mem_eq(&report->curves[c], &other->curves[c],
                         sizeof(struct curves));
    }
    ck_assert_uint_eq(report->window_count, other->window_count);
    for (size_t i = 0; i < report->window_count; i++)
        assert_same_bits(&report->windows[i].figures[1],
                         &other->windows[i].figures[1]);
    ck_assert_uint_eq(report->slice_count, other->slice_count);
    for (size_t i = 0; i < report->slice_count; i++)
        for (size_t c = 0; c < CONTENDERS; c++)
            assert_same_bits(&report->slices[i].figures[c],
                             &other->slices[i].figures[c]);
    replay_report_free(other);
}
END_TEST

/* In the order they came, those behind an open one too; then it is told. */
START_TEST(rows_are_told_when_their_labels_are_final)
{
    static const int64_t times[] = {10, 40, 20, 60};
    struct replay_log_config config = {.contenders = CONTENDERS,
                                       .rows_max = ROWS,
                                       .sinks = {{keep, &kept_count}}};
    struct replay_log *log = NULL;
    struct replay_row *row = NULL;

    kept_count = 0;
    ck_assert_ok(replay_log_new(&config, &log, &err), err);
    for (size_t i = 0; i < 4; i++) {
        struct replay_row head = row_at(times[i], i);
        ck_assert_ok(replay_log_append(log, &head, shelf(log, 0), &row, &err),
                     err);
    }
    replay_log_label(log, 0, 1);
    ck_assert_ok(replay_log_settle(log, 30, &err), err);
    ck_assert_uint_eq(kept_count, 1);
    ck_assert_float_eq(row_of(0)->label, 1);
    replay_log_label(log, 2, 1);
    ck_assert_ok(replay_log_settle(log, 41, &err), err);
    ck_assert_uint_eq(kept_count, 3);
    ck_assert_float_eq(row_of(2)->label, 1);
    ck_assert_ok(replay_log_settle(log, INT64_MAX, &err), err);
    ck_assert_uint_eq(kept_count, 4);
    ck_assert(isnan(row_of(3)->label));
    replay_log_free(log);
}
END_TEST

static int refuse(void *context, const struct replay_row *row,
                  struct error *error)
{
    (void)context;
    (void)row;
    return error_set(error, ERROR_IO, "no room");
}

START_TEST(a_sink_that_fails_ends_it)
{
    struct replay_log_config config = {
        .contenders = CONTENDERS, .rows_max = ROWS, .sinks = {{refuse, NULL}}};
    struct replay_log *log = NULL;
    struct replay_row *row = NULL;

    ck_assert_ok(replay_log_new(&config, &log, &err), err);
    struct replay_row head = row_at(1, 1);
    ck_assert_ok(replay_log_append(log, &head, shelf(log, 0), &row, &err), err);
    ck_assert_refused(replay_log_settle(log, 2, &err), err, ERROR_IO,
                      "no room");
    replay_log_free(log);
}
END_TEST

START_TEST(no_rows_are_a_report_too)
{
    struct replay_log_config config = {.contenders = 1, .rows_max = 1};
    struct replay_report_config wanted = {.bootstrap = {20, 1, 0.95},
                                          .sort_bytes = 1 << 20};
    struct replay_log *empty = NULL;
    struct replay_report *nothing = NULL;

    ck_assert_ok(replay_log_new(&config, &empty, &err), err);
    ck_assert_ok(replay_report_make(empty, &wanted, &nothing, &err), err);
    ck_assert_uint_eq(nothing->rows, 0);
    ck_assert_uint_eq(nothing->window_count, 0);
    ck_assert(isnan(nothing->totals[0].auc));
    replay_report_free(nothing);
    replay_log_free(empty);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_report");
    TCase *tests = tcase_create("report");

    tcase_add_checked_fixture(tests, make, clear);
    tcase_add_test(tests, totals_leave_out_what_is_open_or_gone);
    tcase_add_test(tests, windows_are_the_rows_of_their_time);
    tcase_add_test(tests, slices_are_the_rows_of_their_value);
    tcase_add_test(tests, swaps_are_noted_once);
    tcase_add_test(tests, more_rows_than_agreed_are_refused);
    tcase_add_test(tests, sorting_on_disk_changes_no_bit);
    tcase_add_test(tests, rows_are_told_when_their_labels_are_final);
    tcase_add_test(tests, a_sink_that_fails_ends_it);
    tcase_add_test(tests, no_rows_are_a_report_too);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
