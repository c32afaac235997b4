/*
 * svd.c - the model "svd": matrix factorisation by SGD (Funk 2006, as Surprise
 * 1.1.4), biased or not (PMF, Salakhutdinov and Mnih 2008).
 *
 *   r^ = mean + b_u + b_i + q_i . p_u      e = r - r^
 *   b += lr (e - reg b)
 *   p += lr (e q - reg p),  q += lr (e p - reg q), both with the old values
 *
 * Rows are walked by user, in the order of ratings.h, every epoch the same.
 * After the users come the rows of nobody: e = r - (mean + b_i), b_i moves.
 */
#include "model/algorithms/svd.h"

#include "model/algorithms/baseline.h"
#include "model/maths/numpy_random.h"
#include "model/registry.h"

/* clang-format off */
static const struct config_key keys[] = {
    PARAM_U32("factors",  factors,  "100",  1, 4096,   "numbers per user and per item"),
    PARAM_U32("epochs",   epochs,   "20",   0, 100000, "passes over the rows; solver=fast may stop earlier"),
    PARAM_BOOL("biased",  biased,   "true",            "add the mean and biases to the factors' product; false is PMF"),
    PARAM_F64("init_mean", init_mean, "0",  -1e3, 1e3, "mean of the initial factors"),
    PARAM_F64("init_std", init_std, "0.1",  0, 1e3,    "standard deviation of the initial factors"),
    PARAM_F64("lr_all",   lr_all,   "0.005", 0, 10,    "learning rate"),
    PARAM_F64("reg_all",  reg_all,  "0.02", 0, 1e3,    "regularisation"),
    SVD_RATE_PARAMS,
    SVD_DAMPING_PARAMS,
    PARAM_CHOICE("solver", solver,  "exact", SVD_SOLVER_WORDS, "exact: the reference's; fast: float, threads, adaptive"),
    PARAM_IMPOSSIBLE,
    PARAM_SEED,
    PARAM_END};
/* clang-format on */

struct svd_fit {
    const struct ratings *train;
    struct factors *self;
    const struct kernel *kernel;
    double mean;
    double lr_bu, reg_bu, lr_bi, reg_bi;
    struct kernel_step step;
};

static struct svd_fit start_fit(const struct ratings *train,
                                const struct model_params *params,
                                struct factors *self)
{
    double lr = params->lr_all, reg = params->reg_all;

    return (struct svd_fit){
        .train = train,
        .self = self,
        .kernel = kernel_best(),
        .mean = params->biased ? train->mean : 0,
        .lr_bu = svd_rate(params->lr_bu, lr),
        .lr_bi = svd_rate(params->lr_bi, lr),
        .reg_bu = svd_rate(params->reg_bu, reg),
        .reg_bi = svd_rate(params->reg_bi, reg),
        .step = {.lr_p = svd_rate(params->lr_pu, lr),
                 .lr_q = svd_rate(params->lr_qi, lr),
                 .reg_p = svd_rate(params->reg_pu, reg),
                 .reg_q = svd_rate(params->reg_qi, reg)},
    };
}

/* Users first: the order of the draws is the reference's. */
static void draw_factors(struct factors *self,
                         const struct model_params *params)
{
    struct numpy_random random;

    numpy_random_seed(&random, (uint32_t)params->seed);
    for (size_t u = 0; u < self->users; u++)
        for (size_t f = 0; f < self->rank; f++)
            self->p[u * self->stride + f] = numpy_random_normal(
                &random, params->init_mean, params->init_std);
    for (size_t i = 0; i < self->items; i++)
        for (size_t f = 0; f < self->rank; f++)
            self->q[i * self->stride + f] = numpy_random_normal(
                &random, params->init_mean, params->init_std);
}

/* The rows of one user; its own numbers stay in cache. */
static void walk_user(struct svd_fit *t, uint32_t u)
{
    enum { AHEAD = 3 };
    struct factors *self = t->self;
    const size_t stride = self->stride, end = t->train->user_first[u + 1];
    const struct rated *rows = t->train->by_user;
    const size_t last = t->train->user_first[t->train->users];
    double *p = self->p + u * stride, bu = self->b_u[u];

    for (size_t at = t->train->user_first[u]; at < end; at++) {
        if (at + AHEAD < last)
            svd_prefetch(self->q + rows[at + AHEAD].other * stride,
                         stride * sizeof(double));
        double *q = self->q + rows[at].other * stride;
        double *bi = &self->b_i[rows[at].other];
        double e = rows[at].value -
                   (t->mean + bu + *bi + t->kernel->dot_f64(q, p, stride));
        if (self->biased) {
            bu += t->lr_bu * (e - t->reg_bu * bu);
            *bi += t->lr_bi * (e - t->reg_bi * *bi);
        }
        t->step.error = e;
        t->kernel->step(p, q, stride, &t->step);
    }
    self->b_u[u] = bu;
}

static void walk_nobody(struct svd_fit *t)
{
    for (size_t at = 0; t->self->biased && at < t->train->nobody_count; at++) {
        double *bi = &t->self->b_i[t->train->nobody[at].other];
        double e = t->train->nobody[at].value - (t->mean + *bi);
        *bi += t->lr_bi * (e - t->reg_bi * *bi);
    }
}

static int train_exact(const struct ratings *train,
                       const struct model_params *params,
                       const atomic_bool *cancel, struct factors *self,
                       struct error *err)
{
    struct svd_fit t = start_fit(train, params, self);

    draw_factors(self, params);
    for (uint32_t epoch = 0; epoch < params->epochs; epoch++) {
        if (model_is_cancelled(cancel))
            return model_cancelled(err);
        for (uint32_t u = 0; u < train->users; u++)
            walk_user(&t, u);
        walk_nobody(&t);
    }
    return 0;
}

static int svd_fit(const struct ratings *train,
                   const struct model_params *params, const atomic_bool *cancel,
                   struct model **out, struct error *err)
{
    bool fast = params->solver == SOLVER_FAST;
    struct factors *self = NULL;

    if (factors_new(&(struct factors_shape){.users = train->users,
                                            .items = train->items,
                                            .rank = params->factors,
                                            .biased = params->biased,
                                            .single = fast},
                    &self, err) < 0)
        return -1;
    if ((fast ? svd_fast_train : train_exact)(train, params, cancel, self,
                                              err) < 0) {
        factors_free(&self->model);
        return -1;
    }
    *out = &self->model;
    return 0;
}

static const struct bias_ops with_biases = {
    .find = factors_biases, .grow = factors_grow, .copy = factors_copy};

const struct model_ops svd_ops = {
    .name = "svd",
    .summary = "mean + b_u + b_i + q_i.p_u by SGD (Funk 2006); or PMF",
    .format = 1,
    .keys = keys,
    .fit = svd_fit,
    .stand_in = baseline_stand_in,
    .predict = factors_predict,
    .save = factors_save,
    .body_bytes = factors_bytes,
    .load = factors_load,
    .free = factors_free,
    .biases = &with_biases,
};
