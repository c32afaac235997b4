/*
 * check_ratings.c - what is let in, and the order of the lists.
 */
#include "support/run_suite.h"

#include "model/rows/ratings.h"

#include <math.h>
#include <string.h>

static const struct scale clicks = {0, 1};

static const struct rating tiny[] = {
    {0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {0, 0, 0},
    {2, 2, 1}, {1, 1, 1}, {2, 0, 0}, {INDEX_UNKNOWN, 0, 1},
    {3, 2, 0}, {1, 2, 1}, {0, 0, 1}, {INDEX_UNKNOWN, 3, 1},
};
enum { TINY = sizeof(tiny) / sizeof(tiny[0]), USERS = 4, ITEMS = 4 };

static struct error err;

START_TEST(what_is_no_number_is_refused_at_the_door)
{
    static const double wrong[] = {NAN, INFINITY, -INFINITY, 1.5, -0.5};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct rating rows[] = {{0, 0, 1}, {0, 0, wrong[i]}};
        struct ratings *out = NULL;
        ck_assert_refused(
            ratings_build(&(struct numbered_rows){rows, 2, 1, 1, clicks}, &out,
                          &err),
            err, ERROR_FORMAT, "row 1");
        ck_assert_ptr_null(out);
    }
}
END_TEST

START_TEST(no_rows_and_strange_indices_are_refused)
{
    static const struct rating rows[] = {{1, 0, 1}, {0, INDEX_UNKNOWN, 1}};
    struct ratings *out = NULL;

    ck_assert_refused(
        ratings_build(&(struct numbered_rows){rows, 0, 1, 1, clicks}, &out,
                      &err),
        err, ERROR_FORMAT, "no rows");
    ck_assert_refused(
        ratings_build(&(struct numbered_rows){rows, 1, 1, 1, clicks}, &out,
                      &err),
        err, ERROR_FORMAT, "row 0");
    ck_assert_refused(
        ratings_build(&(struct numbered_rows){rows + 1, 1, 1, 1, clicks}, &out,
                      &err),
        err, ERROR_FORMAT, "row 0");
    ck_assert_refused(
        ratings_build(&(struct numbered_rows){rows, 1, 2, 1, {1, 0}}, &out,
                      &err),
        err, ERROR_CONFIG, "scale");
}
END_TEST

/* Refused before a row is looked at: there are only a few. */
START_TEST(more_than_2_31_of_anything_are_refused)
{
    const size_t over = RATINGS_MAX + 1;
    struct ratings *train = NULL;

    ck_assert_refused(
        ratings_build(&(struct numbered_rows){tiny, over, USERS, ITEMS, clicks},
                      &train, &err),
        err, ERROR_LIMIT, "2147483648 rows");
    ck_assert_refused(
        ratings_build(
            &(struct numbered_rows){tiny, TINY, (uint32_t)over, ITEMS, clicks},
            &train, &err),
        err, ERROR_LIMIT, "2147483648 users");
    ck_assert_refused(
        ratings_build(
            &(struct numbered_rows){tiny, TINY, USERS, (uint32_t)over, clicks},
            &train, &err),
        err, ERROR_LIMIT, "2147483648 items");
    ck_assert_ptr_null(train);
}
END_TEST

START_TEST(lists_keep_the_order_of_the_rows)
{
    struct ratings *train = NULL;
    static const uint32_t of_user_0[] = {0, 1, 0, 0};
    static const uint32_t of_item_0[] = {0, 1, 0, 2, INDEX_UNKNOWN, 0};

    ck_assert_ok(
        ratings_build(&(struct numbered_rows){tiny, TINY, USERS, ITEMS, clicks},
                      &train, &err),
        err);
    ck_assert_uint_eq(train->user_first[1], 4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(train->by_user[i].other, of_user_0[i]);
    ck_assert_uint_eq(train->item_first[1], 6);
    for (int i = 0; i < 6; i++)
        ck_assert_uint_eq(train->by_item[i].other, of_item_0[i]);
    ck_assert_uint_eq(train->user_first[USERS], TINY - 2);
    ck_assert_uint_eq(train->item_first[ITEMS], TINY);
    ck_assert_uint_eq(train->nobody[1].other, 3);
    ratings_free(train);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ratings");
    TCase *tests = tcase_create("the door");

    tcase_add_test(tests, what_is_no_number_is_refused_at_the_door);
    tcase_add_test(tests, no_rows_and_strange_indices_are_refused);
    tcase_add_test(tests, more_than_2_31_of_anything_are_refused);
    tcase_add_test(tests, lists_keep_the_order_of_the_rows);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
