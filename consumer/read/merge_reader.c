#include "consumer/read/merge_reader.h"

#include "consumer/read/merge_fetch.h"
#include "consumer/read/merge_heap.h"
#include "consumer/read/merge_lanes.h"
#include "consumer/read/offsets.h"

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/log.h"
#include "common/kafka/kafka_close.h"
#include "common/kafka/kafka_log.h"
#include "common/kafka/kafka_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LOOK_EVERY = 256, /* records between two looks at the other partitions */
    WAIT_SLICE_MS = 100,
    GROW_MS = 5000, /* from one look for added partitions to the next */
    GROW_ASK_MS = 500,
};

struct merge_reader {
    struct kafka_settings kafka;
    rd_kafka_t *client;
    rd_kafka_topic_t *handles[MERGE_TOPICS_MAX];
    const char *topics[MERGE_TOPICS_MAX]; /* borrowed */
    bool grows;
    int64_t grown_ms; /* monotonic time of the last look for partitions */
    struct merge_lanes lanes;
    struct offset_range *ranges; /* (lanes.count), filled when asked */

    struct merge_heap heap; /* lanes that are ready */
    unsigned linger_ms;
    size_t buffer_bytes;
    int64_t aged_ms; /* monotonic time of the last look at the ends */
    int64_t now_ms;  /* record time that the merge has come to */
    size_t missing;  /* lanes that hold the others back */
    size_t unread;   /* records read since the last look */
    struct merge_waker waker;

    rd_kafka_message_t *current; /* handed out */
    size_t current_topic;        /* place of its topic in `topics` */
    int64_t ahead_ms;            /* by how much it is ahead of its place */
    int wake[2];                 /* a pipe: queues write, we wait */
    bool broken;                 /* `trouble` says why */
    struct error trouble;
    bool is_oversized; /* a broker's answer was larger than we take */
};

/* --- Opening ---------------------------------------------------------- */

/* librdkafka calls it inside of our own calls, so in our thread. A trouble that
 * heals by itself is only logged. */
static void on_trouble(rd_kafka_t *client, int error, const char *text,
                       void *opaque)
{
    struct merge_reader *reader = opaque;

    switch (error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        reader->broken = true;
        error_set(&reader->trouble, ERROR_UNAVAILABLE,
                  "%s; was the topic deleted?", text);
        break;
    case RD_KAFKA_RESP_ERR__BAD_MSG: /* an answer that is too large for us */
        reader->is_oversized = true;
        kafka_log_trouble(client, text);
        break;
    default:
        if (kafka_error_code(error) == ERROR_AUTH) {
            reader->broken = true;
            error_set(&reader->trouble, ERROR_AUTH, "%s", text);
        } else {
            kafka_log_trouble(client, text);
        }
    }
}

static int on_statistics(rd_kafka_t *client, char *json, size_t size,
                         void *opaque)
{
    struct merge_reader *reader = opaque;

    (void)client;
    kafka_watch_take(reader->kafka.watch, json, size);
    return 0; /* the text stays librdkafka's */
}

static int connect_client(struct merge_reader *reader,
                          const struct merge_reader_config *config,
                          struct error *err)
{
    static const struct kafka_property properties[] = {
        {"enable.partition.eof", "true"},
        {"auto.offset.reset", "error"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;

    if (kafka_conf(&reader->kafka, KAFKA_CONSUMER, properties, &conf, err) < 0)
        return -1;
    if (merge_fetch_conf(conf, config, reader->lanes.count, err) < 0 ||
        kafka_watch_conf(reader->kafka.watch, conf, err) < 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    rd_kafka_conf_set_opaque(conf, reader);
    rd_kafka_conf_set_error_cb(conf, on_trouble);
    rd_kafka_conf_set_stats_cb(conf, on_statistics);
    return kafka_client_of(conf, KAFKA_CONSUMER, &reader->client, err);
}

/* Starts the lanes that do not run yet. */
static int start_lanes(struct merge_reader *reader, struct error *err)
{
    for (size_t i = 0; i < reader->lanes.count; i++) {
        struct merge_lane *lane = &reader->lanes.list[i];
        if (lane->handle)
            continue;
        if (!reader->handles[lane->topic])
            reader->handles[lane->topic] =
                rd_kafka_topic_new(reader->client, lane->name, NULL);
        lane->handle = reader->handles[lane->topic];
        lane->bytes_max = reader->buffer_bytes / reader->lanes.count;
        if (merge_lane_start(lane, reader->client, reader->wake[1], err) < 0)
            return -1;
    }
    return 0;
}

static int open_pipe(struct merge_reader *reader, struct error *err)
{
    if (pipe(reader->wake) < 0 ||
        fcntl(reader->wake[0], F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(reader->wake[1], F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(reader->wake[0], F_SETFD, FD_CLOEXEC) < 0 ||
        fcntl(reader->wake[1], F_SETFD, FD_CLOEXEC) < 0)
        return error_system(err, ERROR_TEMPORARY, errno, "pipe");
    return 0;
}

/* Makes the heap and the ranges as large as the lanes need. The heap begins
 * with the lanes that are ready. */
static int make_tables(struct merge_reader *reader, struct error *err)
{
    size_t count = reader->lanes.count + 1;

    free(reader->heap.order);
    free(reader->ranges);
    reader->heap = (struct merge_heap){
        .lanes = reader->lanes.list,
        .order = calloc(count, sizeof(*reader->heap.order))};
    reader->ranges = calloc(count, sizeof(*reader->ranges));
    if (!reader->heap.order || !reader->ranges)
        return error_no_memory(err, "%zu partitions", reader->lanes.count);
    for (size_t i = 0; i < reader->lanes.count; i++)
        if (reader->lanes.list[i].is_ready)
            merge_heap_push(&reader->heap, i);
    return 0;
}

static int open_reader(struct merge_reader *reader,
                       const struct merge_reader_config *config,
                       struct error *err)
{
    if (merge_lanes_list(&reader->lanes, config, err) < 0 ||
        make_tables(reader, err) < 0 || open_pipe(reader, err) < 0 ||
        connect_client(reader, config, err) < 0 ||
        merge_lanes_bound(&reader->lanes, reader->client, config, err) < 0)
        return -1;
    return start_lanes(reader, err);
}

int merge_reader_open(const struct merge_reader_config *config,
                      struct merge_reader **out, struct error *err)
{
    struct merge_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return error_no_memory(err, "a merge reader");
    reader->kafka = config->kafka;
    reader->linger_ms = config->linger_ms;
    reader->buffer_bytes = config->buffer_bytes;
    reader->now_ms = INT64_MIN;
    reader->grows = config->grows && !config->ends;
    reader->grown_ms = clock_monotonic_ms();
    memcpy(reader->topics, config->topics, sizeof(reader->topics));
    reader->wake[0] = reader->wake[1] = -1;
    if (open_reader(reader, config, err) < 0) {
        merge_reader_close(reader);
        return -1;
    }
    *out = reader;
    return 0;
}

/* --- Reading ---------------------------------------------------------- */

static int take_lane(struct merge_reader *reader, size_t at, struct error *err)
{
    struct merge_lane *lane = &reader->lanes.list[at];

    if (merge_lane_take(lane, reader->now_ms, err) < 0)
        return -1;
    if (lane->is_ready)
        merge_heap_push(&reader->heap, at);
    else
        reader->missing += merge_lane_holds_back(lane);
    return 0;
}

/* A record that was on the broker linger_ms ago does not wait for those of
 * other partitions any more. */
static void grow_old(struct merge_reader *reader)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t low, high;

    if (now_ms - reader->aged_ms < reader->linger_ms)
        return;
    reader->aged_ms = now_ms;
    for (size_t i = 0; i < reader->lanes.count; i++) {
        struct merge_lane *lane = &reader->lanes.list[i];
        lane->aged = lane->seen;
        if (!rd_kafka_get_watermark_offsets(reader->client, lane->name,
                                            lane->partition, &low, &high) &&
            high > lane->seen)
            lane->seen = high;
    }
}

/* An answer of a broker was larger than this client takes. Fails where a lane
 * that holds the others back waits for a record of that answer. */
static int look_after_size(struct merge_reader *reader, struct error *err)
{
    struct partition_offsets *list =
        calloc(reader->lanes.count + 1, sizeof(*list));
    size_t count = 0;

    if (!list)
        return error_no_memory(err, "the ends of partitions");
    for (size_t i = 0; i < reader->lanes.count; i++) {
        const struct merge_lane *lane = &reader->lanes.list[i];
        if (merge_lane_holds_back(lane))
            list[count++] =
                (struct partition_offsets){.topic = lane->name,
                                           .partition = lane->partition,
                                           .at = lane->next};
    }
    int status = offsets_name_oversized(reader->client, list, count, err);
    free(list);
    reader->is_oversized = count == 0; /* no lane waits yet: one may soon */
    return status;
}

/* Looks for partitions that were added, now and then. A broker that does not
 * answer is asked again the next time; the lanes tell that it is away. */
static int look_for_partitions(struct merge_reader *reader, struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();
    size_t before = reader->lanes.count;
    struct error away;

    if (!reader->grows || now_ms - reader->grown_ms < GROW_MS)
        return 0;
    reader->grown_ms = now_ms;
    for (size_t t = 0; t < MERGE_TOPICS_MAX && reader->topics[t]; t++) {
        int32_t partitions = 0;
        if (!reader->handles[t])
            continue; /* listed before */
        if (offsets_count_partitions(reader->client, reader->handles[t],
                                     GROW_ASK_MS, &partitions, &away) < 0)
            break;
        if (merge_lanes_grow(&reader->lanes, reader->topics[t], t, partitions,
                             err) < 0)
            return -1;
    }
    if (reader->lanes.count == before)
        return 0;
    log_info("partitions were added and are read from their beginning",
             "partitions=%zu before=%zu", reader->lanes.count, before);
    if (make_tables(reader, err) < 0)
        return -1;
    return start_lanes(reader, err);
}

/* Takes what is there for all lanes that are not ready. */
static int look_around(struct merge_reader *reader, struct error *err)
{
    char bytes[256];

    if (look_for_partitions(reader, err) < 0 ||
        (reader->is_oversized && look_after_size(reader, err) < 0))
        return -1;
    while (read(reader->wake[0], bytes, sizeof(bytes)) > 0)
        continue;
    reader->missing = 0;
    for (size_t i = 0; i < reader->lanes.count; i++)
        if (!reader->lanes.list[i].is_ready && take_lane(reader, i, err) < 0)
            return -1;
    rd_kafka_poll(reader->client, 0);
    grow_old(reader);
    reader->unread = 0;
    return reader->broken ? error_set(err, reader->trouble.code, "%s",
                                      reader->trouble.text)
                          : 0;
}

static bool has_next(const struct merge_reader *reader)
{
    if (reader->heap.count == 0 || reader->missing > 0)
        return false;
    if (reader->linger_ms == 0 || reader->heap.count == reader->lanes.count)
        return true;
    const struct merge_lane *lane = &reader->lanes.list[reader->heap.order[0]];
    return lane->held[lane->at].message->offset < lane->aged;
}

/* A record that is dated ahead of the clock does not move the merge. */
static void come_to(struct merge_reader *reader, int64_t ms)
{
    if (ms > reader->now_ms && ms <= clock_wall_ms())
        reader->now_ms = ms;
}

static int hand_out(struct merge_reader *reader, struct merge_record *record,
                    struct error *err)
{
    size_t at = merge_heap_pop(&reader->heap);
    struct merge_lane *lane = &reader->lanes.list[at];
    int64_t order_ms = lane->head_ms;

    reader->current = merge_lane_shift(lane, &reader->ahead_ms);
    reader->current_topic = lane->topic;
    reader->unread++;
    *record = (struct merge_record){.topic = lane->topic,
                                    .message = message_of(reader->current),
                                    .ahead_ms = reader->ahead_ms};
    come_to(reader, order_ms);
    return take_lane(reader, at, err);
}

/* A queue writes to the pipe when its first record comes. */
static void wait_for_queues(struct merge_reader *reader, int64_t now_ms,
                            int64_t until_ms)
{
    struct pollfd fd = {.fd = reader->wake[0], .events = POLLIN};
    int64_t slice_ms = until_ms - now_ms;

    if (slice_ms > WAIT_SLICE_MS)
        slice_ms = WAIT_SLICE_MS;
    poll(&fd, 1, slice_ms > 0 ? (int)slice_ms : 0);
}

/* Returns when to come back at the latest. */
static int64_t look_after_fetching(struct merge_reader *reader, int64_t now_ms)
{
    if (reader->missing == 0)
        return INT64_MAX;
    return merge_waker_starve(&reader->waker, &reader->lanes, reader->client,
                              now_ms);
}

static void let_go(struct merge_reader *reader)
{
    if (reader->current)
        rd_kafka_message_destroy(reader->current);
    reader->current = NULL;
}

/* A topic may be listed again: its record comes once for each place. */
static bool hand_out_again(struct merge_reader *reader,
                           struct merge_record *record)
{
    const size_t before = reader->current_topic;

    if (!reader->current)
        return false;
    for (size_t t = before + 1; t < MERGE_TOPICS_MAX && reader->topics[t];
         t++) {
        if (strcmp(reader->topics[t], reader->topics[before]) != 0)
            continue;
        reader->current_topic = t;
        *record = (struct merge_record){.topic = t,
                                        .message = message_of(reader->current),
                                        .ahead_ms = reader->ahead_ms};
        return true;
    }
    return false;
}

int merge_reader_next(struct merge_reader *reader, unsigned wait_ms,
                      enum merge_result *result, struct merge_record *record,
                      struct error *err)
{
    int64_t deadline_ms = 0;

    if (hand_out_again(reader, record)) {
        *result = MERGE_RECORD;
        return 0;
    }
    let_go(reader);
    if (reader->unread >= LOOK_EVERY && look_around(reader, err) < 0)
        return -1;
    for (;;) {
        if (has_next(reader)) {
            merge_waker_feed(&reader->waker);
            *result = MERGE_RECORD;
            return hand_out(reader, record, err);
        }
        if (look_around(reader, err) < 0)
            return -1;
        if (has_next(reader))
            continue;
        if (merge_lanes_ended(&reader->lanes)) {
            *result = MERGE_END;
            return 0;
        }
        int64_t now_ms = clock_monotonic_ms();
        int64_t until_ms = look_after_fetching(reader, now_ms);
        if (deadline_ms == 0)
            deadline_ms = now_ms + wait_ms;
        if (now_ms >= deadline_ms) {
            *result = MERGE_NOTHING;
            return 0;
        }
        wait_for_queues(reader, now_ms,
                        until_ms < deadline_ms ? until_ms : deadline_ms);
    }
}

/* --- What is known ---------------------------------------------------- */

bool merge_reader_caught_up(const struct merge_reader *reader)
{
    return merge_lanes_caught_up(&reader->lanes);
}

const struct offset_range *merge_reader_ranges(struct merge_reader *reader,
                                               size_t *count)
{
    for (size_t i = 0; i < reader->lanes.count; i++) {
        const struct merge_lane *lane = &reader->lanes.list[i];
        struct offset_range *range = &reader->ranges[i];
        snprintf(range->topic, sizeof(range->topic), "%s", lane->name);
        range->partition = lane->partition;
        range->first = lane->first;
        range->next = lane->next;
    }
    *count = reader->lanes.count;
    return reader->ranges;
}

size_t merge_reader_expired(const struct merge_reader *reader)
{
    size_t count = 0;

    for (size_t i = 0; i < reader->lanes.count; i++)
        count += reader->lanes.list[i].is_expired;
    return count;
}

uint64_t merge_reader_lag(const struct merge_reader *reader)
{
    return merge_lanes_lag(&reader->lanes, reader->client);
}

void merge_reader_close(struct merge_reader *reader)
{
    if (!reader)
        return;
    let_go(reader);
    for (size_t i = 0; i < reader->lanes.count; i++)
        merge_lane_stop(&reader->lanes.list[i]);
    for (size_t i = 0; i < MERGE_TOPICS_MAX; i++)
        if (reader->handles[i])
            rd_kafka_topic_destroy(reader->handles[i]);
    bool is_closed = kafka_close(reader->client);
    for (int i = 0; i < 2; i++)
        if (is_closed && reader->wake[i] >= 0)
            close(reader->wake[i]);
    free(reader->heap.order);
    free(reader->ranges);
    free(reader->lanes.list);
    free(reader);
}
