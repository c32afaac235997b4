#include "support/small_snapshot.h"

#include "support/run_suite.h"

#include "common/base/digest.h"

#include "model/snapshot.h"

#include <math.h>
#include <string.h>

static struct error err;

static struct id_map *make_ids(void)
{
    struct id_map *map = NULL;

    ck_assert_ok(id_map_new(&map, &err), err);
    for (int i = 0; i < SMALL_SNAPSHOT_IDS; i++) {
        struct id id = id_from_number(i);
        uint32_t index;
        ck_assert_ok(id_map_add(map, &id, &index, &err), err);
    }
    return map;
}

static struct model *make_model(uint64_t seed)
{
    struct rating rows[SMALL_SNAPSHOT_IDS];
    const struct model_ops *ops = NULL;
    const struct model_params params = {.threads = 1, .prior_weight = 0.5};
    struct ratings *ratings = NULL;
    struct model *model = NULL;

    for (uint32_t i = 0; i < SMALL_SNAPSHOT_IDS; i++) {
        uint64_t mixed = (i + 1 + seed) * 0x9e3779b97f4a7c15u;
        rows[i] =
            (struct rating){i, i, (double)(mixed >> 11) / 9007199254740992.0};
    }
    ck_assert_ok(model_find("popular", &ops, &err), err);
    ck_assert_ok(ratings_build(&(struct numbered_rows){rows,
                                                       SMALL_SNAPSHOT_IDS,
                                                       SMALL_SNAPSHOT_IDS,
                                                       SMALL_SNAPSHOT_IDS,
                                                       {0, 1}},
                               &ratings, &err),
                 err);
    ck_assert_ok(model_fit(ops, ratings, &params, NULL, &model, &err), err);
    ratings_free(ratings);
    return model;
}

void small_snapshot(uint64_t seed, struct buffer *out)
{
    struct snapshot snapshot = {.users = make_ids(),
                                .ads = make_ids(),
                                .model = make_model(seed),
                                .rows = SMALL_SNAPSHOT_IDS};

    ck_assert_ok(snapshot_encode(&snapshot, out, &err), err);
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
    model_free(snapshot.model);
}

/* The last number in front of the digest is the rate of the last ad. */
void small_snapshot_not_finite(uint64_t seed, struct buffer *out)
{
    const double nan = (double)NAN;

    small_snapshot(seed, out);
    size_t end = out->size - DIGEST_SIZE;
    memcpy(out->bytes + end - sizeof(nan), &nan, sizeof(nan));
    struct digest digest = digest_of(out->bytes, end);
    memcpy(out->bytes + end, digest.bytes, DIGEST_SIZE);
}
