/*
 * baseline_biases.c - the biases of users and items; formulas in baseline.h.
 */
#include "model/algorithms/baseline.h"

#include <stdlib.h>
#include <string.h>

enum { ALS_EPOCHS = 10, SGD_EPOCHS = 20 };

static bool cancelled(const atomic_bool *cancel)
{
    return cancel && atomic_load(cancel);
}

/* --- ALS -------------------------------------------------------------- */

/* What stays the same over the epochs, without the values: a quarter of the
 * memory to walk through. */
struct als {
    const struct ratings *train;
    uint32_t *items; /* (rows with a user) as in by_user */
    uint32_t *users; /* (rows) as in by_item; train->users is nobody */
    double *user_rest, *item_rest; /* sums of value - mean */
    double *user_bias;             /* (users + 1) nobody's is 0 */
    double *item_bias;
};

static double list_rest(const struct rated *list, size_t n, double mean)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += list[i].value - mean;
    return sum;
}

static void prepare(struct als *als)
{
    const struct ratings *train = als->train;
    const size_t known = train->count - train->nobody_count;

    for (size_t at = 0; at < known; at++)
        als->items[at] = train->by_user[at].other;
    for (size_t at = 0; at < train->count; at++) {
        uint32_t user = train->by_item[at].other;
        als->users[at] = user == INDEX_UNKNOWN ? train->users : user;
    }
    for (uint32_t u = 0; u < train->users; u++)
        als->user_rest[u] = list_rest(
            train->by_user + train->user_first[u],
            train->user_first[u + 1] - train->user_first[u], train->mean);
    for (uint32_t i = 0; i < train->items; i++)
        als->item_rest[i] = list_rest(
            train->by_item + train->item_first[i],
            train->item_first[i + 1] - train->item_first[i], train->mean);
}

/* Four sums, as one would wait for itself. */
static double sum_of(const double *bias, const uint32_t *list, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (size_t lane = 0; lane < 4; lane++)
            sum[lane] += bias[list[i + lane]];
    for (; i < n; i++)
        sum[0] += bias[list[i]];
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* One half-step: the biases of one side from those of the other. */
static void refit(double *bias, const double *rest, uint32_t count,
                  const size_t *first, const uint32_t *others,
                  const double *other_bias, double damping)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t n = first[i + 1] - first[i];
        bias[i] = (rest[i] - sum_of(other_bias, others + first[i], n)) /
                  (damping + (double)n);
    }
}

static void als_run(struct als *als, const struct model_params *params,
                    const atomic_bool *cancel)
{
    const struct ratings *train = als->train;
    uint32_t epochs = params->bsl_epochs ? params->bsl_epochs : ALS_EPOCHS;

    for (uint32_t epoch = 0; epoch < epochs && !cancelled(cancel); epoch++) {
        refit(als->item_bias, als->item_rest, train->items, train->item_first,
              als->users, als->user_bias, params->bsl_reg_i);
        refit(als->user_bias, als->user_rest, train->users, train->user_first,
              als->items, als->item_bias, params->bsl_reg_u);
    }
}

static int als(const struct ratings *train, const struct model_params *params,
               const atomic_bool *cancel, double *user_bias, double *item_bias,
               struct error *err)
{
    const size_t users = train->users, items = train->items;
    const size_t known = train->count - train->nobody_count;
    uint32_t *others = malloc((known + train->count + 1) * sizeof(*others));
    double *sums = calloc(2 * users + items + 1, sizeof(*sums));
    int status = 0;

    if (others && sums) {
        struct als als = {.train = train,
                          .items = others,
                          .users = others + known,
                          .user_rest = sums,
                          .user_bias = sums + users,
                          .item_rest = sums + 2 * users + 1,
                          .item_bias = item_bias};
        prepare(&als);
        als_run(&als, params, cancel);
        memcpy(user_bias, als.user_bias, users * sizeof(*user_bias));
    } else {
        status = error_no_memory(err, "the baseline biases");
    }
    free(others);
    free(sums);
    return status;
}

/* --- SGD -------------------------------------------------------------- */

static void sgd_user(const struct ratings *train,
                     const struct model_params *params, uint32_t u,
                     double *user_bias, double *item_bias)
{
    double lr = params->bsl_lr, reg = params->bsl_reg, bu = user_bias[u];

    for (size_t at = train->user_first[u]; at < train->user_first[u + 1];
         at++) {
        double *bi = &item_bias[train->by_user[at].other];
        double e = train->by_user[at].value - (train->mean + bu + *bi);
        bu += lr * (e - reg * bu);
        *bi += lr * (e - reg * *bi);
    }
    user_bias[u] = bu;
}

static void sgd_nobody(const struct ratings *train,
                       const struct model_params *params, double *item_bias)
{
    for (size_t i = 0; i < train->nobody_count; i++) {
        double *bi = &item_bias[train->nobody[i].other];
        double e = train->nobody[i].value - (train->mean + *bi);
        *bi += params->bsl_lr * (e - params->bsl_reg * *bi);
    }
}

static void sgd(const struct ratings *train, const struct model_params *params,
                const atomic_bool *cancel, double *user_bias, double *item_bias)
{
    uint32_t epochs = params->bsl_epochs ? params->bsl_epochs : SGD_EPOCHS;

    for (uint32_t epoch = 0; epoch < epochs && !cancelled(cancel); epoch++) {
        for (uint32_t u = 0; u < train->users; u++)
            sgd_user(train, params, u, user_bias, item_bias);
        sgd_nobody(train, params, item_bias);
    }
}

/* --- Either ----------------------------------------------------------- */

int baseline_biases(const struct ratings *train,
                    const struct model_params *params,
                    const atomic_bool *cancel, double *user_bias,
                    double *item_bias, struct error *err)
{
    memset(user_bias, 0, train->users * sizeof(*user_bias));
    memset(item_bias, 0, train->items * sizeof(*item_bias));
    if (params->bsl_method == BASELINE_SGD)
        sgd(train, params, cancel, user_bias, item_bias);
    else if (als(train, params, cancel, user_bias, item_bias, err) < 0)
        return -1;
    return cancelled(cancel) ? error_set(err, ERROR_TEMPORARY, "cancelled") : 0;
}
