/*
 * fuzz_delta.c - no bytes may crash the reader of deltas, and a delta is
 * applied whole or not at all.
 *
 * The head would keep every mutation out, so it is put there first: what lies
 * behind it is what is tried here. The head has unit tests.
 */
#include "model/algorithms/fields.h"
#include "model/registry.h"
#include "model/snapshot_delta.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct model_ops *find_fields(void)
{
    const struct model_ops *ops = NULL;
    struct error err;

    if (model_find("fields", &ops, &err) < 0)
        abort();
    return ops;
}

/* A model of fields; `flags` says the precision. */
static struct model *new_model(uint8_t flags)
{
    struct model_params params;
    struct model *model = NULL;
    struct error err;

    if (params_start(find_fields(), &params, &err) < 0)
        abort();
    params.bits = 6;
    params.start = 0.25;
    params.precision = flags & 1;
    if (fields_start(&params, &model, &err) < 0)
        abort();
    return model;
}

static void add_ids(struct id_map *map, int count)
{
    struct error err;
    uint32_t index;

    for (int i = 0; i < count; i++) {
        const struct id id = id_from_number(i);
        if (id_map_add(map, &id, &index, &err) < 0)
            abort();
    }
}

/* Two users and two ads. */
static struct model *fit_biases(const char *name)
{
    static const struct rating rows[] = {{0, 0, 1}, {1, 1, 0}, {0, 1, 0}};
    const struct model_ops *ops = NULL;
    struct ratings *train = NULL;
    struct model_params params;
    struct model *model = NULL;
    struct error err;

    if (ratings_build(&(struct numbered_rows){rows, 3, 2, 2, {0, 1}}, &train,
                      &err) < 0 ||
        model_find(name, &ops, &err) < 0 ||
        params_start(ops, &params, &err) < 0)
        abort();
    params.factors = 2;
    if (model_fit(ops, train, &params, NULL, &model, &err) < 0)
        abort();
    ratings_free(train);
    return model;
}

/* `flags` says which model, and the precision. */
static struct snapshot *new_snapshot(uint8_t flags)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    struct error err;

    if (!snapshot || id_map_new(&snapshot->users, &err) < 0 ||
        id_map_new(&snapshot->ads, &err) < 0)
        abort();
    if (flags & 2) {
        add_ids(snapshot->users, 2);
        add_ids(snapshot->ads, 2);
        snapshot->model = fit_biases(flags & 4 ? "svd" : "baseline");
    } else {
        snapshot->model = new_model(flags);
    }
    return snapshot;
}

static struct digest state_of(const struct snapshot *snapshot)
{
    struct buffer bytes = {0};
    struct error err;

    if (snapshot_encode(snapshot, &bytes, &err) < 0)
        abort();
    struct digest digest = digest_of(bytes.bytes, bytes.size);
    buffer_free(&bytes);
    return digest;
}

/* The head of the delta that comes next, and the data behind it. */
static struct buffer make(const struct snapshot *snapshot, const uint8_t *data,
                          size_t size)
{
    struct buffer bytes = {0};
    const struct snapshot_delta head = {.epoch = 1,
                                        .base = snapshot->sha256,
                                        .number = snapshot->delta + 1,
                                        .before = *snapshot_state(snapshot)};

    snapshot_delta_begin(&head, &bytes);
    buffer_append(&bytes, data, size);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;

    if (size == 0)
        return 0;
    struct snapshot *snapshot = new_snapshot(data[0]);
    struct digest before = state_of(snapshot);
    struct buffer bytes = make(snapshot, data + 1, size - 1);
    int status =
        snapshot_delta_apply(snapshot, 1, bytes.bytes, bytes.size, &err);
    struct digest after = state_of(snapshot);

    if (status < 0 && (snapshot->delta != 0 ||
                       memcmp(before.bytes, after.bytes, DIGEST_SIZE) != 0))
        abort();
    if (status == 0 &&
        (snapshot->delta != 1 || snapshot_probe(snapshot, &err) < 0))
        abort();
    buffer_free(&bytes);
    snapshot_free(snapshot);
    return 0;
}
