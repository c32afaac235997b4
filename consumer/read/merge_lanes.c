#include "consumer/read/merge_lanes.h"

#include "consumer/read/offsets.h"

#include "common/base/log.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

static bool is_asked_for(const struct merge_reader_config *config,
                         const char *topic, int32_t partition,
                         struct offset_range *range)
{
    *range = (struct offset_range){.first = -1, .next = -1};
    for (size_t i = 0; config->ranges && i < config->range_count; i++)
        if (config->ranges[i].partition == partition &&
            strcmp(config->ranges[i].topic, topic) == 0) {
            *range = config->ranges[i];
            return true;
        }
    return !config->ranges;
}

static int add_lane(struct merge_lanes *lanes, struct merge_lane lane,
                    struct error *err)
{
    size_t count = lanes->count + 1;
    struct merge_lane *list = NULL;

    if (count > PARTITIONS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "more than %d partitions to read: %s/%" PRId32
                         " is too many",
                         PARTITIONS_MAX, lane.name, lane.partition);
    list = realloc(lanes->list, count * sizeof(*list));
    if (!list)
        return error_no_memory(err, "%zu partitions", count);
    list[count - 1] = lane;
    lanes->list = list;
    lanes->count = count;
    return 0;
}

/* A topic that is listed twice has its partitions once. */
static bool is_listed_before(const struct merge_reader_config *config,
                             size_t topic)
{
    for (size_t i = 0; i < topic; i++)
        if (strcmp(config->topics[i], config->topics[topic]) == 0)
            return true;
    return false;
}

/* All partitions of the topic, or those that are asked for. */
static int add_topic(struct merge_lanes *lanes,
                     const struct merge_reader_config *config, size_t topic,
                     struct error *err)
{
    struct kafka_topic about;
    struct offset_range range;
    const char *name = config->topics[topic];

    if (kafka_topic_describe(&config->kafka, name, config->timeout_ms, &about,
                             err) < 0)
        return -1;
    for (int32_t partition = 0; partition < about.partitions; partition++) {
        struct merge_lane lane = {
            .name = name, .topic = topic, .partition = partition};
        if (!is_asked_for(config, name, partition, &range))
            continue;
        lane.first = range.first;
        lane.end = range.next;
        if (add_lane(lanes, lane, err) < 0)
            return -1;
    }
    return 0;
}

int merge_lanes_list(struct merge_lanes *lanes,
                     const struct merge_reader_config *config,
                     struct error *err)
{
    for (size_t topic = 0; topic < MERGE_TOPICS_MAX && config->topics[topic];
         topic++)
        if (!is_listed_before(config, topic) &&
            add_topic(lanes, config, topic, err) < 0)
            return -1;
    return 0;
}

/* The first offset of a lane that goes on behind what was read before. */
static int64_t begin_behind(const struct merge_reader_config *config,
                            const struct partition_offsets *now,
                            const struct merge_lane *lane)
{
    for (size_t i = 0; config->behind && i < config->behind_count; i++) {
        const struct offset_range *range = &config->behind[i];
        if (range->partition != lane->partition ||
            strcmp(range->topic, lane->name) != 0)
            continue;
        if (range->next >= now->low && range->next <= now->high)
            return range->next;
        log_warn("a partition does not go on where it was left",
                 "topic=%s partition=%" PRId32 " left=%" PRId64
                 " oldest=%" PRId64 " end=%" PRId64 " reason=\"%s\"",
                 lane->name, lane->partition, range->next, now->low, now->high,
                 range->next < now->low
                     ? "the topic's retention took the records between"
                     : "the topic was made anew");
    }
    return now->low;
}

/* Sets the first and the last offset of this lane by those that its partition
 * has now. */
static int bound_lane(const struct merge_reader_config *config,
                      const struct partition_offsets *now,
                      struct merge_lane *lane, struct error *err)
{
    lane->low = now->low;
    lane->known = lane->aged = lane->seen = now->high;
    if (!config->ranges) {
        lane->first = begin_behind(config, now, lane);
        lane->end = config->ends ? now->high : LANE_NO_END;
    } else if (lane->first < now->low && lane->first < lane->end) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "%s/%" PRId32 ": offset %" PRId64
                         " is gone, the oldest there is %" PRId64
                         ": the topic's retention took it",
                         lane->name, lane->partition, lane->first, now->low);
    } else if (lane->end > now->high) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "%s/%" PRId32 ": offset %" PRId64
                         " is not there yet, the end is %" PRId64,
                         lane->name, lane->partition, lane->end, now->high);
    }
    return 0;
}

/* The embedded broker has no index of times. */
static int bound_by_time(struct merge_lanes *lanes, rd_kafka_t *client,
                         const struct merge_reader_config *config,
                         struct partition_offsets *now, struct error *err)
{
    if (config->ranges || config->behind || !kafka_has_times(&config->kafka))
        return 0;
    if (config->from_ms != MERGE_FROM_BEGINNING) {
        if (offsets_find_time(client, now, lanes->count, config->from_ms,
                              config->timeout_ms, err) < 0)
            return -1;
        for (size_t i = 0; i < lanes->count; i++)
            lanes->list[i].first =
                now[i].at >= 0 ? now[i].at : lanes->list[i].known;
    }
    if (config->ends && config->to_ms > 0) {
        if (offsets_find_time(client, now, lanes->count, config->to_ms,
                              config->timeout_ms, err) < 0)
            return -1;
        for (size_t i = 0; i < lanes->count; i++)
            if (now[i].at >= 0 && now[i].at < lanes->list[i].end)
                lanes->list[i].end = now[i].at;
    }
    return 0;
}

int merge_lanes_bound(struct merge_lanes *lanes, rd_kafka_t *client,
                      const struct merge_reader_config *config,
                      struct error *err)
{
    struct partition_offsets *now = calloc(lanes->count + 1, sizeof(*now));
    int status = -1;

    if (!now)
        return error_no_memory(err, "%zu partitions", lanes->count);
    for (size_t i = 0; i < lanes->count; i++)
        now[i] =
            (struct partition_offsets){.topic = lanes->list[i].name,
                                       .partition = lanes->list[i].partition};
    if (offsets_find_ends(client, now, lanes->count, config->timeout_ms, err) <
        0)
        goto out;
    for (size_t i = 0; i < lanes->count; i++)
        if (bound_lane(config, &now[i], &lanes->list[i], err) < 0)
            goto out;
    if (bound_by_time(lanes, client, config, now, err) < 0)
        goto out;
    for (size_t i = 0; i < lanes->count; i++) {
        struct merge_lane *lane = &lanes->list[i];
        lane->next = lane->first;
        lane->is_expired = lane->low > 0 && lane->first == lane->low;
    }
    status = 0;

out:
    free(now);
    return status;
}

/* How many of the topic's partitions have a lane, and where the next one has
 * its place. */
static int32_t count_lanes(const struct merge_lanes *lanes, size_t topic,
                           size_t *place)
{
    int32_t count = 0;

    for (*place = 0; *place < lanes->count; ++*place) {
        if (lanes->list[*place].topic > topic)
            break;
        if (lanes->list[*place].topic == topic)
            count = lanes->list[*place].partition + 1;
    }
    return count;
}

int merge_lanes_grow(struct merge_lanes *lanes, const char *name, size_t topic,
                     int32_t partitions, struct error *err)
{
    size_t place;

    for (int32_t p = count_lanes(lanes, topic, &place); p < partitions; p++) {
        /* Not there when the reader was opened: nothing to catch up with. */
        const struct merge_lane lane = {.name = name,
                                        .topic = topic,
                                        .partition = p,
                                        .end = LANE_NO_END,
                                        .reached = true};
        if (add_lane(lanes, lane, err) < 0)
            return -1;
        memmove(&lanes->list[place + 1], &lanes->list[place],
                (lanes->count - 1 - place) * sizeof(*lanes->list));
        lanes->list[place++] = lane;
    }
    return 0;
}

/* --- How far they are ------------------------------------------------- */

bool merge_lanes_ended(const struct merge_lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++)
        if (!lanes->list[i].done)
            return false;
    return true;
}

bool merge_lanes_caught_up(const struct merge_lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++) {
        const struct merge_lane *lane = &lanes->list[i];
        bool rest = merge_lane_has_head(lane) && lane->next < lane->known;
        if (!lane->reached || rest)
            return false;
    }
    return true;
}

uint64_t merge_lanes_lag(const struct merge_lanes *lanes, rd_kafka_t *client)
{
    uint64_t lag = 0;

    for (size_t i = 0; i < lanes->count; i++) {
        const struct merge_lane *lane = &lanes->list[i];
        int64_t low, high;
        /* Markers of transactions may follow the last record. */
        if (lane->done || (lane->at_end && !merge_lane_has_head(lane)))
            continue;
        if (!rd_kafka_get_watermark_offsets(client, lane->name, lane->partition,
                                            &low, &high) &&
            high > lane->next)
            lag += (uint64_t)(high - lane->next);
    }
    return lag;
}
