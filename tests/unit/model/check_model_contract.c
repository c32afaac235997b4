/*
 * check_model_contract.c - what every model in the registry promises.
 *
 * Each test runs once per model: a new model is covered the moment it is
 * added to model_registry[].
 */
#include "support/every_model.h"
#include "support/run_suite.h"

#include "common/base/bytes_reader.h"
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

static struct error err;

static struct model *reload(const struct model *model)
{
    struct buffer bytes = {0};
    struct model *loaded = NULL;

    model_save(model, &bytes);
    ck_assert(!buffer_failed(&bytes));
    struct bytes_reader from = {.at = bytes.bytes, .left = bytes.size};
    ck_assert_ok(model_load(&from, model->users, model->items, &loaded, &err),
                 err);
    ck_assert_uint_eq(from.left, 0);
    buffer_free(&bytes);
    return loaded;
}

START_TEST(a_loaded_model_answers_with_the_same_bits)
{
    struct pair pairs[FEW_PAIRS];
    struct prediction before[FEW_PAIRS], after[FEW_PAIRS];
    struct model *model = every_model_fit_few(_i), *loaded = reload(model);

    every_model_pairs(pairs);
    model_predict_unclipped(model, pairs, FEW_PAIRS, before);
    model_predict_unclipped(loaded, pairs, FEW_PAIRS, after);
    for (int i = 0; i < FEW_PAIRS; i++) {
        ck_assert_mem_eq(&before[i].value, &after[i].value, sizeof(double));
        ck_assert_int_eq(before[i].basis, after[i].basis);
        ck_assert_int_eq(before[i].impossible, after[i].impossible);
        ck_assert_uint_eq(before[i].neighbours, after[i].neighbours);
    }
    model_free(model);
    model_free(loaded);
}
END_TEST

START_TEST(saving_what_was_loaded_gives_the_same_bytes)
{
    struct model *model = every_model_fit_few(_i), *loaded = reload(model);

    every_model_check_same_bytes(model, loaded);
    model_free(model);
    model_free(loaded);
}
END_TEST

START_TEST(two_fits_give_the_same_bytes)
{
    struct model *a = every_model_fit_few(_i), *b = every_model_fit_few(_i);

    every_model_check_same_bytes(a, b);
    model_free(a);
    model_free(b);
}
END_TEST

START_TEST(predictions_are_finite_and_on_the_scale)
{
    struct model *model = every_model_fit_few(_i);

    every_model_check_sane(model);
    model_free(model);
}
END_TEST

START_TEST(a_batch_answers_as_single_questions_do)
{
    struct pair pairs[FEW_PAIRS];
    struct prediction batch[FEW_PAIRS], single;
    struct model *model = every_model_fit_few(_i);

    every_model_pairs(pairs);
    model_predict(model, pairs, FEW_PAIRS, batch);
    for (int i = FEW_PAIRS - 1; i >= 0; i--) {
        model_predict(model, &pairs[i], 1, &single);
        ck_assert_mem_eq(&single.value, &batch[i].value, sizeof(double));
        ck_assert_int_eq(single.basis, batch[i].basis);
    }
    model_free(model);
}
END_TEST

START_TEST(the_basis_says_which_ids_are_known)
{
    static const struct pair pairs[] = {{0, 0},
                                        {0, INDEX_UNKNOWN},
                                        {INDEX_UNKNOWN, 0},
                                        {INDEX_UNKNOWN, INDEX_UNKNOWN}};
    struct prediction out[4];
    struct model *model = every_model_fit_few(_i);

    model_predict(model, pairs, 4, out);
    ck_assert_int_eq(out[0].basis, BASIS_LEARNED);
    ck_assert_int_eq(out[1].basis, BASIS_PARTIAL);
    ck_assert_int_eq(out[2].basis, BASIS_PARTIAL);
    ck_assert_int_eq(out[3].basis, BASIS_FALLBACK);
    model_free(model);
}
END_TEST

START_TEST(a_cancelled_fit_gives_no_model)
{
    const struct model_ops *ops = model_registry[_i];
    struct ratings *train = every_model_ratings(&few_numbered);
    struct model_params params;
    struct model *model = NULL;
    atomic_bool cancel = true;

    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_refused(model_fit(ops, train, &params, &cancel, &model, &err),
                      err, ERROR_TEMPORARY, "cancelled");
    ck_assert_ptr_null(model);
    ratings_free(train);
}
END_TEST

START_TEST(one_row_is_enough)
{
    static const struct rating one[] = {{0, 0, 1}};
    struct model *model =
        every_model_fit(_i, &(struct numbered_rows){one, 1, 1, 1, clicks});

    every_model_check_sane(model);
    model_free(model);
}
END_TEST

START_TEST(constant_labels_are_learned)
{
    struct rating rows[FEW_ROWS];

    for (int label = 0; label <= 1; label++) {
        memcpy(rows, few_rows, sizeof(rows));
        for (int i = 0; i < FEW_ROWS; i++)
            rows[i].value = label;
        struct model *model = every_model_fit(
            _i, &(struct numbered_rows){rows, FEW_ROWS, FEW_USERS, FEW_ITEMS,
                                        clicks});
        ck_assert_double_eq(model->mean, label);
        every_model_check_sane(model);
        model_free(model);
    }
}
END_TEST

/* An index from a batch that was numbered by somebody else. */
START_TEST(an_index_beyond_the_last_is_an_unknown_id)
{
    static const uint32_t beyond[] = {FEW_USERS, FEW_USERS + 1, INT32_MAX,
                                      (uint32_t)INT32_MAX + 1,
                                      INDEX_UNKNOWN - 1};
    static const struct pair unknown[] = {
        {0, INDEX_UNKNOWN}, {INDEX_UNKNOWN, 0}, {INDEX_UNKNOWN, INDEX_UNKNOWN}};
    struct prediction expected[3], out[3];
    struct model *model = every_model_fit_few(_i);

    model_predict(model, unknown, 3, expected);
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        struct pair pairs[] = {
            {0, beyond[i]}, {beyond[i], 0}, {beyond[i], beyond[i]}};
        model_predict(model, pairs, 3, out);
        for (int k = 0; k < 3; k++) {
            ck_assert_int_eq(out[k].basis, expected[k].basis);
            ck_assert_double_ge(out[k].value, 0);
            ck_assert_double_le(out[k].value, 1);
        }
    }
    model_free(model);
}
END_TEST

START_TEST(stars_stay_on_their_scale)
{
    struct rating rows[FEW_ROWS];
    const struct scale stars = {1, 5};

    memcpy(rows, few_rows, sizeof(rows));
    for (int i = 0; i < FEW_ROWS; i++)
        rows[i].value = 1 + i % 9 / 2.0;
    struct model *model =
        every_model_fit(_i, &(struct numbered_rows){rows, FEW_ROWS, FEW_USERS,
                                                    FEW_ITEMS, stars});
    ck_assert_double_eq(model->scale.low, 1);
    ck_assert_double_eq(model->scale.high, 5);
    every_model_check_sane(model);
    model_free(model);
}
END_TEST

/* A robot's pair: a thousand rows, and no agreement among them. */
START_TEST(a_pair_may_be_there_a_thousand_times)
{
    enum { TIMES = 1000 };
    static struct rating rows[FEW_ROWS + TIMES];

    memcpy(rows, few_rows, sizeof(few_rows));
    for (int i = 0; i < TIMES; i++)
        rows[FEW_ROWS + i] = (struct rating){3, 1, i % 2};
    struct model *model = every_model_fit(
        _i, &(struct numbered_rows){rows, FEW_ROWS + TIMES, FEW_USERS,
                                    FEW_ITEMS, clicks});
    every_model_check_sane(model);
    model_free(model);
}
END_TEST

START_TEST(rows_of_nobody_alone_are_enough)
{
    static const struct rating rows[] = {{INDEX_UNKNOWN, 0, 1},
                                         {INDEX_UNKNOWN, 1, 0}};
    struct model *model =
        every_model_fit(_i, &(struct numbered_rows){rows, 2, 0, 2, clicks});

    every_model_check_sane(model);
    model_free(model);
}
END_TEST

START_TEST(defaults_are_within_their_ranges_and_print_back)
{
    const struct model_ops *ops = model_registry[_i];
    struct model_params defaults, again;
    char text[1024], second[1024];

    ck_assert_ok(params_start(ops, &defaults, &err), err);
    params_print(ops, &defaults, text, sizeof(text));
    ck_assert_ok(params_start(ops, &again, &err), err);
    ck_assert_ok(params_set(ops, text, &again, &err), err);
    params_print(ops, &again, second, sizeof(second));
    ck_assert_str_eq(text, second);
    ck_assert_mem_eq(&defaults, &again, sizeof(again));
    ck_assert_uint_gt(strlen(ops->summary), 0);
}
END_TEST

START_TEST(a_name_is_there_once_and_found)
{
    const struct model_ops *ops = NULL;

    ck_assert_ok(model_find(model_registry[_i]->name, &ops, &err), err);
    ck_assert_ptr_eq(ops, model_registry[_i]);
}
END_TEST

START_TEST(an_unknown_model_is_answered_with_the_known_ones)
{
    const struct model_ops *ops = NULL;

    ck_assert_refused(model_find("oracle", &ops, &err), err, ERROR_CONFIG,
                      "baseline");
    ck_assert_ptr_null(ops);
}
END_TEST

/* Biases and the counts at the front may be missing, never more. */
START_TEST(the_bytes_that_it_will_save_are_known_before_the_fit)
{
    struct buffer bytes = {0};
    struct model *model = every_model_fit_few(_i);
    struct model_extent extent = {FEW_USERS, FEW_ITEMS, 0};

    for (int i = 0; i < FEW_ROWS; i++)
        extent.rows += few_rows[i].user != INDEX_UNKNOWN;
    model->ops->save(model, &bytes);
    ck_assert(!buffer_failed(&bytes));
    if (model->ops->body_bytes) {
        uint64_t said = model->ops->body_bytes(&extent, &model->params);
        ck_assert_uint_le(said, bytes.size);
        ck_assert_uint_le(bytes.size, said + 64 + 8 * (FEW_USERS + FEW_ITEMS));
    }
    buffer_free(&bytes);
    model_free(model);
}
END_TEST

static void add_every_model_tests(TCase *tests)
{
    const int models = every_model_count();

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_loaded_model_answers_with_the_same_bits, 0,
                        models);
    tcase_add_loop_test(tests, saving_what_was_loaded_gives_the_same_bytes, 0,
                        models);
    tcase_add_loop_test(tests, two_fits_give_the_same_bytes, 0, models);
    tcase_add_loop_test(
        tests, the_bytes_that_it_will_save_are_known_before_the_fit, 0, models);
    tcase_add_loop_test(tests, predictions_are_finite_and_on_the_scale, 0,
                        models);
    tcase_add_loop_test(tests, a_batch_answers_as_single_questions_do, 0,
                        models);
    tcase_add_loop_test(tests, the_basis_says_which_ids_are_known, 0, models);
    tcase_add_loop_test(tests, a_cancelled_fit_gives_no_model, 0, models);
    tcase_add_loop_test(tests, one_row_is_enough, 0, models);
    tcase_add_loop_test(tests, constant_labels_are_learned, 0, models);
    tcase_add_loop_test(tests, an_index_beyond_the_last_is_an_unknown_id, 0,
                        models);
    tcase_add_loop_test(tests, stars_stay_on_their_scale, 0, models);
    tcase_add_loop_test(tests, a_pair_may_be_there_a_thousand_times, 0, models);
    tcase_add_loop_test(tests, rows_of_nobody_alone_are_enough, 0, models);
    tcase_add_loop_test(tests, defaults_are_within_their_ranges_and_print_back,
                        0, models);
    tcase_add_loop_test(tests, a_name_is_there_once_and_found, 0, models);
}

int main(void)
{
    Suite *suite = suite_create("model contract");
    TCase *every = tcase_create("every model");
    TCase *names = tcase_create("names");

    add_every_model_tests(every);
    tcase_add_test(names, an_unknown_model_is_answered_with_the_known_ones);
    suite_add_tcase(suite, every);
    suite_add_tcase(suite, names);
    return run_suite(suite);
}
