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
    extent->lows = calloc(count + 1, sizeof(*extent->lows));
    extent->highs = calloc(count + 1, sizeof(*extent->highs));
    if (!extent->ranges || !extent->lows || !extent->highs)
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
        struct offset_range *range = &extent->ranges[extent->count++];
        range->partition = p;
        snprintf(range->topic, sizeof(range->topic), "%s", query->topic);
    }
    return 0;
}

static int ask_ends(rd_kafka_t *client, const struct extent_query *query,
                    struct topic_extent *extent, struct error *err)
{
    for (size_t i = 0; i < extent->count; i++) {
        rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
            client, query->topic, extent->ranges[i].partition, &extent->lows[i],
            &extent->highs[i], (int)query->timeout_ms);
        if (error)
            return error_set(err, kafka_error_code(error),
                             "%s/%" PRId32 ": where does it begin? %s",
                             query->topic, extent->ranges[i].partition,
                             rd_kafka_err2str(error));
    }
    return 0;
}

/* The first offsets of that time or later; the ends where there is none. */
static int ask_time(rd_kafka_t *client, const struct extent_query *query,
                    const struct topic_extent *extent, int64_t at_ms,
                    int64_t *offsets, struct error *err)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)extent->count);

    for (size_t i = 0; i < extent->count; i++)
        rd_kafka_topic_partition_list_add(list, query->topic,
                                          extent->ranges[i].partition)
            ->offset = at_ms;
    rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client, list, (int)query->timeout_ms);
    for (size_t i = 0; !error && i < extent->count; i++) {
        error = list->elems[i].err;
        offsets[i] = list->elems[i].offset >= 0 ? list->elems[i].offset
                                                : extent->highs[i];
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        return error_set(err, kafka_error_code(error),
                         "%s: offsets of a time: "
                         "%s",
                         query->topic, rd_kafka_err2str(error));
    return 0;
}

/* `offsets` holds what an open bound means. */
static int find_bound(rd_kafka_t *client, const struct extent_query *query,
                      const struct topic_extent *extent,
                      struct extent_bound bound, int64_t *offsets,
                      struct error *err)
{
    if (bound.kind == EXTENT_TIME)
        return ask_time(client, query, extent, bound.at, offsets, err);
    for (size_t i = 0; bound.kind == EXTENT_OFFSET && i < extent->count; i++)
        offsets[i] = bound.at;
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
        int64_t low = extent->lows[i];
        range->first = within(firsts[i], low, extent->highs[i]);
        range->next = within(nexts[i], range->first, extent->highs[i]);
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
    if (ask_ends(client, query, extent, err) < 0)
        goto out;
    memcpy(firsts, extent->lows, extent->count * sizeof(*firsts));
    memcpy(nexts, extent->highs, extent->count * sizeof(*nexts));
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
    free(extent->lows);
    free(extent->highs);
    *extent = (struct topic_extent){.count = 0};
}
