#include "consumer/read/merge_lane.h"

#include "common/kafka/kafka_client.h"

#include "consumer/read/message.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_BYTES = 256 }; /* beside its value, about */

int merge_lane_start(struct merge_lane *lane, rd_kafka_t *client, int wake_fd,
                     struct error *err)
{
    if (lane->end != LANE_NO_END && lane->first >= lane->end) {
        lane->done = lane->reached = true;
        return 0;
    }
    /* The plain consumer interface keeps one queue per partition; a group
     * consumer would forward them all into one. */
    if (rd_kafka_consume_start(lane->handle, lane->partition, lane->first) <
        0) {
        rd_kafka_resp_err_t error = rd_kafka_last_error();
        return error_set(err, kafka_error_code(error),
                         "read %s/%" PRId32 " from offset %" PRId64 ": %s",
                         lane->name, lane->partition, lane->first,
                         rd_kafka_err2str(error));
    }
    lane->queue =
        rd_kafka_queue_get_partition(client, lane->name, lane->partition);
    rd_kafka_queue_io_event_enable(lane->queue, wake_fd, "", 1);
    lane->reached = lane->first >= lane->known;
    return 0;
}

static int lane_failed(const struct merge_lane *lane,
                       const rd_kafka_message_t *message, struct error *err)
{
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return error_set(err, ERROR_UNAVAILABLE,
                         "%s/%" PRId32 ": offset %" PRId64
                         " is not there any more: the topic's retention took "
                         "it, or the topic was made anew; start again to read "
                         "what is left",
                         lane->name, lane->partition, lane->next);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return error_set(err, ERROR_UNAVAILABLE,
                         "%s/%" PRId32 " is gone: was the topic deleted?",
                         lane->name, lane->partition);
    default:
        break;
    }
    switch (kafka_error_code((int)message->err)) {
    case ERROR_FORMAT:
    case ERROR_LIMIT:
        return message_unreadable(message, lane->name, err);
    default:
        return error_set(err, kafka_error_code((int)message->err),
                         "%s/%" PRId32 " at offset %" PRId64 ": %s", lane->name,
                         lane->partition, lane->next,
                         rd_kafka_message_errstr(message));
    }
}

/* Room for one batch more. */
static int make_room(struct merge_lane *lane, struct error *err)
{
    size_t unread = lane->count - lane->at;

    if (lane->at > 0)
        memmove(lane->held, lane->held + lane->at,
                unread * sizeof(*lane->held));
    lane->at = 0;
    lane->count = unread;
    if (unread + LANE_BATCH <= lane->room)
        return 0;
    size_t room = unread + LANE_BATCH > 2 * lane->room ? unread + LANE_BATCH
                                                       : 2 * lane->room;
    struct lane_record *held = realloc(lane->held, room * sizeof(*held));
    if (!held)
        return error_no_memory(err, "%zu records of a partition", room);
    lane->held = held;
    lane->room = room;
    return 0;
}

static void keep(struct merge_lane *lane, rd_kafka_message_t *message)
{
    int64_t ms = message_of(message).timestamp_ms;

    lane->held[lane->count++] = (struct lane_record){message, ms};
    lane->bytes += message->len + RECORD_BYTES;
    if (ms < lane->highest_ms - LANE_AHEAD_MS)
        lane->fall_offset = message->offset;
    if (ms > lane->highest_ms)
        lane->highest_ms = ms;
}

/* Keeps the record, or learns from what is none. */
static int sort_in(struct merge_lane *lane, rd_kafka_message_t *message,
                   struct error *err)
{
    int status = 0;

    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        lane->at_end = lane->reached = true;
    else if (message->err)
        status = lane_failed(lane, message, err);
    else if (lane->end != LANE_NO_END && message->offset >= lane->end)
        lane->done = lane->reached = true;

    if (message->err || lane->done) {
        rd_kafka_message_destroy(message);
    } else {
        lane->at_end = false;
        keep(lane, message);
    }
    return status;
}

/* Nothing more is to be known of what is behind the head. */
static bool sees_enough(const struct merge_lane *lane)
{
    return lane->at_end || lane->done || lane->bytes > lane->bytes_max ||
           lane->held[lane->count - 1].message->offset + 1 == lane->end;
}

/* The place of the head. Where no record behind it is far below one before
 * it, none needs to be looked at. */
static enum lane_place find_place(const struct merge_lane *lane, int64_t now_ms,
                                  size_t *low)
{
    const struct lane_record *head = &lane->held[lane->at];
    size_t count = lane->count - lane->at;

    if (head->message->offset < lane->ahead_until)
        return LANE_AHEAD;
    if (lane_order_is_near(head->ms, now_ms))
        return LANE_OWN;
    if (lane->fall_offset > head->message->offset)
        return lane_order_look(head, count, now_ms, low);
    return count < LANE_WINDOW ? LANE_OPEN : LANE_OWN;
}

/* As of when does the head come? */
static void look_at_head(struct merge_lane *lane, int64_t now_ms)
{
    size_t low = 0;

    lane->is_ready = false;
    if (!merge_lane_has_head(lane))
        return;
    const struct lane_record *head = &lane->held[lane->at];
    enum lane_place place = find_place(lane, now_ms, &low);
    lane->is_ready = place != LANE_OPEN || sees_enough(lane);
    lane->head_ms = head->ms;
    if (place != LANE_AHEAD)
        return;
    if (low > 0)
        lane->ahead_until = head[low].message->offset;
    if (now_ms == INT64_MIN)
        now_ms = head[low].ms;
    if (now_ms < head->ms)
        lane->head_ms = now_ms;
}

/* Returns how many came, or -1. */
static int take_batch(struct merge_lane *lane, struct error *err)
{
    rd_kafka_message_t *taken[LANE_BATCH];
    int status = 0;

    if (make_room(lane, err) < 0)
        return -1;
    ssize_t count =
        rd_kafka_consume_batch_queue(lane->queue, 0, taken, LANE_BATCH);
    for (ssize_t i = 0; i < count; i++)
        if (status == 0)
            status = sort_in(lane, taken[i], err);
        else
            rd_kafka_message_destroy(taken[i]);
    return status < 0 ? -1 : count < 0 ? 0 : (int)count;
}

int merge_lane_take(struct merge_lane *lane, int64_t now_ms, struct error *err)
{
    for (;;) {
        look_at_head(lane, now_ms);
        if (lane->is_ready || !lane->queue || lane->done)
            return 0;
        int count = take_batch(lane, err);
        if (count < 0)
            return -1;
        /* A range that ends in the gap before the partition's end. */
        if (lane->end != LANE_NO_END && lane->at_end &&
            !merge_lane_has_head(lane))
            lane->done = true;
        if (count == 0)
            return 0;
    }
}

rd_kafka_message_t *merge_lane_shift(struct merge_lane *lane, int64_t *ahead_ms)
{
    const struct lane_record *head = &lane->held[lane->at++];
    rd_kafka_message_t *message = head->message;

    *ahead_ms = head->ms - lane->head_ms;
    lane->is_ready = false;
    lane->bytes -= message->len + RECORD_BYTES;
    lane->next = message->offset + 1;
    lane->reached = lane->reached || lane->next >= lane->known;
    if (lane->end != LANE_NO_END && lane->next >= lane->end)
        lane->done = true;
    return message;
}

static void drain(rd_kafka_queue_t *queue)
{
    rd_kafka_message_t *taken[LANE_BATCH];
    ssize_t count;

    while ((count = rd_kafka_consume_batch_queue(queue, 0, taken, LANE_BATCH)) >
           0)
        for (ssize_t i = 0; i < count; i++)
            rd_kafka_message_destroy(taken[i]);
}

void merge_lane_stop(struct merge_lane *lane)
{
    while (merge_lane_has_head(lane))
        rd_kafka_message_destroy(lane->held[lane->at++].message);
    free(lane->held);
    lane->held = NULL;
    lane->at = lane->count = lane->room = 0;
    lane->is_ready = false;
    if (!lane->queue)
        return;
    rd_kafka_queue_io_event_enable(lane->queue, -1, NULL, 0);
    rd_kafka_consume_stop(lane->handle, lane->partition);
    /* 2.0.2 waits for ever for what lies in the queue of a partition that is
     * gone (librdkafka issue 4724). */
    drain(lane->queue);
    rd_kafka_queue_destroy(lane->queue);
    lane->queue = NULL;
}
