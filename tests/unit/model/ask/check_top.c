/*
 * check_top.c - the first n are those of a full ranking by the model's own
 * estimates, for every model, bit by bit.
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include "common/base/random.h"

#include "model/algorithms/factors.h"
#include "model/ask/top.h"
#include "model/registry.h"

#include <stdlib.h>
#include <string.h>

enum { USERS = 70, ITEMS = 2500, ROWS = 12000 }; /* more than a block of each */

static struct error err;

/* Ads of several ages: values 0 and 1, some users without taste. */
static struct ratings *clicks(void)
{
    static struct rating rows[ROWS];
    struct ratings *train = NULL;
    uint64_t state = 42;

    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t user = (uint32_t)(random_uniform(&state) * USERS);
        uint32_t item = (uint32_t)(random_uniform(&state) * ITEMS);
        rows[i] = (struct rating){i < USERS ? i : user, i < ITEMS ? i : item,
                                  random_uniform(&state) < 0.3};
    }
    ck_assert_ok(
        ratings_build(&(struct numbered_rows){rows, ROWS, USERS, ITEMS, {0, 1}},
                      &train, &err),
        err);
    return train;
}

static struct model *fit(const char *name, const char *text)
{
    const struct model_ops *ops;
    struct model_params params;
    struct model *model = NULL;
    struct ratings *train = clicks();

    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    ratings_free(train);
    return model;
}

/* --- The slow way ----------------------------------------------------- */

static int falling(const void *a, const void *b)
{
    const struct top_entry *x = a, *y = b;

    if (x->estimate > y->estimate || x->estimate < y->estimate)
        return x->estimate > y->estimate ? -1 : 1;
    return x->item < y->item ? -1 : 1;
}

static size_t slow_ranking(const struct model *model,
                           const struct top_request *request,
                           struct top_entry *out)
{
    size_t count = 0, seen = 0;

    for (uint32_t i = 0; i < model->items; i++) {
        struct pair pair = {request->user, i};
        struct prediction prediction;
        while (seen < request->seen_count && request->seen[seen] < i)
            seen++;
        if (seen < request->seen_count && request->seen[seen] == i)
            continue;
        model_predict_unclipped(model, &pair, 1, &prediction);
        out[count++] = (struct top_entry){i, prediction.value};
    }
    qsort(out, count, sizeof(*out), falling);
    return count;
}

static void compare(const struct model *model,
                    const struct top_request *request, uint32_t n)
{
    static struct top_entry slow[ITEMS];
    size_t all = slow_ranking(model, request, slow);

    ck_assert_uint_eq(request->found, all < n ? all : n);
    for (size_t i = 0; i < request->found; i++) {
        ck_assert_uint_eq(request->out[i].item, slow[i].item);
        ck_assert_double_eq(request->out[i].estimate, slow[i].estimate);
    }
}

/* Every user, and two that nobody knows; the odd ones have seen every third
 * ad. */
static void check_ranking(const struct model *model, uint32_t n)
{
    enum { REQUESTS = USERS + 2 };
    static uint32_t seen[ITEMS / 3 + 1];
    static struct top_entry out[REQUESTS][ITEMS];
    struct top_request requests[REQUESTS] = {0};
    size_t seen_count = 0;

    for (uint32_t i = 0; i < ITEMS; i += 3)
        seen[seen_count++] = i;
    for (uint32_t r = 0; r < REQUESTS; r++) {
        requests[r] = (struct top_request){.user = r, .out = out[r]};
        if (r % 2) {
            requests[r].seen = seen;
            requests[r].seen_count = seen_count;
        }
    }
    requests[USERS].user = INDEX_UNKNOWN;
    ck_assert_ok(top_rank(model, requests, REQUESTS, n, &err), err);
    for (uint32_t r = 0; r < REQUESTS; r += r < 4 || r >= USERS - 4 ? 1 : 13)
        compare(model, &requests[r], n);
}

/* --- Every model ------------------------------------------------------ */

static const struct {
    const char *model, *params;
} cases[] = {
    {"random", ""},
    {"normal", ""},
    {"popular", ""},
    {"baseline", ""},
    {"svd", "factors=17 epochs=3"},
    {"svd",
     "factors=100 epochs=2 init_std=3"}, /* diverges: many are no number */
    {"svd", "factors=100 epochs=1 init_std=0.5"}, /* much rounding */
    {"svd", "factors=8 epochs=3 biased=false"},
    {"svd", "factors=24 epochs=3 solver=fast"},
    {"svdpp", "factors=5 epochs=2"},
    {"nmf", "factors=6 epochs=5"},
    {"co-clustering", "epochs=2"},
    {"knn", "k=5"},
    {"slope-one", ""},
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

START_TEST(the_first_are_those_of_a_full_ranking)
{
    static const uint32_t sizes[] = {1, 10, ITEMS};
    struct model *model = fit(cases[_i].model, cases[_i].params);

    for (int s = 0; s < 3; s++)
        check_ranking(model, sizes[s]);
    model_free(model);
}
END_TEST

/* A bound below an estimate would lose an ad that nearly ties. */
START_TEST(no_estimate_is_above_its_bound)
{
    static const struct {
        const char *params;
        double slack;
    } models[] = {{"factors=100 epochs=1 init_std=0.5", 1e-9},
                  {"factors=8 epochs=3 biased=false", 1e-12},
                  {"factors=24 epochs=3 solver=fast", 1e-4}};
    enum { ASKED = 3, FIRST = 5, COUNT = ITEMS - FIRST };
    static const uint32_t users[ASKED] = {7, USERS, 0};
    static double bounds[ASKED][COUNT];
    struct model *model = fit("svd", models[_i].params);
    const struct factors *factors = factors_of(model);
    void *scratch = malloc(factors_bounds_scratch(factors, ASKED, COUNT));

    ck_assert_ptr_nonnull(scratch);
    factors_bounds(factors, &(struct factors_block){users, ASKED, FIRST, COUNT},
                   scratch, bounds[0]);
    for (int u = 0; u < ASKED; u++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            struct pair pair = {users[u], FIRST + i};
            struct prediction out;
            model_predict_unclipped(model, &pair, 1, &out);
            ck_assert_double_ge(bounds[u][i], out.value);
            if (users[u] < USERS)
                ck_assert_double_le(bounds[u][i], out.value + models[_i].slack);
        }
    }
    free(scratch);
    model_free(model);
}
END_TEST

START_TEST(many_equal_estimates_keep_the_order_of_the_ads)
{
    /* One factor that is 0 for all: everybody likes every ad the same. */
    struct model *model =
        fit("svd", "factors=1 epochs=1 biased=false init_std=0 init_mean=0");

    check_ranking(model, 10);
    model_free(model);
}
END_TEST

START_TEST(nothing_is_left_when_all_is_seen)
{
    static uint32_t seen[ITEMS];
    struct top_entry out[3];
    struct top_request request = {
        .seen = seen, .seen_count = ITEMS, .out = out};
    struct model *model = fit("svd", "epochs=1");

    for (uint32_t i = 0; i < ITEMS; i++)
        seen[i] = i;
    ck_assert_ok(top_rank(model, &request, 1, 3, &err), err);
    ck_assert_uint_eq(request.found, 0);
    request.seen_count = ITEMS - 1;
    ck_assert_ok(top_rank(model, &request, 1, 3, &err), err);
    ck_assert_uint_eq(request.found, 1);
    ck_assert_uint_eq(out[0].item, ITEMS - 1);
    model_free(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("top");
    TCase *tests = tcase_create("ranking");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, the_first_are_those_of_a_full_ranking, 0, CASES);
    tcase_add_loop_test(tests, no_estimate_is_above_its_bound, 0, 3);
    tcase_add_test(tests, many_equal_estimates_keep_the_order_of_the_ads);
    tcase_add_test(tests, nothing_is_left_when_all_is_seen);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
