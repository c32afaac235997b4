#include "consumer/read/stale_group.h"

#include "consumer/read/offsets.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

/* Partitions that are not offered. */
static rd_kafka_topic_partition_list_t *
list_others(const struct group_member *member,
            const struct positions *positions,
            rd_kafka_topic_partition_list_t *offered)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(positions->count);

    for (int32_t p = 0; p < positions->count; p++)
        if (positions->list[p].known > 0 &&
            !rd_kafka_topic_partition_list_find(offered, member->topic, p))
            rd_kafka_topic_partition_list_add(list, member->topic, p);
    return list;
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
            positions->list[at->partition].known <= 0 ||
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

/* Others first: what is said of them is not to be younger than what is said of
 * the offered ones. Where their transactions are open for long, there is no
 * answer. */
int stale_group_ask(const struct group_member *member,
                    const struct positions *positions,
                    rd_kafka_topic_partition_list_t *offered,
                    struct stale_group *out, struct error *err)
{
    rd_kafka_topic_partition_list_t *others =
        list_others(member, positions, offered);
    int status = 0;

    *out = (struct stale_group){.is_stale = false};
    if (others->cnt > 0 &&
        !rd_kafka_committed(member->client, others, (int)member->timeout_ms))
        status = judge(member, positions, others, out, err);
    if (status == 0)
        status = offsets_of_group(member->client, member->group, offered,
                                  member->timeout_ms, err);
    if (status == 0)
        status = judge(member, positions, offered, out, err);
    rd_kafka_topic_partition_list_destroy(others);
    return status;
}
