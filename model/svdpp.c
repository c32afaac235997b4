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
 * d = lr e s q, once per occurrence of j. So for the items that occur m times
 * in the list, y_j(t) = A_m y_j(0) + c_m, and what the ratings need of them,
 * z_m = s m sum y_j, is carried along:
 *
 *   A_m -> a^m A_m;  g_m = 1 + a + ... + a^(m-1)
 *   c_m -> a^m c_m + g_m d;  z_m -> a^m z_m + s m n_m g_m d
 *
 * Afterwards every y_j of the user is written back once. What is kept for
 * scoring is p_u + z_u: the same dot product as svd.
 */
#include "model/svd.h"

#include "model/numpy_random.h"
#include "model/registry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct config_key keys[] = {
    PARAM_U32("factors",  factors,  "20",   1, 4096,   "numbers per user and per item"),
    PARAM_U32("epochs",   epochs,   "20",   0, 100000, "passes over the rows"),
    PARAM_F64("init_mean", init_mean, "0",  -1e3, 1e3, "mean of the initial factors"),
    PARAM_F64("init_std", init_std, "0.1",  0, 1e3,    "their standard deviation"),
    PARAM_F64("lr_all",   lr_all,   "0.007", 0, 10,    "learning rate"),
    PARAM_F64("reg_all",  reg_all,  "0.02", 0, 1e3,    "regularisation"),
    PARAM_F64("lr_bu",    lr_bu,    "-1",   -1, 10,    "of user biases; below 0: lr_all"),
    PARAM_F64("lr_bi",    lr_bi,    "-1",   -1, 10,    "of item biases; below 0: lr_all"),
    PARAM_F64("lr_pu",    lr_pu,    "-1",   -1, 10,    "of user factors; below 0: lr_all"),
    PARAM_F64("lr_qi",    lr_qi,    "-1",   -1, 10,    "of item factors; below 0: lr_all"),
    PARAM_F64("lr_yj",    lr_yj,    "-1",   -1, 10,    "of implicit factors; below 0: lr_all"),
    PARAM_F64("reg_bu",   reg_bu,   "-1",   -1, 1e3,   "of user biases; below 0: reg_all"),
    PARAM_F64("reg_bi",   reg_bi,   "-1",   -1, 1e3,   "of item biases; below 0: reg_all"),
    PARAM_F64("reg_pu",   reg_pu,   "-1",   -1, 1e3,   "of user factors; below 0: reg_all"),
    PARAM_F64("reg_qi",   reg_qi,   "-1",   -1, 1e3,   "of item factors; below 0: reg_all"),
    PARAM_F64("reg_yj",   reg_yj,   "-1",   -1, 1e3,   "of implicit factors; below 0: reg_all"),
    PARAM_SEED,
    PARAM_END};
/* clang-format on */

/* An item of a user's list, once, and how often it is there. */
struct entry {
    uint32_t item, times;
};

/* The items that occur equally often in the list of the user at hand. */
struct group {
    uint32_t times, count; /* m, n_m */
    double decay, gain;    /* a^m, g_m */
    double scale;          /* A_m */
    double *z, *c;         /* (stride) */
};

struct trainer {
    const struct ratings *train;
    struct factors *self;
    const struct kernel *kernel;
    double *y; /* (items, stride) */

    struct entry *entries; /* by user, then by times, then by item */
    size_t *entry_first;   /* (users + 1) */

    struct group *groups; /* room for the most any user has */
    double *vectors;      /* theirs, and x and old_q */
    double *x, *old_q;    /* (stride) */

    double lr_bu, reg_bu, lr_bi, reg_bi, lr_yj, reg_yj;
    struct kernel_step step;
};

/* --- The lists without repetitions -------------------------------------------
 */

static int by_item(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    return (left->item > right->item) - (left->item < right->item);
}

static int by_times(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    if (left->times != right->times)
        return left->times > right->times ? 1 : -1;
    return by_item(a, b);
}

/* Makes n entries of one row each into fewer; returns how many. */
static size_t merge(struct entry *entries, size_t n)
{
    size_t kept = 0;

    qsort(entries, n, sizeof(*entries), by_item);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && entries[kept - 1].item == entries[i].item)
            entries[kept - 1].times++;
        else
            entries[kept++] = entries[i];
    }
    if (kept < n)
        qsort(entries, kept, sizeof(*entries), by_times);
    return kept;
}

/* The end of the group that starts at `at`. */
static size_t group_end(const struct trainer *t, size_t at, size_t end)
{
    size_t next = at + 1;

    while (next < end && t->entries[next].times == t->entries[at].times)
        next++;
    return next;
}

/* Returns the most groups of any user. */
static size_t list_entries(struct trainer *t)
{
    size_t used = 0, most = 1;

    for (uint32_t u = 0; u < t->train->users; u++) {
        size_t first = t->train->user_first[u];
        size_t n = t->train->user_first[u + 1] - first, groups = 0;
        for (size_t i = 0; i < n; i++)
            t->entries[used + i] =
                (struct entry){t->train->by_user[first + i].other, 1};
        t->entry_first[u] = used;
        used += merge(t->entries + used, n);
        for (size_t at = t->entry_first[u]; at < used;
             at = group_end(t, at, used))
            groups++;
        most = groups > most ? groups : most;
    }
    t->entry_first[t->train->users] = used;
    return most;
}

/* --- One user ----------------------------------------------------------------
 */

static void add_row(double *to, const double *row, size_t n)
{
    for (size_t f = 0; f < n; f++)
        to[f] += row[f];
}

/* z = s m sum of the items' y, c = 0. */
static void open_group(const struct trainer *t, struct group *group,
                       const struct entry *entries, size_t n, double s)
{
    const size_t stride = t->self->stride;
    const double a = 1 - t->lr_yj * t->reg_yj;

    group->times = entries->times;
    group->count = (uint32_t)n;
    group->scale = 1;
    group->decay = 1;
    group->gain = 0;
    for (uint32_t i = 0; i < group->times; i++) {
        group->gain += group->decay;
        group->decay *= a;
    }
    memset(group->z, 0, stride * sizeof(double));
    memset(group->c, 0, stride * sizeof(double));
    for (size_t i = 0; i < n; i++)
        add_row(group->z, t->y + entries[i].item * stride, stride);
    for (size_t f = 0; f < stride; f++)
        group->z[f] *= s * group->times;
}

static size_t open_groups(const struct trainer *t, uint32_t u, double s)
{
    const size_t end = t->entry_first[u + 1];
    size_t groups = 0;

    for (size_t at = t->entry_first[u]; at < end;) {
        size_t next = group_end(t, at, end);
        open_group(t, &t->groups[groups++], t->entries + at, next - at, s);
        at = next;
    }
    return groups;
}

/* y = A y + c for every item of the list. */
static void write_back(const struct trainer *t, uint32_t u, size_t groups)
{
    const size_t stride = t->self->stride;
    const struct entry *entry = t->entries + t->entry_first[u];

    for (size_t g = 0; g < groups; g++) {
        const struct group *group = &t->groups[g];
        for (uint32_t i = 0; i < group->count; i++, entry++) {
            double *y = t->y + entry->item * stride;
            for (size_t f = 0; f < stride; f++)
                y[f] = group->scale * y[f] + group->c[f];
        }
    }
}

/* x = p + z */
static void sum_user(const struct trainer *t, const double *p, size_t groups)
{
    memcpy(t->x, p, t->self->stride * sizeof(double));
    for (size_t g = 0; g < groups; g++)
        add_row(t->x, t->groups[g].z, t->self->stride);
}

static void carry_groups(const struct trainer *t, size_t groups, double e,
                         double s)
{
    for (size_t g = 0; g < groups; g++) {
        struct group *group = &t->groups[g];
        struct kernel_carry carry = {
            .y_scale = t->lr_yj * e * s,
            .decay = group->decay,
            .z_gain = s * group->times * group->count * group->gain,
            .c_gain = group->gain,
        };
        group->scale *= group->decay;
        t->kernel->carry(group->z, group->c, t->x, t->old_q, t->self->stride,
                         &carry);
    }
}

static void walk_user(struct trainer *t, uint32_t u)
{
    struct factors *self = t->self;
    const size_t stride = self->stride, end = t->train->user_first[u + 1];
    const double s = 1 / sqrt((double)(end - t->train->user_first[u]));
    double *p = self->p + u * stride, bu = self->b_u[u];
    size_t groups = open_groups(t, u, s);

    sum_user(t, p, groups);
    for (size_t at = t->train->user_first[u]; at < end; at++) {
        const struct rated *row = &t->train->by_user[at];
        double *q = self->q + row->other * stride;
        double *bi = &self->b_i[row->other];
        double e = row->value - (t->train->mean + bu + *bi +
                                 t->kernel->dot_f64(q, t->x, stride));
        bu += t->lr_bu * (e - t->reg_bu * bu);
        *bi += t->lr_bi * (e - t->reg_bi * *bi);
        t->step.error = e;
        t->kernel->step_implicit(p, q, t->x, t->old_q, stride, &t->step);
        carry_groups(t, groups, e, s);
    }
    self->b_u[u] = bu;
    write_back(t, u, groups);
}

static void walk_nobody(struct trainer *t)
{
    for (size_t at = 0; at < t->train->nobody_count; at++) {
        double *bi = &t->self->b_i[t->train->nobody[at].other];
        double e = t->train->nobody[at].value - (t->train->mean + *bi);
        *bi += t->lr_bi * (e - t->reg_bi * *bi);
    }
}

/* p_u becomes p_u + z_u: all that scoring needs of y. */
static void fold_implicit(struct trainer *t)
{
    const size_t stride = t->self->stride;

    for (uint32_t u = 0; u < t->train->users; u++) {
        size_t n = t->train->user_first[u + 1] - t->train->user_first[u];
        if (n == 0)
            continue;
        size_t groups = open_groups(t, u, 1 / sqrt((double)n));
        sum_user(t, t->self->p + u * stride, groups);
        memcpy(t->self->p + u * stride, t->x, stride * sizeof(double));
    }
}

/* --- The trainer -------------------------------------------------------------
 */

static void draw(struct numpy_random *random, const struct model_params *params,
                 double *rows, size_t count, size_t width, size_t stride)
{
    for (size_t row = 0; row < count; row++)
        for (size_t f = 0; f < width; f++)
            rows[row * stride + f] = numpy_random_normal(
                random, params->init_mean, params->init_std);
}

static void draw_factors(struct trainer *t, const struct model_params *params)
{
    struct factors *self = t->self;
    struct numpy_random random;

    numpy_random_seed(&random, (uint32_t)params->seed);
    draw(&random, params, self->p, self->users, self->factors, self->stride);
    draw(&random, params, self->q, self->items, self->factors, self->stride);
    draw(&random, params, t->y, self->items, self->factors, self->stride);
}

static void set_rates(struct trainer *t, const struct model_params *params)
{
    double lr = params->lr_all, reg = params->reg_all;

    t->lr_bu = svd_rate(params->lr_bu, lr);
    t->lr_bi = svd_rate(params->lr_bi, lr);
    t->lr_yj = svd_rate(params->lr_yj, lr);
    t->reg_bu = svd_rate(params->reg_bu, reg);
    t->reg_bi = svd_rate(params->reg_bi, reg);
    t->reg_yj = svd_rate(params->reg_yj, reg);
    t->step.lr_p = svd_rate(params->lr_pu, lr);
    t->step.lr_q = svd_rate(params->lr_qi, lr);
    t->step.reg_p = svd_rate(params->reg_pu, reg);
    t->step.reg_q = svd_rate(params->reg_qi, reg);
}

static void trainer_free(struct trainer *t)
{
    free(t->y);
    free(t->entries);
    free(t->entry_first);
    free(t->groups);
    free(t->vectors);
}

static int trainer_new(struct trainer *t, struct error *err)
{
    const size_t stride = t->self->stride, rows = t->train->count;

    t->y = factors_rows_f64(t->self->items, stride);
    t->entries = calloc(rows + 1, sizeof(*t->entries));
    t->entry_first = calloc((size_t)t->self->users + 1, sizeof(size_t));
    if (!t->y || !t->entries || !t->entry_first)
        return error_set(err, ERROR_FAILED, "out of memory");

    size_t groups = list_entries(t);
    t->groups = calloc(groups, sizeof(*t->groups));
    t->vectors = factors_rows_f64(2 + 2 * groups, stride);
    if (!t->groups || !t->vectors)
        return error_set(err, ERROR_FAILED, "out of memory");
    t->x = t->vectors;
    t->old_q = t->vectors + stride;
    for (size_t g = 0; g < groups; g++) {
        t->groups[g].z = t->vectors + (2 + 2 * g) * stride;
        t->groups[g].c = t->groups[g].z + stride;
    }
    return 0;
}

static int train_epochs(struct trainer *t, uint32_t epochs,
                        const atomic_bool *cancel, struct error *err)
{
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        if (cancel && atomic_load(cancel))
            return svd_cancelled(err);
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
    struct trainer t = {.train = train, .kernel = kernel_best()};
    int status = -1;

    if (factors_new(train->users, train->items, params->factors, true, false,
                    &t.self, err) < 0)
        return -1;
    if (trainer_new(&t, err) < 0)
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
    trainer_free(&t);
    return status;
}

const struct model_ops svdpp_ops = {
    .name = "svdpp",
    .summary = "svd with what the user was shown: q_i.(p_u + z_u) (Koren 2008)",
    .format = 1,
    .keys = keys,
    .fit = svdpp_fit,
    .predict = factors_predict,
    .save = factors_save,
    .load = factors_load,
    .free = factors_free,
};
