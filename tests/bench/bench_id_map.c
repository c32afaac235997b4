/*
 * bench_id_map.c - what a look-up costs, one at a time and in batches.
 *
 *   bench_id_map [ids]     default: 2,000,000
 *
 * The ids asked are in random order, so that nearly every look-up misses the
 * caches. Prints ns per look-up, the best of five rounds each.
 */
#include "common/base/clock.h"

#include "model/rows/id_map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 5, BATCH = 512 };

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static double single(const struct id_map *map, const struct id *ids, size_t n,
                     uint64_t *sum)
{
    int64_t start = clock_monotonic_ns();

    for (size_t i = 0; i < n; i++)
        *sum += id_map_find(map, &ids[i]);
    return (double)(clock_monotonic_ns() - start) / (double)n;
}

static double batch(const struct id_map *map, const struct id *ids, size_t n,
                    uint64_t *sum)
{
    uint32_t found[BATCH];
    int64_t start = clock_monotonic_ns();

    for (size_t first = 0; first < n; first += BATCH) {
        size_t size = n - first < BATCH ? n - first : BATCH;
        id_map_find_batch(map, ids + first, size, found);
        *sum += found[0];
    }
    return (double)(clock_monotonic_ns() - start) / (double)n;
}

static void measure(const struct id_map *map, const struct id *ids, size_t n)
{
    double best_single = 1e9, best_batch = 1e9;
    uint64_t sum = 0;

    for (int round = 0; round < ROUNDS; round++) {
        double ns = single(map, ids, n, &sum);
        best_single = ns < best_single ? ns : best_single;
        ns = batch(map, ids, n, &sum);
        best_batch = ns < best_batch ? ns : best_batch;
    }
    printf("ids=%zu bytes_per_id=%.1f single_ns=%.1f batch_ns=%.1f "
           "(check %" PRIu64 ")\n",
           n, (double)id_map_bytes(map) / (double)n, best_single, best_batch,
           sum);
}

/* In random order, after they were added in ascending order. */
static int fill(struct id_map *map, struct id *ids, size_t n, struct error *err)
{
    uint64_t state = 1;
    uint32_t index;

    for (size_t i = 0; i < n; i++) {
        ids[i] = id_from_number((int64_t)i * 7919);
        if (id_map_add(map, &ids[i], &index, err) < 0)
            return -1;
    }
    for (size_t i = n; i-- > 1;) {
        size_t j = next(&state) % (i + 1);
        struct id moved = ids[i];
        ids[i] = ids[j];
        ids[j] = moved;
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000000;
    struct id *ids = calloc(n + 1, sizeof(*ids));
    struct id_map *map = NULL;
    struct error err;
    int status = EXIT_FAILURE;

    if (ids && id_map_new(&map, &err) == 0 && fill(map, ids, n, &err) == 0) {
        measure(map, ids, n);
        status = EXIT_SUCCESS;
    }
    id_map_free(map);
    free(ids);
    return status;
}
