/*
 * check_sd_notify.c - what reaches a supervisor's socket, and when.
 */
#include "support/run_suite.h"

#include "cli/serve/sd_notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int supervisor;
static struct sd_notify notify;

/* Listens at a name that is no file. */
static void start_supervisor(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    int length =
        snprintf(name, sizeof(name), "@pctr-check-%ld", (long)getpid());

    memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
    supervisor = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_ge(supervisor, 0);
    ck_assert_int_eq(bind(supervisor, (const struct sockaddr *)&address,
                          (socklen_t)(sizeof(sa_family_t) + (size_t)length)),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static void stop_supervisor(void)
{
    close(supervisor);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void assert_hears(const char *expected)
{
    char text[512] = "";
    ssize_t size = recv(supervisor, text, sizeof(text) - 1, MSG_DONTWAIT);

    if (expected)
        ck_assert_str_eq(text, expected);
    else
        ck_assert_int_lt(size, 0);
}

START_TEST(ready_status_and_end_are_told)
{
    sd_notify_open(&notify);
    sd_notify_ready(&notify);
    assert_hears("READY=1");
    sd_notify_beat(&notify, 0, true, "no model yet");
    assert_hears("STATUS=no model yet");
    sd_notify_beat(&notify, 1, true, "no model yet");
    assert_hears(NULL);
    sd_notify_beat(&notify, 2, true, "ok");
    assert_hears("STATUS=ok");
    sd_notify_stop(&notify);
    assert_hears("STOPPING=1");
    sd_notify_beat(&notify, 3, true, "gone");
    assert_hears(NULL);
}
END_TEST

START_TEST(a_sign_of_life_comes_twice_in_the_time_and_only_from_the_living)
{
    setenv("WATCHDOG_USEC", "20000000", 1);
    sd_notify_open(&notify);
    sd_notify_beat(&notify, 1000, true, "");
    assert_hears("WATCHDOG=1");
    sd_notify_beat(&notify, 10999, true, "");
    assert_hears(NULL);
    sd_notify_beat(&notify, 11000, false, "");
    assert_hears(NULL);
    sd_notify_beat(&notify, 11500, true, "");
    assert_hears("WATCHDOG=1");
    sd_notify_stop(&notify);
}
END_TEST

START_TEST(another_process_that_is_watched_is_not_this_one)
{
    setenv("WATCHDOG_USEC", "20000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    sd_notify_open(&notify);
    sd_notify_beat(&notify, 1000, true, "");
    assert_hears(NULL);
    sd_notify_stop(&notify);
}
END_TEST

START_TEST(without_a_supervisor_nothing_is_sent)
{
    unsetenv("NOTIFY_SOCKET");
    sd_notify_open(&notify);
    ck_assert_int_lt(notify.socket, 0);
    sd_notify_ready(&notify);
    sd_notify_stop(&notify);

    setenv("NOTIFY_SOCKET", "relative/path", 1);
    sd_notify_open(&notify);
    ck_assert_int_lt(notify.socket, 0);

    setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
    sd_notify_open(&notify);
    ck_assert_int_lt(notify.socket, 0);
    sd_notify_beat(&notify, 0, true, "ok");
    sd_notify_stop(&notify);
    assert_hears(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sd_notify");
    TCase *tests = tcase_create("supervisor");

    tcase_add_checked_fixture(tests, start_supervisor, stop_supervisor);
    tcase_add_test(tests, ready_status_and_end_are_told);
    tcase_add_test(
        tests, a_sign_of_life_comes_twice_in_the_time_and_only_from_the_living);
    tcase_add_test(tests, another_process_that_is_watched_is_not_this_one);
    tcase_add_test(tests, without_a_supervisor_nothing_is_sent);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
