#include "support/every_model.h"

#include "support/run_suite.h"

#include <string.h>

const struct rating few_rows[FEW_ROWS] = {
    {0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {0, 0, 0},
    {2, 2, 1}, {1, 1, 1}, {2, 0, 0}, {INDEX_UNKNOWN, 0, 1},
    {3, 2, 0}, {1, 2, 1}, {0, 0, 1}, {INDEX_UNKNOWN, 3, 1},
};

const struct scale clicks = {0, 1};

const struct numbered_rows few_numbered = {
    few_rows, FEW_ROWS, FEW_USERS, FEW_ITEMS, {0, 1}};

int every_model_count(void)
{
    int models = 0;

    while (model_registry[models])
        models++;
    return models;
}

struct ratings *every_model_ratings(const struct numbered_rows *rows)
{
    struct ratings *ratings = NULL;
    struct error err;

    ck_assert_ok(ratings_build(rows, &ratings, &err), err);
    return ratings;
}

static struct model *fit(int which, const char *key, const char *text,
                         const struct ratings *train)
{
    const struct model_ops *ops = model_registry[which];
    struct model_params params;
    struct model *model = NULL;
    struct error err;

    ck_assert_ok(params_start(ops, &params, &err), err);
    for (const struct config_key *at = ops->keys; key && at->name; at++)
        if (strcmp(at->name, key) == 0)
            ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    return model;
}

struct model *every_model_fit(int which, const struct numbered_rows *rows)
{
    struct ratings *train = every_model_ratings(rows);
    struct model *model = fit(which, NULL, NULL, train);

    ratings_free(train);
    return model;
}

struct model *every_model_fit_few(int which)
{
    return every_model_fit(which, &few_numbered);
}

struct model *every_model_fit_small(int which)
{
    struct ratings *train = every_model_ratings(&few_numbered);
    struct model *model = fit(which, "factors", "factors=3", train);

    ratings_free(train);
    return model;
}

void every_model_check_same_bytes(const struct model *a, const struct model *b)
{
    struct buffer first = {0}, second = {0};

    model_save(a, &first);
    model_save(b, &second);
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.bytes, second.bytes, first.size);
    buffer_free(&first);
    buffer_free(&second);
}

void every_model_pairs(struct pair pairs[FEW_PAIRS])
{
    for (uint32_t i = 0; i < FEW_PAIRS; i++) {
        uint32_t user = i / (FEW_ITEMS + 1), item = i % (FEW_ITEMS + 1);
        pairs[i] = (struct pair){user == FEW_USERS ? INDEX_UNKNOWN : user,
                                 item == FEW_ITEMS ? INDEX_UNKNOWN : item};
    }
}

void every_model_check_sane(const struct model *model)
{
    struct pair pairs[FEW_PAIRS];
    struct prediction out[FEW_PAIRS];

    every_model_pairs(pairs);
    model_predict(model, pairs, FEW_PAIRS, out);
    for (int i = 0; i < FEW_PAIRS; i++)
        ck_assert_msg(out[i].value >= model->scale.low &&
                          out[i].value <= model->scale.high,
                      "%s: user %u, ad %u: %g", model->ops->name, pairs[i].user,
                      pairs[i].item, out[i].value);
}
