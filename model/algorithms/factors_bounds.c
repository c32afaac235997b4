/*
 * factors_bounds.c - what users think of many items at once, to within
 * rounding: a matrix product by OpenBLAS.
 *
 * Its sums run in another order than the kernels' of factors_predict(). Two
 * orders of a sum of F products differ by at most F eps |p| |q| (Higham 2002,
 * section 3.1); so much, and some for the biases, is added, and the result is
 * a bound.
 */
#include "model/algorithms/factors.h"
#include "model/maths/linalg.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SPARE = 8 /* additions beside those of the product */ };

const struct factors *factors_of(const struct model *model)
{
    return model->ops->predict == factors_predict
               ? (const struct factors *)model
               : NULL;
}

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

/* The longest of the items' rows. */
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

static void multiply_f64(const struct factors *self, const uint32_t *users,
                         size_t count, uint32_t first, size_t items,
                         double *rows, double *out)
{
    size_t stride = self->stride;

    for (size_t i = 0; i < count; i++) {
        if (users[i] < self->users)
            memcpy(rows + i * stride, self->p + users[i] * stride,
                   stride * sizeof(*rows));
        else
            memset(rows + i * stride, 0, stride * sizeof(*rows));
    }
    linalg_multiply_transposed(rows, self->q + first * stride, count, stride,
                               items, out);
}

static void multiply_f32(const struct factors *self, const uint32_t *users,
                         size_t count, uint32_t first, size_t items,
                         float *rows, double *out)
{
    size_t stride = self->stride;
    float *product = rows + count * stride;

    for (size_t i = 0; i < count; i++) {
        if (users[i] < self->users)
            memcpy(rows + i * stride, self->p_f32 + users[i] * stride,
                   stride * sizeof(*rows));
        else
            memset(rows + i * stride, 0, stride * sizeof(*rows));
    }
    linalg_multiply_transposed_f32(rows, self->q_f32 + first * stride, count,
                                   stride, items, product);
    for (size_t i = 0; i < count * items; i++)
        out[i] = (double)product[i];
}

/* Products become bounds of one user's estimates. */
static void bound_user(const struct factors *self, uint32_t user,
                       uint32_t first, size_t items, double longest_item,
                       double *out)
{
    size_t at = user * self->stride;
    double length = self->single ? length_f32(self->p_f32 + at, self->stride)
                                 : length_f64(self->p + at, self->stride);
    double product = length * longest_item;
    double eps = self->single ? (double)FLT_EPSILON : DBL_EPSILON;
    double mean = self->biased ? self->model.mean : 0;
    double b_u = self->biased ? self->b_u[user] : 0;
    double terms = (double)self->stride + SPARE;

    for (size_t i = 0; i < items; i++) {
        double b_i = self->biased ? self->b_i[first + i] : 0;
        double size = fabs(mean) + fabs(b_u) + fabs(b_i) + product;
        double slack = terms * (eps * product + DBL_EPSILON * size);
        double bound = mean + b_u + b_i + out[i] + slack;
        out[i] = isfinite(bound) ? bound : INFINITY;
    }
}

void factors_bounds(const struct factors *self, const uint32_t *users,
                    size_t count, uint32_t first, size_t items, void *scratch,
                    double *out)
{
    double longest_item = longest(self, first, items);

    if (self->single)
        multiply_f32(self, users, count, first, items, scratch, out);
    else
        multiply_f64(self, users, count, first, items, scratch, out);
    for (size_t i = 0; i < count; i++) {
        if (users[i] < self->users)
            bound_user(self, users[i], first, items, longest_item,
                       out + i * items);
        else
            for (size_t j = 0; j < items; j++)
                out[i * items + j] = INFINITY;
    }
}
