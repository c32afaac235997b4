/*
 * kernel_body.h - included once per instruction set by kernel_<set>.c, which
 * defines KERNEL (the exported table) and KERNEL_NAME.
 *
 * The loops have 16 independent lanes; the compiler maps them to whatever
 * registers there are. The lanes are added in halves: 8, 4, 2, 1.
 */
#ifndef MODEL_KERNEL_BODY_H
#define MODEL_KERNEL_BODY_H

#include "model/kernel.h"

enum { LANES = 16, HALF = LANES / 2 };

_Static_assert((int)KERNEL_BLOCK == (int)HALF,
               "a row ends in at most half a block");

static double sum_f64(const double lane[LANES])
{
    double eight[8], four[4];

    for (int i = 0; i < 8; i++)
        eight[i] = lane[i] + lane[i + 8];
    for (int i = 0; i < 4; i++)
        four[i] = eight[i] + eight[i + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

static float sum_eight(const float eight[HALF])
{
    float four[4];

    for (int i = 0; i < 4; i++)
        four[i] = eight[i] + eight[i + 4];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

static float sum_f32(const float lane[LANES])
{
    float eight[HALF];

    for (int i = 0; i < HALF; i++)
        eight[i] = lane[i] + lane[i + HALF];
    return sum_eight(eight);
}

static double dot_f64(const double *restrict a, const double *restrict b,
                      size_t n)
{
    double lane[LANES] = {0};

    size_t at = 0;
    for (; at + LANES <= n; at += LANES)
        for (size_t i = 0; i < LANES; i++)
            lane[i] += a[at + i] * b[at + i];
    if (at < n)
        for (size_t i = 0; i < HALF; i++)
            lane[i] += a[at + i] * b[at + i];
    return sum_f64(lane);
}

static float dot_f32(const float *restrict a, const float *restrict b, size_t n)
{
    float lane[LANES] = {0};

    size_t at = 0;
    for (; at + LANES <= n; at += LANES)
        for (size_t i = 0; i < LANES; i++)
            lane[i] += a[at + i] * b[at + i];
    if (at < n)
        for (size_t i = 0; i < HALF; i++)
            lane[i] += a[at + i] * b[at + i];
    return sum_f32(lane);
}

static void step(double *restrict p, double *restrict q, size_t n,
                 const struct kernel_step *s)
{
    const double e = s->error, lr_p = s->lr_p, reg_p = s->reg_p, lr_q = s->lr_q,
                 reg_q = s->reg_q;

    for (size_t f = 0; f < n; f++) {
        double old_p = p[f], old_q = q[f];
        p[f] = old_p + lr_p * (e * old_q - reg_p * old_p);
        q[f] = old_q + lr_q * (e * old_p - reg_q * old_q);
    }
}

static void step_implicit(double *restrict p, double *restrict q,
                          double *restrict x, double *restrict old, size_t n,
                          const struct kernel_step *s)
{
    const double e = s->error, lr_p = s->lr_p, reg_p = s->reg_p, lr_q = s->lr_q,
                 reg_q = s->reg_q;

    for (size_t f = 0; f < n; f++) {
        double old_q = q[f], old_p = p[f];
        double new_p = old_p + lr_p * (e * old_q - reg_p * old_p);
        q[f] = old_q + lr_q * (e * x[f] - reg_q * old_q);
        p[f] = new_p;
        x[f] = new_p;
        old[f] = old_q;
    }
}

static void carry(double *restrict z, double *restrict c, double *restrict x,
                  const double *restrict q, size_t n,
                  const struct kernel_carry *s)
{
    const double scale = s->y_scale, decay = s->decay, z_gain = s->z_gain,
                 c_gain = s->c_gain;

    for (size_t f = 0; f < n; f++) {
        double d = scale * q[f];
        double new_z = decay * z[f] + z_gain * d;
        z[f] = new_z;
        x[f] += new_z;
        c[f] = decay * c[f] + c_gain * d;
    }
}

static void step_adaptive(float *restrict p, float *restrict q, size_t n,
                          struct kernel_adapt *s)
{
    const float e = s->error, reg = s->reg, step_p = s->step_p,
                step_q = s->step_q;
    float lane_p[HALF] = {0}, lane_q[HALF] = {0};

    for (size_t at = 0; at < n; at += HALF)
        for (size_t i = 0; i < HALF; i++) {
            float old_p = p[at + i], old_q = q[at + i];
            float to_p = reg * old_p - e * old_q;
            float to_q = reg * old_q - e * old_p;
            lane_p[i] += to_p * to_p;
            lane_q[i] += to_q * to_q;
            p[at + i] = old_p - step_p * to_p;
            q[at + i] = old_q - step_q * to_q;
        }
    s->square_p = sum_eight(lane_p);
    s->square_q = sum_eight(lane_q);
}

const struct kernel KERNEL = {
    .name = KERNEL_NAME,
    .dot_f64 = dot_f64,
    .dot_f32 = dot_f32,
    .step = step,
    .step_implicit = step_implicit,
    .carry = carry,
    .step_adaptive = step_adaptive,
};

#endif
