/*
 * check_kernel.c - the kernels compute what they say, and every instruction
 * set gives the same bits.
 */
#include "support/run_suite.h"

#include "model/maths/kernel.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { N = 7 * KERNEL_BLOCK, GROUPS = 2 };

struct rows {
    _Alignas(KERNEL_ALIGN) double p[N];
    _Alignas(KERNEL_ALIGN) double q[N];
    _Alignas(KERNEL_ALIGN) double x[N];
    _Alignas(KERNEL_ALIGN) double z[GROUPS * N];
    _Alignas(KERNEL_ALIGN) double table[5 * N];
    _Alignas(KERNEL_ALIGN) double sum[N];
    _Alignas(KERNEL_ALIGN) float p_f32[N];
    _Alignas(KERNEL_ALIGN) float q_f32[N];
    double dot;
    float dot_f32, squares;
};

static struct rows make(void)
{
    struct rows rows = {0};
    uint32_t state = 1;

    for (int i = 0; i < N; i++) {
        state = state * 1664525U + 1013904223U;
        rows.p[i] = (double)(state >> 8) * 0x1p-24 - 0.5;
        state = state * 1664525U + 1013904223U;
        rows.q[i] = (double)(state >> 8) * 0x1p-24 - 0.3;
        rows.x[i] = rows.p[i] * 1.7;
        rows.p_f32[i] = (float)rows.p[i];
        rows.q_f32[i] = (float)rows.q[i];
        for (int g = 0; g < GROUPS; g++)
            rows.z[g * N + i] = rows.p[i] * (0.4 + g);
        for (int r = 0; r < 5; r++)
            rows.table[r * N + i] = rows.q[i] * (1 + r);
    }
    return rows;
}

static const struct kernel_step rates = {0.7, 0.05, 0.02, 0.04, 0.03};
static const double decay[GROUPS] = {0.9, 0.8}, gain[GROUPS] = {0.3, 0.2};
static const struct kernel_implicit implicit = {
    {0.7, 0.05, 0.02, 0.04, 0.03}, GROUPS, decay, gain};
static const uint32_t list[] = {2, 0, 4};

static void use(const struct kernel *kernel, struct rows *rows)
{
    struct kernel_adapt adapt = {
        .error = 0.4F, .reg = 0.1F, .step_p = 0.2F, .step_q = 0.3F};

    rows->dot = kernel->dot_f64(rows->p, rows->q, N);
    rows->dot_f32 = kernel->dot_f32(rows->p_f32, rows->q_f32, N);
    kernel->step(rows->p, rows->q, N, &rates);
    kernel->step_implicit(rows->p, rows->q, rows->x, rows->z, N, &implicit);
    kernel->sum_rows(rows->sum, rows->table, N, list, 3);
    kernel->shift_rows(rows->table, N, list, 3, 0.9, rows->sum);
    kernel->step_adaptive(rows->p_f32, rows->q_f32, N, &adapt);
    rows->squares = adapt.square_p + adapt.square_q;
}

START_TEST(every_instruction_set_gives_the_same_bits)
{
    const struct kernel *const *all = kernel_all();
    struct rows first = make();

    use(all[0], &first);
    ck_assert_ptr_eq(kernel_best(), all[0]);
    for (int k = 1; all[k]; k++) {
        struct rows other = make();
        use(all[k], &other);
        ck_assert_msg(memcmp(&first, &other, sizeof(first)) == 0,
                      "%s and %s differ", all[0]->name, all[k]->name);
    }
}
END_TEST

START_TEST(dots_are_sums_of_products)
{
    struct rows rows = make();
    double exact = 0;

    for (int i = 0; i < N; i++)
        exact += rows.p[i] * rows.q[i];
    ck_assert_double_eq_tol(kernel_best()->dot_f64(rows.p, rows.q, N), exact,
                            1e-13);
    ck_assert_double_eq_tol(
        (double)kernel_best()->dot_f32(rows.p_f32, rows.q_f32, N), exact, 1e-5);
}
END_TEST

START_TEST(steps_use_the_old_values)
{
    struct rows rows = make(), before = make();

    kernel_best()->step(rows.p, rows.q, N, &rates);
    for (int i = 0; i < N; i++) {
        double p = before.p[i], q = before.q[i];
        ck_assert_double_eq_tol(rows.p[i], p + 0.05 * (0.7 * q - 0.02 * p),
                                1e-15);
        ck_assert_double_eq_tol(rows.q[i], q + 0.04 * (0.7 * p - 0.03 * q),
                                1e-15);
    }
}
END_TEST

START_TEST(the_implicit_step_carries_every_group)
{
    struct rows rows = make(), before = make();

    kernel_best()->step_implicit(rows.p, rows.q, rows.x, rows.z, N, &implicit);
    for (int i = 0; i < N; i++) {
        double p = before.p[i], q = before.q[i], x = before.x[i];
        double new_p = p + 0.05 * (0.7 * q - 0.02 * p), sum = new_p;
        for (int g = 0; g < GROUPS; g++) {
            double z = decay[g] * before.z[g * N + i] + 0.7 * gain[g] * q;
            ck_assert_double_eq_tol(rows.z[g * N + i], z, 1e-15);
            sum += z;
        }
        ck_assert_double_eq_tol(rows.p[i], new_p, 1e-15);
        ck_assert_double_eq_tol(rows.q[i], q + 0.04 * (0.7 * x - 0.03 * q),
                                1e-15);
        ck_assert_double_eq_tol(rows.x[i], sum, 1e-15);
    }
}
END_TEST

START_TEST(listed_rows_are_summed_and_shifted)
{
    struct rows rows = make(), before = make();

    kernel_best()->sum_rows(rows.sum, rows.table, N, list, 3);
    kernel_best()->shift_rows(rows.table, N, list, 3, 0.9, rows.p);
    for (int i = 0; i < N; i++) {
        const double *table = before.table;
        ck_assert_double_eq_tol(
            rows.sum[i], table[2 * N + i] + table[i] + table[4 * N + i], 1e-14);
        ck_assert_double_eq(rows.table[N + i], table[N + i]);
        ck_assert_double_eq_tol(rows.table[4 * N + i],
                                0.9 * table[4 * N + i] + before.p[i], 1e-15);
    }
}
END_TEST

START_TEST(the_adaptive_step_goes_down_the_gradient)
{
    struct rows rows = make(), before = make();
    struct kernel_adapt adapt = {
        .error = 0.4F, .reg = 0.1F, .step_p = 0.2F, .step_q = 0.3F};
    float square = 0;

    kernel_best()->step_adaptive(rows.p_f32, rows.q_f32, N, &adapt);
    for (int i = 0; i < N; i++) {
        float p = before.p_f32[i], q = before.q_f32[i];
        float to_p = 0.1F * p - 0.4F * q, to_q = 0.1F * q - 0.4F * p;
        square += to_p * to_p;
        ck_assert_float_eq_tol(rows.p_f32[i], p - 0.2F * to_p, 1e-6F);
        ck_assert_float_eq_tol(rows.q_f32[i], q - 0.3F * to_q, 1e-6F);
    }
    ck_assert_float_eq_tol(adapt.square_p, square, 1e-4F);
}
END_TEST

START_TEST(gathered_values_are_counted)
{
    enum { MANY = 21 }; /* no whole number of lanes */
    struct rated at[MANY];
    double row[MANY];
    float to[MANY + 1];

    for (uint32_t i = 0; i < MANY; i++) {
        row[i] = i * 0.1;
        at[i].other = MANY - 1 - i;
    }
    for (int k = 0; kernel_all()[k]; k++)
        for (uint32_t n = 0; n <= MANY; n++) {
            to[n] = -1;
            kernel_all()[k]->gather(to, row, at, n);
            ck_assert_float_eq(to[n], -1);
            for (uint32_t i = 0; i < n; i++)
                ck_assert_float_eq(to[i], (float)row[MANY - 1 - i]);
            /* an equal one counts */
            for (uint32_t i = 0; i < n; i++)
                ck_assert_uint_eq(kernel_all()[k]->count_from(to, n, to[i]),
                                  i + 1);
        }
}
END_TEST

START_TEST(rows_are_padded_to_whole_blocks)
{
    ck_assert_uint_eq(kernel_stride(1), KERNEL_BLOCK);
    ck_assert_uint_eq(kernel_stride(KERNEL_BLOCK), KERNEL_BLOCK);
    ck_assert_uint_eq(kernel_stride(KERNEL_BLOCK + 1), 2 * KERNEL_BLOCK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernel");
    TCase *tests = tcase_create("kernels");

    tcase_add_test(tests, every_instruction_set_gives_the_same_bits);
    tcase_add_test(tests, dots_are_sums_of_products);
    tcase_add_test(tests, steps_use_the_old_values);
    tcase_add_test(tests, the_implicit_step_carries_every_group);
    tcase_add_test(tests, listed_rows_are_summed_and_shifted);
    tcase_add_test(tests, the_adaptive_step_goes_down_the_gradient);
    tcase_add_test(tests, gathered_values_are_counted);
    tcase_add_test(tests, rows_are_padded_to_whole_blocks);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
