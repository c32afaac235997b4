#include "consumer/read/assignment.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/offsets.h"
#include "consumer/read/partition_queues.h"
#include "consumer/read/stale_group.h"

#include <assert.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>

/* A broker that has just come back, or a new leader, may not have yet what it
 * had: an offset is lost when it stays away. */
enum { LOST_MS = 5000 };

struct assignment {
    struct group_member member;
    enum assignment_state state;
    struct positions positions;
    struct partition_queues queues; /* of our partitions */
    bool is_given; /* the group gave partitions, if none of them */

    rd_kafka_topic_partition_list_t *offered;
    bool is_rewinding;   /* `offered` is what we had */
    bool is_called_back; /* callbacks come first: a commit just failed */

    int64_t lost_since_ms;  /* an offset that is not there; 0: all are there */
    int64_t stale_since_ms; /* the group's offsets are behind; 0: none is */

    struct offset_gap *gaps; /* of the choices at hand */
    size_t gap_count;
    bool is_new_group;
};

int assignment_new(const struct group_member *member, struct assignment **out,
                   struct error *err)
{
    struct assignment *a = calloc(1, sizeof(*a));

    if (!a)
        return error_no_memory(err, "the assignment of partitions");
    a->member = *member;
    *out = a;
    return 0;
}

enum assignment_state assignment_state(const struct assignment *a)
{
    return a->state;
}

/* --- What the group asks ---------------------------------------------- */

enum offer_reason { GROUP_OFFERS, REWIND_OFFERS };

static void offer(struct assignment *a,
                  const rd_kafka_topic_partition_list_t *partitions,
                  enum offer_reason reason)
{
    if (a->offered)
        rd_kafka_topic_partition_list_destroy(a->offered);
    a->offered = rd_kafka_topic_partition_list_copy(partitions);
    a->is_rewinding = reason == REWIND_OFFERS;
    a->state = ASSIGNMENT_OFFERED;
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

void assignment_offer(struct assignment *a,
                      const rd_kafka_topic_partition_list_t *partitions)
{
    answer_nothing_yet(a->member.client);
    offer(a, partitions, GROUP_OFFERS);
}

void assignment_revoke(struct assignment *a)
{
    a->state = rd_kafka_assignment_lost(a->member.client) ? ASSIGNMENT_LOST
                                                          : ASSIGNMENT_REVOKED;
}

void assignment_release(struct assignment *a)
{
    assert(a->state == ASSIGNMENT_REVOKED || a->state == ASSIGNMENT_LOST);
    positions_clear(&a->positions, POSITIONS_FORGET_CHOICES);
    a->is_given = false;
    a->lost_since_ms = 0;
    a->stale_since_ms = 0;
    a->state = ASSIGNMENT_STANDS;
    rd_kafka_assign(a->member.client, NULL);
}

/* --- Where partitions begin that are offered -------------------------- */

static int say_lost(const struct assignment *a, const struct offset_gap *gap,
                    const char *so, struct error *err)
{
    const bool is_there =
        gap->from >= gap->there.low && gap->from <= gap->there.high;

    return error_set(err, ERROR_UNAVAILABLE,
                     "offset %" PRId64 " of '%s' [%" PRId32
                     "], where group '%s' goes on, is not %s any more, and the "
                     "partition has %" PRId64 " to %" PRId64 "%s",
                     gap->from, a->member.topic, gap->partition,
                     a->member.group,
                     is_there ? "among the group's offsets" : "on the broker",
                     gap->there.low, gap->there.high, so);
}

/* What becomes of an offset that is not there. */
struct lost_choice {
    bool is_believed;             /* that it is lost; else it is asked again */
    enum subscriber_start policy; /* until then START_FAIL: nothing moves */
};

static struct lost_choice lost_choice(const struct assignment *a)
{
    const bool is_believed = a->lost_since_ms != 0 &&
                             clock_monotonic_ms() - a->lost_since_ms >= LOST_MS;

    return (struct lost_choice){is_believed, is_believed ? a->member.lost_offset
                                                         : START_FAIL};
}

/* An offset is not there, and nothing may move. */
static int refuse_or_wait(struct assignment *a, struct lost_choice choice,
                          const struct offset_gap *gap, struct error *waits,
                          struct error *err)
{
    if (choice.is_believed)
        return say_lost(a, gap,
                        " (retention, or the topic was made anew): choose "
                        "where to go on with --offset.lost",
                        err);
    if (a->lost_since_ms == 0)
        a->lost_since_ms = clock_monotonic_ms();
    (void)say_lost(a, gap, ": it is lost if that stays so", waits);
    return 0;
}

static int make_room_for_gaps(struct assignment *a, size_t count,
                              struct error *err)
{
    struct offset_gap *gaps = realloc(a->gaps, (count + 1) * sizeof(*gaps));

    if (!gaps)
        return error_no_memory(err, "the gaps of %zu partitions", count);
    a->gaps = gaps;
    a->gap_count = 0;
    return 0;
}

/* The offsets of the group are behind what this member has committed: not for
 * long, if the coordinator is still reading them. */
static bool waits_for_group(struct assignment *a, const struct offset_gap *gap,
                            struct error *waits)
{
    const int64_t now_ms = clock_monotonic_ms();

    if (a->stale_since_ms == 0)
        a->stale_since_ms = now_ms;
    if (now_ms - a->stale_since_ms < a->member.stale_ms) {
        error_set(waits, ERROR_UNAVAILABLE,
                  "group '%s' is said to be at %" PRId64 " of '%s' [%" PRId32
                  "], where it has committed %" PRId64
                  ": the broker may still be reading the group's offsets; if "
                  "that stays so they were set back by hand",
                  a->member.group, gap->to, a->member.topic, gap->partition,
                  gap->from);
        return true;
    }
    if (gap->to == OFFSET_UNKNOWN) /* it is forgotten: see group_start.h */
        return false;
    log_warn(
        "the group was set back: what was scored is scored again",
        "group=%s topic=%s partition=%" PRId32 " from=%" PRId64 " to=%" PRId64,
        a->member.group, a->member.topic, gap->partition, gap->from, gap->to);
    positions_forget_known(&a->positions);
    return false;
}

static int place_offered(struct assignment *a, struct error *waits,
                         struct error *err)
{
    struct stale_group group;

    if (stale_group_ask(&a->member, &a->positions, a->offered, &group, err) < 0)
        return offsets_wait_or_fail(waits, err);
    if (group.is_stale && waits_for_group(a, &group.gap, waits))
        return 0;
    if (!group.is_stale)
        a->stale_since_ms = 0;
    if (make_room_for_gaps(a, (size_t)a->offered->cnt, err) < 0)
        return -1;
    const struct lost_choice choice = lost_choice(a);
    struct group_member member = a->member;
    struct group_found found = {.gaps = a->gaps};
    member.lost_offset = choice.policy;
    if (group_start_find(&member, a->offered, &a->positions, &found, err) < 0)
        return offsets_wait_or_fail(waits, err);
    if (found.is_refused)
        return refuse_or_wait(a, choice, &a->gaps[found.gap_count - 1], waits,
                              err);
    a->lost_since_ms = 0;
    a->gap_count = found.gap_count;
    a->is_new_group = found.is_new;
    a->state = ASSIGNMENT_PLACED;
    return 0;
}

/* --- Offsets that are lost -------------------------------------------- */

rd_kafka_topic_partition_list_t *assignment_list(const struct assignment *a)
{
    rd_kafka_topic_partition_list_t *ours =
        rd_kafka_topic_partition_list_new(a->positions.count);

    for (int32_t i = 0; i < a->positions.count; i++)
        if (a->positions.list[i].is_assigned)
            rd_kafka_topic_partition_list_add(ours, a->member.topic, i);
    return ours;
}

/* Nothing that was fetched ahead survives an assignment of nothing. */
static void offer_again(struct assignment *a)
{
    rd_kafka_topic_partition_list_t *ours = assignment_list(a);

    rd_kafka_assign(a->member.client, NULL);
    offer(a, ours, REWIND_OFFERS);
    rd_kafka_topic_partition_list_destroy(ours);
}

static int move_partitions(struct assignment *a,
                           const struct partition_offsets *list, size_t count,
                           struct error *waits, struct error *err)
{
    const struct lost_choice choice = lost_choice(a);

    if (make_room_for_gaps(a, count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const struct partition_bounds there = {list[i].low, list[i].high};
        struct offset_gap *gap = &a->gaps[a->gap_count];
        switch (positions_move(&a->positions, list[i].partition, there,
                               choice.policy, gap)) {
        case POSITION_FOUND:
            break;
        case POSITION_MOVED:
            a->gap_count++;
            break;
        case POSITION_REFUSED:
            return refuse_or_wait(a, choice, gap, waits, err);
        }
    }
    a->lost_since_ms = 0;
    offer_again(a);
    a->state = ASSIGNMENT_PLACED;
    return 0;
}

/* librdkafka has stopped to fetch these partitions. While the broker does not
 * say where they begin and end, they stand still. */
static int move_lost(struct assignment *a, struct error *waits,
                     struct error *err)
{
    struct partition_offsets *list =
        calloc((size_t)a->positions.count, sizeof(*list));
    size_t count = 0;

    if (!list)
        return error_no_memory(err, "the ends of lost partitions");
    for (int32_t i = 0; i < a->positions.count; i++)
        if (a->positions.list[i].is_lost)
            list[count++] = (struct partition_offsets){.topic = a->member.topic,
                                                       .partition = i};
    int status = offsets_find_ends(a->member.client, list, count,
                                   a->member.timeout_ms, err);
    status = status < 0 ? offsets_wait_or_fail(waits, err)
                        : move_partitions(a, list, count, waits, err);
    free(list);
    return status;
}

int assignment_place(struct assignment *a, struct error *waits,
                     struct error *err)
{
    int status = 0;

    if (a->state == ASSIGNMENT_STANDS && positions_have_lost(&a->positions))
        status = move_lost(a, waits, err);
    else if (a->state == ASSIGNMENT_OFFERED && !a->is_called_back)
        status = place_offered(a, waits, err);
    a->is_called_back = false;
    return status;
}

/* --- Reading begins --------------------------------------------------- */

bool assignment_take_choices(struct assignment *a,
                             struct assignment_choices *out)
{
    if (!positions_have_choices(&a->positions))
        return false;
    *out = (struct assignment_choices){.gaps = a->gaps,
                                       .gap_count = a->gap_count,
                                       .is_new_group = a->is_new_group};
    a->gap_count = 0;
    a->is_new_group = false;
    return true;
}

/* A partition that is assigned is read: librdkafka keeps a pause over
 * assignments, and whoever paused it may have forgotten that. */
static void resume_paused(struct assignment *a)
{
    rd_kafka_topic_partition_list_t *paused =
        rd_kafka_topic_partition_list_new(1);

    for (int i = 0; i < a->offered->cnt; i++) {
        int32_t partition = a->offered->elems[i].partition;
        struct position *position = &a->positions.list[partition];
        if (position->is_paused)
            rd_kafka_topic_partition_list_add(paused, a->member.topic,
                                              partition);
        position->is_paused = false;
    }
    if (paused->cnt > 0)
        rd_kafka_resume_partitions(a->member.client, paused);
    rd_kafka_topic_partition_list_destroy(paused);
}

int assignment_begin(struct assignment *a, bool *came, struct error *err)
{
    assert(a->state == ASSIGNMENT_PLACED);
    if (partition_queues_keep(&a->queues, a->member.client, a->offered, err) <
        0)
        return -1;
    resume_paused(a);
    for (int i = 0; i < a->offered->cnt; i++)
        a->offered->elems[i].offset =
            a->positions.list[a->offered->elems[i].partition].next;
    rd_kafka_resp_err_t failed = rd_kafka_assign(a->member.client, a->offered);
    if (failed)
        return error_set(err, kafka_error_code((int)failed), "assign: %s",
                         rd_kafka_err2str(failed));
    a->state = ASSIGNMENT_STANDS;
    a->is_given = true;
    *came = !a->is_rewinding;
    return 0;
}

void assignment_rewind(struct assignment *a)
{
    if (a->state == ASSIGNMENT_PLACED) {
        /* Perhaps a commit failed because of a rebalance, of which only a
         * callback tells. Whether it is committed is asked after that. */
        a->state = ASSIGNMENT_OFFERED;
        a->is_called_back = true;
    }
    if (a->state != ASSIGNMENT_STANDS)
        return; /* partitions come or go: their start is asked for anyway */
    offer_again(a);
}

/* --- Pausing ---------------------------------------------------------- */

/* NULL: the partition is not ours. */
static rd_kafka_topic_partition_list_t *list_one(const struct assignment *a,
                                                 int32_t partition)
{
    if (partition >= a->positions.count ||
        !a->positions.list[partition].is_assigned)
        return NULL;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, a->member.topic, partition)
        ->offset = a->positions.list[partition].next;
    return list;
}

void assignment_pause(struct assignment *a, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = list_one(a, partition);

    if (!list)
        return;
    rd_kafka_pause_partitions(a->member.client, list);
    a->positions.list[partition].is_paused = true;
    rd_kafka_topic_partition_list_destroy(list);
}

/* Where it stopped is a number of ours: records that were fetched ahead are
 * dropped by the pause. */
void assignment_resume(struct assignment *a, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = list_one(a, partition);

    if (!list)
        return;
    rd_kafka_resume_partitions(a->member.client, list);
    a->positions.list[partition].is_paused = false;
    if (a->positions.list[partition].next != OFFSET_UNKNOWN) {
        rd_kafka_error_t *failed =
            rd_kafka_seek_partitions(a->member.client, list, 0);
        if (failed)
            rd_kafka_error_destroy(failed);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* --- Questions -------------------------------------------------------- */

bool assignment_is_at_end(const struct assignment *a)
{
    return a->is_given && a->state == ASSIGNMENT_STANDS &&
           positions_are_at_end(&a->positions);
}

struct positions *assignment_positions(struct assignment *a)
{
    return &a->positions;
}

void assignment_free(struct assignment *a)
{
    if (!a)
        return;
    partition_queues_drain(&a->queues);
    if (a->offered)
        rd_kafka_topic_partition_list_destroy(a->offered);
    positions_free(&a->positions);
    free(a->gaps);
    free(a);
}
