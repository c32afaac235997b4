/*
 * check_bad_records.c - what is no event is skipped or fatal, as told, and a
 * flood of it stops the program. Dead letters need a broker: check_trainer.c.
 */
#include "support/run_suite.h"

#include "consumer/letters/breaker.h"
#include "consumer/train/bad_records.h"

#include <string.h>

static struct error err;
static const struct message message = {.partition = 3, .offset = 77};

static struct bad_records *open_with(enum bad_records_policy policy,
                                     double share_max)
{
    const struct bad_records_config config = {.policy = policy,
                                              .share_max = share_max,
                                              .labels = "labels",
                                              .dead_letters = "dead"};
    struct bad_records *bad = NULL;

    ck_assert_ok(bad_records_open(&config, NULL, &bad, &err), err);
    return bad;
}

static int take(struct bad_records *bad)
{
    return bad_records_take(bad, "labels", true, &message, EVENT_MISSING,
                            "click", &err);
}

START_TEST(fail_names_the_record_the_fault_and_the_way_out)
{
    struct bad_records *bad = open_with(BAD_FAIL, 1);

    ck_assert_refused(take(bad), err, ERROR_FORMAT,
                      "labels/3 offset 77 is not an event: missing, field "
                      "click; bad_records=dlq or skip");
    ck_assert_refused(bad_records_take(bad, "labels", true, &message,
                                       EVENT_EMPTY, NULL, &err),
                      err, ERROR_FORMAT, "event: empty; bad_records");
    bad_records_close(bad);
}
END_TEST

START_TEST(skip_goes_on_and_sends_nothing)
{
    struct bad_records *bad = open_with(BAD_SKIP, 1);

    ck_assert_ok(take(bad), err);
    ck_assert_ok(bad_records_flush(bad, &err), err);
    ck_assert_uint_eq(bad_records_sent(bad), 0);
    bad_records_close(bad);
}
END_TEST

/* Half of a window, of which the good ones are a part. */
START_TEST(a_flood_stops_the_program)
{
    struct bad_records *bad = open_with(BAD_SKIP, 0.5);

    for (int i = 0; i < BREAKER_WINDOW / 2; i++) {
        bad_records_note_good(bad);
        ck_assert_ok(take(bad), err);
    }
    ck_assert_refused(take(bad), err, ERROR_FORMAT,
                      "more than 0.5 of the last 10000 records");
    bad_records_close(bad);
}
END_TEST

START_TEST(good_records_push_the_bad_ones_out_of_the_window)
{
    struct bad_records *bad = open_with(BAD_SKIP, 0.01);
    const int most = BREAKER_WINDOW / 100;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < most; i++)
            ck_assert_ok(take(bad), err);
        for (int i = 0; i < BREAKER_WINDOW - most; i++)
            bad_records_note_good(bad);
    }
    ck_assert_ok(take(bad), err);
    bad_records_close(bad);
}
END_TEST

START_TEST(closing_nothing_is_fine)
{
    bad_records_close(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bad records");
    TCase *tests = tcase_create("policy");

    tcase_add_test(tests, fail_names_the_record_the_fault_and_the_way_out);
    tcase_add_test(tests, skip_goes_on_and_sends_nothing);
    tcase_add_test(tests, a_flood_stops_the_program);
    tcase_add_test(tests, good_records_push_the_bad_ones_out_of_the_window);
    tcase_add_test(tests, closing_nothing_is_fine);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
