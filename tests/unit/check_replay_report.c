/*
 * check_replay_report.c - windows, slices and what is left out, against slow
 * computations over the rows; which version scored what.
 */
#include "support/run_suite.h"

#include "common/event_codec.h"
#include "common/random.h"

#include "consumer/contender.h"
#include "consumer/recorded_versions.h"
#include "consumer/replay_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 600, CONTENDERS = 2, WINDOW_MS = 1000, SETTLED_MS = 9000 };

static struct error err;
static struct replay_log *log_of;
static struct replay_report *report;

/* {"shelf": number} */
static struct span shelf(uint8_t bytes[16], int number)
{
    static const uint8_t head[7] = {0x81, 0xa5, 's', 'h', 'e', 'l', 'f'};

    memcpy(bytes, head, sizeof(head));
    bytes[7] = (uint8_t)number;
    return (struct span){bytes, 8};
}

static void add_row(size_t i, uint64_t *state)
{
    uint8_t bytes[16];
    int64_t ts_ms = (int64_t)(random_uniform(state) * 10000);

    ck_assert_ok(replay_log_append(log_of, ts_ms, 0, (int64_t)i,
                                   shelf(bytes, (int)(i % 3)), &err),
                 err);
    struct replay_answer *answers = replay_log_answers(log_of, i);
    for (size_t c = 0; c < CONTENDERS; c++)
        answers[c] = (struct replay_answer){
            random_uniform(state), (uint32_t)(1 + i / 200),
            i % 5 ? BASIS_LEARNED : BASIS_PARTIAL};
    log_of->label[i] = random_uniform(state) < answers[0].p ? 1.0F : 0.0F;
    ck_assert_ok(replay_log_note_swaps(log_of, &err), err);
}

static void make(void)
{
    struct replay_log_config config = {
        .contenders = CONTENDERS, .rows_max = ROWS, .fields = {"shelf"}};
    struct replay_report_config wanted = {.window_ms = WINDOW_MS,
                                          .settled_before_ms = SETTLED_MS,
                                          .bootstrap = {20, 1, 0.95},
                                          .slices_max = 2};
    uint64_t state = 3;

    ck_assert_ok(replay_log_new(&config, &log_of, &err), err);
    for (size_t i = 0; i < ROWS; i++)
        add_row(i, &state);
    log_of->label[5] = NAN;
    replay_log_answers(log_of, 7)[1].p = NAN;
    ck_assert_ok(replay_report_make(log_of, &wanted, &report, &err), err);
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
        if (i == 5 || i == 7 || log_of->ts_ms[i] >= SETTLED_MS ||
            (window >= 0 && log_of->ts_ms[i] / WINDOW_MS != window) ||
            (number >= 0 && (int)(i % 3) != number) ||
            (version >= 0 && (int)(1 + i / 200) != version))
            continue;
        labels[n] = (double)log_of->label[i];
        predictions[n++] = replay_log_answers(log_of, i)[contender].p;
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
        late += i != 5 && log_of->ts_ms[i] >= SETTLED_MS;
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
    size_t shelves = 0, versions = 0, bases = 0;

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
        } else {
            ck_assert_str_eq(slice->by, "basis");
            bases++;
        }
    }
    ck_assert_uint_eq(shelves, 2); /* slices_max */
    ck_assert_uint_eq(versions, 3 * CONTENDERS);
    ck_assert_uint_eq(bases, 2 * CONTENDERS);
}
END_TEST

START_TEST(swaps_are_noted_once)
{
    ck_assert_uint_eq(log_of->swap_count, 3 * CONTENDERS);
    ck_assert_uint_eq(log_of->swaps[2].version, 2);
    ck_assert_int_eq(log_of->swaps[2].ts_ms, log_of->ts_ms[200]);
}
END_TEST

START_TEST(more_rows_than_agreed_are_refused)
{
    uint8_t bytes[16];

    ck_assert_refused(replay_log_append(log_of, 1, 0, 1, shelf(bytes, 1), &err),
                      err, ERROR_LIMIT, "rows.max");
}
END_TEST

START_TEST(no_rows_are_a_report_too)
{
    struct replay_log_config config = {.contenders = 1, .rows_max = 1};
    struct replay_report_config wanted = {.bootstrap = {20, 1, 0.95}};
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

/* --- Recorded versions ------------------------------------------------------
 */

static void record(struct recorded_versions *versions, int32_t output,
                   int32_t partition, int64_t offset, uint64_t version)
{
    struct prediction_event event = {.src_partition = partition,
                                     .src_offset = offset,
                                     .model_version = version};

    event.model_hash[0] = (uint8_t)version;
    ck_assert_ok(recorded_versions_add(versions, output, &event, &err), err);
}

static int version_at(const struct recorded_versions *versions,
                      int32_t partition, int64_t offset)
{
    const struct recorded_run *run =
        recorded_versions_find(versions, partition, offset);

    return run ? (int)run->version : -1;
}

START_TEST(a_version_holds_until_the_next_is_recorded)
{
    struct recorded_versions *versions = NULL;

    ck_assert_ok(recorded_versions_new(&versions, &err), err);
    for (int64_t offset = 10; offset < 30; offset++)
        if (offset != 15) /* a bad record */
            record(versions, 1, 1, offset, offset < 20 ? 3 : 4);
    record(versions, 0, 0, 5, 0);
    record(versions, 0, 0, 6, 3);
    recorded_versions_sort(versions);

    ck_assert_uint_eq(recorded_versions_count(versions), 4);
    ck_assert_int_eq(version_at(versions, 1, 9), -1);
    ck_assert_int_eq(version_at(versions, 1, 10), 3);
    ck_assert_int_eq(version_at(versions, 1, 15), 3);
    ck_assert_int_eq(version_at(versions, 1, 19), 3);
    ck_assert_int_eq(version_at(versions, 1, 20), 4);
    ck_assert_int_eq(version_at(versions, 1, 29), 4);
    ck_assert_int_eq(version_at(versions, 1, 30), -1);
    ck_assert_int_eq(version_at(versions, 0, 5), 0);
    ck_assert_int_eq(version_at(versions, 0, 6), 3);
    ck_assert_int_eq(version_at(versions, 2, 6), -1);
    recorded_versions_free(versions);
}
END_TEST

/* Keys spread a partition of impressions over several of predictions. */
START_TEST(runs_of_several_outputs_are_one)
{
    struct recorded_versions *versions = NULL;

    ck_assert_ok(recorded_versions_new(&versions, &err), err);
    for (int64_t offset = 0; offset < 40; offset += 2)
        record(versions, 0, 0, offset, offset < 21 ? 1 : 2);
    for (int64_t offset = 1; offset < 40; offset += 2)
        record(versions, 1, 0, offset, offset < 21 ? 1 : 2);
    recorded_versions_sort(versions);
    for (int64_t offset = 0; offset < 40; offset++)
        ck_assert_int_eq(version_at(versions, 0, offset), offset < 21 ? 1 : 2);
    recorded_versions_free(versions);
}
END_TEST

/* --- Contenders -------------------------------------------------------------
 */

START_TEST(contenders_are_written_in_one_word_or_with_a_name)
{
    struct contender_spec spec;

    ck_assert_ok(contender_parse("live", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_LIVE);
    ck_assert_str_eq(spec.name, "live");
    ck_assert_ok(contender_parse("old=epoch:12", &spec, &err), err);
    ck_assert_uint_eq(spec.epoch, 12);
    ck_assert_str_eq(spec.name, "old");
    ck_assert_ok(contender_parse("refit:svd factors=7", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_REFIT);
    ck_assert_uint_eq(spec.refit.params.factors, 7);
    ck_assert_str_eq(spec.name, "refit:svd factors=7");
    ck_assert_ok(contender_parse("a.b=/tmp/x=y.snap", &spec, &err), err);
    ck_assert_str_eq(spec.path, "/tmp/x=y.snap");
    ck_assert_ok(contender_parse("served", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_SERVED);
    ck_assert_ok(contender_parse("next=newest", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_NEWEST);
    ck_assert_ok(contender_parse("old=field:p.old", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_FIELD);
    ck_assert_str_eq(spec.field, "p.old");
}
END_TEST

START_TEST(mistakes_in_contenders_are_told)
{
    struct contender_spec spec;

    ck_assert_refused(contender_parse("epoch:x", &spec, &err), err, ERROR_USAGE,
                      "epoch:N");
    ck_assert_refused(contender_parse("epoch:0", &spec, &err), err, ERROR_USAGE,
                      "epoch:N");
    ck_assert_refused(contender_parse("refit:nothing", &spec, &err), err,
                      ERROR_CONFIG, "nothing");
    ck_assert_refused(contender_parse("refit:svd nonsense=1", &spec, &err), err,
                      ERROR_CONFIG, "nonsense");
    ck_assert_refused(contender_parse("", &spec, &err), err, ERROR_USAGE,
                      "live");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_report");
    TCase *tests = tcase_create("report"), *others = tcase_create("contenders");

    tcase_add_checked_fixture(tests, make, clear);
    tcase_add_test(tests, totals_leave_out_what_is_open_or_gone);
    tcase_add_test(tests, windows_are_the_rows_of_their_time);
    tcase_add_test(tests, slices_are_the_rows_of_their_value);
    tcase_add_test(tests, swaps_are_noted_once);
    tcase_add_test(tests, more_rows_than_agreed_are_refused);
    tcase_add_test(tests, no_rows_are_a_report_too);
    suite_add_tcase(suite, tests);
    tcase_add_test(others, a_version_holds_until_the_next_is_recorded);
    tcase_add_test(others, runs_of_several_outputs_are_one);
    tcase_add_test(others, contenders_are_written_in_one_word_or_with_a_name);
    tcase_add_test(others, mistakes_in_contenders_are_told);
    suite_add_tcase(suite, others);
    return run_suite(suite);
}
