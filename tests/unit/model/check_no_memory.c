/*
 * check_no_memory.c - every allocation of every model fails once: a fit and a
 * load then fail with ERROR_MEMORY, so that nothing that was read is blamed,
 * and free what they had.
 */
#include "support/failing_memory.h"
#include "support/run_suite.h"

#include "common/base/bytes_reader.h"
#include "model/model.h"

static struct error err;

static struct ratings *some_rows(void)
{
    enum { ROWS = 60 };
    struct rating rows[ROWS];
    struct ratings *ratings = NULL;

    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = (struct rating){i % 7, i * i % 5, i % 3 == 0};
    rows[0].user = INDEX_UNKNOWN;
    if (ratings_build(&(struct numbered_rows){rows, ROWS, 7, 5, {0, 1}},
                      &ratings, &err) < 0)
        return NULL;
    return ratings;
}

START_TEST(rows)
{
    struct ratings *built = NULL;
    long n = 0;

    for (; !built; n++) {
        err = (struct error){0};
        failing_memory_after(n);
        built = some_rows();
        failing_memory_after(-1);
        ck_assert(built || err.code == ERROR_MEMORY);
    }
    ck_assert_int_gt(n, 1);
    ratings_free(built);
}
END_TEST

static const char *const variants[][2] = {
    {"random", ""},
    {"normal", ""},
    {"popular", ""},
    {"baseline", ""},
    {"knn", ""},
    {"knn-zscore", "user_based=false"},
    {"knn-baseline", "similarity=pearson_baseline"},
    {"svd", ""},
    {"svd", "solver=fast"},
    {"svdpp", ""},
    {"nmf", ""},
    {"nmf", "biased=true"},
    {"slope-one", ""},
    {"co-clustering", ""},
    {"fields", ""},
    {"fields", "precision=double fields=ad"},
};
enum { VARIANTS = sizeof(variants) / sizeof(variants[0]) };

/* Fits with the n-th allocation failing for n = 0, 1, 2.. until it works. */
static struct model *fit_at_last(int which, const struct ratings *built)
{
    const struct model_ops *ops;
    struct model_params params;
    struct model *model = NULL;
    long n = 0;

    ck_assert_ok(model_find(variants[which][0], &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    if (variants[which][1][0] != '\0')
        ck_assert_ok(params_set(ops, variants[which][1], &params, &err), err);
    for (int status = -1; status < 0; n++) {
        err = (struct error){0};
        failing_memory_after(n);
        status = model_fit(ops, built, &params, NULL, &model, &err);
        failing_memory_after(-1);
        ck_assert(status == 0 || err.code == ERROR_MEMORY);
    }
    ck_assert_int_gt(n, 1);
    return model;
}

static struct model *load_at_last(const struct buffer *bytes, uint32_t users,
                                  uint32_t items)
{
    struct model *model = NULL;
    long n = 0;

    for (int status = -1; status < 0; n++) {
        struct bytes_reader from = {.at = bytes->bytes, .left = bytes->size};
        err = (struct error){0};
        failing_memory_after(n);
        status = model_load(&from, users, items, &model, &err);
        failing_memory_after(-1);
        ck_assert(status == 0 || err.code == ERROR_MEMORY);
    }
    ck_assert_int_gt(n, 1);
    return model;
}

START_TEST(fit_and_load)
{
    struct ratings *built = some_rows();
    struct buffer bytes = {0};
    const struct pair pair = {1, 1};
    struct prediction before, after;

    ck_assert_ptr_nonnull(built);
    struct model *model = fit_at_last(_i, built);
    model_save(model, &bytes);
    ck_assert(!buffer_failed(&bytes));
    struct model *loaded = load_at_last(&bytes, model->users, model->items);
    model_predict(model, &pair, 1, &before);
    model_predict(loaded, &pair, 1, &after);
    ck_assert_double_eq(before.value, after.value);
    model_free(model);
    model_free(loaded);
    buffer_free(&bytes);
    ratings_free(built);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("no memory");
    TCase *tests = tcase_create("each allocation fails once");

    tcase_add_test(tests, rows);
    tcase_add_loop_test(tests, fit_and_load, 0, VARIANTS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
