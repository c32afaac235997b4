/*
 * world.c - the synthetic world: formula and settings in event_source.h.
 */
#include "producer/feed/event_source.h"

#include "common/base/descriptors.h"
#include "common/base/random.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct event_source source;
    struct world_config config;
    uint64_t state; /* of the generator */
    uint64_t made;  /* rows so far */
    double base;
    double *user_bias;    /* (users) */
    double *ad_bias;      /* (ads) at the start */
    double *ad_turn;      /* (ads) what the bias turns into */
    double *user_factors; /* (users, rank) */
    double *ad_factors;   /* (ads, rank) */
    double *user_share;   /* (users) cumulative activity */
    double *ad_share;     /* (ads) */
    FILE *truth;
    struct event_extra extra; /* the truth as a field of the impression */
};

static double *normals(struct world *world, size_t count, double deviation)
{
    double *values = malloc((count + 1) * sizeof(*values));

    for (size_t i = 0; values && i < count; i++)
        values[i] = deviation * random_normal(&world->state);
    return values;
}

/* Zipf: the k-th has a share of 1 / k^s. */
static double *shares(size_t count, double exponent)
{
    double *share = malloc((count + 1) * sizeof(*share));
    double sum = 0;

    for (size_t i = 0; share && i < count; i++) {
        sum += pow((double)i + 1, -exponent);
        share[i] = sum;
    }
    return share;
}

/* The first place whose cumulative share is above the draw. */
static uint32_t pick(struct world *world, const double *share, uint32_t count)
{
    double draw = random_uniform(&world->state) * share[count - 1];
    uint32_t low = 0, high = count - 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (share[middle] > draw)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static double true_probability(const struct world *world, uint32_t user,
                               uint32_t ad)
{
    uint32_t rank = world->config.rank;
    double turned =
        world->config.drift * (double)world->made / (double)world->config.rows;
    double logit = world->base + world->user_bias[user] +
                   world->ad_bias[ad] * cos(turned) +
                   world->ad_turn[ad] * sin(turned);

    for (uint32_t f = 0; f < rank; f++)
        logit += world->user_factors[(size_t)user * rank + f] *
                 world->ad_factors[(size_t)ad * rank + f];
    return 1 / (1 + exp(-logit));
}

static int world_next(struct event_source *source, enum source_result *result,
                      struct source_row *row, uint64_t *line, struct error *why,
                      struct error *err)
{
    struct world *world = (struct world *)source;
    const struct world_config *config = &world->config;

    (void)why;
    if (world->made == config->rows) {
        *result = SOURCE_END;
        return 0;
    }
    uint32_t user = pick(world, world->user_share, config->users);
    uint32_t ad = pick(world, world->ad_share, config->ads);
    double p = true_probability(world, user, ad);

    *result = SOURCE_ROW;
    *line = ++world->made;
    *row = (struct source_row){
        .id = id_from_number((int64_t)world->made),
        .user = id_from_number((int64_t)user + 1),
        .ad = id_from_number((int64_t)ad + 1),
        .click = random_uniform(&world->state) < p,
        .extras = &world->extra,
        .extra_count = config->truth_field ? 1 : 0,
    };
    world->extra = (struct event_extra){
        .name = config->truth_field, .is_real = true, .real = p};
    if (world->truth && fprintf(world->truth, "%llu,%.17g\n",
                                (unsigned long long)world->made, p) < 0)
        return error_set(err, ERROR_IO, "write '%s': %s", config->truth,
                         strerror(errno));
    return 0;
}

static int world_count(struct event_source *source, uint64_t *rows,
                       struct error *err)
{
    (void)err;
    *rows = ((struct world *)source)->config.rows;
    return 0;
}

static size_t world_extras(const struct event_source *source,
                           const char **names)
{
    const struct world *world = (const struct world *)source;

    names[0] = world->config.truth_field;
    return world->config.truth_field ? 1 : 0;
}

static void world_close(struct event_source *source)
{
    struct world *world = (struct world *)source;

    if (world->truth)
        fclose(world->truth);
    free(world->user_bias);
    free(world->ad_bias);
    free(world->ad_turn);
    free(world->user_factors);
    free(world->ad_factors);
    free(world->user_share);
    free(world->ad_share);
    free(world);
}

static const struct event_source_ops world_ops = {
    .next = world_next,
    .extras = world_extras,
    .count = world_count,
    .close = world_close,
};

static int make(struct world *world, struct error *err)
{
    const struct world_config *c = &world->config;
    /* so that a dot product of `rank` terms has the deviation `affinity` */
    double side = c->rank ? sqrt(c->affinity / sqrt((double)c->rank)) : 0;

    world->base = log(c->click_rate / (1 - c->click_rate));
    world->user_bias = normals(world, c->users, c->spread);
    world->ad_bias = normals(world, c->ads, c->spread);
    world->ad_turn = normals(world, c->ads, c->spread);
    world->user_factors = normals(world, (size_t)c->users * c->rank, side);
    world->ad_factors = normals(world, (size_t)c->ads * c->rank, side);
    world->user_share = shares(c->users, c->zipf);
    world->ad_share = shares(c->ads, c->zipf);
    if (!world->user_bias || !world->ad_bias || !world->ad_turn ||
        !world->user_factors || !world->ad_factors || !world->user_share ||
        !world->ad_share)
        return error_no_memory(err, "the world");
    return 0;
}

static int open_truth(struct world *world, struct error *err)
{
    if (!world->config.truth)
        return 0;
    world->truth = fopen(world->config.truth, "w");
    if (!world->truth || fputs("id,p\n", world->truth) < 0)
        return error_system(err, ERROR_IO, errno, "write '%s'",
                            world->config.truth);
    return 0;
}

int world_open(const struct world_config *config, struct event_source **out,
               struct error *err)
{
    struct world *world = calloc(1, sizeof(*world));

    if (!world)
        return error_no_memory(err, "the world");
    world->source.ops = &world_ops;
    world->config = *config;
    world->state = config->seed;
    if (make(world, err) < 0 || open_truth(world, err) < 0) {
        world_close(&world->source);
        return -1;
    }
    *out = &world->source;
    return 0;
}
