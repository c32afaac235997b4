#include "common/kafka/kafka_stats.h"

#include <jansson.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static uint64_t count_of(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));

    return value > 0 ? (uint64_t)value : 0;
}

/* The mean of one of librdkafka's windows. */
static double mean_of(const json_t *object, const char *name)
{
    return (double)count_of(json_object_get(object, name), "avg");
}

static enum kafka_link link_of(const json_t *broker)
{
    const char *state = json_string_value(json_object_get(broker, "state"));

    if (!state || strcmp(state, "INIT") == 0)
        return KAFKA_LINK_UNUSED;
    return strcmp(state, "UP") == 0 || strcmp(state, "UPDATE") == 0
               ? KAFKA_LINK_UP
               : KAFKA_LINK_DOWN;
}

static struct kafka_broker_stats *find(struct kafka_stats *stats, int32_t id)
{
    for (size_t i = 0; i < stats->broker_count; i++)
        if (stats->brokers[i].id == id)
            return &stats->brokers[i];
    if (stats->broker_count == KAFKA_STATS_BROKERS_MAX)
        return NULL;
    stats->brokers[stats->broker_count] =
        (struct kafka_broker_stats){.id = id, .link = KAFKA_LINK_UNUSED};
    return &stats->brokers[stats->broker_count++];
}

/* A group's coordinator has a connection of its own to its broker. Those that
 * are only an address yet have no id. */
static void take_broker(const json_t *broker, struct kafka_stats *stats)
{
    json_int_t id = json_integer_value(json_object_get(broker, "nodeid"));

    stats->requests +=
        count_of(broker, "outbuf_cnt") + count_of(broker, "waitresp_cnt");
    if (id < 0 || id > INT32_MAX || !json_object_get(broker, "nodeid"))
        return;
    struct kafka_broker_stats *to = find(stats, (int32_t)id);
    if (!to)
        return;
    enum kafka_link link = link_of(broker);
    double rtt_s = mean_of(broker, "rtt") / 1e6;
    double throttle_s = mean_of(broker, "throttle") / 1e3;
    if (link > to->link)
        to->link = link;
    if (rtt_s > 0 && (to->rtt_s <= 0 || rtt_s < to->rtt_s))
        to->rtt_s = rtt_s;
    if (throttle_s > to->throttle_s)
        to->throttle_s = throttle_s;
}

/* The partitions of a group's member share one queue, and each of them tells
 * the length of all of it. */
static void take_partition(const json_t *partition, bool is_shared,
                           struct kafka_stats *stats)
{
    uint64_t count = count_of(partition, "fetchq_cnt");
    uint64_t bytes = count_of(partition, "fetchq_size");

    if (!is_shared) {
        stats->fetched += count;
        stats->fetched_bytes += bytes;
    } else if (count > stats->fetched) {
        stats->fetched = count;
        stats->fetched_bytes = bytes;
    }
}

int kafka_stats_read(const char *json, size_t size, struct kafka_stats *out,
                     struct error *err)
{
    struct kafka_stats stats = {.broker_count = 0};
    json_error_t why;
    const char *name;
    json_t *value, *partition;
    json_t *root = json_loadb(json, size, 0, &why);
    const char *client = json_string_value(json_object_get(root, "name"));

    if (!client) {
        json_decref(root);
        return error_set(err, ERROR_FORMAT,
                         "librdkafka's statistics are no JSON that we know: %s",
                         root ? "there is no name" : why.text);
    }
    snprintf(stats.client, sizeof(stats.client), "%s", client);
    stats.to_send = count_of(root, "msg_cnt");
    stats.to_send_bytes = count_of(root, "msg_size");
    json_object_foreach(json_object_get(root, "brokers"), name, value)
        take_broker(value, &stats);
    bool is_shared = json_object_get(root, "cgrp") != NULL;
    json_object_foreach(json_object_get(root, "topics"), name, value)
    {
        json_t *partitions = json_object_get(value, "partitions");
        const char *number;
        json_object_foreach(partitions, number, partition)
            take_partition(partition, is_shared, &stats);
    }
    json_decref(root);
    *out = stats;
    return 0;
}
