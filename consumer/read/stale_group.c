#include "consumer/read/stale_group.h"

#include "common/kafka/kafka_client.h"

#include "consumer/read/offsets.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

static rd_kafka_topic_partition_list_t *
list_known(const struct group_member *member, const struct positions *positions)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(positions->count);

    for (int32_t p = 0; p < positions->count; p++)
        if (positions->list[p].known > 0)
            rd_kafka_topic_partition_list_add(list, member->topic, p);
    return list;
}

/* --- The question ----------------------------------------------------- */

/* Transactions of others may be open: what is committed is asked for, and not
 * what will be when they end, which is always "not yet". */
static rd_kafka_event_t *ask(const struct group_member *member,
                             const rd_kafka_topic_partition_list_t *list)
{
    char why[128];
    rd_kafka_queue_t *answers = rd_kafka_queue_new(member->client);
    rd_kafka_ListConsumerGroupOffsets_t *question =
        rd_kafka_ListConsumerGroupOffsets_new(member->group, list);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
        member->client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);

    rd_kafka_error_t *refused =
        rd_kafka_AdminOptions_set_require_stable_offsets(options, 0);
    if (refused)
        rd_kafka_error_destroy(refused);
    (void)rd_kafka_AdminOptions_set_request_timeout(
        options, (int)member->timeout_ms, why, sizeof(why));
    rd_kafka_ListConsumerGroupOffsets(member->client, &question, 1, options,
                                      answers);
    /* It comes, if only to say that the time is over. */
    rd_kafka_event_t *answer = rd_kafka_queue_poll(answers, -1);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(question);
    rd_kafka_queue_destroy(answers);
    return answer;
}

/* The offsets in an answer, which it keeps; NULL: `failed` says why. */
static const rd_kafka_topic_partition_list_t *
offsets_of(rd_kafka_event_t *answer, rd_kafka_resp_err_t *failed)
{
    size_t count = 0;

    *failed =
        answer ? rd_kafka_event_error(answer) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (*failed)
        return NULL;
    const rd_kafka_group_result_t **groups =
        rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(answer), &count);
    const rd_kafka_error_t *refused =
        count == 1 ? rd_kafka_group_result_error(groups[0]) : NULL;
    if (count != 1 || refused) {
        *failed = refused ? rd_kafka_error_code(refused)
                          : RD_KAFKA_RESP_ERR__TIMED_OUT;
        return NULL;
    }
    return rd_kafka_group_result_partitions(groups[0]);
}

/* --- What the answer means -------------------------------------------- */

/* Those that the group is said to have less of than this member knows; room
 * for all positions. `at` is what it is said to have. */
static size_t list_behind(const struct group_member *member,
                          const struct positions *positions,
                          const rd_kafka_topic_partition_list_t *told,
                          struct partition_offsets *list)
{
    size_t count = 0;

    for (int i = 0; i < told->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &told->elems[i];
        if (at->err || at->partition >= positions->count ||
            at->offset >= positions->list[at->partition].known)
            continue;
        list[count++] = (struct partition_offsets){
            .topic = member->topic,
            .partition = at->partition,
            .at = at->offset < 0 ? OFFSET_UNKNOWN : at->offset};
    }
    return count;
}

static int judge(const struct group_member *member,
                 const struct positions *positions,
                 const rd_kafka_topic_partition_list_t *told,
                 struct stale_group *out, struct error *err)
{
    struct partition_offsets *list =
        calloc((size_t)positions->count + 1, sizeof(*list));
    int status = 0;

    if (!list)
        return error_no_memory(err, "the offsets of a group");
    const size_t count = list_behind(member, positions, told, list);
    if (count > 0)
        status = offsets_find_ends(member->client, list, count,
                                   member->timeout_ms, err);
    for (size_t i = 0; status == 0 && i < count; i++) {
        const int64_t known = positions->list[list[i].partition].known;
        if (known > list[i].high)
            continue;
        out->is_stale = true;
        out->gap = (struct offset_gap){.partition = list[i].partition,
                                       .from = known,
                                       .to = list[i].at,
                                       .there = {list[i].low, list[i].high}};
    }
    free(list);
    return status;
}

int stale_group_find(const struct group_member *member,
                     const struct positions *positions, struct stale_group *out,
                     struct error *err)
{
    rd_kafka_topic_partition_list_t *known = list_known(member, positions);
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;
    int status = 0;

    *out = (struct stale_group){.is_stale = false};
    if (known->cnt > 0) {
        rd_kafka_event_t *answer = ask(member, known);
        const rd_kafka_topic_partition_list_t *told =
            offsets_of(answer, &failed);
        if (told)
            status = judge(member, positions, told, out, err);
        else
            status = error_set(err, kafka_error_code((int)failed),
                               "offsets of group '%s': %s", member->group,
                               rd_kafka_err2str(failed));
        if (answer)
            rd_kafka_event_destroy(answer);
    }
    rd_kafka_topic_partition_list_destroy(known);
    return status;
}
