#include "consumer/score/flood.h"

#include "consumer/letters/breaker.h"

#include <stdlib.h>

struct channel {
    struct breaker *breaker; /* NULL until the first bad record */
    uint64_t letters;        /* since the last pause */
    bool is_flooded, is_paused;
    int64_t until_ms; /* of the pause */
};

struct flood {
    struct flood_config config;
    struct channel *channels; /* (count) by partition */
    int32_t count;
};

int flood_new(const struct flood_config *config, struct flood **out,
              struct error *err)
{
    struct flood *flood = calloc(1, sizeof(*flood));

    if (!flood)
        return error_no_memory(err, "the guard against floods");
    flood->config = *config;
    *out = flood;
    return 0;
}

static int make_room(struct flood *flood, int32_t partition, struct error *err)
{
    int32_t count = 2 * partition + 8;

    if (partition < flood->count)
        return 0;
    struct channel *channels =
        realloc(flood->channels, (size_t)count * sizeof(*channels));
    if (!channels)
        return error_no_memory(err, "the guard against floods");
    for (int32_t p = flood->count; p < count; p++)
        channels[p] = (struct channel){.breaker = NULL};
    flood->channels = channels;
    flood->count = count;
    return 0;
}

int flood_note(struct flood *flood, int32_t partition, bool is_bad,
               struct error *err)
{
    if (!is_bad &&
        (partition >= flood->count || !flood->channels[partition].breaker))
        return 0; /* good records before the first bad one change nothing */
    if (make_room(flood, partition, err) < 0)
        return -1;
    struct channel *channel = &flood->channels[partition];
    if (!channel->breaker)
        channel->breaker = calloc(1, sizeof(*channel->breaker));
    if (!channel->breaker)
        return error_no_memory(err, "the guard against floods");
    breaker_note(channel->breaker, is_bad);
    channel->letters += is_bad;
    return 0;
}

static bool is_open(const struct flood *flood, const struct channel *channel)
{
    return channel->breaker &&
           breaker_is_open(channel->breaker, flood->config.max_share);
}

enum flood_change flood_next(struct flood *flood, int64_t now_ms,
                             int32_t *partition, bool *is_new)
{
    for (int32_t p = 0; p < flood->count; p++) {
        struct channel *channel = &flood->channels[p];
        bool is_flooded = is_open(flood, channel);
        uint64_t letters = channel->letters;

        *partition = p;
        *is_new = is_flooded != channel->is_flooded;
        if (channel->is_paused && now_ms >= channel->until_ms) {
            channel->is_paused = false;
            *is_new = false;
            return FLOOD_RESUME;
        }
        if (channel->is_paused)
            continue;
        channel->letters = 0;
        channel->is_flooded = is_flooded;
        if (is_flooded && letters > 0) {
            channel->is_paused = true;
            channel->until_ms =
                now_ms + (int64_t)(letters * 1000 / flood->config.rate_max);
            return FLOOD_PAUSE;
        }
        if (*is_new && !is_flooded)
            return FLOOD_RESUME;
    }
    return FLOOD_NOTHING;
}

size_t flood_bad_count(const struct flood *flood, int32_t partition)
{
    return partition < flood->count && flood->channels[partition].breaker
               ? flood->channels[partition].breaker->bad_count
               : 0;
}

void flood_forget_pauses(struct flood *flood)
{
    for (int32_t p = 0; p < flood->count; p++)
        flood->channels[p].is_paused = false;
}

void flood_free(struct flood *flood)
{
    if (!flood)
        return;
    for (int32_t p = 0; p < flood->count; p++)
        free(flood->channels[p].breaker);
    free(flood->channels);
    free(flood);
}
