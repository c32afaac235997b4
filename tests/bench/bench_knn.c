/*
 * bench_knn.c - neighbourhood models on generated rows: all user pearson
 * similarities of a MovieLens-1M shape, a k-NN prediction with a warm row, and
 * the peak memory of user k-NN with 30,000 users.
 */
#include "bench/shaped.h"

#include "common/base/clock.h"

#include "model/algorithms/similarity.h"
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { PREDICTIONS = 200000, USERS_WARM = 200 };

static struct error err;

static void check(int status)
{
    if (status == 0)
        return;
    fprintf(stderr, "bench: %s\n", err.text);
    exit(EXIT_FAILURE);
}

static double seconds_since(int64_t start_ns)
{
    return (double)(clock_monotonic_ns() - start_ns) / 1e9;
}

static void time_matrix(const struct ratings *train, uint32_t threads)
{
    struct model_params params = {.similarity = SIM_PEARSON, .min_support = 1};
    struct co_rated *lists = NULL;
    int64_t start = clock_monotonic_ns();

    check(co_rated_build(train, CO_RATED_USERS, &lists, &err));
    struct similarities similarities =
        similarity_over(lists, &params, 0, NULL, NULL);
    double *matrix = malloc((size_t)lists->xs * lists->xs * sizeof(*matrix));
    if (!matrix)
        exit(EXIT_FAILURE);
    check(similarity_matrix(&similarities, threads, matrix, &err));
    printf("user pearson, all of 1M rows, %u threads: %.2f s\n", threads,
           seconds_since(start));
    free(matrix);
    co_rated_free(lists);
}

static struct model *fit(const struct ratings *train, const char *text)
{
    const struct model_ops *ops;
    struct model_params params;
    struct model *model = NULL;

    check(model_find("knn", &ops, &err));
    check(params_start(ops, &params, &err));
    check(params_set(ops, text, &params, &err));
    check(model_fit(ops, train, &params, NULL, &model, &err));
    return model;
}

/* The items as rows have them: often rated ones are often asked for. */
static void time_predictions(const struct ratings *train, const char *text)
{
    struct model *model = fit(train, text);
    struct prediction out;
    int64_t start = 0;

    for (uint32_t i = 0; i < PREDICTIONS + USERS_WARM; i++) {
        if (i == USERS_WARM)
            start = clock_monotonic_ns();
        const struct rated *row =
            &train->by_user[((size_t)i * 7919) % train->count];
        struct pair pair = {i % USERS_WARM, row->other};
        model_predict(model, &pair, 1, &out);
    }
    printf("k-NN (%s), k=40, warm rows: %.2f us a prediction\n", text,
           seconds_since(start) * 1e6 / PREDICTIONS);
    model_free(model);
}

static void time_many_users(void)
{
    enum { USERS = 30000, ITEMS = 4000, ROWS = 1500000, ASKED = 3000 };
    struct ratings *train = shaped_stars(USERS, ITEMS, ROWS);
    struct model *model = fit(train, "similarity=pearson");
    struct prediction out;
    struct rusage usage;
    int64_t start = clock_monotonic_ns();

    for (uint32_t i = 0; i < ASKED; i++) {
        struct pair pair = {i * 10, i % ITEMS};
        model_predict(model, &pair, 1, &out);
    }
    printf("30,000 users, 1.5M rows: %.2f ms a prediction with a cold row\n",
           seconds_since(start) * 1e3 / ASKED);
    model_free(model);
    ratings_free(train);
    getrusage(RUSAGE_SELF, &usage);
    printf("peak memory of it all: %.2f GB\n",
           (double)usage.ru_maxrss / (1024 * 1024));
}

int main(void)
{
    struct ratings *train = shaped_movielens();

    time_matrix(train, 1);
    time_matrix(train, 2);
    time_predictions(train, "similarity=msd");
    time_predictions(train, "similarity=pearson");
    ratings_free(train);
    time_many_users();
    return EXIT_SUCCESS;
}
