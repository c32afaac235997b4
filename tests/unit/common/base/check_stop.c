/*
 * check_stop.c - signals end the program as documented, and log lines are
 * whole.
 */
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct error err;

START_TEST(a_request_stops_with_0)
{
    ck_assert(!stop_requested());
    stop_request();
    ck_assert(stop_requested());
    ck_assert_int_eq(stop_exit_status(), 0);
}
END_TEST

START_TEST(the_first_signal_asks)
{
    static const int signals[] = {SIGTERM, SIGINT};
    static const int statuses[] = {0, 130};

    ck_assert_ok(stop_on_signals(0, &err), err);
    ck_assert(!stop_requested());
    raise(signals[_i]);
    ck_assert(stop_requested());
    ck_assert_int_eq(stop_exit_status(), statuses[_i]);
}
END_TEST

START_TEST(a_nudge_is_taken_once)
{
    ck_assert_ok(stop_on_signals(0, &err), err);
    ck_assert(!stop_take_nudge());
    raise(SIGUSR1);
    ck_assert(stop_take_nudge());
    ck_assert(!stop_take_nudge());
    ck_assert(!stop_requested());
}
END_TEST

START_TEST(a_signal_without_meaning_ends_nothing)
{
    static const int signals[] = {SIGHUP, SIGUSR2};

    ck_assert_ok(stop_on_signals(0, &err), err);
    raise(signals[_i]);
    ck_assert(!stop_requested());
    ck_assert(!stop_take_nudge());
}
END_TEST

START_TEST(a_broken_pipe_does_not_kill)
{
    int ends[2];

    ck_assert_ok(stop_on_signals(0, &err), err);
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    ck_assert_int_eq((int)write(ends[1], "x", 1), -1);
    close(ends[1]);
}
END_TEST

/* The exit status of a child that got the signal `times` times. */
static int status_after(int signal, int times, unsigned deadline_ms)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (stop_on_signals(deadline_ms, &err) < 0)
            _exit(1);
        close(STDERR_FILENO);
        for (int i = 0; i < times; i++)
            raise(signal);
        for (int i = 0; i < 300; i++) /* as a loop that never looks */
            clock_sleep_ms(20);
        _exit(99);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(the_second_signal_ends_at_once)
{
    ck_assert_int_eq(status_after(SIGINT, 2, 0), 130);
    ck_assert_int_eq(status_after(SIGTERM, 2, 0), 75);
}
END_TEST

/* A quarter of the deadline, and nobody else's clock. */
START_TEST(work_under_way_has_a_part_of_the_deadline)
{
    ck_assert_ok(stop_on_signals(8000, &err), err);
    ck_assert(!stop_is_overdue());
    int64_t asked_ms = clock_monotonic_ms();
    raise(SIGTERM);
    bool is_early = stop_is_overdue();
    ck_assert(!is_early || clock_monotonic_ms() - asked_ms >= 2000);
    while (!stop_is_overdue()) {
        ck_assert_int_lt(clock_monotonic_ms() - asked_ms, 8000);
        clock_sleep_ms(20);
    }
    ck_assert_int_ge(clock_monotonic_ms() - asked_ms, 2000);
    ck_assert_int_eq(stop_error(&err), -1);
    ck_assert_int_eq(error_exit_status(err.code), 0);
}
END_TEST

START_TEST(the_deadline_ends_what_hangs)
{
    ck_assert_int_eq(status_after(SIGTERM, 1, 1), 75);
}
END_TEST

/* --- Log lines -------------------------------------------------------- */

static char line[4096];

/* What log_write() puts on standard error. */
static const char *logged(enum log_level level, const char *msg,
                          const char *text)
{
    int ends[2], saved = dup(STDERR_FILENO);

    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_write(level, msg, "%s", text);
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    ssize_t size = read(ends[0], line, sizeof(line) - 1);
    close(ends[0]);
    close(saved);
    line[size > 0 ? size : 0] = '\0';
    return line;
}

START_TEST(a_line_is_logfmt)
{
    unsetenv("JOURNAL_STREAM");
    logged(LOG_INFO, "model active", "version=3");
    ck_assert_int_eq(strncmp(line, "ts=20", 5), 0);
    ck_assert_str_eq(strchr(line, ' '),
                     " level=info msg=\"model active\" version=3\n");
}
END_TEST

START_TEST(under_systemd_the_priority_is_in_front)
{
    setenv("JOURNAL_STREAM", "8:1", 1);
    ck_assert_int_eq(strncmp(logged(LOG_ERROR, "x", ""), "<3>ts=", 6), 0);
}
END_TEST

START_TEST(less_important_lines_are_left_out)
{
    ck_assert_str_eq(logged(LOG_DEBUG, "x", ""), "");
    log_set_level(LOG_DEBUG);
    ck_assert_str_ne(logged(LOG_DEBUG, "x", ""), "");
    log_set_level(LOG_ERROR);
    ck_assert_str_eq(logged(LOG_WARN, "x", ""), "");
}
END_TEST

START_TEST(a_long_line_is_cut_and_ended)
{
    char many[3000];

    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    size_t size = strlen(logged(LOG_INFO, "x", many));
    ck_assert_uint_le(size, 2048);
    ck_assert_int_eq(line[size - 1], '\n');
    ck_assert_uint_le(strlen(logged(LOG_INFO, many, many)), 2048);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stop");
    TCase *tests = tcase_create("signals and lines");

    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, a_request_stops_with_0);
    tcase_add_loop_test(tests, the_first_signal_asks, 0, 2);
    tcase_add_test(tests, a_nudge_is_taken_once);
    tcase_add_loop_test(tests, a_signal_without_meaning_ends_nothing, 0, 2);
    tcase_add_test(tests, a_broken_pipe_does_not_kill);
    tcase_add_test(tests, the_second_signal_ends_at_once);
    tcase_add_test(tests, work_under_way_has_a_part_of_the_deadline);
    tcase_add_test(tests, the_deadline_ends_what_hangs);
    tcase_add_test(tests, a_line_is_logfmt);
    tcase_add_test(tests, under_systemd_the_priority_is_in_front);
    tcase_add_test(tests, less_important_lines_are_left_out);
    tcase_add_test(tests, a_long_line_is_cut_and_ended);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
