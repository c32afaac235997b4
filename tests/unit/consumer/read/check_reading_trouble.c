/*
 * check_reading_trouble.c - which of librdkafka's reports end the reading of a
 * topic, and which do not.
 */
#include "support/run_suite.h"

#include "consumer/read/reading_trouble.h"

#include <librdkafka/rdkafka.h>

static const struct group_member member = {.topic = "in", .group = "readers"};
static const struct positions nowhere;
static struct error err;

static int take(struct reading_trouble *trouble, rd_kafka_resp_err_t code)
{
    const rd_kafka_message_t report = {.err = code, .partition = 3};

    err = (struct error){.code = ERROR_NONE};
    return reading_trouble_take(trouble, &member, &report, &err);
}

/* The codes of reports, and what becomes of the reading before the topic was
 * assigned and after it. ERROR_NONE: it goes on. */
static const struct {
    rd_kafka_resp_err_t report;
    enum error_code before, after;
    bool is_gone; /* the broker is asked about the topic, if it was assigned */
} reports[] = {
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERROR_UNAVAILABLE, ERROR_NONE,
     true},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ERROR_NONE, ERROR_NONE, true},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ERROR_NONE, ERROR_NONE, true},
    {RD_KAFKA_RESP_ERR__TRANSPORT, ERROR_NONE, ERROR_NONE, false},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, ERROR_NONE, ERROR_NONE, false},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERROR_AUTH, ERROR_AUTH,
     false},
    {RD_KAFKA_RESP_ERR__BAD_MSG, ERROR_FORMAT, ERROR_FORMAT, false},
};
enum { REPORTS = sizeof(reports) / sizeof(reports[0]) };

START_TEST(a_report_ends_the_reading_or_does_not)
{
    struct reading_trouble fresh = {.gone_since_ms = 0};
    struct reading_trouble running = {.was_assigned = true};

    ck_assert_int_eq(take(&fresh, reports[_i].report),
                     reports[_i].before ? -1 : 0);
    ck_assert_int_eq(err.code, reports[_i].before);
    ck_assert_int_eq(take(&running, reports[_i].report),
                     reports[_i].after ? -1 : 0);
    ck_assert_int_eq(err.code, reports[_i].after);
    ck_assert_int_eq(running.gone_since_ms != 0, reports[_i].is_gone);
}
END_TEST

START_TEST(a_topic_that_is_gone_is_there_again_with_a_record)
{
    struct reading_trouble trouble = {.was_assigned = true};
    struct error waits = {.code = ERROR_NONE};

    reading_trouble_hear(&trouble, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
    ck_assert_int_ne(trouble.gone_since_ms, 0);
    /* It may be made anew: the broker is not asked yet. */
    ck_assert_ok(
        reading_trouble_look_after(&trouble, &member, &nowhere, &waits, &err),
        err);
    ck_assert_int_ne(trouble.gone_since_ms, 0);
    reading_trouble_end(&trouble);
    ck_assert_int_eq(trouble.gone_since_ms, 0);
}
END_TEST

START_TEST(an_answer_that_was_too_large_is_looked_after_when_nothing_comes)
{
    struct reading_trouble trouble = {.was_assigned = true};
    struct error waits = {.code = ERROR_NONE};

    reading_trouble_hear(&trouble, RD_KAFKA_RESP_ERR__BAD_MSG);
    ck_assert(trouble.is_oversized);
    ck_assert_ok(
        reading_trouble_look_after(&trouble, &member, &nowhere, &waits, &err),
        err);
    ck_assert(trouble.is_oversized);
    trouble.is_dry = true;
    ck_assert_ok(
        reading_trouble_look_after(&trouble, &member, &nowhere, &waits, &err),
        err);
    ck_assert(!trouble.is_oversized);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reading trouble");
    TCase *tests = tcase_create("reading trouble");

    tcase_add_loop_test(tests, a_report_ends_the_reading_or_does_not, 0,
                        REPORTS);
    tcase_add_test(tests, a_topic_that_is_gone_is_there_again_with_a_record);
    tcase_add_test(
        tests, an_answer_that_was_too_large_is_looked_after_when_nothing_comes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
