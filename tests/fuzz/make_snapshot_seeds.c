/*
 * make_snapshot_seeds.c - writes one small snapshot per registered model.
 *
 *   make_snapshot_seeds DIRECTORY
 *
 * For tests/fuzz/corpus/fuzz_snapshot/; the one of "baseline" is also the
 * example of docs/snapshot-format.md and tests/golden/snapshot_1.snap. Run it
 * after adding a model.
 */
#include "model/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add(struct id_map *map, const char *name, struct error *err)
{
    struct id id = id_from_text(name, strlen(name));
    uint32_t index;

    return id_map_add(map, &id, &index, err);
}

static int fit(const struct model_ops *ops, struct snapshot *out,
               struct error *err)
{
    static const struct rating rows[] = {{0, 0, 1}, {1, 0, 0}};
    struct ratings *train = NULL;
    struct model_params params;
    int status = -1;

    if (id_map_new(&out->users, err) < 0 || id_map_new(&out->ads, err) < 0 ||
        add(out->users, "u1", err) < 0 || add(out->users, "7", err) < 0 ||
        add(out->ads, "ad", err) < 0 || params_start(ops, &params, err) < 0)
        return -1;
    if (params.factors > 2)
        params.factors = 2; /* short seeds are tried more often */
    if (params.bits > 8)
        params.bits = 8;
    if (ratings_build(&(struct numbered_rows){rows, 2, 2, 1, {0, 1}}, &train,
                      err) == 0)
        status = model_fit(ops, train, &params, NULL, &out->model, err);
    out->rows = 2;
    ratings_free(train);
    return status;
}

static int write_seed(const struct model_ops *ops, const char *directory,
                      struct error *err)
{
    char path[4096];
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    int status = -1;

    if (!snapshot)
        return error_no_memory(err, "a snapshot");
    int length = snprintf(path, sizeof(path), "%s/%s", directory, ops->name);
    if (length < 0 || (size_t)length >= sizeof(path))
        error_set(err, ERROR_LIMIT, "path too long");
    else if (fit(ops, snapshot, err) == 0)
        status = snapshot_write(path, snapshot, err);
    snapshot_free(snapshot);
    return status;
}

int main(int argc, char **argv)
{
    struct error err;

    if (argc != 2) {
        fprintf(stderr, "usage: make_snapshot_seeds DIRECTORY\n");
        return 2;
    }
    for (size_t i = 0; model_registry[i]; i++) {
        if (write_seed(model_registry[i], argv[1], &err) < 0) {
            fprintf(stderr, "%s: %s\n", model_registry[i]->name, err.text);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
