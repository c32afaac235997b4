/*
 * check_replay_memory.c - log and report of ten times the rows take the same
 * memory.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "consumer/report/replay_report.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTENDERS = 3, STEP_MS = 10, REACH_MS = 50000, FEW = 60000 };

static struct error err;

static void add_row(struct replay_log *log, size_t i, uint64_t *state)
{
    static const struct event_found nothing;
    int64_t now_ms = (int64_t)i * STEP_MS;
    struct replay_row head = {
        .ts_ms = now_ms, .offset = (int64_t)i, .unit = i, .label = NAN};
    struct replay_row *row = NULL;

    if (replay_log_append(log, &head, &nothing, &row, &err) < 0)
        _exit(1);
    for (size_t c = 0; c < CONTENDERS; c++)
        row->answers[c] = (struct replay_answer){random_uniform(state), 1, 0};
    replay_log_label(log, i, random_uniform(state) < 0.2 ? 1 : 0);
    if (replay_log_note_swaps(log, &err) < 0 ||
        replay_log_settle(log, now_ms - REACH_MS, &err) < 0)
        _exit(1);
}

static void replay(size_t rows)
{
    struct replay_log_config config = {.contenders = CONTENDERS,
                                       .rows_max = rows};
    struct replay_report_config wanted = {.window_ms =
                                              (int64_t)rows * STEP_MS / 20,
                                          .settled_before_ms = INT64_MAX,
                                          .bootstrap = {8, 1, 0.95},
                                          .sort_bytes = 2 << 20};
    struct replay_log *log = NULL;
    struct replay_report *report = NULL;
    uint64_t state = 1;

    if (replay_log_new(&config, &log, &err) < 0)
        _exit(1);
    for (size_t i = 0; i < rows; i++)
        add_row(log, i, &state);
    if (replay_log_settle(log, INT64_MAX, &err) < 0 ||
        replay_report_make(log, &wanted, &report, &err) < 0 ||
        report->rows != rows)
        _exit(1);
    replay_report_free(report);
    replay_log_free(log);
}

/* The most that a process of its own had while it did that, in KiB. */
static long peak(size_t rows)
{
    struct rusage usage;
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        replay(rows);
        _exit(0);
    }
    ck_assert_int_eq(wait4(child, &status, 0, &usage), child);
    ck_assert_int_eq(status, 0);
    return usage.ru_maxrss;
}

START_TEST(ten_times_the_rows_take_the_same_memory)
{
    long few = peak(FEW), many = peak((size_t)FEW * 10);

    ck_assert_msg(many < few + few / 10, "%d rows take %ld KiB, %d %ld KiB",
                  FEW, few, FEW * 10, many);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_memory");
    TCase *tests = tcase_create("memory");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, ten_times_the_rows_take_the_same_memory);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
