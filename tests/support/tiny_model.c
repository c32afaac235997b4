#include "support/tiny_model.h"

#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 2000 };

/* Below `limit`. */
static uint32_t draw(uint64_t *state, uint32_t limit)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*state >> 33) % limit;
}

static void add_ids(struct snapshot *snapshot)
{
    struct error err;
    uint32_t index;
    char name[16];

    ck_assert_ok(id_map_new(&snapshot->users, &err), err);
    ck_assert_ok(id_map_new(&snapshot->ads, &err), err);
    for (int64_t i = 0; i < TINY_USERS; i++) {
        struct id user = id_from_number(i);
        ck_assert_ok(id_map_add(snapshot->users, &user, &index, &err), err);
    }
    for (int i = 0; i < TINY_ADS; i++) {
        int size = snprintf(name, sizeof(name), "ad%d", i);
        struct id ad = id_from_text(name, (size_t)size);
        ck_assert_ok(id_map_add(snapshot->ads, &ad, &index, &err), err);
    }
}

static struct model *fit(uint64_t seed)
{
    static struct rating rows[ROWS];
    struct error err;
    struct ratings *ratings = NULL;
    const struct model_ops *ops;
    struct model_params params;
    struct model *model = NULL;

    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = (struct rating){i < TINY_USERS ? i : draw(&seed, TINY_USERS),
                                  i < TINY_ADS ? i : draw(&seed, TINY_ADS),
                                  draw(&seed, 4) == 0};
    ck_assert_ok(
        ratings_build(
            &(struct numbered_rows){rows, ROWS, TINY_USERS, TINY_ADS, {0, 1}},
            &ratings, &err),
        err);
    ck_assert_ok(model_find("baseline", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(model_fit(ops, ratings, &params, NULL, &model, &err), err);
    ratings_free(ratings);
    return model;
}

struct snapshot *tiny_model(uint64_t seed)
{
    struct error err;
    struct buffer bytes = {0};
    struct snapshot *loaded = NULL;
    struct snapshot *made = calloc(1, sizeof(*made));

    ck_assert_ptr_nonnull(made);
    add_ids(made);
    made->model = fit(seed);
    made->rows = ROWS;
    ck_assert_ok(snapshot_encode(made, &bytes, &err), err);
    ck_assert_ok(snapshot_decode(bytes.bytes, bytes.size, &loaded, &err), err);
    buffer_free(&bytes);
    snapshot_free(made);
    return loaded;
}

struct prediction tiny_model_predict(const struct snapshot *snapshot,
                                     const struct id *user, const struct id *ad)
{
    struct pair pair = {id_map_find(snapshot->users, user),
                        id_map_find(snapshot->ads, ad)};
    struct prediction answer;

    model_predict(snapshot->model, &pair, 1, &answer);
    return answer;
}
