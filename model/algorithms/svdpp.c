/*
 * svdpp.c - the model "svdpp": SVD with implicit feedback (Koren 2008, as
 * Surprise 1.1.4).
 *
 *   r^ = mean + b_u + b_i + q_i . (p_u + z_u),  z_u = s sum_{j in I_u} y_j,
 *   s = |I_u|^-1/2, over the user's list with multiplicity;  e = r - r^
 *   b += lr (e - reg b);  p += lr (e q - reg p)
 *   q += lr (e (p + z) - reg q)
 *   for each j of I_u: y_j += lr (e s q - reg y_j), all with old values
 *
 * A rating costs O(factors), not O(|I_u| factors): all y_j of one user get
 * the same affine update, y_j -> a y_j + d with a = 1 - lr reg and
 * d = lr e s q, once per occurrence of j. So for the n_m items that occur m
 * times in the list, y_j(t) = A_m y_j(0) + c_m, and what the ratings need of
 * them, z_m = s m sum y_j, is carried along:
 *
 *   A_m -> a^m A_m;  z_m -> a^m z_m + s m n_m (1 + a + ... + a^(m-1)) d
 *
 * Afterwards c_m follows from z_m, and every y_j of the user is written once.
 * Scoring needs p_u + z_u alone, and so has the same dot product as svd.
 */
#include "model/algorithms/svd.h"

#include "model/maths/numpy_random.h"
#include "model/registry.h"
#include "model/rows/implicit_lists.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct config_key keys[] = {
    PARAM_U32("factors",  factors,  "20",   1, 4096,   "numbers per user and per item"),
    PARAM_U32("epochs",   epochs,   "20",   0, 100000, "passes over the rows"),
    PARAM_F64("init_mean", init_mean, "0",  -1e3, 1e3, "mean of the initial factors"),
    PARAM_F64("init_std", init_std, "0.1",  0, 1e3,    "standard deviation of the initial factors"),
    PARAM_F64("lr_all",   lr_all,   "0.007", 0, 10,    "learning rate"),
    PARAM_F64("reg_all",  reg_all,  "0.02", 0, 1e3,    "regularisation"),
    SVD_RATE_PARAMS,
    PARAM_F64("lr_yj",    lr_yj,    "-1",   -1, 10,    "learning rate of implicit factors; below 0: lr_all"),
    SVD_DAMPING_PARAMS,
    PARAM_F64("reg_yj",   reg_yj,   "-1",   -1, 1e3,   "regularisation of implicit factors; below 0: reg_all"),
    PARAM_SEED,
    PARAM_END};
/* clang-format on */

struct svdpp_fit {
    const struct ratings *train;
    struct factors *self;
    const struct kernel *kernel;
    struct implicit_lists *lists;
    double *y; /* (items, stride) */

    /* Numbers of the user at hand, with groups as in the lists. */
    double *decay, *gain, *scale; /* (groups_max) a^m, g_m s m n_m lr s, A_m */
    double *x;                    /* (stride) p + all z */
    double *z, *start;            /* (groups_max, stride) z_m, and z_m(0) */

    double lr_bu, reg_bu, lr_bi, reg_bi, lr_yj, reg_yj;
    struct kernel_implicit step;
};

/* --- One user --------------------------------------------------------- */

/* z = s m sum of the items' y; returns the list behind the group's. */
static const uint32_t *open_group(const struct svdpp_fit *t, size_t at,
                                  const struct implicit_group *group,
                                  const uint32_t *list, double s)
{
    const size_t stride = t->self->stride;
    const double a = 1 - t->lr_yj * t->reg_yj;
    double *z = t->z + at * stride, sum = 0, power = 1;

    for (uint32_t i = 0; i < group->times; i++) {
        sum += power;
        power *= a;
    }
    t->decay[at] = power;
    t->gain[at] = s * group->times * group->count * sum * t->lr_yj * s;
    t->scale[at] = 1;
    t->kernel->sum_rows(z, t->y, stride, list, group->count);
    for (size_t f = 0; f < stride; f++)
        z[f] *= s * group->times;
    memcpy(t->start + at * stride, z, stride * sizeof(double));
    return list + group->count;
}

/* Leaves x = p + all z. */
static void open_groups(struct svdpp_fit *t, uint32_t u, double s)
{
    const struct implicit_lists *lists = t->lists;
    const struct implicit_group *groups = lists->groups + lists->group_first[u];
    const uint32_t *list = lists->items + lists->item_first[u];
    const size_t stride = t->self->stride;

    t->step.groups = lists->group_first[u + 1] - lists->group_first[u];
    memcpy(t->x, t->self->p + u * stride, stride * sizeof(double));
    for (size_t g = 0; g < t->step.groups; g++) {
        list = open_group(t, g, &groups[g], list, s);
        for (size_t f = 0; f < stride; f++)
            t->x[f] += t->z[g * stride + f];
    }
}

/* y = A y + c for every item of the list. As z is s m times the sum of all y
 * of the group, c = (z - A z(0)) / (s m n_m). */
static void close_groups(struct svdpp_fit *t, uint32_t u, double s)
{
    const struct implicit_lists *lists = t->lists;
    const struct implicit_group *group = lists->groups + lists->group_first[u];
    const uint32_t *list = lists->items + lists->item_first[u];
    const size_t stride = t->self->stride;

    for (size_t g = 0; g < t->step.groups; g++, group++) {
        double *c = t->start + g * stride;
        const double *z = t->z + g * stride;
        const double share = 1 / (s * group->times * group->count);
        for (size_t f = 0; f < stride; f++)
            c[f] = (z[f] - t->scale[g] * c[f]) * share;
        t->kernel->shift_rows(t->y, stride, list, group->count, t->scale[g], c);
        list += group->count;
    }
}

static void walk_user(struct svdpp_fit *t, uint32_t u)
{
    enum { AHEAD = 3 };
    struct factors *self = t->self;
    const size_t stride = self->stride, end = t->train->user_first[u + 1];
    const size_t last = t->train->user_first[t->train->users];
    const struct rated *rows = t->train->by_user;
    const double s = 1 / sqrt((double)(end - t->train->user_first[u]));
    double *p = self->p + u * stride, bu = self->b_u[u];

    open_groups(t, u, s);
    for (size_t at = t->train->user_first[u]; at < end; at++) {
        if (at + AHEAD < last)
            svd_prefetch(self->q + rows[at + AHEAD].other * stride,
                         stride * sizeof(double));
        double *q = self->q + rows[at].other * stride;
        double *bi = &self->b_i[rows[at].other];
        double e = rows[at].value - (t->train->mean + bu + *bi +
                                     t->kernel->dot_f64(q, t->x, stride));
        bu += t->lr_bu * (e - t->reg_bu * bu);
        *bi += t->lr_bi * (e - t->reg_bi * *bi);
        t->step.step.error = e;
        t->kernel->step_implicit(p, q, t->x, t->z, stride, &t->step);
        for (size_t g = 0; g < t->step.groups; g++)
            t->scale[g] *= t->decay[g];
    }
    self->b_u[u] = bu;
    close_groups(t, u, s);
}

static void walk_nobody(struct svdpp_fit *t)
{
    for (size_t at = 0; at < t->train->nobody_count; at++) {
        double *bi = &t->self->b_i[t->train->nobody[at].other];
        double e = t->train->nobody[at].value - (t->train->mean + *bi);
        *bi += t->lr_bi * (e - t->reg_bi * *bi);
    }
}

/* p_u becomes p_u + z_u: all that scoring needs of y. */
static void fold_implicit(struct svdpp_fit *t)
{
    const size_t stride = t->self->stride;

    for (uint32_t u = 0; u < t->train->users; u++) {
        size_t n = t->train->user_first[u + 1] - t->train->user_first[u];
        if (n == 0)
            continue;
        open_groups(t, u, 1 / sqrt((double)n));
        memcpy(t->self->p + u * stride, t->x, stride * sizeof(double));
    }
}

/* --- The fit ---------------------------------------------------------- */

static void draw(struct numpy_random *random, const struct model_params *params,
                 const struct factors *self, double *rows, size_t count)
{
    for (size_t row = 0; row < count; row++)
        for (size_t f = 0; f < self->rank; f++)
            rows[row * self->stride + f] = numpy_random_normal(
                random, params->init_mean, params->init_std);
}

static void draw_factors(struct svdpp_fit *t, const struct model_params *params)
{
    struct factors *self = t->self;
    struct numpy_random random;

    numpy_random_seed(&random, (uint32_t)params->seed);
    draw(&random, params, self, self->p, self->users);
    draw(&random, params, self, self->q, self->items);
    draw(&random, params, self, t->y, self->items);
}

static void set_rates(struct svdpp_fit *t, const struct model_params *params)
{
    double lr = params->lr_all, reg = params->reg_all;

    t->lr_bu = svd_rate(params->lr_bu, lr);
    t->lr_bi = svd_rate(params->lr_bi, lr);
    t->lr_yj = svd_rate(params->lr_yj, lr);
    t->reg_bu = svd_rate(params->reg_bu, reg);
    t->reg_bi = svd_rate(params->reg_bi, reg);
    t->reg_yj = svd_rate(params->reg_yj, reg);
    t->step.step.lr_p = svd_rate(params->lr_pu, lr);
    t->step.step.lr_q = svd_rate(params->lr_qi, lr);
    t->step.step.reg_p = svd_rate(params->reg_pu, reg);
    t->step.step.reg_q = svd_rate(params->reg_qi, reg);
}

static void fit_free(struct svdpp_fit *t)
{
    implicit_lists_free(t->lists);
    free(t->y);
    free(t->decay);
    free(t->x);
}

static int fit_new(struct svdpp_fit *t, struct error *err)
{
    const size_t stride = t->self->stride;

    if (implicit_lists_make(t->train, &t->lists, err) < 0)
        return -1;
    const size_t groups = t->lists->groups_max;
    t->y = factors_rows_f64(t->self->items, stride);
    t->decay = calloc(3 * groups, sizeof(double));
    t->x = factors_rows_f64(1 + 2 * groups, stride);
    if (!t->y || !t->decay || !t->x)
        return error_no_memory(err, "the svdpp");
    t->gain = t->decay + groups;
    t->scale = t->gain + groups;
    t->z = t->x + stride;
    t->start = t->z + groups * stride;
    t->step.decay = t->decay;
    t->step.gain = t->gain;
    return 0;
}

static int train_epochs(struct svdpp_fit *t, uint32_t epochs,
                        const atomic_bool *cancel, struct error *err)
{
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        if (model_is_cancelled(cancel))
            return model_cancelled(err);
        for (uint32_t u = 0; u < t->train->users; u++)
            walk_user(t, u);
        walk_nobody(t);
    }
    fold_implicit(t);
    return 0;
}

static int svdpp_fit(const struct ratings *train,
                     const struct model_params *params,
                     const atomic_bool *cancel, struct model **out,
                     struct error *err)
{
    struct svdpp_fit t = {.train = train, .kernel = kernel_best()};
    int status = -1;

    if (factors_new(&(struct factors_shape){.users = train->users,
                                            .items = train->items,
                                            .rank = params->factors,
                                            .biased = true},
                    &t.self, err) < 0)
        return -1;
    if (fit_new(&t, err) < 0)
        goto out;
    set_rates(&t, params);
    draw_factors(&t, params);
    if (train_epochs(&t, params->epochs, cancel, err) < 0)
        goto out;
    *out = &t.self->model;
    status = 0;

out:
    if (status < 0)
        factors_free(&t.self->model);
    fit_free(&t);
    return status;
}

static const struct bias_ops with_biases = {
    .find = factors_biases, .grow = factors_grow, .copy = factors_copy};

const struct model_ops svdpp_ops = {
    .name = "svdpp",
    .summary = "svd with what the user was shown: q_i.(p_u + z_u) (Koren 2008)",
    .format = 1,
    .keys = keys,
    .fit = svdpp_fit,
    .predict = factors_predict,
    .save = factors_save,
    .body_bytes = factors_bytes,
    .load = factors_load,
    .free = factors_free,
    .biases = &with_biases,
};
