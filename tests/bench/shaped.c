#include "bench/shaped.h"

#include "common/base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* 0..n-1, low numbers more often: the density falls as exp(-decay i / n). */
static uint32_t long_tailed(uint64_t *state, uint32_t n, double decay)
{
    double share = random_uniform(state);
    double at = -log(1 - share * (1 - exp(-decay))) / decay;
    uint32_t index = (uint32_t)(at * n);

    return index < n ? index : n - 1;
}

static struct ratings *build(struct rating *rows, size_t count, uint32_t users,
                             uint32_t items, struct scale scale)
{
    struct ratings *ratings = NULL;
    struct error err;

    if (ratings_build(&(struct numbered_rows){rows, count, users, items, scale},
                      &ratings, &err) < 0) {
        fprintf(stderr, "bench: %s\n", err.text);
        exit(EXIT_FAILURE);
    }
    free(rows);
    return ratings;
}

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        fputs("bench: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return memory;
}

static double star(uint64_t *state, uint32_t user, uint32_t item)
{
    double taste = (double)((user * 31 + item * 17) % 7) / 3 - 1;
    double value = floor(3.6 + taste + 2 * (random_uniform(state) - 0.5) + 0.5);

    return value < 1 ? 1 : value > 5 ? 5 : value;
}

struct ratings *shaped_stars(uint32_t users, uint32_t items, size_t rows)
{
    struct rating *out = zeroed(rows, sizeof(*out));
    uint8_t *taken = zeroed((size_t)users * items, 1);
    uint64_t state = 1;
    size_t count = 0;

    while (count < rows) {
        uint32_t user = long_tailed(&state, users, 3.5);
        uint32_t item = long_tailed(&state, items, 5);
        uint8_t *pair = &taken[(size_t)user * items + item];
        if (*pair)
            continue;
        *pair = 1;
        out[count++] = (struct rating){user, item, star(&state, user, item)};
    }
    free(taken);
    return build(out, rows, users, items, (struct scale){1, 5});
}

struct ratings *shaped_movielens(void)
{
    return shaped_stars(6040, 3706, 1000209);
}

struct ratings *shaped_clicks(void)
{
    enum { USERS = 145000, ADS = 5000, ROWS = 1000000 };
    struct rating *out = zeroed(ROWS, sizeof(*out));
    uint64_t state = 2;

    for (size_t i = 0; i < ROWS; i++) {
        uint32_t user = long_tailed(&state, USERS, 4);
        uint32_t ad = long_tailed(&state, ADS, 7);
        double rate = 0.02 + 0.3 * (double)((ad * 2654435761U) % 97) / 97;
        out[i] = (struct rating){user, ad, random_uniform(&state) < rate};
    }
    return build(out, ROWS, USERS, ADS, (struct scale){0, 1});
}
