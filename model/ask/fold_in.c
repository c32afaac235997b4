#include "model/ask/fold_in.h"

#include "model/algorithms/factors.h"
#include "model/algorithms/svd.h"
#include "model/maths/linalg.h"
#include "model/registry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One side's known numbers: mean + bias, and a value of its row. */
static double base_of(const struct model *model, enum fold_side side,
                      uint32_t other)
{
    struct pair pair = {side == FOLD_USER ? INDEX_UNKNOWN : other,
                        side == FOLD_USER ? other : INDEX_UNKNOWN};
    struct prediction out;

    model_predict_unclipped(model, &pair, 1, &out);
    return out.value;
}

static uint32_t count_others(const struct model *model, enum fold_side side)
{
    return side == FOLD_USER ? model->items : model->users;
}

static double value_of(const struct factors *model, enum fold_side side,
                       uint32_t other, size_t factor)
{
    size_t at = other * model->stride + factor;

    if (other >= (side == FOLD_USER ? model->items : model->users))
        return 0; /* it has a bias alone */
    if (model->single)
        return (double)(side == FOLD_USER ? model->q_f32 : model->p_f32)[at];
    return (side == FOLD_USER ? model->q : model->p)[at];
}

static size_t known_rows(const struct model *model, enum fold_side side,
                         const struct rated *list, size_t n)
{
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        known += list[i].other < count_others(model, side);
    return known;
}

static void half_step(const struct model *model, const struct rated *list,
                      size_t n, size_t known, struct folded *out)
{
    double sum = 0;
    double reg = out->side == FOLD_USER ? model->params.bsl_reg_u
                                        : model->params.bsl_reg_i;

    for (size_t i = 0; i < n; i++)
        if (list[i].other < count_others(model, out->side))
            sum += list[i].value - base_of(model, out->side, list[i].other);
    out->bias = sum / (reg + (double)known);
}

/* The normal equations a v = b of the new user's (or item's) values. */
struct equations {
    size_t m;  /* the factors, and the bias where the model has one */
    double *a; /* (m, m) the upper triangle */
    double *b; /* (m) */
    double *x; /* (m) of the row at hand: the other's factors, and 1 */
};

/* Adds the row whose factors are in x. */
static void add_row(struct equations *to, double residual)
{
    const double *x = to->x;

    for (size_t j = 0; j < to->m; j++) {
        to->b[j] += x[j] * residual;
        for (size_t k = j; k < to->m; k++)
            to->a[j * to->m + k] += x[j] * x[k];
    }
}

static void fill(const struct factors *self, const struct rated *list, size_t n,
                 enum fold_side side, struct equations *to)
{
    const size_t factors = self->rank;

    for (size_t i = 0; i < n; i++) {
        if (list[i].other >= count_others(&self->model, side))
            continue;
        for (size_t f = 0; f < factors; f++)
            to->x[f] = value_of(self, side, list[i].other, f);
        if (self->biased)
            to->x[factors] = 1;
        double base =
            self->biased ? base_of(&self->model, side, list[i].other) : 0;
        add_row(to, list[i].value - base);
    }
}

static int ridge(const struct factors *self, const struct rated *list, size_t n,
                 size_t known, struct folded *out, struct error *err)
{
    const struct model_params *params = &self->model.params;
    const bool user = out->side == FOLD_USER;
    const size_t m = self->rank + self->biased;
    const double rows = (double)known, tiny = 1e-9;
    double own =
        svd_rate(user ? params->reg_pu : params->reg_qi, params->reg_all);
    double bias =
        svd_rate(user ? params->reg_bu : params->reg_bi, params->reg_all);
    double *a = calloc(m * m + 2 * m, sizeof(*a));

    if (!a)
        return error_no_memory(err, "the fold in");
    struct equations equations = {
        .m = m, .a = a, .b = a + m * m, .x = a + m * m + m};
    double *b = equations.b;
    fill(self, list, n, out->side, &equations);
    for (size_t j = 0; j < m; j++)
        a[j * m + j] += rows * fmax(j < self->rank ? own : bias, tiny);
    int status = linalg_solve(a, b, m, err);
    if (status == 0) {
        memcpy(out->values, b, self->rank * sizeof(double));
        out->bias = self->biased ? b[self->rank] : 0;
    }
    free(a);
    return status;
}

int fold_in(const struct model *model, enum fold_side side,
            const struct rated *list, size_t n, struct folded **out,
            struct error *err)
{
    const struct factors *svd =
        model->ops == &svd_ops ? (const struct factors *)model : NULL;
    size_t known = known_rows(model, side, list, n);
    uint32_t factors = svd ? svd->rank : 0;

    if (!svd && model->ops != &baseline_ops)
        return error_set(err, ERROR_CONFIG,
                         "%s cannot fold in: svd and "
                         "baseline can",
                         model->ops->name);
    if (known == 0)
        return error_set(err, ERROR_CONFIG, "no row with a known %s",
                         side == FOLD_USER ? "item" : "user");
    struct folded *folded =
        calloc(1, sizeof(*folded) + factors * sizeof(double));
    if (!folded)
        return error_no_memory(err, "the fold in");
    folded->side = side;
    folded->factors = factors;
    if (!svd)
        half_step(model, list, n, known, folded);
    else if (ridge(svd, list, n, known, folded, err) < 0) {
        free(folded);
        return -1;
    }
    *out = folded;
    return 0;
}

double fold_in_predict(const struct model *model, const struct folded *folded,
                       uint32_t other)
{
    bool known = other < count_others(model, folded->side);
    bool biased =
        folded->factors == 0 || ((const struct factors *)model)->biased;
    double value = biased || !known ? base_of(model, folded->side, other) : 0;

    if (biased)
        value += folded->bias;
    for (uint32_t f = 0; known && f < folded->factors; f++)
        value += folded->values[f] * value_of((const struct factors *)model,
                                              folded->side, other, f);
    return fmax(model->scale.low, fmin(model->scale.high, value));
}
