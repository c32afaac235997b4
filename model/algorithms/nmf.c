/*
 * nmf.c - the model "nmf": non-negative factors by multiplicative updates
 * (Luo et al. 2014, as Surprise 1.1.4), biased or not.
 *
 *   r^ = q_i . p_u  (+ mean + b_u + b_i)
 *
 * An epoch passes over all rows with the factors frozen and gathers
 *   num_u += q_i r, den_u += q_i r^;  num_i += p_u r, den_i += p_u r^
 * (r is the raw value, r^ the whole estimate, biases included, which move by
 * SGD during the pass, after r^ is taken), then
 *   p_u *= num_u / (den_u + |I_u| reg_pu p_u), and the same for q_i;
 * a factor that is 0 stays 0. Rows of nobody move only b_i. Labels below 0 are
 * refused, as scikit-learn does: their factors would not stay non-negative.
 */
#include "model/algorithms/svd.h"

#include "model/algorithms/baseline.h"
#include "model/maths/numpy_random.h"
#include "model/registry.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct config_key keys[] = {
    PARAM_U32("factors",  factors,  "15",   1, 4096,   "numbers per user and per item"),
    PARAM_U32("epochs",   epochs,   "50",   0, 100000, "passes over the rows"),
    PARAM_BOOL("biased",  biased,   "false",           "add the mean and biases to the factors' product"),
    PARAM_F64("init_low", init_low, "0",    0, 1e3,    "least initial factor; they are drawn uniformly"),
    PARAM_F64("init_high", init_high, "1",  0, 1e3,    "greatest initial factor"),
    PARAM_F64("reg_pu",   reg_pu,   "0.06", 0, 1e3,    "regularisation of user factors"),
    PARAM_F64("reg_qi",   reg_qi,   "0.06", 0, 1e3,    "regularisation of item factors"),
    PARAM_F64("reg_bu",   reg_bu,   "0.02", 0, 1e3,    "regularisation of user biases"),
    PARAM_F64("reg_bi",   reg_bi,   "0.02", 0, 1e3,    "regularisation of item biases"),
    PARAM_F64("lr_bu",    lr_bu,    "0.005", 0, 10,    "learning rate of user biases"),
    PARAM_F64("lr_bi",    lr_bi,    "0.005", 0, 10,    "learning rate of item biases"),
    PARAM_IMPOSSIBLE,
    PARAM_SEED,
    PARAM_END};
/* clang-format on */

struct nmf_fit {
    const struct ratings *train;
    const struct model_params *params;
    struct factors *self;
    const struct kernel *kernel;
    double *sums;                /* all of the below */
    double *user_num, *user_den; /* (stride), of the user at hand */
    double *item_num, *item_den; /* (items, stride) */
    double *next_p;              /* (users, stride) */
};

/* Both sums of the fraction that a row of factors is multiplied by. */
struct fraction {
    double *num, *den; /* (stride) */
};

static struct fraction user_fraction(const struct nmf_fit *t)
{
    return (struct fraction){t->user_num, t->user_den};
}

static struct fraction item_fraction(const struct nmf_fit *t, size_t item)
{
    const size_t at = item * t->self->stride;

    return (struct fraction){t->item_num + at, t->item_den + at};
}

/* num += row r, den += row r^ */
static void gather(struct fraction to, const double *restrict row, size_t n,
                   double r, double est)
{
    double *restrict num = to.num, *restrict den = to.den;

    for (size_t f = 0; f < n; f++) {
        num[f] += row[f] * r;
        den[f] += row[f] * est;
    }
}

/* A row without ratings stays as it is: there is nothing to divide. */
static void multiply(double *to, const double *row, struct fraction by,
                     size_t n, double reg)
{
    for (size_t f = 0; f < n; f++) {
        double below = by.den[f] + reg * row[f];
        to[f] = below > 0 ? row[f] * (by.num[f] / below) : row[f];
    }
}

static void move_biases(const struct nmf_fit *t, double *bu, double *bi,
                        double e)
{
    *bu += t->params->lr_bu * (e - t->params->reg_bu * *bu);
    *bi += t->params->lr_bi * (e - t->params->reg_bi * *bi);
}

static void walk_user(struct nmf_fit *t, uint32_t u)
{
    struct factors *self = t->self;
    const size_t stride = self->stride;
    const size_t first = t->train->user_first[u];
    const size_t end = t->train->user_first[u + 1];
    const double *p = self->p + u * stride;

    memset(t->user_num, 0, 2 * stride * sizeof(double));
    for (size_t at = first; at < end; at++) {
        size_t item = t->train->by_user[at].other;
        double r = t->train->by_user[at].value;
        const double *q = self->q + item * stride;
        double est = t->kernel->dot_f64(q, p, stride);
        if (self->biased) {
            est += t->train->mean + self->b_u[u] + self->b_i[item];
            move_biases(t, &self->b_u[u], &self->b_i[item], r - est);
        }
        gather(user_fraction(t), q, stride, r, est);
        gather(item_fraction(t, item), p, stride, r, est);
    }
    multiply(t->next_p + u * stride, p, user_fraction(t), stride,
             (double)(end - first) * t->params->reg_pu);
}

static void walk_nobody(struct nmf_fit *t)
{
    for (size_t at = 0; t->self->biased && at < t->train->nobody_count; at++) {
        double *bi = &t->self->b_i[t->train->nobody[at].other];
        double e = t->train->nobody[at].value - (t->train->mean + *bi);
        *bi += t->params->lr_bi * (e - t->params->reg_bi * *bi);
    }
}

/* How many of an item's rows have a user. */
static size_t *count_items(const struct ratings *train)
{
    size_t *counts = calloc((size_t)train->items + 1, sizeof(*counts));

    for (size_t at = 0; counts && at < train->count - train->nobody_count; at++)
        counts[train->by_user[at].other]++;
    return counts;
}

static void epoch(struct nmf_fit *t, const size_t *counts)
{
    struct factors *self = t->self;
    const size_t stride = self->stride;

    memset(t->item_num, 0, self->items * stride * sizeof(double));
    memset(t->item_den, 0, self->items * stride * sizeof(double));
    for (uint32_t u = 0; u < self->users; u++)
        walk_user(t, u);
    walk_nobody(t);
    memcpy(self->p, t->next_p, self->users * stride * sizeof(double));
    for (size_t i = 0; i < self->items; i++)
        multiply(self->q + i * stride, self->q + i * stride,
                 item_fraction(t, i), stride,
                 (double)counts[i] * t->params->reg_qi);
}

static void draw(struct numpy_random *random, const struct nmf_fit *t,
                 double *rows, size_t count)
{
    for (size_t row = 0; row < count; row++)
        for (size_t f = 0; f < t->self->rank; f++)
            rows[row * t->self->stride + f] = numpy_random_uniform(
                random, t->params->init_low, t->params->init_high);
}

static int train_epochs(struct nmf_fit *t, const atomic_bool *cancel,
                        struct error *err)
{
    const size_t stride = t->self->stride;
    const size_t users = t->self->users, items = t->self->items;
    struct numpy_random random;
    int status = -1;
    size_t *counts = count_items(t->train);

    t->sums = factors_rows_f64(2 + 2 * items + users, stride);
    if (!counts || !t->sums) {
        error_no_memory(err, "the nmf");
        goto out;
    }
    t->user_num = t->sums;
    t->user_den = t->user_num + stride;
    t->item_num = t->user_den + stride;
    t->item_den = t->item_num + items * stride;
    t->next_p = t->item_den + items * stride;
    numpy_random_seed(&random, (uint32_t)t->params->seed);
    draw(&random, t, t->self->p, users);
    draw(&random, t, t->self->q, items);
    for (uint32_t done = 0; done < t->params->epochs; done++) {
        if (model_is_cancelled(cancel)) {
            model_cancelled(err);
            goto out;
        }
        epoch(t, counts);
    }
    status = 0;

out:
    free(counts);
    free(t->sums);
    return status;
}

/* Factors that are multiplied by negative numbers do not stay non-negative. */
static int check_labels(const struct ratings *train, struct error *err)
{
    for (size_t at = 0; at < train->count; at++)
        if (train->by_item[at].value < 0)
            return error_set(err, ERROR_CONFIG,
                             "nmf does not learn from labels below 0, such as "
                             "%g: add a constant to them, or choose another "
                             "model",
                             train->by_item[at].value);
    return 0;
}

static int nmf_fit(const struct ratings *train,
                   const struct model_params *params, const atomic_bool *cancel,
                   struct model **out, struct error *err)
{
    struct nmf_fit t = {
        .train = train, .params = params, .kernel = kernel_best()};

    if (params->init_high < params->init_low)
        return error_set(err, ERROR_CONFIG, "init_high=%g is below init_low=%g",
                         params->init_high, params->init_low);
    if (check_labels(train, err) < 0)
        return -1;
    if (factors_new(&(struct factors_shape){.users = train->users,
                                            .items = train->items,
                                            .rank = params->factors,
                                            .biased = params->biased},
                    &t.self, err) < 0)
        return -1;
    if (train_epochs(&t, cancel, err) < 0) {
        factors_free(&t.self->model);
        return -1;
    }
    *out = &t.self->model;
    return 0;
}

const struct model_ops nmf_ops = {
    .name = "nmf",
    .summary = "non-negative factors, multiplicative updates (Luo et al. 2014)",
    .format = 1,
    .keys = keys,
    .fit = nmf_fit,
    .stand_in = baseline_stand_in,
    .predict = factors_predict,
    .save = factors_save,
    .body_bytes = factors_bytes,
    .load = factors_load,
    .free = factors_free,
};
