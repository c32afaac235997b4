/*
 * check_number_text.c - numbers as text, character by character as printf and
 * strtod have them.
 */
#include "support/run_suite.h"

#include "common/base/number_text.h"
#include "common/base/random.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 50000 };

/* --- The slow way ----------------------------------------------------- */

static void expect_real(double value)
{
    char wanted[NUMBER_TEXT_SIZE], got[NUMBER_TEXT_SIZE + 1];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(wanted, sizeof(wanted), "%.*g", digits, value);
        if (strtod(wanted, NULL) == value)
            break;
    }
    got[number_text_real(value, got)] = '\0';
    ck_assert_msg(strcmp(got, wanted) == 0, "%a: %s, not %s", value, got,
                  wanted);
}

/* The number, those beside it, and all of them below zero. */
static void expect_around(double value)
{
    expect_real(value);
    expect_real(-value);
    if (value > 0 && value < DBL_MAX) {
        expect_real(nextafter(value, 0));
        expect_real(nextafter(value, DBL_MAX));
    }
}

static double from_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t source;

/* Evenly between the logarithms of both ends. */
static double between(double least, double most)
{
    const double part = random_uniform(&source);

    return exp(log(least) + part * (log(most) - log(least)));
}

START_TEST(integers_are_what_printf_says)
{
    static const uint64_t some[] = {0,  1,   9,    10,        99,        100,
                                    42, 999, 1000, INT64_MAX, UINT64_MAX};
    char wanted[NUMBER_TEXT_SIZE], got[NUMBER_TEXT_SIZE + 1];
    const size_t count = sizeof(some) / sizeof(some[0]);

    for (size_t i = 0; i < count + MANY; i++) {
        const uint64_t bits = random_next(&source);
        const uint64_t value = i < count ? some[i] : bits >> (i % 64);
        snprintf(wanted, sizeof(wanted), "%" PRIu64, value);
        got[number_text_unsigned(value, got)] = '\0';
        ck_assert_str_eq(got, wanted);
        const int64_t number = i % 2 ? (int64_t)value : -(int64_t)(value / 2);
        snprintf(wanted, sizeof(wanted), "%" PRId64, number);
        got[number_text_integer(number, got)] = '\0';
        ck_assert_str_eq(got, wanted);
    }
    got[number_text_integer(INT64_MIN, got)] = '\0';
    ck_assert_str_eq(got, "-9223372036854775808");
}
END_TEST

START_TEST(any_bits_are_printed_as_ever)
{
    for (int i = 0; i < MANY; i++) {
        const double value = from_bits(random_next(&source));
        if (isfinite(value))
            expect_real(value);
    }
}
END_TEST

START_TEST(probabilities_are_printed_as_ever)
{
    for (int i = 0; i < MANY; i++) {
        const double p = random_uniform(&source);
        expect_real(p);
        expect_real((double)(float)p);
        expect_real(1 / (1 + exp(20 * p - 10)));
        expect_real(between(1e-13, 1e17));
    }
}
END_TEST

START_TEST(powers_and_what_is_beside_them_are_printed_as_ever)
{
    for (int power = -1074; power <= 1023; power++)
        expect_around(ldexp(1, power));
    for (int power = -323; power <= 308; power++) {
        char text[16];
        for (int digit = 1; digit <= 9 && power < 308; digit++) {
            snprintf(text, sizeof(text), "%de%d", digit, power);
            expect_around(strtod(text, NULL));
        }
    }
    expect_around(0);
    expect_around(DBL_MIN);
    expect_around(DBL_MAX);
    for (int i = 0; i < MANY / 10; i++) /* subnormal */
        expect_real(from_bits(random_next(&source) >> 12 >> (i % 52)));
}
END_TEST

/* Numbers whose digits end, among them those that lie in the middle between two
 * texts of 15 or 16 digits. */
START_TEST(decimals_and_ties_are_printed_as_ever)
{
    for (int i = 0; i < MANY; i++) {
        const uint64_t bits = random_next(&source);
        const int digits = 1 + i % 17;
        char text[NUMBER_TEXT_SIZE];
        snprintf(text, sizeof(text), "%.*e", digits - 1, between(1e-12, 1e16));
        expect_around(strtod(text, NULL));
        expect_real(ldexp((double)(bits >> 11), -(i % 80)));
        expect_real(ldexp((double)(bits >> (11 + i % 53)), -(i % 20)));
        expect_around((double)(bits >> (i % 64)));
    }
}
END_TEST

static void set_up(void)
{
    source = 20231114;
}

int main(void)
{
    Suite *suite = suite_create("number_text");
    TCase *tests = tcase_create("digits");

    tcase_add_unchecked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, integers_are_what_printf_says);
    tcase_add_test(tests, any_bits_are_printed_as_ever);
    tcase_add_test(tests, probabilities_are_printed_as_ever);
    tcase_add_test(tests, powers_and_what_is_beside_them_are_printed_as_ever);
    tcase_add_test(tests, decimals_and_ties_are_printed_as_ever);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
