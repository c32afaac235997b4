/*
 * check_lane_order.c - a record that is dated ahead of those behind it is told
 * from one that comes after a silence.
 */
#include "support/run_suite.h"

#include "consumer/read/lane_order.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000 };

/* Minutes; the present is minute 100. */
static const struct {
    int minutes[5]; /* 0 ends */
    enum lane_place place;
    size_t low;
} rows[] = {
    {{100, 100, 101}, LANE_OWN, 0},
    {{101, 100, 100}, LANE_OWN, 0}, /* near */
    {{155, 100, 101}, LANE_AHEAD, 1},
    {{155, 156, 100}, LANE_AHEAD, 2},
    {{155, 130, 100}, LANE_AHEAD, 1},
    {{155, 156, 157}, LANE_OPEN, 0},     /* silence, as far as is known */
    {{155, 20, 156}, LANE_OPEN, 0},      /* long ago says nothing */
    {{155, 20, 156, 99}, LANE_AHEAD, 3}, /* a minute ago does */
    {{155, 154, 156}, LANE_OPEN, 0},     /* clocks differ */
    {{155}, LANE_OPEN, 0},
    {{50, 40, 30}, LANE_OWN, 0},
};

static enum lane_place look(const int *minutes, int64_t now_ms, size_t *low)
{
    struct lane_record records[5];
    size_t count = 0;

    for (; count < 5 && minutes[count]; count++)
        records[count] =
            (struct lane_record){.ms = (int64_t)minutes[count] * MINUTE_MS};
    *low = 0;
    return lane_order_look(records, count, now_ms, low);
}

START_TEST(what_follows_tells)
{
    size_t low;

    ck_assert_int_eq(look(rows[_i].minutes, 100 * MINUTE_MS, &low),
                     rows[_i].place);
    ck_assert_uint_eq(low, rows[_i].low);
}
END_TEST

START_TEST(before_the_first_record_everything_is_looked_at)
{
    const int sorted[5] = {1, 2, 3}, jumps[5] = {90, 1, 2};
    size_t low;

    ck_assert_int_eq(look(sorted, INT64_MIN, &low), LANE_OPEN);
    ck_assert_int_eq(look(jumps, INT64_MIN, &low), LANE_AHEAD);
    ck_assert_uint_eq(low, 1);
}
END_TEST

START_TEST(a_whole_window_of_silence_is_one)
{
    struct lane_record *records = calloc(LANE_WINDOW, sizeof(*records));
    size_t low = 0;

    ck_assert_ptr_nonnull(records);
    for (size_t i = 0; i < LANE_WINDOW; i++)
        records[i].ms = 155 * MINUTE_MS;
    ck_assert_int_eq(lane_order_look(records, LANE_WINDOW - 1, 0, &low),
                     LANE_OPEN);
    ck_assert_int_eq(lane_order_look(records, LANE_WINDOW, 0, &low), LANE_OWN);
    records[LANE_WINDOW - 1].ms = 1;
    ck_assert_int_eq(lane_order_look(records, LANE_WINDOW, 0, &low),
                     LANE_AHEAD);
    ck_assert_uint_eq(low, LANE_WINDOW - 1);
    free(records);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lane order");
    TCase *tests = tcase_create("places");

    tcase_add_loop_test(tests, what_follows_tells, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, before_the_first_record_everything_is_looked_at);
    tcase_add_test(tests, a_whole_window_of_silence_is_one);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
