/*
 * check_neighbours.c - rows and k-NN against a slow, independent reading of
 * their definitions, on random rows with repeated pairs.
 */
#include "support/run_suite.h"

#include "model/algorithms/knn.h"
#include "model/algorithms/row_cache.h"
#include "model/model.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 23, ITEMS = 17, ROWS = 300, PAIRS = USERS * ITEMS };

static struct error err;
static struct rating rows[ROWS];
static uint64_t state;

static uint32_t random_below(uint32_t n)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(state >> 33) % n;
}

/* Labels 0..top in steps; every user and item occurs. */
static struct ratings *random_ratings(uint64_t seed, uint32_t top, double step)
{
    struct ratings *ratings = NULL;

    state = seed;
    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = (struct rating){
            i < USERS ? i : random_below(USERS),
            i < ITEMS ? i : random_below(ITEMS) * random_below(2),
            random_below(top + 1) * step};
    ck_assert_ok(
        ratings_build(
            &(struct numbered_rows){rows, ROWS, USERS, ITEMS, {0, top * step}},
            &ratings, &err),
        err);
    return ratings;
}

static struct model *fit(const struct ratings *train, const char *name,
                         const char *text)
{
    const struct model_ops *ops;
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    return model;
}

static uint32_t predict_all(const struct model *model,
                            struct prediction out[PAIRS])
{
    struct pair pairs[PAIRS];
    uint32_t n = 0;

    for (uint32_t i = 0; i < model->items; i++)
        for (uint32_t u = 0; u < model->users; u++)
            pairs[n++] = (struct pair){u, i};
    model_predict_unclipped(model, pairs, n, out);
    return n;
}

/* --- The slow way ----------------------------------------------------- */

/* The mean squared difference of two users, over all pairs of rows. */
static double slow_msd(uint32_t a, uint32_t b)
{
    double n = 0, sum = 0;

    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < ROWS; j++)
            if (rows[i].user == a && rows[j].user == b &&
                rows[i].item == rows[j].item) {
                double d = rows[i].value - rows[j].value;
                n++;
                sum += d * d;
            }
    return a == b ? 1 : n > 0 ? 1 / (1 + sum / n) : 0;
}

static double alike[USERS][USERS]; /* slow_msd() of all, once */

static void compare_all(void)
{
    for (uint32_t a = 0; a < USERS; a++)
        for (uint32_t b = 0; b < USERS; b++)
            alike[a][b] = slow_msd(a, b);
}

/* The next best unused row of the item; -1: there is none. */
static int slow_best(uint32_t user, uint32_t item, const bool used[ROWS],
                     double *similarity)
{
    int best = -1;

    for (int i = 0; i < ROWS; i++) {
        if (used[i] || rows[i].item != item)
            continue;
        double s = alike[user][rows[i].user];
        if (best < 0 || s > *similarity) {
            best = i;
            *similarity = s;
        }
    }
    return best;
}

static double slow_knn(uint32_t user, uint32_t item, uint32_t k,
                       uint32_t *neighbours)
{
    bool used[ROWS] = {false};
    double sum = 0, weights = 0;

    *neighbours = 0;
    for (uint32_t turn = 0; turn < k; turn++) {
        double s = 0;
        int best = slow_best(user, item, used, &s);
        if (best < 0)
            break;
        used[best] = true;
        if (s > 0) {
            sum += s * rows[best].value;
            weights += s;
            ++*neighbours;
        }
    }
    return sum / weights;
}

START_TEST(knn_is_what_a_slow_reading_gives)
{
    struct ratings *train =
        random_ratings((uint64_t)_i, _i % 2 ? 4 : 1, _i > 3 ? 0.3 : 1);
    struct model *model = fit(train, "knn", "k=5");
    struct prediction out[PAIRS];

    predict_all(model, out);
    compare_all();
    for (uint32_t at = 0; at < PAIRS; at++) {
        uint32_t neighbours;
        double value = slow_knn(at % USERS, at / USERS, 5, &neighbours);
        ck_assert_uint_eq(out[at].neighbours, neighbours);
        ck_assert_int_eq(out[at].impossible, neighbours == 0);
        if (neighbours > 0)
            ck_assert_double_eq_tol(out[at].value, value, 1e-12);
    }
    model_free(model);
    ratings_free(train);
}
END_TEST

/* --- Repeated pairs --------------------------------------------------- */

/* a-x 1,0,0; b-x 1,1; a-y 1; b-y 0; c-y 1; c-x 0 */
static struct ratings *worked_example(void)
{
    static const struct rating example[] = {{0, 0, 1}, {0, 0, 0}, {0, 0, 0},
                                            {1, 0, 1}, {1, 0, 1}, {0, 1, 1},
                                            {1, 1, 0}, {2, 1, 1}, {2, 0, 0}};
    struct ratings *train = NULL;

    ck_assert_ok(
        ratings_build(&(struct numbered_rows){example, 9, 3, 2, {0, 1}}, &train,
                      &err),
        err);
    return train;
}

START_TEST(repeated_pairs_are_a_neighbour_each)
{
    static const struct pair pair = {2, 0};
    struct ratings *train = worked_example();
    struct model *model = fit(train, "knn", "");
    struct prediction out;
    model_predict(model, &pair, 1, &out);
    ck_assert_uint_eq(out.neighbours, 6);
    model_free(model);
    ratings_free(train);
}
END_TEST

/* dev(x, y) = -1/6: r^(c, x) = mean 0.5 + (0 + dev) / 2 */
START_TEST(slope_one_of_repeated_pairs)
{
    static const struct pair pair = {2, 0};
    struct ratings *train = worked_example();
    struct model *model = fit(train, "slope-one", "");
    struct prediction out;

    model_predict_unclipped(model, &pair, 1, &out);
    ck_assert_double_eq_tol(out.value, 0.5 - 1.0 / 12, 1e-15);
    model_free(model);
    ratings_free(train);
}
END_TEST

START_TEST(slope_one_learns_fractions)
{
    static const struct rating fractions[] = {
        {0, 0, 0.25}, {0, 1, 0.5}, {1, 0, 0.5}, {1, 1, 0.75}, {2, 0, 0.5}};
    static const struct pair pair = {2, 1};
    struct ratings *train = NULL;
    struct prediction out;

    ck_assert_ok(
        ratings_build(&(struct numbered_rows){fractions, 5, 3, 2, {0, 1}},
                      &train, &err),
        err);
    struct model *model = fit(train, "slope-one", "");
    model_predict(model, &pair, 1, &out);
    ck_assert_double_eq(out.value, 0.75);
    model_free(model);
    ratings_free(train);
}
END_TEST

/* Never alike: a weightless mean would be 0 / 0. */
START_TEST(without_any_neighbour_min_k_0_is_impossible_for_knn_alone)
{
    static const struct rating apart[] = {{0, 0, 1}, {1, 1, 0}, {1, 1, 1}};
    static const struct pair pair = {0, 1};
    static const char *const names[] = {"knn", "knn-means", "knn-zscore"};
    struct ratings *train = NULL;
    struct prediction out;

    ck_assert_ok(ratings_build(&(struct numbered_rows){apart, 3, 2, 2, {0, 1}},
                               &train, &err),
                 err);
    for (int i = 0; i < 3; i++) {
        struct model *model = fit(train, names[i], "min_k=0");
        model_predict(model, &pair, 1, &out);
        ck_assert_int_eq(out.impossible, i == 0);
        ck_assert_uint_eq(out.neighbours, 0);
        ck_assert_double_eq(out.value, i == 0 ? train->mean : 1);
        model_free(model);
    }
    ratings_free(train);
}
END_TEST

/* --- The cache -------------------------------------------------------- */

static void assert_same(const struct prediction *a, const struct prediction *b,
                        uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        ck_assert_mem_eq(&a[i].value, &b[i].value, sizeof(double));
        ck_assert_uint_eq(a[i].neighbours, b[i].neighbours);
    }
}

START_TEST(a_tiny_cache_changes_no_bit)
{
    struct ratings *train = random_ratings(11, 5, 0.37);
    struct prediction wide[PAIRS], narrow[PAIRS];
    static const char *const names[] = {"knn-zscore", "slope-one"};

    for (int i = 0; i < 2; i++) {
        struct model *all = fit(train, names[i], "");
        struct model *few = fit(train, names[i], "cache_bytes=0");
        predict_all(all, wide);
        for (int again = 0; again < 2; again++) {
            uint32_t n = predict_all(few, narrow);
            assert_same(wide, narrow, n);
        }
        model_free(all);
        model_free(few);
    }
    ratings_free(train);
}
END_TEST

static unsigned computed;

static void count_row(const void *owner, uint32_t x, void *scratch, double *row)
{
    (void)owner;
    (void)scratch;
    row[0] = x;
    computed++;
}

START_TEST(the_least_recently_used_row_goes)
{
    struct row_cache *cache = NULL;
    static const uint32_t asked[] = {0, 1, 2, 3, 0, 4, 0, 1};

    ck_assert_ok(row_cache_new(&(struct row_source){100, count_row, NULL, 0}, 0,
                               &cache, &err),
                 err);
    computed = 0;
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        ck_assert_double_eq(row_cache_hold(cache, asked[i])[0], asked[i]);
        row_cache_put(cache, asked[i]);
    }
    /* room for four: 4 drove out 1, not 0, which had been asked for again */
    ck_assert_uint_eq(computed, 6);
    row_cache_free(cache);
}
END_TEST

struct reader {
    const struct model *model;
    const struct prediction *expected;
    bool equal;
};

static void *read_all(void *argument)
{
    struct reader *reader = argument;
    struct prediction out[PAIRS];

    reader->equal = true;
    for (int turn = 0; turn < 5; turn++) {
        uint32_t n = predict_all(reader->model, out);
        for (uint32_t i = 0; i < n; i++)
            if (memcmp(&out[i].value, &reader->expected[i].value,
                       sizeof(double)) != 0)
                reader->equal = false;
    }
    return NULL;
}

/* More readers than rows that the cache may hold. */
START_TEST(many_threads_read_the_same_bits)
{
    enum { READERS = 6 };
    struct ratings *train = random_ratings(12, 4, 1);
    struct model *model = fit(train, "knn-means", "cache_bytes=0");
    struct prediction expected[PAIRS];
    struct reader readers[READERS];
    pthread_t threads[READERS];

    predict_all(model, expected);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){model, expected, false};
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(readers[i].equal);
    }
    model_free(model);
    ratings_free(train);
}
END_TEST

/* --- Neighbours ------------------------------------------------------- */

START_TEST(neighbours_are_a_stable_best_first_list)
{
    struct ratings *train = random_ratings(13, 1, 1);
    struct model *model = fit(train, "knn", "");
    struct neighbour all[USERS], few[3];

    ck_assert(knn_is(model));
    ck_assert_uint_eq(knn_neighbours(model, 5, USERS, all), USERS - 1);
    ck_assert_uint_eq(knn_neighbours(model, 5, 3, few), 3);
    ck_assert_uint_eq(knn_neighbours(model, 5, 0, few), 0);
    for (uint32_t i = 0; i < USERS - 1; i++) {
        ck_assert_uint_ne(all[i].x, 5);
        ck_assert_double_eq_tol(all[i].similarity, slow_msd(5, all[i].x),
                                1e-15);
        if (i < 3)
            ck_assert_uint_eq(few[i].x, all[i].x);
    }
    model_free(model);
    ratings_free(train);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("neighbours");
    TCase *tests = tcase_create("by definition");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, knn_is_what_a_slow_reading_gives, 0, 6);
    tcase_add_test(tests, repeated_pairs_are_a_neighbour_each);
    tcase_add_test(tests, slope_one_of_repeated_pairs);
    tcase_add_test(tests, slope_one_learns_fractions);
    tcase_add_test(tests,
                   without_any_neighbour_min_k_0_is_impossible_for_knn_alone);
    tcase_add_test(tests, a_tiny_cache_changes_no_bit);
    tcase_add_test(tests, the_least_recently_used_row_goes);
    tcase_add_test(tests, many_threads_read_the_same_bits);
    tcase_add_test(tests, neighbours_are_a_stable_best_first_list);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
