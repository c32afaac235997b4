/*
 * check_params.c - hyper-parameters as text, and values off foreign bytes.
 */
#include "support/run_suite.h"

#include "common/base/bytes_reader.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct error err;
static const struct model_ops *baseline;
static struct model_params params;

static void start(void)
{
    ck_assert_ok(model_find("baseline", &baseline, &err), err);
    ck_assert_ok(params_start(baseline, &params, &err), err);
}

START_TEST(blanks_and_commas_separate)
{
    ck_assert_ok(params_set(baseline, " bsl_method=sgd, bsl_epochs=7,bsl_lr=.5",
                            &params, &err),
                 err);
    ck_assert_int_eq(params.bsl_method, BASELINE_SGD);
    ck_assert_uint_eq(params.bsl_epochs, 7);
    ck_assert_double_eq(params.bsl_lr, 0.5);
    ck_assert_double_eq(params.bsl_reg_u, 15); /* untouched */
}
END_TEST

START_TEST(every_double_survives_its_text)
{
    static const double values[] = {0.1, 0.1 + 0.2, 1.0 / 3, 1e-17, 0};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[1024];
        struct model_params again = params;
        params.bsl_lr = values[i];
        params_print(baseline, &params, text, sizeof(text));
        ck_assert_ok(params_set(baseline, text, &again, &err), err);
        ck_assert_mem_eq(&again.bsl_lr, &values[i], sizeof(double));
    }
}
END_TEST

static const struct {
    const char *text, *complaint;
} mistakes[] = {
    {"bsl_epoch=3", "did you mean 'bsl_epochs'"},
    {"bsl_epochs", "expected name=value"},
    {"bsl_epochs=ten", "'ten' is not a whole number"},
    {"bsl_lr=2", "outside"},
    {"bsl_lr=nan", "outside"},
    {"bsl_method=both", "not one of als|sgd"},
    {"bsl_epochs=3 bsl_lr=-1", "outside"},
};
enum { MISTAKES = sizeof(mistakes) / sizeof(mistakes[0]) };

START_TEST(mistakes_are_named_and_change_nothing)
{
    struct model_params before = params;

    ck_assert_refused(params_set(baseline, mistakes[_i].text, &params, &err),
                      err, ERROR_CONFIG, mistakes[_i].complaint);
    ck_assert_mem_eq(&before, &params, sizeof(params));
}
END_TEST

START_TEST(a_text_without_end_is_refused)
{
    char text[2000];

    memset(text, ' ', sizeof(text));
    text[1023] = '\0';
    ck_assert_ok(params_set(baseline, text, &params, &err), err);
    text[1023] = ' ';
    text[1024] = '\0';
    ck_assert_refused(params_set(baseline, text, &params, &err), err,
                      ERROR_CONFIG, "longer than 1023 bytes");
}
END_TEST

START_TEST(a_short_output_is_cut_and_terminated)
{
    char text[20];

    memset(text, 'x', sizeof(text));
    params_print(baseline, &params, text, sizeof(text));
    ck_assert_ptr_nonnull(memchr(text, '\0', sizeof(text)));
}
END_TEST

/* What the users of Surprise expect, and what changes every result. */
static const struct {
    const char *model, *text;
} defaults[] = {
    {"random", "seed=0"},
    {"normal", "seed=0"},
    {"popular", "prior_weight=20"},
    {"baseline", "bsl_method=als bsl_epochs=0 bsl_reg_u=15 bsl_reg_i=10 "
                 "bsl_reg=0.02 bsl_lr=0.005"},
    {"svd", "factors=100 epochs=20 biased=true init_mean=0 init_std=0.1 "
            "lr_all=0.005 reg_all=0.02 lr_bu=-1 lr_bi=-1 lr_pu=-1 lr_qi=-1 "
            "reg_bu=-1 reg_bi=-1 reg_pu=-1 reg_qi=-1 solver=exact seed=0"},
    {"svdpp",
     "factors=20 epochs=20 init_mean=0 init_std=0.1 lr_all=0.007 "
     "reg_all=0.02 lr_bu=-1 lr_bi=-1 lr_pu=-1 lr_qi=-1 lr_yj=-1 reg_bu=-1 "
     "reg_bi=-1 reg_pu=-1 reg_qi=-1 reg_yj=-1 seed=0"},
    {"nmf",
     "factors=15 epochs=50 biased=false init_low=0 init_high=1 reg_pu=0.06 "
     "reg_qi=0.06 reg_bu=0.02 reg_bi=0.02 lr_bu=0.005 lr_bi=0.005 seed=0"},
    {"co-clustering", "clusters_u=3 clusters_i=3 epochs=20 seed=0"},
    {"knn", "k=40 min_k=1 similarity=msd user_based=true min_support=1 "
            "shrinkage=100 cache_bytes=268435456 "
            "bsl_method=als bsl_epochs=0 bsl_reg_u=15 bsl_reg_i=10 "
            "bsl_reg=0.02 bsl_lr=0.005"},
    {"slope-one", "cache_bytes=268435456"},
};
enum { DEFAULTS = sizeof(defaults) / sizeof(defaults[0]) };

START_TEST(defaults_are_the_reference_s)
{
    const struct model_ops *ops = NULL;
    char text[1024];

    ck_assert_ok(model_find(defaults[_i].model, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    params_print(ops, &params, text, sizeof(text));
    ck_assert_str_eq(text, defaults[_i].text);
}
END_TEST

/* --- bytes_reader ----------------------------------------------------- */

START_TEST(values_are_little_endian)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 1, 0, 0, 0, 0,    0,
                                    0, 9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f};
    struct bytes_reader from = {bytes, sizeof(bytes)};

    ck_assert_uint_eq(bytes_read_u32(&from), 0x04030201);
    ck_assert(bytes_read_u64(&from) == 0x0900000000000001u);
    ck_assert_double_eq(bytes_read_f64(&from), 1);
    ck_assert(!bytes_reader_failed(&from));
    ck_assert_uint_eq(from.left, 0);
}
END_TEST

START_TEST(after_a_failure_everything_is_zero)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5};
    struct bytes_reader from = {bytes, sizeof(bytes)};

    ck_assert(bytes_read_u64(&from) == 0);
    ck_assert(bytes_reader_failed(&from));
    ck_assert_uint_eq(bytes_read_u32(&from), 0); /* 4 bytes would be there */
    ck_assert_ptr_null(bytes_read(&from, 1));
}
END_TEST

START_TEST(arrays_are_checked_before_memory_is_taken)
{
    static const uint8_t bytes[8] = {0};
    struct bytes_reader from = {bytes, sizeof(bytes)};

    ck_assert_ptr_null(bytes_read_f64_array(&from, SIZE_MAX / 4));
    ck_assert(bytes_reader_failed(&from));
    ck_assert_int_eq(bytes_reader_refuse(&from, "cut short", &err), -1);
    ck_assert_int_eq(err.code, ERROR_FORMAT);
    from = (struct bytes_reader){bytes, sizeof(bytes)};
    double *one = bytes_read_f64_array(&from, 1);
    ck_assert_ptr_nonnull(one);
    free(one);
}
END_TEST

START_TEST(arrays_are_read_into_memory_of_the_caller)
{
    struct buffer bytes = {0};
    uint32_t numbers[3] = {7, 7, 7};
    float float_values[2];

    buffer_append_u32_array(&bytes, (const uint32_t[]){1, 2, 3}, 3);
    buffer_append_f32_array(&bytes, (const float[]){1.5F, -2}, 2);
    struct bytes_reader from = {bytes.bytes, bytes.size};
    bytes_read_u32_into(&from, numbers, 3, 4);
    bytes_read_f32_into(&from, float_values, 2);
    ck_assert(!bytes_reader_failed(&from) && from.left == 0);
    ck_assert_uint_eq(numbers[2], 3);
    ck_assert(float_values[0] == 1.5F && float_values[1] == -2);
    from = (struct bytes_reader){bytes.bytes, bytes.size};
    bytes_read_u32_into(&from, numbers, 3, 3); /* 3 is not below 3 */
    ck_assert(bytes_reader_failed(&from));
    buffer_free(&bytes);
}
END_TEST

START_TEST(arrays_hold_only_finite_numbers)
{
    static const double wrong[] = {NAN, INFINITY, -INFINITY};

    for (size_t i = 0; i < 3; i++) {
        struct buffer bytes = {0};
        buffer_append_f64(&bytes, 1);
        buffer_append_f64(&bytes, wrong[i]);
        struct bytes_reader from = {bytes.bytes, bytes.size};
        ck_assert_ptr_null(bytes_read_f64_array(&from, 2));
        ck_assert(bytes_reader_failed(&from));
        buffer_free(&bytes);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("params");
    TCase *text = tcase_create("text");
    TCase *bytes = tcase_create("bytes");

    tcase_add_checked_fixture(text, start, NULL);
    tcase_add_test(text, blanks_and_commas_separate);
    tcase_add_test(text, every_double_survives_its_text);
    tcase_add_loop_test(text, mistakes_are_named_and_change_nothing, 0,
                        MISTAKES);
    tcase_add_loop_test(text, defaults_are_the_reference_s, 0, DEFAULTS);
    tcase_add_test(text, a_text_without_end_is_refused);
    tcase_add_test(text, a_short_output_is_cut_and_terminated);
    tcase_add_test(bytes, values_are_little_endian);
    tcase_add_test(bytes, after_a_failure_everything_is_zero);
    tcase_add_test(bytes, arrays_are_checked_before_memory_is_taken);
    tcase_add_test(bytes, arrays_are_read_into_memory_of_the_caller);
    tcase_add_test(bytes, arrays_hold_only_finite_numbers);
    suite_add_tcase(suite, text);
    suite_add_tcase(suite, bytes);
    return run_suite(suite);
}
