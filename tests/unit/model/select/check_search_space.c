/*
 * check_search_space.c - the text of a space: what it means, and what is
 * wrong with it.
 */
#include "support/run_suite.h"

#include "model/select/search_space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error err;
static struct search_space space;

START_TEST(the_first_parameter_is_the_slowest)
{
    static const char *const expected[] = {
        "k=5 similarity=cosine",  "k=5 similarity=msd",
        "k=10 similarity=cosine", "k=10 similarity=msd",
        "k=20 similarity=cosine", "k=20 similarity=msd"};
    char text[64];

    ck_assert_ok(
        search_space_parse(" k=5|10|20  similarity=cosine|msd ", &space, &err),
        err);
    ck_assert(search_space_is_finite(&space));
    ck_assert_uint_eq(search_space_combinations(&space), 6);
    for (size_t i = 0; i < 6; i++) {
        search_space_combination(&space, i, text, sizeof(text));
        ck_assert_str_eq(text, expected[i]);
    }
}
END_TEST

START_TEST(a_combination_that_does_not_fit_is_cut)
{
    char text[8];

    ck_assert_ok(search_space_parse("k=5 similarity=cosine", &space, &err),
                 err);
    search_space_combination(&space, 0, text, sizeof(text));
    ck_assert_str_eq(text, "k=5 sim");
}
END_TEST

START_TEST(distributions_are_read)
{
    ck_assert_ok(search_space_parse(
                     "a=uniform(-0.5,2) b=loguniform(1e-4,1) c=int(3,3) d=x|y",
                     &space, &err),
                 err);
    ck_assert(!search_space_is_finite(&space));
    ck_assert_uint_eq(space.count, 4);
    ck_assert_int_eq(space.dimensions[0].kind, SPACE_UNIFORM);
    ck_assert_double_eq(space.dimensions[0].low, -0.5);
    ck_assert_double_eq(space.dimensions[0].high, 2);
    ck_assert_int_eq(space.dimensions[1].kind, SPACE_LOG_UNIFORM);
    ck_assert_int_eq(space.dimensions[2].kind, SPACE_INT);
    ck_assert_int_eq(space.dimensions[3].kind, SPACE_LIST);
}
END_TEST

START_TEST(a_range_of_one_is_that_one)
{
    uint64_t state = 1;
    char text[64];

    ck_assert_ok(
        search_space_parse("a=uniform(2,2) c=int(3,3) d=x", &space, &err), err);
    search_space_draw(&space, &state, text, sizeof(text));
    ck_assert_str_eq(text, "a=2 c=3 d=x");
}
END_TEST

START_TEST(both_ends_of_int_are_drawn)
{
    uint64_t state = 5;
    bool seen[4] = {false};
    char text[64];

    ck_assert_ok(search_space_parse("c=int(-1,2)", &space, &err), err);
    for (int i = 0; i < 200; i++) {
        search_space_draw(&space, &state, text, sizeof(text));
        long value = strtol(text + 2, NULL, 10);
        ck_assert(value >= -1 && value <= 2);
        seen[value + 1] = true;
    }
    ck_assert(seen[0] && seen[1] && seen[2] && seen[3]);
}
END_TEST

static const struct {
    const char *text;
    enum error_code code;
    const char *part;
} mistakes[] = {
    {"", ERROR_CONFIG, "nothing to search"},
    {"   ", ERROR_CONFIG, "nothing to search"},
    {"k", ERROR_CONFIG, "'k': expected name=value"},
    {"=5", ERROR_CONFIG, "1 to 31 bytes"},
    {"k=", ERROR_CONFIG, "1 to 127 bytes"},
    {"k=5|", ERROR_CONFIG, "1 to 127 bytes"},
    {"k=|5", ERROR_CONFIG, "1 to 127 bytes"},
    {"k=5 k=6", ERROR_CONFIG, "'k' is there twice"},
    {"k=012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789012345678901234567890123456789",
     ERROR_CONFIG, "1 to 127 bytes"},
    {"k0123456789012345678901234567890=5", ERROR_CONFIG, "1 to 31 bytes"},
    {"a=uniform(2,1)", ERROR_CONFIG, "not a range"},
    {"a=uniform(0,inf)", ERROR_CONFIG, "not a range"},
    {"a=uniform(nan,1)", ERROR_CONFIG, "not a range"},
    {"a=loguniform(0,1)", ERROR_CONFIG, "not a range"},
    {"a=loguniform(-1,1)", ERROR_CONFIG, "not a range"},
    {"a=int(0.5,2)", ERROR_CONFIG, "whole numbers"},
    {"a=normal(0,1)", ERROR_CONFIG, "uniform(low,high)"},
    {"a=uniform(0,1", ERROR_CONFIG, "uniform(low,high)"},
    {"a=uniform(0)", ERROR_CONFIG, "uniform(low,high)"},
    {"a=uniform(0,1)x", ERROR_CONFIG, "uniform(low,high)"},
};

START_TEST(mistakes_are_explained)
{
    ck_assert_refused(search_space_parse(mistakes[_i].text, &space, &err), err,
                      mistakes[_i].code, mistakes[_i].part);
}
END_TEST

START_TEST(limits_are_kept)
{
    char text[4096] = "k=0";

    for (int i = 1; i <= SPACE_VALUES_MAX; i++)
        sprintf(text + strlen(text), "|%d", i);
    ck_assert_refused(search_space_parse(text, &space, &err), err, ERROR_LIMIT,
                      "more than 64 values");
    *strrchr(text, '|') = '\0';
    ck_assert_ok(search_space_parse(text, &space, &err), err);

    text[0] = '\0';
    for (int i = 0; i <= SPACE_DIMENSIONS_MAX; i++)
        sprintf(text + strlen(text), "p%d=1 ", i);
    ck_assert_refused(search_space_parse(text, &space, &err), err, ERROR_LIMIT,
                      "more than 16 parameters");

    memset(text, ' ', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ck_assert_refused(search_space_parse(text, &space, &err), err, ERROR_LIMIT,
                      "longer than");
}
END_TEST

START_TEST(combinations_do_not_overflow)
{
    char text[4096] = "";

    for (int d = 0; d < SPACE_DIMENSIONS_MAX; d++) {
        sprintf(text + strlen(text), "p%d=0", d);
        for (int i = 1; i < 60 && d < 12; i++)
            strcat(text, "|1");
        strcat(text, " ");
    }
    ck_assert_ok(search_space_parse(text, &space, &err), err);
    ck_assert(search_space_combinations(&space) == SIZE_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("search_space");
    TCase *tests = tcase_create("space");

    tcase_add_test(tests, the_first_parameter_is_the_slowest);
    tcase_add_test(tests, a_combination_that_does_not_fit_is_cut);
    tcase_add_test(tests, distributions_are_read);
    tcase_add_test(tests, a_range_of_one_is_that_one);
    tcase_add_test(tests, both_ends_of_int_are_drawn);
    tcase_add_loop_test(tests, mistakes_are_explained, 0,
                        sizeof(mistakes) / sizeof(*mistakes));
    tcase_add_test(tests, limits_are_kept);
    tcase_add_test(tests, combinations_do_not_overflow);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
