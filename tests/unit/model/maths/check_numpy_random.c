/*
 * check_numpy_random.c - numpy's legacy generator, number by number.
 *
 * The expected numbers are numpy's own, seed 0.
 */
#include "support/run_suite.h"

#include "model/maths/numpy_random.h"

#include <jansson.h>

static struct numpy_random rng;
static json_t *golden;

static void seed(void)
{
    json_t *oracle = json_load_file(GOLDEN_DIR "/oracle.json", 0, NULL);

    ck_assert_ptr_nonnull(oracle);
    golden = json_incref(json_object_get(oracle, "rng"));
    ck_assert_ptr_nonnull(golden);
    json_decref(oracle);
    numpy_random_seed(&rng, 0);
}

static void drop_golden(void)
{
    json_decref(golden);
}

static size_t length(const char *name)
{
    size_t n = json_array_size(json_object_get(golden, name));

    ck_assert_uint_gt(n, 0);
    return n;
}

static double expected(const char *name, size_t i)
{
    return json_number_value(json_array_get(json_object_get(golden, name), i));
}

START_TEST(normal_is_numpys)
{
    for (size_t i = 0; i < length("normal_0_0p1"); i++)
        ck_assert_double_eq_tol(numpy_random_normal(&rng, 0, 0.1),
                                expected("normal_0_0p1", i), 1e-16);
}
END_TEST

START_TEST(uniform_is_numpys)
{
    for (size_t i = 0; i < length("uniform"); i++)
        ck_assert_double_eq(numpy_random_double(&rng), expected("uniform", i));
}
END_TEST

START_TEST(uniform_in_a_range_is_scaled)
{
    ck_assert_double_eq(numpy_random_uniform(&rng, 2, 4),
                        2 + 2 * expected("uniform", 0));
}
END_TEST

START_TEST(whole_numbers_are_numpys)
{
    for (size_t i = 0; i < length("randint3"); i++)
        ck_assert_uint_eq(numpy_random_below(&rng, 3),
                          (unsigned)expected("randint3", i));
}
END_TEST

START_TEST(one_choice_draws_nothing)
{
    for (int i = 0; i < 10; i++)
        ck_assert_uint_eq(numpy_random_below(&rng, 1), 0);
    ck_assert_double_eq(numpy_random_double(&rng), expected("uniform", 0));
}
END_TEST

START_TEST(shuffle_is_numpys)
{
    size_t order[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

    ck_assert_uint_eq(length("shuffle10"), 10);
    numpy_random_shuffle(&rng, order, 10);
    for (size_t i = 0; i < 10; i++)
        ck_assert_uint_eq(order[i], (size_t)expected("shuffle10", i));
}
END_TEST

START_TEST(the_spare_normal_survives_other_draws)
{
    double first = numpy_random_normal(&rng, 0, 0.1);
    (void)numpy_random_double(&rng);

    ck_assert_double_eq_tol(first, expected("normal_0_0p1", 0), 1e-16);
    ck_assert_double_eq_tol(numpy_random_normal(&rng, 0, 0.1),
                            expected("normal_0_0p1", 1), 1e-16);
}
END_TEST

/* The standard's check: the 10,000th word of seed 5489. */
START_TEST(the_words_are_mt19937)
{
    uint32_t word = 0;

    numpy_random_seed(&rng, 5489);
    for (int i = 0; i < 10000; i++)
        word = numpy_random_u32(&rng);
    ck_assert_uint_eq(word, 4123659995u);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("numpy random");
    TCase *tests = tcase_create("seed 0");

    tcase_add_checked_fixture(tests, seed, drop_golden);
    tcase_add_test(tests, normal_is_numpys);
    tcase_add_test(tests, uniform_is_numpys);
    tcase_add_test(tests, uniform_in_a_range_is_scaled);
    tcase_add_test(tests, whole_numbers_are_numpys);
    tcase_add_test(tests, one_choice_draws_nothing);
    tcase_add_test(tests, shuffle_is_numpys);
    tcase_add_test(tests, the_spare_normal_survives_other_draws);
    tcase_add_test(tests, the_words_are_mt19937);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
