/*
 * bench_factor.c - how long the factor models take to fit and to predict.
 *
 * bench_factor [--write FILE] makes a million rows shaped like MovieLens-1M
 * (6,040 users, 3,706 items, long tails, 1 to 5), keeps every tenth for the
 * test, and prints one line per model. With --write the rows go to FILE as
 * user,item,rating,test for against_surprise.py.
 */
#include "common/base/clock.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000000, USERS = 6040, ITEMS = 3706, TRUE_FACTORS = 8 };

static uint64_t state = 88172645463325252U;

static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

/* About normal, with variance 1. */
static double bell(void)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += uniform();
    return sum;
}

/* Low indices are popular: density falls like a power of the rank. */
static uint32_t tailed(uint32_t n, double power)
{
    return (uint32_t)(n * pow(uniform(), power));
}

struct world {
    double bu[USERS], bi[ITEMS];
    double p[USERS][TRUE_FACTORS], q[ITEMS][TRUE_FACTORS];
};

static void make_world(struct world *world)
{
    for (int u = 0; u < USERS; u++) {
        world->bu[u] = 0.4 * bell();
        for (int f = 0; f < TRUE_FACTORS; f++)
            world->p[u][f] = 0.5 * bell();
    }
    for (int i = 0; i < ITEMS; i++) {
        world->bi[i] = 0.5 * bell();
        for (int f = 0; f < TRUE_FACTORS; f++)
            world->q[i][f] = 0.5 * bell();
    }
}

static struct rating draw(const struct world *world)
{
    uint32_t u = tailed(USERS, 1.6), i = tailed(ITEMS, 2.2);
    double value = 3.6 + world->bu[u] + world->bi[i] + 0.75 * bell();

    for (int f = 0; f < TRUE_FACTORS; f++)
        value += world->p[u][f] * world->q[i][f];
    value = fmax(1, fmin(5, floor(value + 0.5)));
    return (struct rating){u, i, value};
}

/* Every pair at most once, as in MovieLens. */
static struct rating *make_rows(void)
{
    struct world *world = malloc(sizeof(*world));
    struct rating *rows = malloc(ROWS * sizeof(*rows));
    char *seen = calloc(USERS, ITEMS);

    if (!world || !rows || !seen)
        abort();
    make_world(world);
    for (int at = 0; at < ROWS;) {
        struct rating row = draw(world);
        char *was = &seen[(size_t)row.user * ITEMS + row.item];
        if (!*was)
            rows[at++] = row;
        *was = 1;
    }
    free(seen);
    free(world);
    return rows;
}

static void write_rows(const char *path, const struct rating *rows)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    for (int at = 0; at < ROWS; at++)
        fprintf(file, "%u,%u,%g,%d\n", rows[at].user, rows[at].item,
                rows[at].value, at % 10 == 9);
    fclose(file);
}

static void fail(const struct error *err)
{
    fprintf(stderr, "bench_factor: %s\n", err->text);
    exit(EXIT_FAILURE);
}

/* RMSE on every tenth row, and the time of one prediction. */
static double measure(const struct model *model, const struct rating *rows,
                      double *ns)
{
    enum { TEST = ROWS / 10 };
    struct pair *pairs = malloc(TEST * sizeof(*pairs));
    struct prediction *out = malloc(TEST * sizeof(*out));
    double sum = 0;

    if (!pairs || !out)
        abort();
    for (int at = 0; at < TEST; at++)
        pairs[at] =
            (struct pair){rows[at * 10 + 9].user, rows[at * 10 + 9].item};
    int64_t start = clock_monotonic_ns();
    model_predict(model, pairs, TEST, out);
    *ns = (double)(clock_monotonic_ns() - start) / TEST;
    for (int at = 0; at < TEST; at++)
        sum += pow(rows[at * 10 + 9].value - out[at].value, 2);
    free(pairs);
    free(out);
    return sqrt(sum / TEST);
}

static void run(const struct ratings *train, const struct rating *rows,
                const char *name, const char *text, uint32_t threads)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;
    struct error err;
    double ns;

    if (model_find(name, &ops, &err) < 0 ||
        params_start(ops, &params, &err) < 0 ||
        params_set(ops, text, &params, &err) < 0)
        fail(&err);
    params.threads = threads;
    int64_t start = clock_monotonic_ns();
    if (model_fit(ops, train, &params, NULL, &model, &err) < 0)
        fail(&err);
    double seconds = (double)(clock_monotonic_ns() - start) * 1e-9;
    double rmse = measure(model, rows, &ns);
    printf(
        "%-14s %-34s threads=%u fit=%.3fs rmse=%.5f ns_per_prediction=%.1f\n",
        name, text, threads, seconds, rmse, ns);
    fflush(stdout);
    model_free(model);
}

int main(int argc, char **argv)
{
    struct rating *rows = make_rows();
    struct rating *kept = malloc(ROWS * sizeof(*kept));
    struct ratings *train = NULL;
    struct error err;
    size_t n = 0;

    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        write_rows(argv[2], rows);
    if (!kept)
        abort();
    for (int at = 0; at < ROWS; at++)
        if (at % 10 != 9)
            kept[n++] = rows[at];
    if (ratings_build(&(struct numbered_rows){kept, n, USERS, ITEMS, {1, 5}},
                      &train, &err) < 0)
        fail(&err);
    run(train, rows, "svd", "factors=100 epochs=20", 1);
    run(train, rows, "svd", "solver=fast factors=100 epochs=20", 1);
    run(train, rows, "svd", "solver=fast factors=100 epochs=20", 2);
    run(train, rows, "svd", "solver=fast factors=100 reg_all=0.05", 1);
    run(train, rows, "svd", "solver=fast factors=100 reg_all=0.05", 2);
    run(train, rows, "svdpp", "factors=20 epochs=20", 1);
    run(train, rows, "nmf", "", 1);
    run(train, rows, "co-clustering", "", 1);
    ratings_free(train);
    free(kept);
    free(rows);
    return EXIT_SUCCESS;
}
