/*
 * subscriber_rebalance.c - partitions come and go.
 *
 * The rebalance callback only notes what is asked; assign and unassign are
 * called between two batches. librdkafka hands out nothing new in between, so
 * every message of a batch belongs to the assignment before the event, which
 * also makes its batch call safe here (it is not beside a seek or an assign
 * out of a callback).
 *
 *   idle --callback assign--> OFFERED --committed offsets known--> assigned
 *   assigned --callback revoke--> REVOKED or LOST --release--> idle
 *   assigned --rewind--> OFFERED (the same partitions)
 */
#include "common/base/clock.h"

#include "consumer/read/subscriber_handle.h"

#include <assert.h>
#include <stdlib.h>

enum {
    OFFSETS_SLICE_MS = 1000,     /* one question for committed offsets */
    OFFSETS_PATIENCE_MS = 45000, /* an open transaction of the last owner ends
                                    within its time-out */
};

static void offer(struct subscriber *s,
                  const rd_kafka_topic_partition_list_t *partitions,
                  bool rewinding)
{
    if (s->offered)
        rd_kafka_topic_partition_list_destroy(s->offered);
    s->offered = rd_kafka_topic_partition_list_copy(partitions);
    s->offered_since_ms = clock_monotonic_ms();
    s->rewinding = rewinding;
    s->pending = PENDING_OFFERED;
}

/* From inside rd_kafka_consumer_poll() and friends. */
void subscriber_on_rebalance(rd_kafka_t *client, rd_kafka_resp_err_t what,
                             rd_kafka_topic_partition_list_t *partitions,
                             void *context)
{
    struct subscriber *s = context;

    if (s->closing || (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS &&
                       what != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)) {
        rd_kafka_assign(client, NULL);
        return;
    }
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        offer(s, partitions, false);
    else
        s->pending =
            rd_kafka_assignment_lost(client) ? PENDING_LOST : PENDING_REVOKED;
    if (s->waiting)
        rd_kafka_yield(client);
}

/* A commit in the background failed: the next one has to cover it again. */
void subscriber_on_commit(rd_kafka_t *client, rd_kafka_resp_err_t failed,
                          rd_kafka_topic_partition_list_t *offsets,
                          void *context)
{
    struct subscriber *s = context;

    (void)client;
    if (!failed || failed == RD_KAFKA_RESP_ERR__NO_OFFSET || !offsets)
        return;
    for (int i = 0; i < offsets->cnt; i++)
        if (offsets->elems[i].partition < s->position_count)
            s->positions[offsets->elems[i].partition].committed =
                UNKNOWN_OFFSET;
}

static int reserve_positions(struct subscriber *s, int32_t partition,
                             struct error *err)
{
    if (partition < s->position_count)
        return 0;
    size_t count = (size_t)partition + 1;
    struct position *more = realloc(s->positions, count * sizeof(*more));
    if (!more)
        return error_no_memory(err, "the subscriber");
    for (size_t i = (size_t)s->position_count; i < count; i++)
        more[i] = (struct position){.next = UNKNOWN_OFFSET,
                                    .committed = UNKNOWN_OFFSET};
    s->positions = more;
    s->position_count = (int32_t)count;
    return 0;
}

static void forget_positions(struct subscriber *s)
{
    for (int32_t i = 0; i < s->position_count; i++)
        s->positions[i] = (struct position){.next = UNKNOWN_OFFSET,
                                            .committed = UNKNOWN_OFFSET};
}

/* Fills in where to start each offered partition. */
static int take_positions(struct subscriber *s, struct error *err)
{
    for (int i = 0; i < s->offered->cnt; i++) {
        rd_kafka_topic_partition_t *at = &s->offered->elems[i];
        if (reserve_positions(s, at->partition, err) < 0)
            return -1;
        struct position *position = &s->positions[at->partition];
        position->assigned = true;
        if (at->offset >= 0)
            position->next = position->committed = at->offset;
        else
            at->offset = s->config.without_offset == START_LATEST
                             ? RD_KAFKA_OFFSET_END
                             : RD_KAFKA_OFFSET_BEGINNING;
    }
    return 0;
}

/* Of the whole answer, or of the first partition that has one. */
static rd_kafka_resp_err_t
first_error(rd_kafka_resp_err_t whole,
            const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; !whole && i < partitions->cnt; i++)
        whole = partitions->elems[i].err;
    return whole;
}

int subscriber_assign_offered(struct subscriber *s, struct error *err)
{
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (s->offered->cnt > 0)
        failed = first_error(
            rd_kafka_committed(s->client, s->offered, OFFSETS_SLICE_MS),
            s->offered);
    if (failed) {
        enum error_code code = kafka_error_code(failed);
        bool retry = code == ERROR_UNAVAILABLE || code == ERROR_TEMPORARY;
        if (retry &&
            clock_monotonic_ms() - s->offered_since_ms < OFFSETS_PATIENCE_MS)
            return 0;
        return error_set(err, code, "committed offsets of group '%s': %s",
                         s->config.group, rd_kafka_err2str(failed));
    }

    forget_positions(s);
    if (take_positions(s, err) < 0)
        return -1;
    failed = rd_kafka_assign(s->client, s->offered);
    if (failed)
        return error_set(err, kafka_error_code(failed), "assign: %s",
                         rd_kafka_err2str(failed));
    s->pending = PENDING_NOTHING;
    s->has_assignment = true;
    return 1;
}

void subscriber_release(struct subscriber *s)
{
    assert(s->pending == PENDING_REVOKED || s->pending == PENDING_LOST);
    forget_positions(s);
    s->has_assignment = false;
    s->pending = PENDING_NOTHING;
    rd_kafka_assign(s->client, NULL);
}

void subscriber_rewind(struct subscriber *s)
{
    if (s->pending != PENDING_NOTHING)
        return; /* partitions come or go: their start is asked for anyway */

    rd_kafka_topic_partition_list_t *mine =
        rd_kafka_topic_partition_list_new(s->position_count);
    for (int32_t i = 0; i < s->position_count; i++)
        if (s->positions[i].assigned)
            rd_kafka_topic_partition_list_add(mine, s->config.topic, i);
    /* Nothing that was fetched ahead survives an assignment of nothing. */
    rd_kafka_assign(s->client, NULL);
    forget_positions(s);
    offer(s, mine, true);
    rd_kafka_topic_partition_list_destroy(mine);
}
