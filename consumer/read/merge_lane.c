#include "consumer/read/merge_lane.h"

#include "common/kafka/kafka_client.h"

#include "consumer/read/message.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>

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
        lane->held[lane->count++] = message;
    }
    return status;
}

static void look_at_head(struct merge_lane *lane)
{
    if (merge_lane_has_head(lane))
        lane->head_ms = message_of(lane->held[lane->at]).timestamp_ms;
}

int merge_lane_take(struct merge_lane *lane, struct error *err)
{
    rd_kafka_message_t *taken[LANE_BATCH];
    int status = 0;

    if (!lane->queue || lane->done || merge_lane_has_head(lane))
        return 0;
    lane->at = lane->count = 0;
    ssize_t count =
        rd_kafka_consume_batch_queue(lane->queue, 0, taken, LANE_BATCH);
    for (ssize_t i = 0; i < count; i++)
        if (status == 0)
            status = sort_in(lane, taken[i], err);
        else
            rd_kafka_message_destroy(taken[i]);
    look_at_head(lane);
    /* A range that ends in the gap before the partition's end. */
    if (lane->end != LANE_NO_END && lane->at_end && lane->count == 0)
        lane->done = true;
    return status;
}

rd_kafka_message_t *merge_lane_shift(struct merge_lane *lane)
{
    rd_kafka_message_t *message = lane->held[lane->at++];

    lane->next = message->offset + 1;
    lane->reached = lane->reached || lane->next >= lane->known;
    if (lane->end != LANE_NO_END && lane->next >= lane->end)
        lane->done = true;
    look_at_head(lane);
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
        rd_kafka_message_destroy(lane->held[lane->at++]);
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
