#include "model/algorithms/factors.h"

#include "common/base/attributes.h"
#include "common/base/bytes_reader.h"
#include "model/algorithms/baseline.h"
#include "model/algorithms/svd.h"
#include "model/maths/linalg.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- Memory ----------------------------------------------------------- */

static void *new_rows(size_t rows, size_t stride, size_t width)
{
    size_t row = stride * width;

    if (rows > (SIZE_MAX - KERNEL_ALIGN) / row)
        return NULL;
    /* aligned_alloc wants a multiple of the alignment */
    size_t size = (rows * row / KERNEL_ALIGN + 1) * KERNEL_ALIGN;
    void *memory = aligned_alloc(KERNEL_ALIGN, size);
    if (memory)
        memset(memory, 0, size);
    return memory;
}

double *factors_rows_f64(size_t rows, size_t stride)
{
    return new_rows(rows, stride, sizeof(double));
}

float *factors_rows_f32(size_t rows, size_t stride)
{
    return new_rows(rows, stride, sizeof(float));
}

void factors_free(struct model *model)
{
    struct factors *self = (struct factors *)model;

    free(self->b_u);
    free(self->b_i);
    if (!self->owners || atomic_fetch_sub(self->owners, 1) == 1) {
        free(self->p);
        free(self->q);
        free(self->p_f32);
        free(self->q_f32);
        free(self->owners);
    }
    free(self);
}

static bool new_matrices(struct factors *self)
{
    if (self->single) {
        self->p_f32 = factors_rows_f32(self->users, self->stride);
        self->q_f32 = factors_rows_f32(self->items, self->stride);
        return self->p_f32 && self->q_f32;
    }
    self->p = factors_rows_f64(self->users, self->stride);
    self->q = factors_rows_f64(self->items, self->stride);
    return self->p && self->q;
}

int factors_new(const struct factors_shape *shape, struct factors **out,
                struct error *err)
{
    struct factors *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the factors");
    self->users = shape->users;
    self->items = shape->items;
    self->model.users = shape->users;
    self->model.items = shape->items;
    self->rank = shape->rank;
    self->stride = kernel_stride(shape->rank);
    self->biased = shape->biased;
    self->single = shape->single;
    self->b_u = calloc((size_t)self->users + 1, sizeof(double));
    self->b_i = calloc((size_t)self->items + 1, sizeof(double));
    self->owners = malloc(sizeof(*self->owners));
    if (self->owners)
        atomic_init(self->owners, 1);
    if (!self->b_u || !self->b_i || !self->owners || !new_matrices(self)) {
        factors_free(&self->model);
        return error_no_memory(err, "%u users and %u items of rank %u",
                               shape->users, shape->items, shape->rank);
    }
    *out = self;
    return 0;
}

/* --- Predicting ------------------------------------------------------- */

static void prefetch_row(const struct factors *self, size_t p, size_t q)
{
    size_t bytes =
        self->stride * (self->single ? sizeof(float) : sizeof(double));
    const char *user =
        self->single ? (const char *)self->p_f32 : (const char *)self->p;
    const char *item =
        self->single ? (const char *)self->q_f32 : (const char *)self->q;

    for (size_t at = 0; at < bytes; at += 64) {
        PREFETCH(user + p * bytes + at);
        PREFETCH(item + q * bytes + at);
    }
}

static double dot(const struct factors *self, const struct kernel *kernel,
                  struct pair pair)
{
    size_t p = pair.user * self->stride, q = pair.item * self->stride;

    if (self->single)
        return (double)kernel->dot_f32(self->p_f32 + p, self->q_f32 + q,
                                       self->stride);
    return kernel->dot_f64(self->p + p, self->q + q, self->stride);
}

void factors_predict(const struct model *model, const struct pair *pairs,
                     size_t n, struct prediction *out)
{
    enum { AHEAD = 4 };
    const struct factors *self = (const struct factors *)model;
    const struct kernel *kernel = kernel_best();

    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n && pairs[i + AHEAD].user < self->users &&
            pairs[i + AHEAD].item < self->items)
            prefetch_row(self, pairs[i + AHEAD].user, pairs[i + AHEAD].item);
        bool user = pairs[i].user < self->users;
        bool item = pairs[i].item < self->items;
        double value = self->biased ? model->mean : 0;
        if (self->biased && pairs[i].user < model->users)
            value += self->b_u[pairs[i].user];
        if (self->biased && pairs[i].item < model->items)
            value += self->b_i[pairs[i].item];
        if (user && item)
            value += dot(self, kernel, pairs[i]);
        out[i].impossible = !self->biased && !(user && item);
        out[i].value = value;
    }
}

const struct factors *factors_of(const struct model *model)
{
    return model->ops->predict == factors_predict
               ? (const struct factors *)model
               : NULL;
}

/* --- Bounds of many estimates ----------------------------------------- */

/*
 * One matrix product by OpenBLAS gives the estimates of many pairs to within
 * rounding. Its sums run in another order than those of the kernels. Two
 * orders of a sum of F products differ by at most F eps |p| |q| (Higham 2002,
 * section 3.1); that much, and a little for the biases, is added, and the
 * result is a bound.
 */
enum { SPARE = 8 /* additions beside those of the product */ };

static double length_f64(const double *row, size_t n)
{
    double squares = 0;

    for (size_t f = 0; f < n; f++)
        squares += row[f] * row[f];
    return sqrt(squares);
}

static double length_f32(const float *row, size_t n)
{
    double squares = 0;

    for (size_t f = 0; f < n; f++)
        squares += (double)row[f] * (double)row[f];
    return sqrt(squares);
}

/* Returns the length of the longest of these items' rows. */
static double longest(const struct factors *self, uint32_t first, size_t items)
{
    double most = 0;

    for (size_t i = first; i < first + items; i++) {
        size_t at = i * self->stride;
        most =
            fmax(most, self->single ? length_f32(self->q_f32 + at, self->stride)
                                    : length_f64(self->q + at, self->stride));
    }
    return most;
}

size_t factors_bounds_scratch(const struct factors *self, size_t count,
                              size_t items)
{
    if (self->single)
        return count * (self->stride + items) * sizeof(float);
    return count * self->stride * sizeof(double);
}

static void multiply_f64(const struct factors *self,
                         const struct factors_block *block, double *rows,
                         double *out)
{
    const size_t stride = self->stride, count = block->count;
    const uint32_t *users = block->users;

    for (size_t i = 0; i < count; i++) {
        if (users[i] < self->users)
            memcpy(rows + i * stride, self->p + users[i] * stride,
                   stride * sizeof(*rows));
        else
            memset(rows + i * stride, 0, stride * sizeof(*rows));
    }
    linalg_multiply_transposed(rows, self->q + block->first_item * stride,
                               count, stride, block->items, out);
}

static void multiply_f32(const struct factors *self,
                         const struct factors_block *block, float *rows,
                         double *out)
{
    const size_t stride = self->stride, count = block->count;
    const uint32_t *users = block->users;
    float *product = rows + count * stride;

    for (size_t i = 0; i < count; i++) {
        if (users[i] < self->users)
            memcpy(rows + i * stride, self->p_f32 + users[i] * stride,
                   stride * sizeof(*rows));
        else
            memset(rows + i * stride, 0, stride * sizeof(*rows));
    }
    linalg_multiply_transposed_f32(rows,
                                   self->q_f32 + block->first_item * stride,
                                   count, stride, block->items, product);
    for (size_t i = 0; i < count * block->items; i++)
        out[i] = (double)product[i];
}

/* Turns the products of one user into bounds of that user's estimates. */
static void bound_user(const struct factors *self,
                       const struct factors_block *block, uint32_t user,
                       double longest_item, double *out)
{
    size_t at = user * self->stride;
    double length = self->single ? length_f32(self->p_f32 + at, self->stride)
                                 : length_f64(self->p + at, self->stride);
    double product = length * longest_item;
    double eps = self->single ? (double)FLT_EPSILON : DBL_EPSILON;
    double mean = self->biased ? self->model.mean : 0;
    double b_u = self->biased ? self->b_u[user] : 0;
    double terms = (double)self->stride + SPARE;

    for (size_t i = 0; i < block->items; i++) {
        double b_i = self->biased ? self->b_i[block->first_item + i] : 0;
        double size = fabs(mean) + fabs(b_u) + fabs(b_i) + product;
        double slack = terms * (eps * product + DBL_EPSILON * size);
        double bound = mean + b_u + b_i + out[i] + slack;
        out[i] = isfinite(bound) ? bound : INFINITY;
    }
}

void factors_bounds(const struct factors *self,
                    const struct factors_block *block, void *scratch,
                    double *out)
{
    const size_t items = block->items;

    if (block->first_item + items > self->items) {
        for (size_t i = 0; i < block->count * items; i++)
            out[i] = INFINITY;
        return;
    }
    double longest_item = longest(self, block->first_item, items);
    if (self->single)
        multiply_f32(self, block, scratch, out);
    else
        multiply_f64(self, block, scratch, out);
    for (size_t i = 0; i < block->count; i++) {
        if (block->users[i] < self->users)
            bound_user(self, block, block->users[i], longest_item,
                       out + i * items);
        else
            for (size_t j = 0; j < items; j++)
                out[i * items + j] = INFINITY;
    }
}

/* --- Saving and loading ----------------------------------------------- */

/* The body: u32 rank, u32 biased, u32 bytes of a value; then b_u and b_i where
 * biased, and p and q without the padding. */

static void save_rows(const struct factors *self, struct buffer *to,
                      const double *rows, const float *rows_f32, size_t count)
{
    for (size_t row = 0; row < count; row++) {
        if (self->single)
            buffer_append_f32_array(to, rows_f32 + row * self->stride,
                                    self->rank);
        else
            buffer_append_f64_array(to, rows + row * self->stride, self->rank);
    }
}

/* Who came after the fit has no row: the file has one of zeros. */
static void save_zeros(const struct factors *self, struct buffer *to,
                       size_t count)
{
    const size_t size =
        count * self->rank * (self->single ? sizeof(float) : sizeof(double));
    uint8_t *bytes = buffer_reserve(to, size);

    if (!bytes)
        return;
    memset(bytes, 0, size);
    to->size += size;
}

void factors_save(const struct model *model, struct buffer *to)
{
    const struct factors *self = (const struct factors *)model;

    buffer_append_u32(to, self->rank);
    buffer_append_u32(to, self->biased);
    buffer_append_u32(to, self->single ? 4 : 8);
    if (self->biased) {
        buffer_append_f64_array(to, self->b_u, model->users);
        buffer_append_f64_array(to, self->b_i, model->items);
    }
    save_rows(self, to, self->p, self->p_f32, self->users);
    save_zeros(self, to, model->users - self->users);
    save_rows(self, to, self->q, self->q_f32, self->items);
    save_zeros(self, to, model->items - self->items);
}

uint64_t factors_bytes(const struct model_extent *extent,
                       const struct model_params *params)
{
    uint64_t size =
        params->solver == SOLVER_FAST ? sizeof(float) : sizeof(double);

    return size * params->factors * ((uint64_t)extent->users + extent->items);
}

static void load_rows(const struct factors *self, struct bytes_reader *from,
                      double *rows, float *rows_f32, size_t count)
{
    for (size_t row = 0; row < count; row++) {
        if (self->single)
            bytes_read_f32_into(from, rows_f32 + row * self->stride,
                                self->rank);
        else
            bytes_read_f64_into(from, rows + row * self->stride, self->rank);
    }
}

int factors_load(struct bytes_reader *from, const struct model *head,
                 struct model **out, struct error *err)
{
    uint32_t rank = bytes_read_u32(from), biased = bytes_read_u32(from);
    uint32_t width = bytes_read_u32(from);
    uint64_t rows = (uint64_t)head->users + head->items;
    struct factors *self = NULL;

    if (bytes_reader_failed(from) || biased > 1 || (width != 4 && width != 8) ||
        rank != head->params.factors || rank == 0)
        return error_set(err, ERROR_FORMAT, "the factors' head makes no sense");
    uint64_t row = (uint64_t)rank * width + (biased ? sizeof(double) : 0);
    if (rows > 0 && row > from->left / rows)
        return error_set(err, ERROR_FORMAT, "factors cut short");
    if (factors_new(&(struct factors_shape){.users = head->users,
                                            .items = head->items,
                                            .rank = rank,
                                            .biased = biased,
                                            .single = width == 4},
                    &self, err) < 0)
        return -1;
    if (biased) {
        bytes_read_f64_into(from, self->b_u, self->users);
        bytes_read_f64_into(from, self->b_i, self->items);
    }
    load_rows(self, from, self->p, self->p_f32, self->users);
    load_rows(self, from, self->q, self->q_f32, self->items);
    if (bytes_reader_failed(from)) {
        factors_free(&self->model);
        return bytes_reader_refuse(from, "factors cut short or not finite",
                                   err);
    }
    *out = &self->model;
    return 0;
}

/* --- Between fits ----------------------------------------------------- */

bool factors_biases(const struct model *model, struct model_biases *out)
{
    const struct factors *self = (const struct factors *)model;
    const struct model_params *params = &model->params;
    const double walked_u =
        svd_rate(params->lr_bu, params->lr_all) * params->epochs;
    const double walked_i =
        svd_rate(params->lr_bi, params->lr_all) * params->epochs;

    if (!self->biased || !(walked_u > 0) || !(walked_i > 0))
        return false;
    *out = (struct model_biases){.users = self->b_u,
                                 .items = self->b_i,
                                 .damping_users = 1 / walked_u,
                                 .damping_items = 1 / walked_i};
    return true;
}

int factors_grow(struct model *model, uint32_t users, uint32_t items,
                 struct error *err)
{
    struct factors *self = (struct factors *)model;

    if (baseline_grow(&self->b_u, model->users, users, err) < 0 ||
        baseline_grow(&self->b_i, model->items, items, err) < 0)
        return -1;
    model->users = users;
    model->items = items;
    return 0;
}

int factors_copy(const struct model *model, struct model **out,
                 struct error *err)
{
    const struct factors *self = (const struct factors *)model;
    struct factors *other = malloc(sizeof(*other));

    if (!other)
        return error_no_memory(err, "a copy of the factors");
    *other = *self;
    atomic_fetch_add(self->owners, 1);
    other->b_u = baseline_copy_biases(self->b_u, model->users);
    other->b_i = baseline_copy_biases(self->b_i, model->items);
    if (!other->b_u || !other->b_i) {
        factors_free(&other->model);
        return error_no_memory(err, "a copy of the factors");
    }
    *out = &other->model;
    return 0;
}
