#include "support/fold_world.h"

#include "support/run_suite.h"

#include "model/registry.h"

#include <stdio.h>
#include <string.h>

const char *const fold_models[FOLD_MODELS][2] = {
    {"baseline", ""},
    {"baseline", "bsl_method=sgd"},
    {"svd", "factors=5 epochs=30"},
    {"svd", "factors=5 epochs=30 solver=fast"},
    {"svdpp", "factors=4 epochs=25"},
};

struct fold_world folded;
static struct error err;

/* --- A fit ------------------------------------------------------------ */

struct id fold_world_user(int user)
{
    return id_from_number(1000 + user);
}

struct id fold_world_ad(int ad)
{
    static char names[FOLD_ALL_ADS][16];
    int size = snprintf(names[ad], sizeof(names[ad]), "ad-%d", ad);

    return id_from_text(names[ad], (size_t)size);
}

static void make_rows(void)
{
    memset(folded.user_rows, 0, sizeof(folded.user_rows));
    memset(folded.ad_rows, 0, sizeof(folded.ad_rows));
    for (uint32_t i = 0; i < FOLD_ROWS; i++) {
        folded.rows[i] = (struct rating){i % FOLD_USERS, i * i / 3 % FOLD_ADS,
                                         (i * 7 + i / 5) % 4 == 0};
        if (i > FOLD_USERS && i % 11 == 0)
            folded.rows[i].user = INDEX_UNKNOWN;
        else
            folded.user_rows[folded.rows[i].user]++;
        folded.ad_rows[folded.rows[i].item]++;
    }
}

struct id_map *fold_world_ids(int count, struct id (*of)(int))
{
    struct id_map *map = NULL;
    uint32_t index;

    ck_assert_ok(id_map_new(&map, &err), err);
    for (int i = 0; i < count; i++) {
        const struct id id = of(i);
        ck_assert_ok(id_map_add(map, &id, &index, &err), err);
    }
    return map;
}

struct model *fold_world_fit(const char *name, const char *params)
{
    struct ratings *train = NULL;
    const struct model_ops *ops = NULL;
    struct model_params with;
    struct model *model = NULL;

    make_rows();
    ck_assert_ok(ratings_build(
                     &(struct numbered_rows){
                         folded.rows, FOLD_ROWS, FOLD_USERS, FOLD_ADS, {0, 1}},
                     &train, &err),
                 err);
    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &with, &err), err);
    ck_assert_ok(params_set(ops, params, &with, &err), err);
    ck_assert_ok(model_fit(ops, train, &with, NULL, &model, &err), err);
    ratings_free(train);
    model->calibration = (struct calibration){.slope = 2, .offset = -1};
    return model;
}

struct snapshot *fold_world_decode(const struct buffer *whole)
{
    struct snapshot *snapshot = NULL;

    ck_assert_ok(snapshot_decode(whole->bytes, whole->size, &snapshot, &err),
                 err);
    return snapshot;
}

void fold_world_start(const char *name, const char *params, uint64_t ids_max)
{
    struct snapshot made = {.users =
                                fold_world_ids(FOLD_USERS, fold_world_user),
                            .ads = fold_world_ids(FOLD_ADS, fold_world_ad),
                            .model = fold_world_fit(name, params),
                            .rows = FOLD_ROWS};
    struct buffer whole = {0};

    ck_assert_ok(snapshot_encode(&made, &whole, &err), err);
    id_map_free(made.users);
    id_map_free(made.ads);
    model_free(made.model);
    folded.fitted = fold_world_decode(&whole);
    ck_assert(bias_fold_is_for(folded.fitted));
    ck_assert_ok(
        bias_fold_new(fold_world_decode(&whole),
                      &(struct bias_rows){folded.user_rows, folded.ad_rows},
                      ids_max, &folded.fold, &err),
        err);
    buffer_free(&whole);
}

void fold_world_stop(void)
{
    bias_fold_free(folded.fold);
    snapshot_free(folded.fitted);
    folded.fold = NULL;
    folded.fitted = NULL;
}

/* --- What is learned -------------------------------------------------- */

void fold_world_learn(int user, int ad, double label)
{
    const struct id u = fold_world_user(user), a = fold_world_ad(ad);

    ck_assert_ok(
        bias_fold_learn(folded.fold,
                        &(struct bias_row){user == FOLD_NOBODY ? NULL : &u, &a},
                        label, &err),
        err);
}

void fold_world_correct(int user, int ad, double change)
{
    const struct id u = fold_world_user(user), a = fold_world_ad(ad);

    bias_fold_correct(folded.fold,
                      &(struct bias_row){user == FOLD_NOBODY ? NULL : &u, &a},
                      change);
}

struct fold_label fold_world_label(int number)
{
    return (struct fold_label){number % 13 == 0 ? FOLD_NOBODY
                                                : number * 7 % FOLD_ALL_USERS,
                               number * number % FOLD_ALL_ADS, number % 3 == 0};
}
