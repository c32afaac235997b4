/*
 * subscriber.c - a member of a consumer group: its client, its batches, its
 * commits.
 *
 * The partitions that it has are an object of their own (assignment.h), which
 * takes its steps between two batches. librdkafka hands out nothing new in
 * between, so every message of a batch belongs to the assignment before the
 * event. That makes librdkafka's batch call safe here, too: it is not beside a
 * seek or an assign out of a callback.
 */
#include "consumer/read/subscriber.h"

#include "common/base/broken.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_close.h"
#include "common/kafka/kafka_log.h"
#include "common/kafka/kafka_watch.h"

#include "consumer/read/assignment.h"
#include "consumer/read/fetch_wake.h"
#include "consumer/read/fetched_batch.h"
#include "consumer/read/reading_trouble.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLOSE_SLICE_MS = 50,
    ASK_MS = 1000, /* one question to the broker */
    STALE_MS = 60000,
};

struct subscriber {
    struct subscriber_config config;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *topic; /* for questions about it */

    struct fetched_batch *taken; /* dropped at the next poll */
    struct message *messages;    /* (batch_max) of these records */

    struct group_member member;    /* a view of the above, for questions */
    struct assignment *assignment; /* our partitions */
    struct positions *positions;   /* in them; borrowed from `assignment` */
    struct error waits;            /* why partitions are not read yet */

    struct reading_trouble trouble;
    struct error failure; /* told at the next poll */
    bool is_closing;

    rd_kafka_topic_partition_list_t *next;
    rd_kafka_consumer_group_metadata_t *group;
};

/* --- librdkafka's callbacks ------------------------------------------- */

/* From inside rd_kafka_consumer_poll() and friends. */
static void on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t what,
                         rd_kafka_topic_partition_list_t *partitions,
                         void *context)
{
    struct subscriber *s = context;

    if (s->is_closing || (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS &&
                          what != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)) {
        rd_kafka_assign(client, NULL);
        return;
    }
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        assignment_offer(s->assignment, partitions);
    else
        assignment_revoke(s->assignment);
    if (fetched_batch_is_waiting(s->taken))
        rd_kafka_yield(client);
}

/* A commit in the background failed: the next one has to cover it again. */
static void on_commit(rd_kafka_t *client, rd_kafka_resp_err_t failed,
                      rd_kafka_topic_partition_list_t *offsets, void *context)
{
    struct subscriber *s = context;

    (void)client;
    if (!failed || failed == RD_KAFKA_RESP_ERR__NO_OFFSET || !offsets)
        return;
    for (int i = 0; i < offsets->cnt; i++)
        positions_unmark_committed(s->positions, offsets->elems[i].partition);
}

static void on_trouble(rd_kafka_t *client, int error, const char *text,
                       void *context)
{
    struct subscriber *s = context;

    reading_trouble_hear(&s->trouble, error);
    kafka_log_trouble(client, text);
}

static int on_statistics(rd_kafka_t *client, char *json, size_t size,
                         void *context)
{
    struct subscriber *s = context;

    (void)client;
    kafka_watch_take(s->config.kafka.watch, json, size);
    return 0; /* the text stays librdkafka's */
}

/* --- Opening ---------------------------------------------------------- */

static int connect_client(struct subscriber *s, struct error *err)
{
    const struct kafka_property properties[] = {
        {"group.id", s->config.group},
        {"enable.partition.eof", s->config.watch_end ? "true" : "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = NULL;

    if (kafka_conf(&s->config.kafka, KAFKA_CONSUMER, properties, &conf, err) <
        0)
        return -1;
    rd_kafka_conf_set_opaque(conf, s);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
    rd_kafka_conf_set_error_cb(conf, on_trouble);
    rd_kafka_conf_set_stats_cb(conf, on_statistics);
    fetch_wake_conf(conf);
    if (kafka_watch_conf(s->config.kafka.watch, conf, err) < 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    if (kafka_client_of(conf, KAFKA_CONSUMER, &s->client, err) < 0)
        return -1;
    rd_kafka_poll_set_consumer(s->client);
    s->queue = rd_kafka_queue_get_consumer(s->client);
    s->topic = rd_kafka_topic_new(s->client, s->config.topic, NULL);
    if (!s->topic)
        return error_set(err, ERROR_CONFIG, "topic '%s': %s", s->config.topic,
                         rd_kafka_err2str(rd_kafka_last_error()));
    s->member = (struct group_member){
        .client = s->client,
        .handle = s->topic,
        .topic = s->config.topic,
        .group = s->config.group,
        .without_offset = s->config.without_offset,
        .lost_offset = s->config.lost_offset,
        .timeout_ms = ASK_MS,
        .stale_ms = STALE_MS,
    };
    if (assignment_new(&s->member, &s->assignment, err) < 0)
        return -1;
    s->positions = assignment_positions(s->assignment);
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
    s->messages = calloc(config->batch_max, sizeof(*s->messages));
    if (!s->messages) {
        error_no_memory(err, "the subscriber");
        goto failed;
    }
    if (fetched_batch_new(config->batch_max, &s->taken, err) < 0)
        goto failed;
    if (connect_client(s, err) < 0 || join_group(s, err) < 0)
        goto failed;
    *out = s;
    return 0;

failed:
    subscriber_close(s, 0);
    return -1;
}

/* --- Taking records --------------------------------------------------- */

static void take(struct subscriber *s, unsigned wait_ms, int64_t *waited_ns)
{
    fetched_batch_take(s->taken, s->client, s->queue, wait_ms, waited_ns);
    if (!fetched_batch_has_room_again(s->taken, s->queue))
        return;
    rd_kafka_topic_partition_list_t *ours = assignment_list(s->assignment);
    fetch_wake(s->client, ours);
    rd_kafka_topic_partition_list_destroy(ours);
}

static int take_report(struct subscriber *s, const rd_kafka_message_t *report,
                       struct error *err)
{
    switch (report->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        positions_note_end(s->positions, report->partition);
        return 0;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        positions_note_lost(s->positions, report->partition);
        return 0;
    default:
        return reading_trouble_take(&s->trouble, &s->member, report, err);
    }
}

/* After a rebalance or a rewind librdkafka has been seen to hand out an old
 * message again. A failure is told after the records before it. */
static int sort_out(struct subscriber *s, size_t *count, struct error *err)
{
    size_t kept = 0, taken;
    rd_kafka_message_t *const *records =
        fetched_batch_records(s->taken, &taken);

    for (size_t i = 0; i < taken && !s->failure.code; i++) {
        const rd_kafka_message_t *message = records[i];
        if (message->err)
            (void)!take_report(s, message, &s->failure);
        else if (positions_take(s->positions, message->partition,
                                message->offset)) {
            s->messages[kept++] = message_of(message);
            reading_trouble_end(&s->trouble);
        }
    }
    s->trouble.is_dry = kept == 0;
    *count = kept;
    if (!s->failure.code || kept > 0)
        return 0;
    *err = s->failure;
    return -1;
}

/* Does what has to be done before records are taken. 1: the batch has an event
 * instead of records. */
static int prepare(struct subscriber *s, struct message_batch *batch,
                   struct error *err)
{
    struct assignment_choices choices;
    bool came;

    if (s->failure.code) {
        *err = s->failure;
        return -1;
    }
    s->waits = (struct error){.code = ERROR_NONE};
    if (reading_trouble_look_after(&s->trouble, &s->member, s->positions,
                                   &s->waits, err) < 0 ||
        assignment_place(s->assignment, &s->waits, err) < 0)
        return -1;
    if (assignment_state(s->assignment) != ASSIGNMENT_PLACED)
        return 0;
    if (assignment_take_choices(s->assignment, &choices)) {
        batch->event = SUBSCRIBER_PLACED;
        batch->gaps = choices.gaps;
        batch->gap_count = choices.gap_count;
        batch->is_new_group = choices.is_new_group;
        return 1;
    }
    if (assignment_begin(s->assignment, &came, err) < 0)
        return -1;
    s->trouble.was_assigned = true;
    if (!came)
        return 0;
    batch->event = SUBSCRIBER_ASSIGNED;
    return 1;
}

static enum subscriber_event event_of(enum assignment_state state)
{
    if (state == ASSIGNMENT_REVOKED)
        return SUBSCRIBER_REVOKED;
    return state == ASSIGNMENT_LOST ? SUBSCRIBER_LOST : SUBSCRIBER_NOTHING;
}

int subscriber_poll(struct subscriber *s, unsigned wait_ms,
                    struct message_batch *out, struct error *err)
{
    struct message_batch batch = {.messages = s->messages};

    assert(event_of(assignment_state(s->assignment)) == SUBSCRIBER_NOTHING);
    fetched_batch_drop(s->taken);
    int prepared = prepare(s, &batch, err);
    if (prepared < 0)
        return -1;
    if (prepared == 0) {
        take(s, wait_ms, &batch.waited_ns);
        if (sort_out(s, &batch.count, err) < 0)
            return -1;
        batch.full = fetched_batch_is_full(s->taken);
        batch.event = event_of(assignment_state(s->assignment));
    }
    batch.waits = s->waits.code ? &s->waits : NULL;
    *out = batch;
    return 0;
}

void subscriber_release(struct subscriber *s)
{
    assignment_release(s->assignment);
}

void subscriber_rewind(struct subscriber *s)
{
    assignment_rewind(s->assignment);
}

void subscriber_limit_batch(struct subscriber *s, size_t count)
{
    fetched_batch_limit(s->taken, count);
}

void subscriber_pause(struct subscriber *s, int32_t partition)
{
    assignment_pause(s->assignment, partition);
}

void subscriber_resume(struct subscriber *s, int32_t partition)
{
    assignment_resume(s->assignment, partition);
}

/* --- Committing ------------------------------------------------------- */

const rd_kafka_topic_partition_list_t *subscriber_next(struct subscriber *s)
{
    if (s->next)
        rd_kafka_topic_partition_list_destroy(s->next);
    s->next = rd_kafka_topic_partition_list_new(s->positions->count);
    for (int32_t i = 0; i < s->positions->count; i++) {
        const struct position *position = &s->positions->list[i];
        if (positions_is_due(position))
            rd_kafka_topic_partition_list_add(s->next, s->config.topic, i)
                ->offset =
                position->is_assigned ? position->next : position->chosen;
    }
    return s->next->cnt > 0 ? s->next : NULL;
}

/* The name that the group gave this member; NULL: it has none. */
static char *member_id(const struct subscriber *s)
{
    char *id = rd_kafka_memberid(s->client);

    if (!id || id[0])
        return id;
    rd_kafka_mem_free(s->client, id);
    return NULL;
}

/* A member that was expelled loses its name and its generation, in two steps,
 * beside us. Kafka takes a commit without either from anybody, so that it
 * would not fence this one. A name never comes back: one that is the same
 * before and after was ours in between. */
const rd_kafka_consumer_group_metadata_t *subscriber_group(struct subscriber *s)
{
    if (s->group)
        rd_kafka_consumer_group_metadata_destroy(s->group);
    if (is_broken(BROKEN_NO_GENERATION)) {
        s->group = rd_kafka_consumer_group_metadata_new(s->config.group);
        return s->group;
    }
    char *before = member_id(s);
    s->group = rd_kafka_consumer_group_metadata(s->client);
    char *after = member_id(s);
    bool is_member = before && after && strcmp(before, after) == 0;
    if (before)
        rd_kafka_mem_free(s->client, before);
    if (after)
        rd_kafka_mem_free(s->client, after);
    return is_member ? s->group : NULL;
}

void subscriber_mark_committed(struct subscriber *s)
{
    positions_mark_committed(s->positions);
}

enum commit_way { COMMIT_AND_WAIT, COMMIT_LATER };

/* rd_kafka_commit() waits for a broker that is silent longer than a stop may
 * take. */
static rd_kafka_resp_err_t
commit_and_wait(const struct subscriber *s,
                const rd_kafka_topic_partition_list_t *next)
{
    rd_kafka_queue_t *answers = rd_kafka_queue_new(s->client);
    rd_kafka_resp_err_t failed =
        rd_kafka_commit_queue(s->client, next, answers, NULL, NULL);
    rd_kafka_event_t *answer = NULL;

    while (!failed && !answer && !stop_is_overdue())
        answer = rd_kafka_queue_poll(answers, STOP_SLICE_MS);
    if (answer)
        failed = rd_kafka_event_error(answer);
    else if (!failed)
        failed = RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (answer)
        rd_kafka_event_destroy(answer);
    rd_kafka_queue_destroy(answers);
    return failed;
}

static int commit(struct subscriber *s, enum commit_way way, struct error *err)
{
    const rd_kafka_topic_partition_list_t *next = subscriber_next(s);

    if (!next)
        return 0;
    rd_kafka_resp_err_t failed = way == COMMIT_AND_WAIT
                                     ? commit_and_wait(s, next)
                                     : rd_kafka_commit(s->client, next, 1);
    if (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && stop_is_overdue())
        return stop_error(err);
    if (failed)
        return error_set(err, kafka_error_code((int)failed),
                         "commit offsets of group '%s': %s", s->config.group,
                         rd_kafka_err2str(failed));
    subscriber_mark_committed(s);
    return 0;
}

int subscriber_commit(struct subscriber *s, struct error *err)
{
    return commit(s, COMMIT_AND_WAIT, err);
}

int subscriber_commit_later(struct subscriber *s, struct error *err)
{
    return commit(s, COMMIT_LATER, err);
}

/* --- Questions -------------------------------------------------------- */

bool subscriber_at_end(const struct subscriber *s)
{
    return assignment_is_at_end(s->assignment);
}

int64_t subscriber_committed(const struct subscriber *s, int32_t partition)
{
    int64_t first = 0, end;

    if (partition >= s->positions->count ||
        !s->positions->list[partition].is_assigned)
        return -1;
    int64_t committed = s->positions->list[partition].committed;
    if (committed != OFFSET_UNKNOWN)
        return committed;
    return rd_kafka_get_watermark_offsets(s->client, s->config.topic, partition,
                                          &first, &end) ||
                   first < 0
               ? 0
               : first;
}

int32_t subscriber_partitions(const struct subscriber *s)
{
    return s->positions->count;
}

/* --- Closing ---------------------------------------------------------- */

/* rd_kafka_consumer_close() waits for ever on a broker that does not answer;
 * this way of leaving has a deadline. */
static void leave_group(struct subscriber *s, unsigned timeout_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

    s->is_closing = true;
    if (assignment_state(s->assignment) != ASSIGNMENT_STANDS)
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
    assignment_free(s->assignment);
    if (s->topic)
        rd_kafka_topic_destroy(s->topic);
    rd_kafka_queue_destroy(s->queue);
    kafka_close(s->client);
}

void subscriber_close(struct subscriber *s, unsigned timeout_ms)
{
    if (!s)
        return;
    if (s->taken)
        fetched_batch_drop(s->taken);
    if (s->client)
        disconnect(s, timeout_ms);
    if (s->next)
        rd_kafka_topic_partition_list_destroy(s->next);
    free(s->messages);
    fetched_batch_free(s->taken);
    free(s);
}
