/*
 * check_impression_reader.c - the fields of the newest list are found, however
 * lists take turns.
 */
#include "support/run_suite.h"

#include "consumer/score/impression_reader.h"

#include <stdlib.h>
#include <string.h>

static struct error err;
static struct event_scratch scratch;
static const struct event_fields names = {.impressions_format =
                                              EVENT_FORMAT_JSON,
                                          .id = "id",
                                          .ts = "ts",
                                          .user = "user",
                                          .ad = "ad"};

static uint64_t value_of(struct impression_reader *reader)
{
    static const char json[] =
        "{\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":2,\"x\":5,\"y\":6}";
    const struct message message = {.value = (const uint8_t *)json,
                                    .value_size = sizeof(json) - 1};
    uint64_t values[FIELD_VALUES_MAX];
    struct impression event;
    const char *about;

    event_scratch_clear(&scratch);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    ck_assert_int_eq(
        impression_reader_read(reader, &message, &scratch, &event, &about),
        EVENT_OK);
    ck_assert_int_eq(event.user.number, 7);
    impression_reader_values(reader, &scratch, values);
    return values[0];
}

/* Both lists are at one address, one after the other. */
START_TEST(another_list_is_noticed)
{
    struct impression_reader *reader = NULL;
    struct field_list x, y, wanted;

    ck_assert_ok(field_list_parse("x", &x, &err), err);
    ck_assert_ok(field_list_parse("y", &y, &err), err);
    ck_assert_ok(impression_reader_new(&names, &reader, &err), err);
    wanted = x;
    ck_assert_ok(impression_reader_want(reader, &wanted, &err), err);
    const uint64_t of_x = value_of(reader);
    ck_assert_uint_ne(of_x, FIELD_ABSENT);
    wanted = y;
    ck_assert_ok(impression_reader_want(reader, &wanted, &err), err);
    ck_assert_uint_ne(value_of(reader), of_x);
    wanted = x;
    ck_assert_ok(impression_reader_want(reader, &wanted, &err), err);
    memset(&wanted, 0, sizeof(wanted)); /* it was copied */
    ck_assert_uint_eq(value_of(reader), of_x);
    impression_reader_free(reader);
    event_scratch_free(&scratch);
}
END_TEST

START_TEST(what_cannot_be_wanted_leaves_the_list_before)
{
    struct impression_reader *reader = NULL;
    struct field_list x, bad;

    ck_assert_ok(field_list_parse("x", &x, &err), err);
    ck_assert_ok(impression_reader_new(&names, &reader, &err), err);
    ck_assert_ok(impression_reader_want(reader, &x, &err), err);
    const uint64_t of_x = value_of(reader);
    bad = x;
    strcpy(bad.names[0], "a..b");
    ck_assert_refused(impression_reader_want(reader, &bad, &err), err,
                      ERROR_CONFIG, "a..b");
    ck_assert_uint_eq(value_of(reader), of_x);
    impression_reader_free(reader);
    event_scratch_free(&scratch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("impression reader");
    TCase *tests = tcase_create("lists");

    tcase_add_test(tests, another_list_is_noticed);
    tcase_add_test(tests, what_cannot_be_wanted_leaves_the_list_before);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
