/*
 * check_model_contract.c - what every model in the registry promises.
 *
 * Each test runs once per model: a new model is covered the moment it is
 * added to model_registry[].
 */
#include "support/run_suite.h"

#include "model/bytes_reader.h"
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

static const struct scale clicks = {0, 1};

/* Users with one row and with many, pairs that occur several times, and two
 * rows of nobody, one of them the only one of its ad. */
static const struct rating tiny[] = {
    {0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {0, 0, 0},
    {2, 2, 1}, {1, 1, 1}, {2, 0, 0}, {INDEX_UNKNOWN, 0, 1},
    {3, 2, 0}, {1, 2, 1}, {0, 0, 1}, {INDEX_UNKNOWN, 3, 1},
};
enum { TINY = sizeof(tiny) / sizeof(tiny[0]), USERS = 4, ITEMS = 4 };

enum { PAIRS = (USERS + 1) * (ITEMS + 1) };

static struct error err;

/* Every pair, with the unknown user and ad. */
static void all_pairs(struct pair pairs[PAIRS])
{
    for (uint32_t i = 0; i < PAIRS; i++) {
        uint32_t user = i / (ITEMS + 1), item = i % (ITEMS + 1);
        pairs[i] = (struct pair){user == USERS ? INDEX_UNKNOWN : user,
                                 item == ITEMS ? INDEX_UNKNOWN : item};
    }
}

static struct ratings *build(const struct rating *rows, size_t count,
                             uint32_t users, uint32_t items)
{
    struct ratings *ratings = NULL;

    ck_assert_ok(
        ratings_build(rows, count, users, items, clicks, &ratings, &err), err);
    return ratings;
}

static struct model *fit(int which, const struct rating *rows, size_t count,
                         uint32_t users, uint32_t items)
{
    const struct model_ops *ops = model_registry[which];
    struct ratings *train = build(rows, count, users, items);
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    ratings_free(train);
    return model;
}

static struct model *fit_tiny(int which)
{
    return fit(which, tiny, TINY, USERS, ITEMS);
}

static struct model *reload(const struct model *model)
{
    struct buffer bytes = {0};
    struct model *loaded = NULL;

    model_save(model, &bytes);
    ck_assert(!buffer_failed(&bytes));
    struct bytes_reader from = {bytes.bytes, bytes.size, false};
    ck_assert_ok(model_load(&from, &loaded, &err), err);
    ck_assert_uint_eq(from.left, 0);
    buffer_free(&bytes);
    return loaded;
}

static void check_sane(const struct model *model)
{
    struct pair pairs[PAIRS];
    struct prediction out[PAIRS];

    all_pairs(pairs);
    model_predict(model, pairs, PAIRS, out);
    for (int i = 0; i < PAIRS; i++)
        ck_assert_msg(out[i].value >= 0 && out[i].value <= 1,
                      "%s: user %u, ad %u: %g", model->ops->name, pairs[i].user,
                      pairs[i].item, out[i].value);
}

START_TEST(a_loaded_model_answers_with_the_same_bits)
{
    struct pair pairs[PAIRS];
    struct prediction before[PAIRS], after[PAIRS];
    struct model *model = fit_tiny(_i), *loaded = reload(model);

    all_pairs(pairs);
    model_predict_unclipped(model, pairs, PAIRS, before);
    model_predict_unclipped(loaded, pairs, PAIRS, after);
    for (int i = 0; i < PAIRS; i++) {
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
    struct buffer first = {0}, second = {0};
    struct model *model = fit_tiny(_i), *loaded = reload(model);

    model_save(model, &first);
    model_save(loaded, &second);
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.bytes, second.bytes, first.size);
    buffer_free(&first);
    buffer_free(&second);
    model_free(model);
    model_free(loaded);
}
END_TEST

START_TEST(two_fits_give_the_same_bytes)
{
    struct buffer first = {0}, second = {0};
    struct model *a = fit_tiny(_i), *b = fit_tiny(_i);

    model_save(a, &first);
    model_save(b, &second);
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.bytes, second.bytes, first.size);
    buffer_free(&first);
    buffer_free(&second);
    model_free(a);
    model_free(b);
}
END_TEST

/* Each length is copied into memory of just that size, so that a sanitizer
 * sees every byte read past the end. */
START_TEST(a_cut_model_is_refused_at_every_length)
{
    struct buffer bytes = {0};
    struct model *model = fit_tiny(_i);

    model_save(model, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct model *loaded = NULL;
        uint8_t *cut = malloc(size + 1);
        ck_assert_ptr_nonnull(cut);
        memcpy(cut, bytes.bytes, size);
        uint8_t *exact = realloc(cut, size ? size : 1);
        ck_assert_ptr_nonnull(exact);
        struct bytes_reader from = {exact, size, false};
        ck_assert_msg(model_load(&from, &loaded, &err) < 0,
                      "%s: %zu of %zu bytes were accepted", model->ops->name,
                      size, bytes.size);
        ck_assert_ptr_null(loaded);
        free(exact);
    }
    buffer_free(&bytes);
    model_free(model);
}
END_TEST

/* A damaged file is caught by its digest; a forged one may still not crash
 * the program or bring a number off the scale. */
START_TEST(a_forged_model_is_refused_or_sane)
{
    struct buffer bytes = {0};
    struct model *model = fit_tiny(_i);

    model_save(model, &bytes);
    for (size_t at = 0; at < bytes.size; at++) {
        struct model *loaded = NULL;
        uint8_t before = bytes.bytes[at];
        bytes.bytes[at] = (uint8_t)(before ^ 0xff);
        struct bytes_reader from = {bytes.bytes, bytes.size, false};
        if (model_load(&from, &loaded, &err) == 0 && loaded->users == USERS &&
            loaded->items == ITEMS && loaded->scale.low == 0 &&
            loaded->scale.high == 1)
            check_sane(loaded);
        model_free(loaded);
        bytes.bytes[at] = before;
    }
    buffer_free(&bytes);
    model_free(model);
}
END_TEST

START_TEST(predictions_are_finite_and_on_the_scale)
{
    struct model *model = fit_tiny(_i);

    check_sane(model);
    model_free(model);
}
END_TEST

START_TEST(a_batch_answers_as_single_questions_do)
{
    struct pair pairs[PAIRS];
    struct prediction batch[PAIRS], single;
    struct model *model = fit_tiny(_i);

    all_pairs(pairs);
    model_predict(model, pairs, PAIRS, batch);
    for (int i = PAIRS - 1; i >= 0; i--) {
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
    struct model *model = fit_tiny(_i);

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
    struct ratings *train = build(tiny, TINY, USERS, ITEMS);
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
    struct model *model = fit(_i, one, 1, 1, 1);

    check_sane(model);
    model_free(model);
}
END_TEST

START_TEST(constant_labels_are_learned)
{
    struct rating rows[TINY];

    for (int label = 0; label <= 1; label++) {
        memcpy(rows, tiny, sizeof(rows));
        for (int i = 0; i < TINY; i++)
            rows[i].value = label;
        struct model *model = fit(_i, rows, TINY, USERS, ITEMS);
        ck_assert_double_eq(model->mean, label);
        check_sane(model);
        model_free(model);
    }
}
END_TEST

START_TEST(rows_of_nobody_alone_are_enough)
{
    static const struct rating rows[] = {{INDEX_UNKNOWN, 0, 1},
                                         {INDEX_UNKNOWN, 1, 0}};
    struct model *model = fit(_i, rows, 2, 0, 2);

    check_sane(model);
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

static void add_every_model_tests(TCase *tests)
{
    int models = 0;

    while (model_registry[models])
        models++;
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_loaded_model_answers_with_the_same_bits, 0,
                        models);
    tcase_add_loop_test(tests, saving_what_was_loaded_gives_the_same_bytes, 0,
                        models);
    tcase_add_loop_test(tests, two_fits_give_the_same_bytes, 0, models);
    tcase_add_loop_test(tests, a_cut_model_is_refused_at_every_length, 0,
                        models);
    tcase_add_loop_test(tests, a_forged_model_is_refused_or_sane, 0, models);
    tcase_add_loop_test(tests, predictions_are_finite_and_on_the_scale, 0,
                        models);
    tcase_add_loop_test(tests, a_batch_answers_as_single_questions_do, 0,
                        models);
    tcase_add_loop_test(tests, the_basis_says_which_ids_are_known, 0, models);
    tcase_add_loop_test(tests, a_cancelled_fit_gives_no_model, 0, models);
    tcase_add_loop_test(tests, one_row_is_enough, 0, models);
    tcase_add_loop_test(tests, constant_labels_are_learned, 0, models);
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
