/*
 * check_no_memory.c - every allocation of every model fails once: a fit and a
 * load then fail with a text, free what they had and do no more.
 *
 * The linker leads the allocations of model/ and common/ here (--wrap).
 */
#include "support/run_suite.h"

#include "model/bytes_reader.h"
#include "model/model.h"

#include <stdlib.h>

static struct error err;
static long until_failure = -1; /* below 0: none fails */

/* The linker gives them these names. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static int fails(void)
{
    return until_failure >= 0 && until_failure-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

static struct ratings *some_rows(void)
{
    enum { ROWS = 60 };
    struct rating rows[ROWS];
    struct ratings *ratings = NULL;

    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = (struct rating){i % 7, i * i % 5, i % 3 == 0};
    rows[0].user = INDEX_UNKNOWN;
    if (ratings_build(rows, ROWS, 7, 5, (struct scale){0, 1}, &ratings, &err) <
        0)
        return NULL;
    return ratings;
}

START_TEST(rows)
{
    struct ratings *train = NULL;
    long n = 0;

    for (; !train; n++) {
        err.text[0] = '\0';
        until_failure = n;
        train = some_rows();
        until_failure = -1;
        ck_assert(train || err.text[0] != '\0');
    }
    ck_assert_int_gt(n, 1);
    ratings_free(train);
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
};
enum { VARIANTS = sizeof(variants) / sizeof(variants[0]) };

/* Fits with the n-th allocation failing for n = 0, 1, 2.. until it works. */
static struct model *fit_at_last(int which, const struct ratings *train)
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
        err.text[0] = '\0';
        until_failure = n;
        status = model_fit(ops, train, &params, NULL, &model, &err);
        until_failure = -1;
        ck_assert(status == 0 || err.text[0] != '\0');
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
        struct bytes_reader from = {bytes->bytes, bytes->size, false};
        err.text[0] = '\0';
        until_failure = n;
        status = model_load(&from, users, items, &model, &err);
        until_failure = -1;
        ck_assert(status == 0 || err.text[0] != '\0');
    }
    ck_assert_int_gt(n, 1);
    return model;
}

START_TEST(fit_and_load)
{
    struct ratings *train = some_rows();
    struct buffer bytes = {0};
    const struct pair pair = {1, 1};
    struct prediction before, after;

    ck_assert_ptr_nonnull(train);
    struct model *model = fit_at_last(_i, train);
    model_save(model, &bytes);
    ck_assert(!buffer_failed(&bytes));
    struct model *loaded = load_at_last(&bytes, model->users, model->items);
    model_predict(model, &pair, 1, &before);
    model_predict(loaded, &pair, 1, &after);
    ck_assert_double_eq(before.value, after.value);
    model_free(model);
    model_free(loaded);
    buffer_free(&bytes);
    ratings_free(train);
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
