/*
 * check_similarity_fixture.c - the similarity matrices that the reference's
 * own tests pin: stars with halves, pairs that share nothing, rows without a
 * variance, and baselines that are given and not learned.
 */
#include "support/run_suite.h"

#include "model/algorithms/similarity.h"
#include "model/rows/co_rated.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

enum { XS = 8, YS = 5, ROWS_MAX = XS * YS };

static struct error err;
static json_t *root, *fixture;

static const struct {
    const char *name;
    enum similarity kind;
} measures[] = {
    {"cosine", SIM_COSINE},
    {"msd", SIM_MSD},
    {"pearson", SIM_PEARSON},
    {"pearson_baseline", SIM_PEARSON_BASELINE},
};
enum { MEASURES = sizeof(measures) / sizeof(measures[0]) };

static void open_fixture(void)
{
    json_error_t why;

    root = json_load_file(GOLDEN_DIR "/oracle.json", 0, &why);
    ck_assert_msg(root != NULL, "oracle.json: %s", why.text);
    fixture = json_object_get(root, "similarity_fixture");
    ck_assert_ptr_nonnull(fixture);
}

static void close_fixture(void)
{
    json_decref(root);
}

static double number(const json_t *array, size_t index)
{
    const json_t *value = json_array_get(array, index);

    ck_assert(json_is_number(value));
    return json_number_value(value);
}

/* "yr": per y, its (x, rating) in the order of its list. */
static size_t read_rows(bool user_based, struct rating rows[ROWS_MAX])
{
    const json_t *lists = json_object_get(fixture, "yr");
    size_t count = 0;

    for (uint32_t y = 0; y < YS; y++) {
        char name[16];
        size_t at;
        json_t *entry;
        snprintf(name, sizeof(name), "%u", y);
        json_array_foreach(json_object_get(lists, name), at, entry)
        {
            uint32_t x = (uint32_t)number(entry, 0);
            ck_assert_uint_lt(count, ROWS_MAX);
            rows[count++] = user_based
                                ? (struct rating){x, y, number(entry, 1)}
                                : (struct rating){y, x, number(entry, 1)};
        }
    }
    ck_assert_uint_gt(count, 0);
    return count;
}

static struct co_rated *read_lists(bool user_based)
{
    struct rating rows[ROWS_MAX];
    struct ratings *ratings = NULL;
    struct co_rated *lists = NULL;
    size_t count = read_rows(user_based, rows);

    ck_assert_ok(ratings_build(&(struct numbered_rows){rows,
                                                       count,
                                                       user_based ? XS : YS,
                                                       user_based ? YS : XS,
                                                       {1, 5}},
                               &ratings, &err),
                 err);
    ck_assert_ok(co_rated_build(ratings,
                                user_based ? CO_RATED_USERS : CO_RATED_ITEMS,
                                &lists, &err),
                 err);
    ratings_free(ratings);
    return lists;
}

static void compare(const json_t *expected, const double *matrix,
                    const char *name)
{
    ck_assert_uint_eq(json_array_size(expected), XS);
    for (size_t a = 0; a < XS; a++)
        for (size_t b = 0; b < XS; b++) {
            double want = number(json_array_get(expected, a), b);
            double got = matrix[a * XS + b];
            ck_assert_msg(fabs(got - want) <= 1e-12,
                          "%s of %zu and %zu is %.17g, not %.17g", name, a, b,
                          got, want);
        }
}

static void check_measure(int which, bool user_based)
{
    const json_t *expected = json_object_get(fixture, measures[which].name);
    struct model_params params = {.similarity = (int)measures[which].kind,
                                  .min_support = 1};
    double mean = 0, x_bias[XS] = {0}, y_bias[YS] = {0}, matrix[XS * XS];
    struct co_rated *lists = read_lists(user_based);

    if (measures[which].kind == SIM_PEARSON_BASELINE) {
        mean = json_number_value(json_object_get(expected, "mu"));
        params.shrinkage =
            json_number_value(json_object_get(expected, "shrinkage"));
        for (size_t x = 0; x < XS; x++)
            x_bias[x] = number(json_object_get(expected, "x_biases"), x);
        for (size_t y = 0; y < YS; y++)
            y_bias[y] = number(json_object_get(expected, "y_biases"), y);
        expected = json_object_get(expected, "sim");
    }
    struct similarities similarities =
        similarity_over(lists, &params, mean, x_bias, y_bias);
    ck_assert_ok(similarity_matrix(&similarities, 1, matrix, &err), err);
    compare(expected, matrix, measures[which].name);
    co_rated_free(lists);
}

START_TEST(users_are_as_alike_as_the_reference_says)
{
    check_measure(_i, true);
}
END_TEST

START_TEST(items_are_as_alike_as_the_reference_says)
{
    check_measure(_i, false);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("similarity fixture");
    TCase *tests = tcase_create("reference");

    tcase_add_checked_fixture(tests, open_fixture, close_fixture);
    tcase_add_loop_test(tests, users_are_as_alike_as_the_reference_says, 0,
                        MEASURES);
    tcase_add_loop_test(tests, items_are_as_alike_as_the_reference_says, 0,
                        MEASURES);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
