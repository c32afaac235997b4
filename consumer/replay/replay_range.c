#include "consumer/replay/replay_range.h"

#include "consumer/read/extent.h"
#include "consumer/read/range_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The last record of a partition is searched among its last TAIL_OFFSETS
 * offsets, since the very last one may be the marker of a transaction; then
 * among TAIL_GROWTH times as many. */
enum { TAIL_OFFSETS = 64, TAIL_GROWTH = 16 };

/* --- Lists ------------------------------------------------------------ */

bool replay_offsets_is(const char *text)
{
    return strstr(text, ":@") != NULL;
}

static int parse_one(const char **text, int32_t *partition, int64_t *offset,
                     struct error *err)
{
    char *end = NULL;
    const char *at = *text;

    errno = 0;
    long number = *at >= '0' && *at <= '9' ? strtol(at, &end, 10) : -1;
    if (number < 0 || number > INT32_MAX || end[0] != ':' || end[1] != '@' ||
        end[2] < '0' || end[2] > '9')
        return error_set(err, ERROR_CONFIG,
                         "'%.60s': write PARTITION:@OFFSET,... as in "
                         "0:@100,3:@250",
                         at);
    *offset = strtoll(end + 2, &end, 10);
    if (errno != 0 || (*end != ',' && *end != '\0'))
        return error_set(err, ERROR_CONFIG,
                         "'%.60s': an offset is a number, and a comma follows",
                         at);
    *partition = (int32_t)number;
    *text = end + (*end == ',');
    return 0;
}

static const int64_t *find_offset(const struct replay_offsets *list,
                                  int32_t partition)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i].partition == partition)
            return &list->at[i].offset;
    return NULL;
}

int replay_offsets_parse(const char *text, struct replay_offsets *out,
                         struct error *err)
{
    struct replay_offsets list = {.count = 0};

    while (*text) {
        int32_t partition = 0;
        int64_t offset = 0;
        if (parse_one(&text, &partition, &offset, err) < 0)
            return -1;
        if (find_offset(&list, partition))
            return error_set(err, ERROR_CONFIG,
                             "partition %" PRId32 " is named twice", partition);
        if (list.count == REPLAY_OFFSETS_MAX)
            return error_set(err, ERROR_CONFIG, "more than %d partitions",
                             REPLAY_OFFSETS_MAX);
        list.at[list.count].partition = partition;
        list.at[list.count++].offset = offset;
    }
    *out = list;
    return 0;
}

/* --- Rows ------------------------------------------------------------- */

static bool is_there(const struct topic_extent *extent, int32_t partition)
{
    for (size_t i = 0; i < extent->count; i++)
        if (extent->ranges[i].partition == partition)
            return true;
    return false;
}

static int check_partitions(const char *topic,
                            const struct topic_extent *extent,
                            const struct replay_offsets *list,
                            struct error *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (!is_there(extent, list->at[i].partition))
            return error_set(err, ERROR_CONFIG,
                             "topic '%s' has no partition %" PRId32, topic,
                             list->at[i].partition);
    return 0;
}

static int64_t within(int64_t at, int64_t low, int64_t high)
{
    return at < low ? low : at > high ? high : at;
}

/* Adds the range of a partition that is named, cut to the records that are
 * there: those that retention took are counted, not refused. */
static void add_named(const struct replay_range_query *query,
                      const struct topic_extent *extent, size_t at,
                      struct replay_range *range)
{
    struct offset_range *all = &extent->ranges[at];
    const int64_t *from = find_offset(&query->from, all->partition);
    const int64_t *to = find_offset(&query->to, all->partition);
    int64_t low = extent->ends[at].low, high = extent->ends[at].high;

    if (!from && !to)
        return;
    struct offset_range *mine = &range->ranges[range->count++];
    *mine = *all;
    mine->first = from ? within(*from, low, high) : low;
    mine->next = to ? within(*to, mine->first, high) : high;
    range->expired += from ? *from < low && mine->first < mine->next : low > 0;
}

static int find_rows(const struct replay_range_query *query,
                     struct replay_range *range, struct error *err)
{
    const struct extent_query all = {.topic = query->rows,
                                     .partition = EXTENT_ALL_PARTITIONS,
                                     .timeout_ms = query->timeout_ms};
    struct topic_extent extent = {.count = 0};

    if (topic_extent_find(&query->kafka, &all, &extent, err) < 0)
        return -1;
    int status = check_partitions(all.topic, &extent, &query->from, err);
    if (status == 0)
        status = check_partitions(all.topic, &extent, &query->to, err);
    range->ranges = calloc(extent.count + 1, sizeof(*range->ranges));
    if (status == 0 && !range->ranges)
        status = error_no_memory(err, "a range");
    for (size_t i = 0; status == 0 && i < extent.count; i++)
        add_named(query, &extent, i, range);
    topic_extent_free(&extent);
    return status;
}

/* --- Times of the rows ------------------------------------------------ */

/* Record times; INT64_MIN where there is no record. */
struct row_times {
    int64_t first_ms; /* of the first record in the order of time */
    int64_t last_ms;  /* the latest */
};

static const struct row_times no_times = {INT64_MIN, INT64_MIN};

static int read_times(struct merge_reader *reader, size_t records_max,
                      struct row_times *times, struct error *err)
{
    struct merge_record record;
    bool found = true;

    for (size_t read = 0; read < records_max; read++) {
        if (range_walk_next(reader, &record, &found, err) < 0)
            return -1;
        if (!found)
            break;
        if (read == 0)
            times->first_ms = record.message.timestamp_ms;
        if (record.message.timestamp_ms > times->last_ms)
            times->last_ms = record.message.timestamp_ms;
    }
    return 0;
}

/* Finds the times among the first records_max records of the ranges. */
static int find_times(const struct replay_range_query *query,
                      const struct offset_range *ranges, size_t count,
                      size_t records_max, struct row_times *times,
                      struct error *err)
{
    const struct merge_reader_config config = {.kafka = query->kafka,
                                               .topics = {query->rows, NULL},
                                               .ranges = ranges,
                                               .range_count = count,
                                               .ends = true,
                                               .buffer_bytes =
                                                   query->buffer_bytes,
                                               .timeout_ms = query->timeout_ms};
    struct merge_reader *reader = NULL;

    if (merge_reader_open(&config, &reader, err) < 0)
        return -1;
    *times = no_times;
    int status = read_times(reader, records_max, times, err);
    merge_reader_close(reader);
    return status;
}

static int64_t start_of_tail(const struct offset_range *range, int64_t size)
{
    return range->next - range->first > size ? range->next - size
                                             : range->first;
}

/* Finds the time of the latest record of the partition, further back where
 * compaction and markers left no record at its end. */
static int look_at_tail(const struct replay_range_query *query,
                        const struct offset_range *range, int64_t *last_ms,
                        struct error *err)
{
    struct row_times found = no_times;
    struct offset_range tail = *range;

    for (int64_t size = TAIL_OFFSETS; found.last_ms == INT64_MIN;
         size *= TAIL_GROWTH) {
        tail.first = start_of_tail(range, size);
        if (find_times(query, &tail, 1, SIZE_MAX, &found, err) < 0)
            return -1;
        if (tail.first == range->first)
            break;
    }
    if (found.last_ms > *last_ms)
        *last_ms = found.last_ms;
    return 0;
}

/* --- Labels ----------------------------------------------------------- */

static int add_labels(const struct replay_range_query *query, int64_t last_ms,
                      struct replay_range *range, struct error *err)
{
    const struct extent_query labels = {
        .topic = query->labels,
        .partition = EXTENT_ALL_PARTITIONS,
        .from = {EXTENT_TIME, range->from_ms},
        .to = {EXTENT_TIME, last_ms + query->reach_ms + 1},
        .timeout_ms = query->timeout_ms};
    struct topic_extent extent = {.count = 0};
    struct offset_range *both;

    if (topic_extent_find(&query->kafka, &labels, &extent, err) < 0)
        return -1;
    both = realloc(range->ranges,
                   (range->count + extent.count + 1) * sizeof(*both));
    if (both) {
        range->ranges = both;
        memcpy(both + range->count, extent.ranges,
               extent.count * sizeof(*both));
        range->count += extent.count;
    }
    topic_extent_free(&extent);
    return both ? 0 : error_no_memory(err, "a range");
}

static int find_labels(const struct replay_range_query *query,
                       struct replay_range *range, struct error *err)
{
    int64_t last_ms = range->from_ms;

    for (size_t i = 0; i < range->count; i++)
        if (range->ranges[i].first < range->ranges[i].next &&
            look_at_tail(query, &range->ranges[i], &last_ms, err) < 0)
            return -1;
    return add_labels(query, last_ms, range, err);
}

static int find_all(const struct replay_range_query *query,
                    struct replay_range *range, struct error *err)
{
    struct row_times earliest;

    if (find_rows(query, range, err) < 0 ||
        find_times(query, range->ranges, range->count, 1, &earliest, err) < 0)
        return -1;
    range->from_ms = earliest.first_ms;
    return query->labels && range->from_ms != INT64_MIN
               ? find_labels(query, range, err)
               : 0;
}

int replay_range_find(const struct replay_range_query *query,
                      struct replay_range *out, struct error *err)
{
    struct replay_range range = {.from_ms = INT64_MIN};

    if (find_all(query, &range, err) < 0) {
        replay_range_free(&range);
        return -1;
    }
    *out = range;
    return 0;
}

void replay_range_free(struct replay_range *range)
{
    free(range->ranges);
    *range = (struct replay_range){.from_ms = INT64_MIN};
}
