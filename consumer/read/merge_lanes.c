#include "consumer/read/merge_lanes.h"

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
        if (add_topic(lanes, config, topic, err) < 0)
            return -1;
    return 0;
}

/* Where the partition begins and ends now, and so where this lane does. */
static int bound_lane(rd_kafka_t *client,
                      const struct merge_reader_config *config,
                      struct merge_lane *lane, struct error *err)
{
    int64_t low, high;
    rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(client, lane->name, lane->partition,
                                         &low, &high, (int)config->timeout_ms);

    if (error)
        return error_set(err, kafka_error_code(error),
                         "%s/%" PRId32 ": where does it begin? %s", lane->name,
                         lane->partition, rd_kafka_err2str(error));
    lane->low = low;
    lane->known = lane->aged = lane->seen = high;
    if (!config->ranges) {
        lane->first = low;
        lane->end = config->ends ? high : LANE_NO_END;
    } else if (lane->first < low && lane->first < lane->end) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "%s/%" PRId32 ": offset %" PRId64
                         " is gone, the oldest there is %" PRId64
                         ": the topic's retention took it",
                         lane->name, lane->partition, lane->first, low);
    } else if (lane->end > high) {
        return error_set(err, ERROR_UNAVAILABLE,
                         "%s/%" PRId32 ": offset %" PRId64
                         " is not there yet, the end is %" PRId64,
                         lane->name, lane->partition, lane->end, high);
    }
    return 0;
}

/* The first record of that time or later, of each lane; below 0 where no
 * record is that young. */
static int offsets_at(const struct merge_lanes *lanes, rd_kafka_t *client,
                      int64_t time_ms, unsigned timeout_ms, int64_t *offsets,
                      struct error *err)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)lanes->count);

    for (size_t i = 0; i < lanes->count; i++)
        rd_kafka_topic_partition_list_add(list, lanes->list[i].name,
                                          lanes->list[i].partition)
            ->offset = time_ms;
    rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client, list, (int)timeout_ms);
    for (size_t i = 0; !error && i < lanes->count; i++) {
        error = list->elems[i].err;
        offsets[i] = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        return error_set(err, kafka_error_code(error),
                         "offsets of a point in time: %s",
                         rd_kafka_err2str(error));
    return 0;
}

/* The embedded broker has no index of times. */
static int bound_by_time(struct merge_lanes *lanes, rd_kafka_t *client,
                         const struct merge_reader_config *config,
                         struct error *err)
{
    int64_t offsets[PARTITIONS_MAX];

    if (config->ranges || !kafka_has_times(&config->kafka))
        return 0;
    if (config->from_ms != MERGE_FROM_BEGINNING) {
        if (offsets_at(lanes, client, config->from_ms, config->timeout_ms,
                       offsets, err) < 0)
            return -1;
        for (size_t i = 0; i < lanes->count; i++)
            lanes->list[i].first =
                offsets[i] >= 0 ? offsets[i] : lanes->list[i].known;
    }
    if (config->ends && config->to_ms > 0) {
        if (offsets_at(lanes, client, config->to_ms, config->timeout_ms,
                       offsets, err) < 0)
            return -1;
        for (size_t i = 0; i < lanes->count; i++)
            if (offsets[i] >= 0 && offsets[i] < lanes->list[i].end)
                lanes->list[i].end = offsets[i];
    }
    return 0;
}

int merge_lanes_bound(struct merge_lanes *lanes, rd_kafka_t *client,
                      const struct merge_reader_config *config,
                      struct error *err)
{
    for (size_t i = 0; i < lanes->count; i++)
        if (bound_lane(client, config, &lanes->list[i], err) < 0)
            return -1;
    if (bound_by_time(lanes, client, config, err) < 0)
        return -1;
    for (size_t i = 0; i < lanes->count; i++) {
        struct merge_lane *lane = &lanes->list[i];
        lane->next = lane->first;
        lane->is_expired = lane->low > 0 && lane->first == lane->low;
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
        /* Behind the last record there may be markers of transactions. */
        if (lane->done || (lane->at_end && !merge_lane_has_head(lane)))
            continue;
        if (!rd_kafka_get_watermark_offsets(client, lane->name, lane->partition,
                                            &low, &high) &&
            high > lane->next)
            lag += (uint64_t)(high - lane->next);
    }
    return lag;
}
