/*
 * subscriber.c - a member of a consumer group.
 *
 * Partitions come and go: librdkafka's rebalance callback only notes what is
 * asked, and assign and unassign are called between two batches. librdkafka
 * hands out nothing new in between, so every message of a batch belongs to the
 * assignment before the event, which also makes its batch call safe here (it
 * is not beside a seek or an assign out of a callback).
 *
 *   idle --callback assign--> OFFERED --offsets known--> PLACED
 *   PLACED --choices committed--> assigned
 *   assigned --callback revoke--> REVOKED or LOST --release--> idle
 *   assigned --rewind--> OFFERED (the same partitions)
 *   assigned --offset lost--> PLACED (the same partitions, elsewhere)
 *
 * Every start is a number, also after an offset was lost (group_start.h,
 * positions.h). It is committed before the first record is handed out, so that
 * no abort, crash or rebalance makes a member choose again, later and further
 * on.
 */
#include "consumer/read/subscriber.h"

#include "common/base/broken.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_close.h"
#include "common/kafka/kafka_log.h"
#include "common/kafka/kafka_watch.h"

#include "consumer/read/fetch_wake.h"
#include "consumer/read/fetched_batch.h"
#include "consumer/read/group_start.h"
#include "consumer/read/offsets.h"
#include "consumer/read/partition_queues.h"

#include <assert.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLOSE_SLICE_MS = 50,
    ASK_MS = 1000,   /* one question to the broker */
    GONE_MS = 15000, /* a topic that is made anew is away for less */
};

enum pending {
    PENDING_NOTHING,
    PENDING_OFFERED,
    PENDING_PLACED,
    PENDING_REVOKED,
    PENDING_LOST
};

struct subscriber {
    struct subscriber_config config;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *topic; /* for questions about it */

    struct fetched_batch *taken; /* dropped at the next poll */
    struct message *messages;    /* (batch_max) of these records */

    struct positions positions;
    struct partition_queues queues; /* of our partitions */
    bool has_assignment;
    bool has_begun; /* there was an assignment at some time */

    enum pending pending;
    rd_kafka_topic_partition_list_t *offered;
    bool is_called_back; /* callbacks come first: a commit just failed */
    bool is_rewinding;   /* `offered` is what we had: no event */
    bool is_closing;

    struct offset_gap *gaps; /* (positions.count) of the move at hand */
    size_t gap_count;
    bool is_new_group;
    struct error waits;    /* why offered partitions are not read yet */
    struct error trouble;  /* told at the next poll */
    int64_t gone_since_ms; /* the topic is said to be gone; 0: it is there */
    bool is_oversized;     /* a broker's answer was too large for us */
    bool is_dry;           /* the last poll found no record */

    rd_kafka_topic_partition_list_t *next;
    rd_kafka_consumer_group_metadata_t *group;
};

/* --- librdkafka's callbacks ------------------------------------------- */

static void offer(struct subscriber *s,
                  const rd_kafka_topic_partition_list_t *partitions,
                  bool is_rewinding)
{
    if (s->offered)
        rd_kafka_topic_partition_list_destroy(s->offered);
    s->offered = rd_kafka_topic_partition_list_copy(partitions);
    s->is_rewinding = is_rewinding;
    s->pending = PENDING_OFFERED;
}

/* librdkafka waits for an answer to what it offers. While it waits it takes no
 * notice of the group: not of the next rebalance, not of a goodbye, and not of
 * a coordinator that has forgotten this member. Finding a start can take
 * longer than that, so the first answer is "nothing yet". */
static void answer_nothing_yet(rd_kafka_t *client)
{
    rd_kafka_topic_partition_list_t *nothing =
        rd_kafka_topic_partition_list_new(0);

    rd_kafka_assign(client, nothing);
    rd_kafka_topic_partition_list_destroy(nothing);
}

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
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        answer_nothing_yet(client);
        offer(s, partitions, false);
    } else
        s->pending =
            rd_kafka_assignment_lost(client) ? PENDING_LOST : PENDING_REVOKED;
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
        positions_unmark_committed(&s->positions, offsets->elems[i].partition);
}

static bool says_gone(int error)
{
    return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* It may be made anew in a moment. */
static void note_gone(struct subscriber *s)
{
    if (s->gone_since_ms == 0)
        s->gone_since_ms = clock_monotonic_ms();
}

/* Of a broker, or of a topic that is gone. An answer that is larger than
 * receive.message.max.bytes closes the connection, again and again. */
static void on_trouble(rd_kafka_t *client, int error, const char *text,
                       void *context)
{
    struct subscriber *s = context;

    if (error == RD_KAFKA_RESP_ERR__BAD_MSG)
        s->is_oversized = true;
    else if (says_gone(error))
        note_gone(s);
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

/* --- Where offered partitions begin ----------------------------------- */

/* Waiting may heal it. */
static bool may_heal(const struct error *err)
{
    return err->code == ERROR_UNAVAILABLE || err->code == ERROR_TEMPORARY;
}

/* 0: asked again at the next poll; -1: it never heals. */
static int wait_or_fail(struct subscriber *s, struct error *err)
{
    if (!may_heal(err))
        return -1;
    s->waits = *err;
    return 0;
}

static int lost_offset(const struct subscriber *s, const struct offset_gap *gap,
                       struct error *err)
{
    return error_set(err, ERROR_UNAVAILABLE,
                     "offset %" PRId64 " of '%s' [%" PRId32
                     "], where group '%s' goes on, is not on the broker any "
                     "more (retention, or the topic was made anew): choose "
                     "where to go on with --offset.lost",
                     gap->from, s->config.topic, gap->partition,
                     s->config.group);
}

/* Finds a start for each offered partition. 1: found; 0: the broker cannot say
 * yet, and is asked again at the next poll; -1: it never will. */
static int place_offered(struct subscriber *s, struct error *err)
{
    const struct group_start about = {.client = s->client,
                                      .handle = s->topic,
                                      .topic = s->config.topic,
                                      .group = s->config.group,
                                      .policy = s->config.without_offset,
                                      .lost = s->config.lost_offset,
                                      .timeout_ms = ASK_MS};
    struct offset_gap *gaps =
        realloc(s->gaps, ((size_t)s->offered->cnt + 1) * sizeof(*gaps));

    if (!gaps)
        return error_no_memory(err, "the gaps of partitions");
    s->gaps = gaps;
    struct group_found found = {.gaps = gaps};
    if (group_start_find(&about, s->offered, &s->positions, &found, err) < 0)
        return wait_or_fail(s, err);
    if (found.is_refused)
        return lost_offset(s, &gaps[found.gap_count - 1], err);
    s->gap_count = found.gap_count;
    s->is_new_group = found.is_new;
    s->pending = PENDING_PLACED;
    return 1;
}

/* What is assigned is read: librdkafka keeps a pause over assignments, and
 * whoever paused it may have forgotten that. */
static void resume_paused(struct subscriber *s)
{
    rd_kafka_topic_partition_list_t *paused =
        rd_kafka_topic_partition_list_new(1);

    for (int i = 0; i < s->offered->cnt; i++) {
        int32_t partition = s->offered->elems[i].partition;
        struct position *position = &s->positions.list[partition];
        if (position->is_paused)
            rd_kafka_topic_partition_list_add(paused, s->config.topic,
                                              partition);
        position->is_paused = false;
    }
    if (paused->cnt > 0)
        rd_kafka_resume_partitions(s->client, paused);
    rd_kafka_topic_partition_list_destroy(paused);
}

static int assign_placed(struct subscriber *s, struct error *err)
{
    if (partition_queues_keep(&s->queues, s->client, s->offered, err) < 0)
        return -1;
    resume_paused(s);
    for (int i = 0; i < s->offered->cnt; i++)
        s->offered->elems[i].offset =
            s->positions.list[s->offered->elems[i].partition].next;
    rd_kafka_resp_err_t failed = rd_kafka_assign(s->client, s->offered);
    if (failed)
        return error_set(err, kafka_error_code((int)failed), "assign: %s",
                         rd_kafka_err2str(failed));
    s->pending = PENDING_NOTHING;
    s->has_assignment = s->has_begun = true;
    return 0;
}

/* --- Offsets that are lost -------------------------------------------- */

/* Offers what we have, anew. Nothing that was fetched ahead survives an
 * assignment of nothing. */
static void offer_again(struct subscriber *s)
{
    rd_kafka_topic_partition_list_t *mine =
        rd_kafka_topic_partition_list_new(s->positions.count);

    for (int32_t i = 0; i < s->positions.count; i++)
        if (s->positions.list[i].is_assigned)
            rd_kafka_topic_partition_list_add(mine, s->config.topic, i);
    rd_kafka_assign(s->client, NULL);
    offer(s, mine, true);
    rd_kafka_topic_partition_list_destroy(mine);
}

static int move_partitions(struct subscriber *s,
                           const struct partition_offsets *list, size_t count,
                           struct error *err)
{
    struct offset_gap *gaps =
        realloc(s->gaps, (size_t)s->positions.count * sizeof(*gaps));

    if (!gaps)
        return error_no_memory(err, "the gaps of %zu partitions", count);
    s->gaps = gaps;
    s->gap_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct offset_gap *gap = &gaps[s->gap_count];
        switch (
            positions_move(&s->positions, list[i].partition,
                           (struct partition_bounds){list[i].low, list[i].high},
                           s->config.lost_offset, gap)) {
        case POSITION_FOUND:
            break;
        case POSITION_MOVED:
            s->gap_count++;
            break;
        case POSITION_REFUSED:
            return lost_offset(s, gap, err);
        }
    }
    offer_again(s);
    s->pending = PENDING_PLACED;
    return 0;
}

/* librdkafka has stopped to fetch these partitions. While the broker does not
 * say where they begin and end, they stand still. */
static int look_after_lost(struct subscriber *s, struct error *err)
{
    struct partition_offsets *list =
        calloc((size_t)s->positions.count + 1, sizeof(*list));
    size_t count = 0;

    if (!list)
        return error_no_memory(err, "the ends of lost partitions");
    for (int32_t i = 0; i < s->positions.count; i++)
        if (s->positions.list[i].is_lost)
            list[count++] = (struct partition_offsets){.topic = s->config.topic,
                                                       .partition = i};
    int status = offsets_find_ends(s->client, list, count, ASK_MS, err);
    status = status < 0 ? wait_or_fail(s, err)
                        : move_partitions(s, list, count, err);
    free(list);
    return status;
}

/* --- A topic that is gone, records that are too large ----------------- */

static int look_after_topic(struct subscriber *s, struct error *err)
{
    int32_t partitions;

    if (clock_monotonic_ms() - s->gone_since_ms < GONE_MS)
        return 0;
    if (offsets_count_partitions(s->client, s->topic, ASK_MS, &partitions,
                                 err) < 0) {
        s->gone_since_ms += ASK_MS; /* asked again soon */
        return wait_or_fail(s, err);
    }
    s->gone_since_ms = 0;
    if (partitions > 0)
        return 0;
    return error_set(err, ERROR_UNAVAILABLE,
                     "topic '%s' is gone: was it deleted?", s->config.topic);
}

static int look_after_size(struct subscriber *s, struct error *err)
{
    struct partition_offsets *list =
        calloc((size_t)s->positions.count + 1, sizeof(*list));
    size_t count = 0;

    if (!list)
        return error_no_memory(err, "the ends of partitions");
    for (int32_t i = 0; i < s->positions.count; i++)
        if (s->positions.list[i].is_assigned)
            list[count++] =
                (struct partition_offsets){.topic = s->config.topic,
                                           .partition = i,
                                           .at = s->positions.list[i].next};
    int status = offsets_name_oversized(s->client, list, count, err);
    free(list);
    s->is_oversized = false;
    return status;
}

/* --- Taking records --------------------------------------------------- */

static void wake_fetching(const struct subscriber *s)
{
    rd_kafka_topic_partition_list_t *ours =
        rd_kafka_topic_partition_list_new(s->positions.count);

    for (int32_t i = 0; i < s->positions.count; i++)
        if (s->positions.list[i].is_assigned)
            rd_kafka_topic_partition_list_add(ours, s->config.topic, i);
    fetch_wake(s->client, ours);
    rd_kafka_topic_partition_list_destroy(ours);
}

static void take(struct subscriber *s, unsigned wait_ms, int64_t *waited_ns)
{
    fetched_batch_take(s->taken, s->client, s->queue, wait_ms, waited_ns);
    if (fetched_batch_has_room_again(s->taken, s->queue))
        wake_fetching(s);
}

/* librdkafka's other news. Most of it heals, and is in its own log lines. */
static int take_report(struct subscriber *s, const rd_kafka_message_t *report,
                       struct error *err)
{
    char why[256];

    switch (report->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        positions_note_end(&s->positions, report->partition);
        return 0;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        positions_note_lost(&s->positions, report->partition);
        return 0;
    case RD_KAFKA_RESP_ERR__FATAL: {
        rd_kafka_resp_err_t cause =
            rd_kafka_fatal_error(s->client, why, sizeof(why));
        return error_set(err, kafka_error_code((int)cause), "consumer: %s",
                         why);
    }
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        if (s->has_begun) {
            note_gone(s);
            return 0;
        }
        break;
    default:
        break;
    }
    switch (kafka_error_code((int)report->err)) {
    case ERROR_FORMAT:
    case ERROR_LIMIT:
        return message_unreadable(report, s->config.topic, err);
    case ERROR_AUTH:
    case ERROR_CONFIG:
        break;
    default:
        if (report->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            return 0;
    }
    return error_set(err, kafka_error_code((int)report->err),
                     "consuming '%s' as group '%s': %s", s->config.topic,
                     s->config.group, rd_kafka_message_errstr(report));
}

/* After a rebalance or a rewind librdkafka has been seen to hand out an old
 * message again. A trouble is told after the records before it. */
static int sort_out(struct subscriber *s, size_t *count, struct error *err)
{
    size_t kept = 0, taken;
    rd_kafka_message_t *const *records =
        fetched_batch_records(s->taken, &taken);

    for (size_t i = 0; i < taken && !s->trouble.code; i++) {
        const rd_kafka_message_t *message = records[i];
        if (message->err)
            (void)!take_report(s, message, &s->trouble);
        else if (positions_take(&s->positions, message->partition,
                                message->offset)) {
            s->messages[kept++] = message_of(message);
            s->gone_since_ms = 0;
        }
    }
    *count = kept;
    if (!s->trouble.code || kept > 0)
        return 0;
    *err = s->trouble;
    return -1;
}

static enum subscriber_event event_of(enum pending pending)
{
    if (pending == PENDING_REVOKED)
        return SUBSCRIBER_REVOKED;
    return pending == PENDING_LOST ? SUBSCRIBER_LOST : SUBSCRIBER_NOTHING;
}

/* What has to be done before records are taken. 1: the batch has an event
 * instead of records. */
static int prepare(struct subscriber *s, struct message_batch *batch,
                   struct error *err)
{
    if (s->trouble.code) {
        *err = s->trouble;
        return -1;
    }
    s->waits = (struct error){.code = ERROR_NONE};
    if ((s->gone_since_ms != 0 && look_after_topic(s, err) < 0) ||
        (s->is_oversized && s->is_dry && look_after_size(s, err) < 0) ||
        (s->pending == PENDING_NOTHING && positions_have_lost(&s->positions) &&
         look_after_lost(s, err) < 0) ||
        (s->pending == PENDING_OFFERED && !s->is_called_back &&
         place_offered(s, err) < 0))
        return -1;
    s->is_called_back = false;
    if (s->pending != PENDING_PLACED)
        return 0;
    if (positions_have_choices(&s->positions)) {
        batch->event = SUBSCRIBER_PLACED;
        batch->gaps = s->gaps;
        batch->gap_count = s->gap_count;
        batch->is_new_group = s->is_new_group;
        s->gap_count = 0; /* told once, however often the commit fails */
        s->is_new_group = false;
        return 1;
    }
    if (assign_placed(s, err) < 0)
        return -1;
    if (s->is_rewinding)
        return 0;
    batch->event = SUBSCRIBER_ASSIGNED;
    return 1;
}

int subscriber_poll(struct subscriber *s, unsigned wait_ms,
                    struct message_batch *out, struct error *err)
{
    struct message_batch batch = {.messages = s->messages};

    assert(s->pending != PENDING_REVOKED && s->pending != PENDING_LOST);
    fetched_batch_drop(s->taken);
    int prepared = prepare(s, &batch, err);
    if (prepared < 0)
        return -1;
    if (prepared == 0) {
        take(s, wait_ms, &batch.waited_ns);
        if (sort_out(s, &batch.count, err) < 0)
            return -1;
        batch.full = fetched_batch_is_full(s->taken);
        s->is_dry = batch.count == 0;
        batch.event = event_of(s->pending);
    }
    batch.waits = s->waits.code ? &s->waits : NULL;
    *out = batch;
    return 0;
}

void subscriber_release(struct subscriber *s)
{
    assert(s->pending == PENDING_REVOKED || s->pending == PENDING_LOST);
    positions_clear(&s->positions, POSITIONS_FORGET_CHOICES);
    s->has_assignment = false;
    s->pending = PENDING_NOTHING;
    rd_kafka_assign(s->client, NULL);
}

void subscriber_rewind(struct subscriber *s)
{
    if (s->pending == PENDING_PLACED) {
        /* Perhaps a commit failed because of a rebalance, of which only a
         * callback tells. Whether it is committed is asked after that. */
        s->pending = PENDING_OFFERED;
        s->is_called_back = true;
    }
    if (s->pending != PENDING_NOTHING)
        return; /* partitions come or go: their start is asked for anyway */
    offer_again(s);
}

void subscriber_limit_batch(struct subscriber *s, size_t count)
{
    fetched_batch_limit(s->taken, count);
}

/* --- Pausing --- */

static rd_kafka_topic_partition_list_t *list_one(const struct subscriber *s,
                                                 int32_t partition)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, s->config.topic, partition)
        ->offset = s->positions.list[partition].next;
    return list;
}

static bool is_ours(const struct subscriber *s, int32_t partition)
{
    return partition < s->positions.count &&
           s->positions.list[partition].is_assigned;
}

void subscriber_pause(struct subscriber *s, int32_t partition)
{
    if (!is_ours(s, partition))
        return;
    rd_kafka_topic_partition_list_t *list = list_one(s, partition);
    rd_kafka_pause_partitions(s->client, list);
    s->positions.list[partition].is_paused = true;
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
    s->positions.list[partition].is_paused = false;
    if (s->positions.list[partition].next != OFFSET_UNKNOWN) {
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
    s->next = rd_kafka_topic_partition_list_new(s->positions.count);
    for (int32_t i = 0; i < s->positions.count; i++) {
        const struct position *position = &s->positions.list[i];
        if (positions_is_due(position))
            rd_kafka_topic_partition_list_add(s->next, s->config.topic, i)
                ->offset =
                position->is_assigned ? position->next : position->chosen;
    }
    return s->next->cnt > 0 ? s->next : NULL;
}

/* Who we are to the group; NULL: nobody. */
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
    positions_mark_committed(&s->positions);
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
    if (!s->has_assignment || s->pending != PENDING_NOTHING)
        return false;
    return positions_are_at_end(&s->positions);
}

int64_t subscriber_committed(const struct subscriber *s, int32_t partition)
{
    int64_t first = 0, end;

    if (partition >= s->positions.count ||
        !s->positions.list[partition].is_assigned)
        return -1;
    int64_t committed = s->positions.list[partition].committed;
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
    return s->positions.count;
}

/* --- Closing ---------------------------------------------------------- */

/* rd_kafka_consumer_close() waits for ever on a broker that does not answer;
 * this way of leaving has a deadline. */
static void leave_group(struct subscriber *s, unsigned timeout_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

    s->is_closing = true;
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
    partition_queues_drain(&s->queues);
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
    if (s->offered)
        rd_kafka_topic_partition_list_destroy(s->offered);
    if (s->next)
        rd_kafka_topic_partition_list_destroy(s->next);
    positions_free(&s->positions);
    free(s->gaps);
    free(s->messages);
    fetched_batch_free(s->taken);
    free(s);
}
