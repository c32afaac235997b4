/*
 * check_nearest.c - the k nearest against a plain stable selection, on lists
 * with many ties, of every length around what is sampled.
 */
#include "support/run_suite.h"

#include "model/algorithms/nearest.h"

#include <stdbool.h>

enum { LIST_MAX = 5000 };

static struct rated list[LIST_MAX];
static double row[LIST_MAX];
static struct nearest best;
static uint64_t state = 5;

static uint32_t random_below(uint32_t n)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(state >> 33) % n;
}

/* -0.5 to 1 in `values` steps. */
static void fill(uint32_t n, uint32_t values)
{
    for (uint32_t i = 0; i < n; i++) {
        list[i] = (struct rated){.other = random_below(LIST_MAX)};
        row[i] = 1.5 * random_below(values) / values - 0.5;
    }
    for (uint32_t i = n; i < LIST_MAX; i++)
        row[i] = 1.5 * random_below(values) / values - 0.5;
}

static void check_against_slow(uint32_t n, uint32_t k)
{
    static bool used[LIST_MAX];
    uint32_t at = 0;

    for (uint32_t i = 0; i < n; i++)
        used[i] = false;
    for (; at < k; at++) {
        uint32_t next = n;
        for (uint32_t i = 0; i < n; i++)
            if (!used[i] && row[list[i].other] > 0 &&
                (next == n || row[list[i].other] > row[list[next].other]))
                next = i;
        if (next == n)
            break;
        used[next] = true;
        ck_assert_uint_lt(at, best.n);
        ck_assert_ptr_eq(best.entry[at], &list[next]);
        ck_assert_double_eq(best.similarity[at], row[list[next].other]);
    }
    ck_assert_uint_eq(best.n, at);
}

START_TEST(as_a_stable_selection)
{
    static const uint32_t lengths[] = {0,  1,    39,   40,   41,  48,
                                       49, 2047, 2048, 2049, 5000};
    static const uint32_t ks[] = {1, 5, 40, 1024};
    static const uint32_t values[] = {1, 2, 7, 1000000000};

    for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++)
        for (size_t k = 0; k < sizeof(ks) / sizeof(ks[0]); k++) {
            fill(lengths[l], values[_i]);
            nearest_select(&best, ks[k], row, list, lengths[l]);
            check_against_slow(lengths[l], ks[k]);
        }
}
END_TEST

/* They are one float and three doubles. */
START_TEST(what_float_can_not_tell_apart)
{
    enum { N = 100 };

    for (uint32_t i = 0; i < N; i++) {
        list[i] = (struct rated){.other = i};
        row[i] = 0.7 + (i % 3) * 1e-12;
    }
    nearest_select(&best, 40, row, list, N);
    check_against_slow(N, 40);
}
END_TEST

/* Rounding, and vectors of the same direction, may exceed 1. */
START_TEST(a_similarity_just_above_1)
{
    for (uint32_t i = 0; i < 100; i++) {
        list[i] = (struct rated){.other = i};
        row[i] = i == 77 ? 1 + 1e-15 : 1;
    }
    nearest_select(&best, 10, row, list, 100);
    ck_assert_ptr_eq(best.entry[0], &list[77]);
    check_against_slow(100, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nearest");
    TCase *tests = tcase_create("selection");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, as_a_stable_selection, 0, 4);
    tcase_add_test(tests, what_float_can_not_tell_apart);
    tcase_add_test(tests, a_similarity_just_above_1);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
