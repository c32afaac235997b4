/*
 * check_similarity.c - similarities with packed integer sums have the bits of
 * those with doubles, for every kind of label, and any number of threads.
 */
#include "support/run_suite.h"

#include "model/algorithms/similarity.h"
#include "model/rows/co_rated.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 23, ITEMS = 17, ROWS_MAX = 6000 };

static struct error err;
static struct rating rows[ROWS_MAX];
static uint64_t state;

static uint32_t random_below(uint32_t n)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(state >> 33) % n;
}

/* n rows of low, low + step .. low + top step; pairs repeat. */
static struct ratings *random_ratings(uint32_t n, uint32_t items, double low,
                                      uint32_t top, double step)
{
    struct ratings *ratings = NULL;

    state = n;
    for (uint32_t i = 0; i < n; i++)
        rows[i] = (struct rating){i % 5 ? random_below(USERS) : 0,
                                  random_below(items),
                                  low + random_below(top + 1) * step};
    ck_assert_ok(ratings_build(
                     &(struct numbered_rows){
                         rows, n, USERS, items, {low, low + top * step}},
                     &ratings, &err),
                 err);
    return ratings;
}

enum sums_kind { INTEGER_SUMS, DOUBLE_SUMS };

static void matrix_of(const struct ratings *train, enum similarity kind,
                      uint32_t threads, enum sums_kind sums, double *matrix)
{
    const bool exact = sums == INTEGER_SUMS;
    struct co_rated *lists = NULL;
    struct model_params params = {.similarity = (int)kind, .min_support = 1};

    ck_assert_ok(co_rated_build(train, CO_RATED_USERS, &lists, &err), err);
    struct similarities similarities =
        similarity_over(lists, &params, 0, NULL, NULL);
    ck_assert(similarities.small_integers || !exact);
    similarities.small_integers = exact;
    ck_assert_ok(similarity_matrix(&similarities, threads, matrix, &err), err);
    co_rated_free(lists);
}

static const struct {
    const char *what;
    double low;
    uint32_t top, rows, items;
} labels[] = {
    {"stars", 1, 4, 300, ITEMS},
    {"clicks", 0, 1, 300, ITEMS},
    {"all codes", 0, 7, 300, ITEMS},
    {"below 0", -3, 5, 300, ITEMS},
    {"far from 0", 900, 7, 300, ITEMS},
    {"all the same", 2, 0, 300, ITEMS},
    {"more than a word holds, in stretches", 1, 4, 6000, 2000},
    {"clicks in stretches", 0, 1, 6000, 3000},
};
enum { LABELS = sizeof(labels) / sizeof(labels[0]) };

START_TEST(integer_sums_give_the_bits_of_double_sums)
{
    static double packed[USERS * USERS], doubles[USERS * USERS];
    struct ratings *train = random_ratings(labels[_i].rows, labels[_i].items,
                                           labels[_i].low, labels[_i].top, 1);

    for (int kind = SIM_MSD; kind <= SIM_PEARSON; kind++) {
        matrix_of(train, (enum similarity)kind, 1, INTEGER_SUMS, packed);
        matrix_of(train, (enum similarity)kind, 1, DOUBLE_SUMS, doubles);
        ck_assert_msg(memcmp(packed, doubles, sizeof(packed)) == 0, "%s",
                      labels[_i].what);
    }
    ratings_free(train);
}
END_TEST

/* Labels low..low + span among those of three users. */
enum codes { CODED, NOT_CODED };

static void check_codes(double low, double span, enum codes codes)
{
    const struct rating few[] = {{0, 0, low},     {1, 0, low + span},
                                 {2, 0, low + 1}, {0, 1, low + 2},
                                 {1, 1, low + 3}, {2, 1, low + span}};
    struct model_params params = {.similarity = SIM_MSD, .min_support = 1};
    struct ratings *train = NULL;
    struct co_rated *lists = NULL;
    double matrix[9];

    ck_assert_ok(
        ratings_build(&(struct numbered_rows){few, 6, 3, 2, {low, low + span}},
                      &train, &err),
        err);
    ck_assert_ok(co_rated_build(train, CO_RATED_USERS, &lists, &err), err);
    struct similarities similarities =
        similarity_over(lists, &params, 0, NULL, NULL);
    ck_assert_int_eq(lists->coded != NULL, codes == CODED);
    ck_assert_int_eq(similarities.small_integers, codes == CODED);
    ck_assert_ok(similarity_matrix(&similarities, 1, matrix, &err), err);
    ck_assert_double_eq(matrix[1], 1 / (1 + (span * span + 1) / 2));
    ck_assert_double_eq(matrix[2], 1 / (1 + (1 + (span - 2) * (span - 2)) / 2));
    co_rated_free(lists);
    ratings_free(train);
}

/* Three bits hold codes 0..7: a label of 8 would be a user's bit. */
START_TEST(codes_end_at_seven)
{
    check_codes(0, 6, CODED);
    check_codes(0, 7, CODED);
    check_codes(0, 8, NOT_CODED);
    check_codes(0, 9, NOT_CODED);
}
END_TEST

/* So that no sum of squares loses a bit. */
START_TEST(labels_beyond_a_thousand_have_no_codes)
{
    check_codes(993, 7, CODED);
    check_codes(994, 7, NOT_CODED);
    check_codes(-1000, 7, CODED);
    check_codes(-1001, 7, NOT_CODED);
}
END_TEST

/* As many pairs as it says, and all of the highest label. */
START_TEST(a_full_word_overflows_no_field)
{
    for (unsigned span = 0; span <= CODE_MAX; span++) {
        struct packing packing = packing_of(0, span);
        double n = (double)packing.pairs;
        static uint64_t words[COLUMNS];
        static struct sum_columns sums;
        words[0] = packing.pairs * packing.word[span][span];
        packing_unpack(&packing, words, &sums);
        ck_assert_uint_le(packing.end, 64);
        ck_assert_double_eq(sums.n[0], n);
        ck_assert_double_eq(sums.r[0], n * span);
        ck_assert_double_eq(sums.q[0], n * span);
        ck_assert_double_eq(sums.rr[0], n * span * span);
        ck_assert_double_eq(sums.qq[0], n * span * span);
        ck_assert_double_eq(sums.rq[0], n * span * span);
    }
}
END_TEST

/* One row at a time, as a cache asks for them, and from the same scratch. */
START_TEST(a_row_is_a_row_of_the_matrix)
{
    static double matrix[USERS * USERS], row[USERS];
    struct model_params params = {.similarity = SIM_PEARSON, .min_support = 3};
    struct ratings *train = random_ratings(6000, 2000, 1, 4, 1);
    struct co_rated *lists = NULL;

    ck_assert_ok(co_rated_build(train, CO_RATED_USERS, &lists, &err), err);
    struct similarities similarities =
        similarity_over(lists, &params, 0, NULL, NULL);
    void *scratch = calloc(1, similarity_scratch_bytes(&similarities));
    ck_assert_ptr_nonnull(scratch);
    ck_assert_ok(similarity_matrix(&similarities, 2, matrix, &err), err);
    for (uint32_t x = 0; x < USERS; x++) {
        similarity_row(&similarities, x, scratch, row);
        ck_assert_mem_eq(row, matrix + x * USERS, sizeof(row));
    }
    free(scratch);
    co_rated_free(lists);
    ratings_free(train);
}
END_TEST

/* Damped by (n - 1) / (n - 1 + 0), one common rating would be 0 / 0. */
START_TEST(pearson_baseline_needs_two_common_ratings)
{
    static const struct rating one[] = {{0, 0, 1}, {1, 0, 0.5}};
    const double zero[2] = {0, 0};
    struct model_params params = {.similarity = SIM_PEARSON_BASELINE,
                                  .min_support = 1};
    struct ratings *train = NULL;
    struct co_rated *lists = NULL;
    double matrix[4];

    ck_assert_ok(ratings_build(&(struct numbered_rows){one, 2, 2, 1, {0, 1}},
                               &train, &err),
                 err);
    ck_assert_ok(co_rated_build(train, CO_RATED_USERS, &lists, &err), err);
    struct similarities similarities =
        similarity_over(lists, &params, 0, zero, zero);
    ck_assert_ok(similarity_matrix(&similarities, 1, matrix, &err), err);
    ck_assert_double_eq(matrix[1], 0);
    co_rated_free(lists);
    ratings_free(train);
}
END_TEST

/* A pair of 1,100 rows overflows what a word holds: doubles then. */
START_TEST(too_many_repetitions_are_added_in_doubles)
{
    struct rating many[1100 + 2];
    struct model_params params = {.similarity = SIM_MSD};
    struct ratings *train = NULL;
    struct co_rated *lists = NULL;
    double matrix[4];

    for (int i = 0; i < 1100; i++)
        many[i] = (struct rating){0, 0, i % 2};
    many[1100] = (struct rating){1, 0, 1};
    many[1101] = (struct rating){1, 0, 0};
    ck_assert_ok(
        ratings_build(&(struct numbered_rows){many, 1102, 2, 1, {0, 1}}, &train,
                      &err),
        err);
    ck_assert_ok(co_rated_build(train, CO_RATED_USERS, &lists, &err), err);
    struct similarities similarities =
        similarity_over(lists, &params, 0, NULL, NULL);
    ck_assert(!similarities.small_integers);
    ck_assert_ok(similarity_matrix(&similarities, 1, matrix, &err), err);
    ck_assert_double_eq(matrix[1], 1 / 1.5);
    co_rated_free(lists);
    ratings_free(train);
}
END_TEST

START_TEST(threads_change_no_bit_and_both_halves_are_equal)
{
    static double one[USERS * USERS], three[USERS * USERS];
    struct ratings *train = random_ratings(300, ITEMS, 0, 9, 0.1);

    for (int kind = SIM_MSD; kind <= SIM_PEARSON; kind++) {
        matrix_of(train, (enum similarity)kind, 1, DOUBLE_SUMS, one);
        matrix_of(train, (enum similarity)kind, 3, DOUBLE_SUMS, three);
        ck_assert_mem_eq(one, three, sizeof(one));
        for (uint32_t a = 0; a < USERS; a++)
            for (uint32_t b = 0; b < a; b++)
                ck_assert_double_eq(one[a * USERS + b], one[b * USERS + a]);
    }
    ratings_free(train);
}
END_TEST

/* User 0 gives the same fraction to all: rounding must not pass for a
 * variance, nor a tiny negative one for NaN. */
START_TEST(a_constant_row_has_no_pearson)
{
    for (uint32_t seed = 0; seed < 300; seed++) {
        struct rating pairs[2 * ITEMS];
        struct ratings *train = NULL;
        double matrix[4];
        state = seed;
        double constant = (1 + random_below(998)) / 1000.0;
        for (uint32_t i = 0; i < ITEMS; i++) {
            pairs[2 * i] = (struct rating){0, i, constant};
            pairs[2 * i + 1] =
                (struct rating){1, i, random_below(1000) / 1000.0};
        }
        ck_assert_ok(
            ratings_build(
                &(struct numbered_rows){pairs, 2 * ITEMS, 2, ITEMS, {0, 1}},
                &train, &err),
            err);
        matrix_of(train, SIM_PEARSON, 1, DOUBLE_SUMS, matrix);
        ck_assert_double_eq(matrix[1], 0);
        ck_assert_double_eq(matrix[3], 1);
        ratings_free(train);
    }
}
END_TEST

/* Labels that differ in the fifth digit differ: their variance is 1e-10 of
 * their squares, which is far more than rounding. */
START_TEST(a_small_variance_is_no_rounding_error)
{
    static const struct rating close[] = {
        {0, 0, 0.50000}, {0, 1, 0.50001}, {1, 0, 0.1}, {1, 1, 0.9}};
    struct ratings *train = NULL;
    double matrix[4];

    ck_assert_ok(ratings_build(&(struct numbered_rows){close, 4, 2, 2, {0, 1}},
                               &train, &err),
                 err);
    matrix_of(train, SIM_PEARSON, 1, DOUBLE_SUMS, matrix);
    ck_assert_double_eq_tol(matrix[1], 1, 1e-4);
    ratings_free(train);
}
END_TEST

/* Labels that differ by 1/128 each, near 0 and beside a million: their pearson
 * is the same, and the offset must not eat the digits that it is made of. */
START_TEST(an_offset_changes_no_pearson)
{
    static double near[USERS * USERS], far[USERS * USERS];

    for (int i = 0; i < 2; i++) {
        struct ratings *train =
            random_ratings(300, ITEMS, i ? -1e6 : 0, 7, 0.0078125);
        matrix_of(train, SIM_PEARSON, 1, DOUBLE_SUMS, i ? far : near);
        ratings_free(train);
    }
    int others = 0;
    for (int at = 0; at < USERS * USERS; at++) {
        ck_assert_double_eq_tol(far[at], near[at], 1e-12);
        others += near[at] != 0 && near[at] != 1;
    }
    ck_assert_int_gt(others, USERS);
}
END_TEST

/* In units that are powers of two a label has the same digits. */
START_TEST(an_extreme_unit_changes_no_bit)
{
    static double usual[USERS * USERS], extreme[USERS * USERS];
    static const int powers[] = {150, 500, 1000, -150, -500, -1000};
    static const enum similarity kinds[] = {SIM_PEARSON, SIM_COSINE};
    const enum similarity kind = kinds[_i % 2];
    const double unit = ldexp(1, powers[_i / 2]);

    struct ratings *train = random_ratings(300, ITEMS, 3.5, 7, 0.0078125);
    matrix_of(train, kind, 1, DOUBLE_SUMS, usual);
    ratings_free(train);
    train = random_ratings(300, ITEMS, 3.5 * unit, 7, 0.0078125 * unit);
    matrix_of(train, kind, 1, DOUBLE_SUMS, extreme);
    ratings_free(train);
    ck_assert_mem_eq(extreme, usual, sizeof(usual));
}
END_TEST

/* a-x 1,0,0; b-x 1,1; a-y 1; b-y 0; c-y 1; c-x 0 */
START_TEST(repeated_pairs_count_every_combination)
{
    static const struct rating example[] = {{0, 0, 1}, {0, 0, 0}, {0, 0, 0},
                                            {1, 0, 1}, {1, 0, 1}, {0, 1, 1},
                                            {1, 1, 0}, {2, 1, 1}, {2, 0, 0}};
    struct ratings *train = NULL;
    double matrix[9];

    ck_assert_ok(
        ratings_build(&(struct numbered_rows){example, 9, 3, 2, {0, 1}}, &train,
                      &err),
        err);
    matrix_of(train, SIM_MSD, 1, INTEGER_SUMS, matrix);
    ck_assert_double_eq_tol(matrix[1], 7.0 / 12, 1e-15);
    ck_assert_double_eq_tol(matrix[2], 0.8, 1e-15);
    ck_assert_double_eq_tol(matrix[5], 0.5, 1e-15);
    ratings_free(train);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("similarity");
    TCase *tests = tcase_create("bits");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, integer_sums_give_the_bits_of_double_sums, 0,
                        LABELS);
    tcase_add_test(tests, codes_end_at_seven);
    tcase_add_test(tests, labels_beyond_a_thousand_have_no_codes);
    tcase_add_test(tests, a_full_word_overflows_no_field);
    tcase_add_test(tests, a_row_is_a_row_of_the_matrix);
    tcase_add_test(tests, pearson_baseline_needs_two_common_ratings);
    tcase_add_test(tests, too_many_repetitions_are_added_in_doubles);
    tcase_add_test(tests, threads_change_no_bit_and_both_halves_are_equal);
    tcase_add_test(tests, a_constant_row_has_no_pearson);
    tcase_add_test(tests, a_small_variance_is_no_rounding_error);
    tcase_add_test(tests, an_offset_changes_no_pearson);
    tcase_add_loop_test(tests, an_extreme_unit_changes_no_bit, 0, 12);
    tcase_add_test(tests, repeated_pairs_count_every_combination);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
