/*
 * check_similar.c - who is like whom: the textbook's music example before and
 * after the singular value decomposition, the reference's matrices, and the
 * cosine of rows by its definition.
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include "model/ask/similar.h"

#include <math.h>
#include <string.h>

enum { SIDE_MAX = 16 };

static struct error err;

static struct similar *start(const struct ratings *train, int by, bool users)
{
    struct similar_settings settings = {.by = by,
                                        .users = users,
                                        .min_support = 1,
                                        .shrinkage = 100,
                                        .factors = 2};
    struct similar *similar = NULL;

    ck_assert_ok(similar_new(train, &settings, &similar, &err), err);
    return similar;
}

/* --- Music ------------------------------------------------------------ */

static struct ratings *music(void)
{
    struct dataset *data = oracle_dataset("music");
    struct ratings *train = NULL;

    ck_assert_ok(
        ratings_build(&(struct numbered_rows){data->rows,
                                              data->count,
                                              id_map_count(data->users),
                                              id_map_count(data->items),
                                              {0, 1}},
                      &train, &err),
        err);
    dataset_free(data);
    return train;
}

/* Users in the order of the file: U1 to U6. */
static void compare_users(int by, const double expected[4][4])
{
    static const uint32_t shown[] = {0, 1, 2, 4}; /* U1 U2 U3 U5 */
    struct ratings *train = music();
    struct similar *similar = start(train, by, true);
    double row[SIDE_MAX];

    ck_assert_uint_eq(similar_count(similar), 6);
    for (int a = 0; a < 4; a++) {
        similar_row(similar, shown[a], row);
        for (int b = 0; b < 4; b++)
            ck_assert_double_eq_tol(row[shown[b]], expected[a][b], 1e-9);
    }
    similar_free(similar);
    ratings_free(train);
}

START_TEST(listeners_before)
{
    static const double expected[4][4] = {
        {1, 1, 0, .5}, {1, 1, 0, .5}, {0, 0, 1, 0}, {.5, .5, 0, 1}};

    compare_users(SIMILAR_MATRIX, expected);
}
END_TEST

START_TEST(listeners_after)
{
    static const double expected[4][4] = {
        {1, 1, 0, 1}, {1, 1, 0, 1}, {0, 0, 1, 0}, {1, 1, 0, 1}};

    compare_users(SIMILAR_SVD, expected);
}
END_TEST

START_TEST(musicians_after)
{
    /* Metallica Rammstein Tiesto, Paul van Dyk, Aly & Fila, Slipknot */
    static const int taste[] = {0, 0, 1, 1, 1, 0};
    struct ratings *train = music();
    struct similar *similar = start(train, SIMILAR_SVD, false);
    double row[SIDE_MAX];

    ck_assert_uint_eq(similar_count(similar), 6);
    for (uint32_t a = 0; a < 6; a++) {
        similar_row(similar, a, row);
        for (int b = 0; b < 6; b++)
            ck_assert_double_eq_tol(row[b], taste[a] == taste[b], 1e-9);
    }
    similar_free(similar);
    ratings_free(train);
}
END_TEST

START_TEST(the_nearest_come_first_and_ties_by_order)
{
    struct ratings *train = music();
    struct similar *similar = start(train, SIMILAR_MATRIX, true);
    struct similar_entry out[SIDE_MAX];

    /* U1: U2 is its twin, U5 half, the others share nothing with it */
    static const uint32_t order[] = {1, 4, 2, 3, 5};
    ck_assert_uint_eq(similar_nearest(similar, 0, SIDE_MAX, out), 5);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(out[i].x, order[i]);
    ck_assert_double_eq_tol(out[1].similarity, .5, 1e-12);
    ck_assert_uint_eq(similar_nearest(similar, 0, 3, out), 3);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(out[i].x, order[i]);
    ck_assert_uint_eq(similar_nearest(similar, 0, 0, out), 0);
    similar_free(similar);
    ratings_free(train);
}
END_TEST

/* --- The reference ---------------------------------------------------- */

START_TEST(common_ratings_are_compared_as_the_reference_does)
{
    static const char *const names[] = {"msd", "cosine", "pearson",
                                        "pearson_baseline"};
    struct oracle *oracle = oracle_open("star");
    bool users = _i % 2;
    struct similar *similar = start(oracle->ratings, _i / 2, users);
    char configuration[64];
    double row[SIDE_MAX];

    snprintf(configuration, sizeof(configuration), "KNNBasic/%s/ub=%s",
             names[_i / 2], users ? "True" : "False");
    for (uint32_t a = 0; a < similar_count(similar); a++) {
        similar_row(similar, a, row);
        for (uint32_t b = 0; b < similar_count(similar); b++)
            ck_assert_double_eq_tol(
                row[b], oracle_similarity(oracle, configuration, a, b), 1e-12);
    }
    similar_free(similar);
    oracle_close(oracle);
}
END_TEST

/* --- Rows of the matrix by their definition: pairs occur several times  */

static void fill_matrix(const struct ratings *train,
                        double matrix[SIDE_MAX][SIDE_MAX])
{
    double rows[SIDE_MAX][SIDE_MAX] = {{0}};

    memset(matrix, 0, sizeof(double) * SIDE_MAX * SIDE_MAX);
    for (uint32_t u = 0; u < train->users; u++) {
        for (size_t i = train->user_first[u]; i < train->user_first[u + 1];
             i++) {
            matrix[u][train->by_user[i].other] += train->by_user[i].value;
            rows[u][train->by_user[i].other]++;
        }
    }
    for (int u = 0; u < SIDE_MAX; u++)
        for (int i = 0; i < SIDE_MAX; i++)
            matrix[u][i] /= rows[u][i] > 0 ? rows[u][i] : 1;
}

static double slow_cosine(double matrix[SIDE_MAX][SIDE_MAX], bool users,
                          uint32_t a, uint32_t b)
{
    double product = 0, x = 0, y = 0;

    for (uint32_t i = 0; i < SIDE_MAX; i++) {
        double left = users ? matrix[a][i] : matrix[i][a];
        double right = users ? matrix[b][i] : matrix[i][b];
        product += left * right;
        x += left * left;
        y += right * right;
    }
    return x > 0 && y > 0 ? product / sqrt(x * y) : 0;
}

START_TEST(rows_are_compared_by_their_cosine)
{
    struct oracle *oracle = oracle_open("click");
    bool users = _i;
    struct similar *similar = start(oracle->ratings, SIMILAR_MATRIX, users);
    double matrix[SIDE_MAX][SIDE_MAX], row[SIDE_MAX];

    fill_matrix(oracle->ratings, matrix);
    for (uint32_t a = 0; a < similar_count(similar); a++) {
        similar_row(similar, a, row);
        for (uint32_t b = 0; b < similar_count(similar); b++)
            ck_assert_double_eq_tol(row[b], slow_cosine(matrix, users, a, b),
                                    1e-12);
    }
    similar_free(similar);
    oracle_close(oracle);
}
END_TEST

START_TEST(more_factors_than_there_can_be_are_refused)
{
    struct ratings *train = music();
    struct similar_settings settings = {
        .by = SIMILAR_SVD, .users = true, .factors = 7};
    struct similar *similar = NULL;

    ck_assert_refused(similar_new(train, &settings, &similar, &err), err,
                      ERROR_CONFIG, "");
    ck_assert_ptr_null(similar);
    ratings_free(train);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("similar");
    TCase *tests = tcase_create("similarities");

    tcase_add_test(tests, listeners_before);
    tcase_add_test(tests, listeners_after);
    tcase_add_test(tests, musicians_after);
    tcase_add_test(tests, the_nearest_come_first_and_ties_by_order);
    tcase_add_loop_test(
        tests, common_ratings_are_compared_as_the_reference_does, 0, 8);
    tcase_add_loop_test(tests, rows_are_compared_by_their_cosine, 0, 2);
    tcase_add_test(tests, more_factors_than_there_can_be_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
