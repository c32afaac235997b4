#include "model/algorithms/factors.h"

#include "common/base/attributes.h"
#include "common/base/bytes_reader.h"

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
    free(self->p);
    free(self->q);
    free(self->p_f32);
    free(self->q_f32);
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

int factors_new(uint32_t users, uint32_t items, uint32_t factors, bool biased,
                bool single, struct factors **out, struct error *err)
{
    struct factors *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the factors");
    self->users = users;
    self->items = items;
    self->factors = factors;
    self->stride = kernel_stride(factors);
    self->biased = biased;
    self->single = single;
    self->b_u = calloc((size_t)users + 1, sizeof(double));
    self->b_i = calloc((size_t)items + 1, sizeof(double));
    if (!self->b_u || !self->b_i || !new_matrices(self)) {
        factors_free(&self->model);
        return error_no_memory(err, "%u users, %u items and %u factors", users,
                               items, factors);
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
        if (self->biased && user)
            value += self->b_u[pairs[i].user];
        if (self->biased && item)
            value += self->b_i[pairs[i].item];
        if (user && item)
            value += dot(self, kernel, pairs[i]);
        out[i].impossible = !self->biased && !(user && item);
        out[i].value = value;
    }
}

/* --- Saving and loading: u32 factors, u32 biased, u32 bytes of a value, then
 * b_u and b_i where biased, p, q without the padding ------------------------
 */

static void save_f64(struct buffer *to, const double *rows, size_t count,
                     size_t width, size_t stride)
{
    for (size_t row = 0; row < count; row++)
        for (size_t f = 0; f < width; f++)
            buffer_append_f64(to, rows[row * stride + f]);
}

static void save_f32(struct buffer *to, const float *rows, size_t count,
                     size_t width, size_t stride)
{
    for (size_t row = 0; row < count; row++)
        for (size_t f = 0; f < width; f++) {
            uint32_t bits;
            memcpy(&bits, &rows[row * stride + f], sizeof(bits));
            buffer_append_u32(to, bits);
        }
}

void factors_save(const struct model *model, struct buffer *to)
{
    const struct factors *self = (const struct factors *)model;

    buffer_append_u32(to, self->factors);
    buffer_append_u32(to, self->biased);
    buffer_append_u32(to, self->single ? 4 : 8);
    if (self->biased) {
        save_f64(to, self->b_u, self->users, 1, 1);
        save_f64(to, self->b_i, self->items, 1, 1);
    }
    if (self->single) {
        save_f32(to, self->p_f32, self->users, self->factors, self->stride);
        save_f32(to, self->q_f32, self->items, self->factors, self->stride);
    } else {
        save_f64(to, self->p, self->users, self->factors, self->stride);
        save_f64(to, self->q, self->items, self->factors, self->stride);
    }
}

static void load_f64(struct bytes_reader *from, double *rows, size_t count,
                     size_t width, size_t stride)
{
    for (size_t row = 0; row < count; row++)
        for (size_t f = 0; f < width; f++) {
            double value = bytes_read_f64(from);
            if (!isfinite(value))
                from->failed = true;
            rows[row * stride + f] = value;
        }
}

static void load_f32(struct bytes_reader *from, float *rows, size_t count,
                     size_t width, size_t stride)
{
    for (size_t row = 0; row < count; row++)
        for (size_t f = 0; f < width; f++) {
            uint32_t bits = bytes_read_u32(from);
            memcpy(&rows[row * stride + f], &bits, sizeof(bits));
            if (!isfinite(rows[row * stride + f]))
                from->failed = true;
        }
}

static void load_values(struct bytes_reader *from, struct factors *self)
{
    if (self->biased) {
        load_f64(from, self->b_u, self->users, 1, 1);
        load_f64(from, self->b_i, self->items, 1, 1);
    }
    if (self->single) {
        load_f32(from, self->p_f32, self->users, self->factors, self->stride);
        load_f32(from, self->q_f32, self->items, self->factors, self->stride);
    } else {
        load_f64(from, self->p, self->users, self->factors, self->stride);
        load_f64(from, self->q, self->items, self->factors, self->stride);
    }
}

int factors_load(struct bytes_reader *from, const struct model *head,
                 struct model **out, struct error *err)
{
    uint32_t factors = bytes_read_u32(from), biased = bytes_read_u32(from);
    uint32_t width = bytes_read_u32(from);
    uint64_t rows = (uint64_t)head->users + head->items;
    struct factors *self = NULL;

    if (bytes_reader_failed(from) || biased > 1 || (width != 4 && width != 8) ||
        factors != head->params.factors || factors == 0)
        return error_set(err, ERROR_FORMAT, "the factors' head makes no sense");
    uint64_t row = (uint64_t)factors * width + (biased ? sizeof(double) : 0);
    if (rows > 0 && row > from->left / rows)
        return error_set(err, ERROR_FORMAT, "factors cut short");
    if (factors_new(head->users, head->items, factors, biased, width == 4,
                    &self, err) < 0)
        return -1;
    load_values(from, self);
    if (bytes_reader_failed(from)) {
        factors_free(&self->model);
        return error_set(err, ERROR_FORMAT, "factors cut short or not finite");
    }
    *out = &self->model;
    return 0;
}
