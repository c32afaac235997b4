/*
 * check_stand_in.c - of pairs that a model can say nothing of the baseline
 * answers, with every bit, unless the reference's answer is asked for.
 */
#include "support/every_model.h"
#include "support/run_suite.h"

#include "common/base/bytes_reader.h"

#include "model/model.h"

#include <string.h>

static struct error err;

/* Models with pairs that are impossible for them. */
static const struct {
    const char *name, *params;
} cases[] = {
    {"knn", ""},
    {"knn", "user_based=false similarity=pearson_baseline bsl_reg_u=1"},
    {"knn-means", ""},
    {"knn-zscore", "user_based=false"},
    {"nmf", "factors=3 epochs=3"},
    {"slope-one", ""},
    {"svd", "factors=3 epochs=3 biased=false"},
    {"svd", "factors=3 epochs=3 biased=false solver=fast"},
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static struct ratings *train;
static struct pair pairs[FEW_PAIRS];
static struct prediction baseline[FEW_PAIRS];

static struct model *fit(const char *name, const char *first,
                         const char *second)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start_served(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, first, &params, &err), err);
    ck_assert_ok(params_set(ops, second, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    return model;
}

static void set_up(void)
{
    train = every_model_ratings(&few_numbered);
    every_model_pairs(pairs);
    struct model *model = fit("baseline", "", "");
    model_predict_unclipped(model, pairs, FEW_PAIRS, baseline);
    model_free(model);
}

static void tear_down(void)
{
    ratings_free(train);
}

/* Of what is impossible, all are the baseline's, or all are the mean. */
static void assert_answers(const struct model *model, bool of_baseline)
{
    struct prediction out[FEW_PAIRS];
    size_t impossible = 0, informed = 0;

    model_predict_unclipped(model, pairs, FEW_PAIRS, out);
    for (size_t i = 0; i < FEW_PAIRS; i++) {
        if (!out[i].impossible)
            continue;
        const double wanted = of_baseline ? baseline[i].value : train->mean;
        ck_assert_mem_eq(&out[i].value, &wanted, sizeof(wanted));
        informed +=
            out[i].basis == BASIS_PARTIAL && baseline[i].value != train->mean;
        impossible++;
    }
    ck_assert_uint_gt(impossible, 1);
    ck_assert_uint_gt(informed, 0);
}

static struct model *load(const struct buffer *bytes)
{
    struct bytes_reader from = {.at = bytes->bytes, .left = bytes->size};
    struct model *model = NULL;

    ck_assert_ok(model_load(&from, train->users, train->items, &model, &err),
                 err);
    ck_assert_uint_eq(from.left, 0);
    return model;
}

START_TEST(the_baseline_answers_what_is_impossible)
{
    struct model *model = fit(cases[_i].name, cases[_i].params, "");
    struct buffer bytes = {0};

    assert_answers(model, true);
    model_save(model, &bytes);
    struct model *loaded = load(&bytes);
    assert_answers(loaded, true);
    model_free(loaded);
    model_free(model);
    buffer_free(&bytes);
}
END_TEST

/* Such bytes do not name the parameter, as those of before it was there. */
START_TEST(the_mean_answers_where_it_is_asked_for_and_in_silent_bytes)
{
    struct model *model =
        fit(cases[_i].name, cases[_i].params, "impossible=mean");
    struct buffer bytes = {0};
    char text[512];

    assert_answers(model, false);
    model_save(model, &bytes);
    struct model *loaded = load(&bytes);
    assert_answers(loaded, false);
    params_print(loaded->ops, &loaded->params, text, sizeof(text));
    ck_assert_ptr_null(strstr(text, "impossible"));
    model_free(loaded);
    model_free(model);
    buffer_free(&bytes);
}
END_TEST

START_TEST(bytes_without_all_biases_are_refused)
{
    struct model *model = fit(cases[_i].name, cases[_i].params, "");
    struct model *loaded = NULL;
    struct buffer bytes = {0};

    model_save(model, &bytes);
    struct bytes_reader from = {.at = bytes.bytes, .left = bytes.size - 8};
    ck_assert_refused(
        model_load(&from, train->users, train->items, &loaded, &err), err,
        ERROR_FORMAT, "cut short");
    memset(bytes.bytes + bytes.size - 8, 0xff, 8);
    from = (struct bytes_reader){.at = bytes.bytes, .left = bytes.size};
    ck_assert_refused(
        model_load(&from, train->users, train->items, &loaded, &err), err,
        ERROR_FORMAT, "not finite");
    model_free(model);
    buffer_free(&bytes);
}
END_TEST

START_TEST(a_model_with_biases_has_no_stand_in)
{
    struct model *model = fit("svd", "factors=3 epochs=3", "");

    ck_assert_ptr_null(model->stand_in.user);
    model_free(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stand_in");
    TCase *tests = tcase_create("answers");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, the_baseline_answers_what_is_impossible, 0,
                        CASES);
    tcase_add_loop_test(
        tests, the_mean_answers_where_it_is_asked_for_and_in_silent_bytes, 0,
        CASES);
    tcase_add_loop_test(tests, bytes_without_all_biases_are_refused, 0, CASES);
    tcase_add_test(tests, a_model_with_biases_has_no_stand_in);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
