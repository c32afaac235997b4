#include "consumer/read/extent.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_contact.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Bounds ----------------------------------------------------------- */

static int parse_number(const char *text, char **end, int64_t *out,
                        struct error *err)
{
    errno = 0;
    *out = *text >= '0' && *text <= '9' ? strtoll(text, end, 10) : -1;
    if (*out < 0 || errno != 0)
        return error_set(err, ERROR_CONFIG,
                         "'%s': a number from 0 on has to follow", text);
    return 0;
}

static int parse_offset(const char *text, struct extent_bound *out,
                        struct error *err)
{
    struct extent_bound bound = {.kind = EXTENT_OFFSET};
    char *end = NULL;

    if (parse_number(text, &end, &bound.at, err) < 0)
        return -1;
    if (*end != '\0')
        return error_set(err, ERROR_CONFIG, "'@%s' is no offset: @123", text);
    *out = bound;
    return 0;
}

static int parse_ago(const char *text, int64_t now_ms, struct extent_bound *out,
                     struct error *err)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    char *end = NULL;
    int64_t count;

    if (parse_number(text, &end, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (end[0] != units[i].unit || end[1] != '\0' ||
            count > now_ms / units[i].ms)
            continue;
        *out = (struct extent_bound){EXTENT_TIME, now_ms - count * units[i].ms};
        return 0;
    }
    return error_set(err, ERROR_CONFIG,
                     "'-%s' is no time ago: -90s, -15m, -24h or -7d", text);
}

int extent_bound_parse(const char *text, int64_t now_ms,
                       struct extent_bound *out, struct error *err)
{
    struct extent_bound bound = {.kind = EXTENT_OPEN};

    if (text[0] == '@')
        return parse_offset(text + 1, out, err);
    if (text[0] == '-')
        return parse_ago(text + 1, now_ms, out, err);
    if (text[0] != '\0') {
        bound.kind = EXTENT_TIME;
        if (clock_parse(text, &bound.at, err) < 0)
            return -1;
    }
    *out = bound;
    return 0;
}

int extent_query_bound(struct extent_query *query, const char *from,
                       const char *to, int64_t now_ms, struct error *err)
{
    if (extent_bound_parse(from, now_ms, &query->from, err) < 0)
        return error_wrap(err, "from");
    if (extent_bound_parse(to, now_ms, &query->to, err) < 0)
        return error_wrap(err, "to");
    return 0;
}

/* --- Asking ----------------------------------------------------------- */

static int reserve(struct topic_extent *extent, size_t count, struct error *err)
{
    extent->ranges = calloc(count + 1, sizeof(*extent->ranges));
    extent->ends = calloc(count + 1, sizeof(*extent->ends));
    if (!extent->ranges || !extent->ends)
        return error_no_memory(err, "the offsets of a topic");
    return 0;
}

static int add_partitions(const struct kafka_settings *kafka,
                          const struct extent_query *query,
                          struct topic_extent *extent, struct error *err)
{
    struct kafka_topic about;

    if (kafka_topic_describe(kafka, query->topic, query->timeout_ms, &about,
                             err) < 0)
        return -1;
    if (query->partition >= about.partitions)
        return error_set(err, ERROR_USAGE,
                         "topic '%s' has the partitions 0 to %" PRId32
                         ", not %" PRId32,
                         query->topic, about.partitions - 1, query->partition);
    if (about.partitions > PARTITIONS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "topic '%s' has more than %d "
                         "partitions: choose one with --partition",
                         query->topic, PARTITIONS_MAX);
    if (reserve(extent, (size_t)about.partitions, err) < 0)
        return -1;
    for (int32_t p = 0; p < about.partitions; p++) {
        if (query->partition >= 0 && p != query->partition)
            continue;
        struct offset_range *range = &extent->ranges[extent->count];
        range->partition = p;
        snprintf(range->topic, sizeof(range->topic), "%s", query->topic);
        extent->ends[extent->count++] =
            (struct partition_offsets){.topic = range->topic, .partition = p};
    }
    return 0;
}

/* `offsets` holds what an open bound means. */
static int find_bound(rd_kafka_t *client, const struct extent_query *query,
                      struct topic_extent *extent, struct extent_bound bound,
                      int64_t *offsets, struct error *err)
{
    struct partition_offsets *list = extent->ends;

    if (bound.kind == EXTENT_TIME &&
        offsets_find_time(client, list, extent->count, bound.at,
                          query->timeout_ms, err) < 0)
        return -1;
    for (size_t i = 0; i < extent->count; i++)
        if (bound.kind == EXTENT_OFFSET)
            offsets[i] = bound.at;
        else if (bound.kind == EXTENT_TIME)
            offsets[i] = list[i].at >= 0 ? list[i].at : list[i].high;
    return 0;
}

static int64_t within(int64_t at, int64_t low, int64_t high)
{
    return at < low ? low : at > high ? high : at;
}

static void cut(struct topic_extent *extent, const int64_t *firsts,
                const int64_t *nexts)
{
    for (size_t i = 0; i < extent->count; i++) {
        struct offset_range *range = &extent->ranges[i];
        int64_t low = extent->ends[i].low, high = extent->ends[i].high;
        range->first = within(firsts[i], low, high);
        range->next = within(nexts[i], range->first, high);
        if (firsts[i] < low && nexts[i] > firsts[i])
            extent->gone +=
                (uint64_t)((nexts[i] < low ? nexts[i] : low) - firsts[i]);
    }
}

static int bound_ranges(rd_kafka_t *client, const struct extent_query *query,
                        struct topic_extent *extent, struct error *err)
{
    int64_t *firsts = calloc(2 * extent->count + 1, sizeof(*firsts));
    int status = -1;

    if (!firsts)
        return error_no_memory(err, "the offsets of a topic");
    int64_t *nexts = firsts + extent->count;
    if (offsets_find_ends(client, extent->ends, extent->count,
                          query->timeout_ms, err) < 0)
        goto out;
    for (size_t i = 0; i < extent->count; i++) {
        firsts[i] = extent->ends[i].low;
        nexts[i] = extent->ends[i].high;
    }
    if (find_bound(client, query, extent, query->from, firsts, err) < 0 ||
        find_bound(client, query, extent, query->to, nexts, err) < 0)
        goto out;
    cut(extent, firsts, nexts);
    status = 0;

out:
    free(firsts);
    return status;
}

int topic_extent_find(const struct kafka_settings *kafka,
                      const struct extent_query *query,
                      struct topic_extent *out, struct error *err)
{
    struct topic_extent extent = {.count = 0};
    struct kafka_contact contact;
    int status = -1;

    if (kafka_contact_open(&contact, kafka, query->timeout_ms, err) == 0 &&
        add_partitions(kafka, query, &extent, err) == 0)
        status = bound_ranges(contact.client, query, &extent, err);
    kafka_contact_close(&contact);
    if (status == 0)
        *out = extent;
    else
        topic_extent_free(&extent);
    return status;
}

uint64_t topic_extent_size(const struct topic_extent *extent)
{
    uint64_t size = 0;

    for (size_t i = 0; i < extent->count; i++)
        size += (uint64_t)(extent->ranges[i].next - extent->ranges[i].first);
    return size;
}

void topic_extent_free(struct topic_extent *extent)
{
    free(extent->ranges);
    free(extent->ends);
    *extent = (struct topic_extent){.count = 0};
}
