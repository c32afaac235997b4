/*
 * bench_models.c - every model there is on a million generated rows of two
 * shapes: seconds to fit, the most memory its process took, nanoseconds a
 * prediction.
 *
 * bench_models [model...]: one line a model, in a process of its own so that
 * its memory is its own; what holds the rows alone is the first line. Beside
 * them the target (docs/performance.md) and what the README of Surprise has
 * for MovieLens-1M: a fifth of its 5 folds, with splitting and testing, on
 * another machine. Predictions are one pair a call, for 200 users, with their
 * rows in memory.
 */
#include "bench/shaped.h"

#include "common/base/clock.h"

#include "model/model.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USERS = 200, TIMED = 20000 };

struct variant {
    const char *model, *text;
    const char *target;    /* of the fit, on the stars */
    const char *published; /* seconds of one of 5 folds */
    uint32_t threads;      /* 0: one */
};

static const struct variant variants[] = {
    {"random", "", "-", "-"},
    {"normal", "", "-", "3.8"},
    {"popular", "", "-", "-"},
    {"baseline", "", "0.02", "3.8"},
    {"baseline", "bsl_method=sgd", "-", "-"},
    {"knn", "", "-", "65.4"},
    {"knn", "user_based=false", "-", "-"},
    {"knn-means", "", "-", "68.6"},
    {"knn-zscore", "", "-", "-"},
    {"knn-baseline", "", "-", "71.0"},
    {"knn-baseline", "similarity=pearson_baseline user_based=false", "-", "-"},
    {"svd", "", "1.0", "13.4"},
    {"svd", "solver=fast", "0.4", "-"},
    {"svd", "solver=fast", "0.4", "-", 2},
    {"svdpp", "", "0.7", "493.2"},
    {"nmf", "", "-", "19.8"},
    {"slope-one", "", "-", "30.2"},
    {"co-clustering", "", "-", "6.2"},
};

static struct error err;

static void check(int status)
{
    if (status == 0)
        return;
    fprintf(stderr, "bench: %s\n", err.text);
    exit(EXIT_FAILURE);
}

/* Settings are separated by blanks. */
static void set_all(const struct model_ops *ops, const char *text,
                    struct model_params *params)
{
    char copy[128], *rest = copy;

    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok_r(copy, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest))
        check(params_set(ops, word, params, &err));
}

/* The second time that the same ones are asked for. */
static double nanoseconds_a_prediction(const struct model *model,
                                       const struct ratings *train)
{
    struct prediction out;
    int64_t start = 0;

    for (uint32_t i = 0; i < 2 * TIMED; i++) {
        if (i == TIMED)
            start = clock_monotonic_ns();
        const struct rated *row =
            &train->by_user[((size_t)(i % TIMED) * 7919) % train->count];
        struct pair pair = {i % USERS, row->other};
        model_predict(model, &pair, 1, &out);
    }
    return (double)(clock_monotonic_ns() - start) / TIMED;
}

static double peak_megabytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void run(const struct variant *variant, const struct ratings *train)
{
    const struct model_ops *ops;
    struct model_params params;
    struct model *model = NULL;
    char name[80];

    check(model_find(variant->model, &ops, &err));
    check(params_start(ops, &params, &err));
    set_all(ops, variant->text, &params);
    params.threads = variant->threads > 0 ? variant->threads : 1;
    int64_t start = clock_monotonic_ns();
    check(model_fit(ops, train, &params, NULL, &model, &err));
    double seconds = (double)(clock_monotonic_ns() - start) / 1e9;
    double each = nanoseconds_a_prediction(model, train);
    snprintf(name, sizeof(name), "%s %s%s", variant->model, variant->text,
             variant->threads > 1 ? " (2 threads)" : "");
    printf("%-58s %8.3f %8.0f %9.0f %7s %9s\n", name, seconds, peak_megabytes(),
           each, variant->target, variant->published);
    model_free(model);
}

/* A child begins with the memory that the rows take, and its own peak. */
static void run_in_a_child(const struct variant *variant,
                           const struct ratings *train)
{
    int status = 0;

    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (variant)
            run(variant, train);
        else
            printf("%-58s %8s %8.0f\n", "(the rows alone)", "",
                   peak_megabytes());
        exit(EXIT_SUCCESS);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        printf("%-58s failed\n", variant ? variant->model : "rows");
}

static bool wanted(const char *model, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], model) == 0)
            return true;
    return argc < 2;
}

static void run_all(const char *title, struct ratings *train, int argc,
                    char **argv)
{
    printf("%s\n%-58s %8s %8s %9s %7s %9s\n", title, "", "fit s", "peak MB",
           "ns/pred.", "target", "published");
    run_in_a_child(NULL, train);
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
        if (wanted(variants[i].model, argc, argv))
            run_in_a_child(&variants[i], train);
    ratings_free(train);
}

/* A model without a line here is a mistake of this program. */
static void check_complete(void)
{
    for (size_t i = 0; model_registry[i]; i++) {
        bool found = false;
        for (size_t at = 0; at < sizeof(variants) / sizeof(variants[0]); at++)
            found = found ||
                    strcmp(variants[at].model, model_registry[i]->name) == 0;
        if (!found) {
            fprintf(stderr, "bench: no line for %s\n", model_registry[i]->name);
            exit(EXIT_FAILURE);
        }
    }
}

int main(int argc, char **argv)
{
    check_complete();
    run_all("1,000,209 stars of 6,040 users for 3,706 items",
            shaped_movielens(), argc, argv);
    run_all("1,000,000 clicks of 145,000 users on 5,000 ads, with repetitions",
            shaped_clicks(), argc, argv);
    return EXIT_SUCCESS;
}
