/*
 * check_bad_records.c - a record that is not an event is skipped or fatal, as
 * told, and a flood of them does not end the trainer. Dead letters need a
 * broker: check_trainer.c.
 */
#include "support/run_suite.h"

#include "consumer/letters/breaker.h"
#include "consumer/train/bad_records.h"
#include "consumer/train/sent_letters.h"

#include <string.h>

static struct error err;
static const struct message message = {.partition = 3, .offset = 77};

static struct bad_records *open_with(enum bad_records_policy policy,
                                     double share_max)
{
    const struct bad_records_config config = {.policy = policy,
                                              .share_max = share_max,
                                              .impressions = "impressions",
                                              .labels = "labels",
                                              .dead_letters = "dead"};
    struct bad_records *bad = NULL;

    ck_assert_ok(bad_records_open(&config, NULL, &bad, &err), err);
    return bad;
}

static int take_of(struct bad_records *bad, enum bad_record_kind kind,
                   enum event_fault fault, const char *field)
{
    const struct bad_record record = {kind, &message, fault, field};

    return bad_records_take(bad, &record, &err);
}

static int take(struct bad_records *bad)
{
    return take_of(bad, BAD_LABEL, EVENT_MISSING, "click");
}

START_TEST(fail_names_the_record_the_fault_and_the_way_out)
{
    struct bad_records *bad = open_with(BAD_FAIL, 1);

    ck_assert_refused(take(bad), err, ERROR_FORMAT,
                      "labels/3 offset 77 is not an event: missing, field "
                      "click; bad_records=dlq or skip");
    ck_assert_refused(
        take_of(bad, BAD_IMPRESSION, EVENT_EMPTY, NULL), err, ERROR_FORMAT,
        "impressions/3 offset 77 is not an event: empty; bad_rec");
    bad_records_close(bad);
}
END_TEST

START_TEST(skip_goes_on_and_sends_nothing)
{
    struct bad_records *bad = open_with(BAD_SKIP, 1);

    ck_assert_ok(take(bad), err);
    ck_assert_ok(bad_records_flush(bad, &err), err);
    ck_assert_uint_eq(bad_records_counts(bad).sent, 0);
    bad_records_close(bad);
}
END_TEST

START_TEST(junk_does_not_end_the_trainer)
{
    struct bad_records *bad = open_with(BAD_SKIP, 0.5);

    for (int i = 0; i < 2 * BREAKER_WINDOW; i++) {
        ck_assert_ok(take_of(bad, BAD_IMPRESSION, EVENT_EMPTY, NULL), err);
        ck_assert_ok(take(bad), err);
    }
    bad_records_close(bad);
}
END_TEST

START_TEST(letters_that_were_sent_are_found)
{
    struct sent_letters letters = {.count = 0};

    for (int i = 0; i < 1000; i++)
        ck_assert_ok(
            sent_letters_add(&letters,
                             (struct sent_letter){i % 3, i * 7919 % 1000 * 2},
                             &err),
            err);
    sent_letters_sort(&letters);
    for (int i = 0; i < 1000; i++)
        ck_assert(sent_letters_has(
            &letters, (struct sent_letter){i % 3, i * 7919 % 1000 * 2}));
    ck_assert(!sent_letters_has(&letters, (struct sent_letter){0, 1}));
    ck_assert(!sent_letters_has(&letters, (struct sent_letter){3, 0}));
    sent_letters_free(&letters);
    ck_assert(!sent_letters_has(&letters, (struct sent_letter){0, 0}));
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
    tcase_add_test(tests, junk_does_not_end_the_trainer);
    tcase_add_test(tests, letters_that_were_sent_are_found);
    tcase_add_test(tests, closing_nothing_is_fine);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
