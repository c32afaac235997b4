#include "consumer/read/subscriber.h"

#include "common/base/clock.h"

#include "consumer/read/fetch_wake.h"
#include "consumer/read/subscriber_handle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CLOSE_SLICE_MS = 50 };

/* --- Opening ---------------------------------------------------------- */

static int connect_client(struct subscriber *s, struct error *err)
{
    static const char *const resets[] = {"earliest", "latest", "error"};
    const struct kafka_property properties[] = {
        {"group.id", s->config.group},
        {"enable.partition.eof", s->config.watch_end ? "true" : "false"},
        {"auto.offset.reset", resets[s->config.lost_offset]},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;

    if (kafka_conf(&s->config.kafka, KAFKA_CONSUMER, properties, &conf, err) <
        0)
        return -1;
    rd_kafka_conf_set_opaque(conf, s);
    rd_kafka_conf_set_rebalance_cb(conf, subscriber_on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, subscriber_on_commit);
    fetch_wake_conf(conf);
    if (kafka_client_of(conf, KAFKA_CONSUMER, &s->client, err) < 0)
        return -1;
    rd_kafka_poll_set_consumer(s->client);
    s->queue = rd_kafka_queue_get_consumer(s->client);
    return 0;
}

static int join_group(struct subscriber *s, struct error *err)
{
    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(topics, s->config.topic,
                                      RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t failed = rd_kafka_subscribe(s->client, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (failed)
        return error_set(err, kafka_error_code(failed), "subscribe to '%s': %s",
                         s->config.topic, rd_kafka_err2str(failed));
    return 0;
}

int subscriber_open(const struct subscriber_config *config,
                    struct subscriber **out, struct error *err)
{
    struct subscriber *s = calloc(1, sizeof(*s));

    assert(config->batch_max > 0 && config->without_offset != START_FAIL);
    if (!s)
        return error_no_memory(err, "the subscriber");
    s->config = *config;
    s->limit = config->batch_max;
    s->taken = calloc(config->batch_max, sizeof(*s->taken));
    s->messages = calloc(config->batch_max, sizeof(*s->messages));
    if (!s->taken || !s->messages) {
        error_no_memory(err, "the subscriber");
        goto failed;
    }
    if (connect_client(s, err) < 0 || join_group(s, err) < 0)
        goto failed;
    *out = s;
    return 0;

failed:
    subscriber_close(s, 0);
    return -1;
}

/* --- Polling ---------------------------------------------------------- */

static int lost_offset(const struct subscriber *s,
                       const rd_kafka_message_t *report, struct error *err)
{
    return error_set(err, ERROR_UNAVAILABLE,
                     "the committed offset of '%s' [%d] is not on the broker "
                     "any more (retention, or the topic was made anew): "
                     "choose where to go on with --offset.lost",
                     s->config.topic, report->partition);
}

/* librdkafka's other news: most of it heals, and is in its own log lines. */
static int take_report(struct subscriber *s, const rd_kafka_message_t *report,
                       struct error *err)
{
    char why[256];

    switch (report->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (report->partition < s->position_count)
            s->positions[report->partition].at_end = true;
        return 0;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return lost_offset(s, report, err);
    case RD_KAFKA_RESP_ERR__FATAL: {
        rd_kafka_resp_err_t cause =
            rd_kafka_fatal_error(s->client, why, sizeof(why));
        return error_set(err, kafka_error_code(cause), "consumer: %s", why);
    }
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return error_set(err, kafka_error_code(report->err),
                         "consuming '%s' as group '%s': %s", s->config.topic,
                         s->config.group, rd_kafka_message_errstr(report));
    default:
        return 0;
    }
}

/* After a rebalance or a rewind librdkafka has been seen to hand out an old
 * message again. */
static bool is_fresh(const struct subscriber *s,
                     const rd_kafka_message_t *message)
{
    return message->partition < s->position_count &&
           s->positions[message->partition].assigned &&
           message->offset >= s->positions[message->partition].next;
}

static int sort_out(struct subscriber *s, size_t *count, struct error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->taken_count; i++) {
        const rd_kafka_message_t *message = s->taken[i];
        if (message->err) {
            if (take_report(s, message, err) < 0)
                return -1;
            continue;
        }
        if (!is_fresh(s, message))
            continue;
        struct position *position = &s->positions[message->partition];
        position->next = message->offset + 1;
        position->at_end = false;
        s->messages[kept++] = message_of(message);
    }
    *count = kept;
    return 0;
}

static enum subscriber_event event_of(enum pending pending)
{
    if (pending == PENDING_REVOKED)
        return SUBSCRIBER_REVOKED;
    return pending == PENDING_LOST ? SUBSCRIBER_LOST : SUBSCRIBER_NOTHING;
}

int subscriber_poll(struct subscriber *s, unsigned wait_ms,
                    struct message_batch *out, struct error *err)
{
    struct message_batch batch = {.messages = s->messages};

    assert(s->pending == PENDING_NOTHING || s->pending == PENDING_OFFERED);
    subscriber_drop(s);
    if (s->pending == PENDING_OFFERED) {
        int assigned = subscriber_assign_offered(s, err);
        if (assigned < 0)
            return -1;
        if (assigned > 0 && !s->rewinding) {
            batch.event = SUBSCRIBER_ASSIGNED;
            *out = batch;
            return 0;
        }
    }
    subscriber_take(s, wait_ms);
    if (sort_out(s, &batch.count, err) < 0)
        return -1;
    batch.full = s->taken_count == s->limit;
    batch.event = event_of(s->pending);
    *out = batch;
    return 0;
}

void subscriber_limit_batch(struct subscriber *s, size_t count)
{
    s->limit =
        count && count < s->config.batch_max ? count : s->config.batch_max;
}

/* --- Pausing --- */

static rd_kafka_topic_partition_list_t *list_one(const struct subscriber *s,
                                                 int32_t partition)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, s->config.topic, partition)
        ->offset = s->positions[partition].next;
    return list;
}

static bool is_ours(const struct subscriber *s, int32_t partition)
{
    return partition < s->position_count && s->positions[partition].assigned;
}

void subscriber_pause(struct subscriber *s, int32_t partition)
{
    if (!is_ours(s, partition))
        return;
    rd_kafka_topic_partition_list_t *list = list_one(s, partition);
    rd_kafka_pause_partitions(s->client, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Where it stopped is a number of ours: records that were fetched ahead are
 * dropped by the pause. */
void subscriber_resume(struct subscriber *s, int32_t partition)
{
    if (!is_ours(s, partition))
        return;
    rd_kafka_topic_partition_list_t *list = list_one(s, partition);
    rd_kafka_resume_partitions(s->client, list);
    if (s->positions[partition].next != UNKNOWN_OFFSET) {
        rd_kafka_error_t *failed = rd_kafka_seek_partitions(s->client, list, 0);
        if (failed)
            rd_kafka_error_destroy(failed);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* --- Committing ------------------------------------------------------- */

const rd_kafka_topic_partition_list_t *subscriber_next(struct subscriber *s)
{
    if (s->next)
        rd_kafka_topic_partition_list_destroy(s->next);
    s->next = rd_kafka_topic_partition_list_new(s->position_count);
    for (int32_t i = 0; i < s->position_count; i++) {
        const struct position *position = &s->positions[i];
        if (position->assigned && position->next != position->committed)
            rd_kafka_topic_partition_list_add(s->next, s->config.topic, i)
                ->offset = position->next;
    }
    return s->next->cnt > 0 ? s->next : NULL;
}

const rd_kafka_consumer_group_metadata_t *subscriber_group(struct subscriber *s)
{
    if (s->group)
        rd_kafka_consumer_group_metadata_destroy(s->group);
    s->group = rd_kafka_consumer_group_metadata(s->client);
    return s->group;
}

void subscriber_mark_committed(struct subscriber *s)
{
    for (int32_t i = 0; i < s->position_count; i++)
        s->positions[i].committed = s->positions[i].next;
}

int subscriber_commit(struct subscriber *s, bool wait, struct error *err)
{
    const rd_kafka_topic_partition_list_t *next = subscriber_next(s);

    if (!next)
        return 0;
    rd_kafka_resp_err_t failed = rd_kafka_commit(s->client, next, !wait);
    if (failed)
        return error_set(err, kafka_error_code(failed),
                         "commit offsets of group '%s': %s", s->config.group,
                         rd_kafka_err2str(failed));
    subscriber_mark_committed(s);
    return 0;
}

/* --- Questions -------------------------------------------------------- */

bool subscriber_at_end(const struct subscriber *s)
{
    if (!s->has_assignment || s->pending != PENDING_NOTHING)
        return false;
    for (int32_t i = 0; i < s->position_count; i++)
        if (s->positions[i].assigned && !s->positions[i].at_end)
            return false;
    return true;
}

int64_t subscriber_lag(const struct subscriber *s, int32_t partition)
{
    int64_t first, end;

    if (partition >= s->position_count || !s->positions[partition].assigned ||
        rd_kafka_get_watermark_offsets(s->client, s->config.topic, partition,
                                       &first, &end) ||
        end < 0)
        return -1;
    int64_t from = s->positions[partition].committed;
    if (from == UNKNOWN_OFFSET)
        from = first < 0 ? 0 : first;
    return end > from ? end - from : 0;
}

int64_t subscriber_committed(const struct subscriber *s, int32_t partition)
{
    int64_t first = 0, end;

    if (partition >= s->position_count || !s->positions[partition].assigned)
        return -1;
    int64_t committed = s->positions[partition].committed;
    if (committed != UNKNOWN_OFFSET)
        return committed;
    return rd_kafka_get_watermark_offsets(s->client, s->config.topic, partition,
                                          &first, &end) ||
                   first < 0
               ? 0
               : first;
}

int32_t subscriber_partitions(const struct subscriber *s)
{
    return s->position_count;
}

/* --- Closing ---------------------------------------------------------- */

/* rd_kafka_consumer_close() waits for ever on a broker that does not answer;
 * this way of leaving has a deadline. */
static void leave_group(struct subscriber *s, unsigned timeout_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

    s->closing = true;
    if (s->pending != PENDING_NOTHING)
        rd_kafka_assign(s->client, NULL);
    rd_kafka_error_t *failed =
        rd_kafka_consumer_close_queue(s->client, s->queue);
    if (failed) {
        rd_kafka_error_destroy(failed);
        return;
    }
    /* What was fetched ahead is still in the queue, before the goodbye. */
    while (!rd_kafka_consumer_closed(s->client) &&
           clock_monotonic_ms() < deadline_ms) {
        rd_kafka_message_t *unread =
            rd_kafka_consumer_poll(s->client, CLOSE_SLICE_MS);
        if (unread)
            rd_kafka_message_destroy(unread);
    }
}

static void disconnect(struct subscriber *s, unsigned timeout_ms)
{
    if (timeout_ms > 0)
        leave_group(s, timeout_ms);
    if (s->group)
        rd_kafka_consumer_group_metadata_destroy(s->group);
    rd_kafka_queue_destroy(s->queue);
    rd_kafka_destroy_flags(s->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void subscriber_close(struct subscriber *s, unsigned timeout_ms)
{
    if (!s)
        return;
    subscriber_drop(s);
    if (s->client)
        disconnect(s, timeout_ms);
    if (s->offered)
        rd_kafka_topic_partition_list_destroy(s->offered);
    if (s->next)
        rd_kafka_topic_partition_list_destroy(s->next);
    free(s->positions);
    free(s->messages);
    free(s->taken);
    free(s);
}
