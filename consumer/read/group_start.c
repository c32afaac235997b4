#include "consumer/read/group_start.h"

#include "consumer/read/offsets.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

/* Has the group an offset in any of the topic's partitions? */
static int ask_begun(const struct group_member *member, int32_t partitions,
                     bool *has_begun, struct error *err)
{
    rd_kafka_topic_partition_list_t *all =
        rd_kafka_topic_partition_list_new(partitions);

    rd_kafka_topic_partition_list_add_range(all, member->topic, 0,
                                            partitions - 1);
    int status = offsets_of_group(member->client, member->group, all,
                                  member->timeout_ms, err);
    *has_begun = false;
    for (int i = 0; status == 0 && i < all->cnt; i++)
        *has_begun = *has_begun || all->elems[i].offset >= 0;
    rd_kafka_topic_partition_list_destroy(all);
    return status;
}

/* Why an offered partition has no offset. */
enum beginning {
    BEGINS_AT_THE_END, /* a new group, in all partitions of the topic */
    BEGINS_BY_ITSELF,  /* a new group, or one whose topic has grown */
    IS_FORGOTTEN,      /* the broker has lost the group's offsets */
};

/* The partitions for which a start has to be chosen; room for all of both. */
static size_t list_partitions(enum beginning beginning, int32_t partitions,
                              const rd_kafka_topic_partition_list_t *offered,
                              const struct positions *positions,
                              struct partition_offsets *list)
{
    size_t count = 0;

    if (beginning == BEGINS_AT_THE_END) {
        for (int32_t p = 0; p < partitions; p++)
            list[count++].partition = p;
        return count;
    }
    for (int i = 0; i < offered->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &offered->elems[i];
        if (at->offset < 0 && !positions_has_choice(positions, at->partition))
            list[count++].partition = at->partition;
    }
    return count;
}

/* Other members may have chosen already: a partition where this member has
 * known an offset is forgotten also when the group has begun anew. */
static int choose(const struct group_member *member, enum beginning beginning,
                  const struct partition_offsets *at,
                  struct positions *positions, struct group_found *found,
                  struct error *err)
{
    if (positions_reserve(positions, at->partition + 1, err) < 0)
        return -1;
    if (beginning == BEGINS_AT_THE_END)
        positions_choose_start(positions, at->partition, at->high);
    else if (beginning != IS_FORGOTTEN &&
             positions->list[at->partition].known == OFFSET_UNKNOWN)
        positions_choose_start(positions, at->partition, at->low);
    else
        found->is_refused =
            positions_move_forgotten(
                positions, at->partition,
                (struct partition_bounds){at->low, at->high},
                member->lost_offset,
                &found->gaps[found->gap_count++]) == POSITION_REFUSED;
    return 0;
}

/* Chooses a start where the group has no offset. */
static int begin(const struct group_member *member,
                 const rd_kafka_topic_partition_list_t *offered,
                 struct positions *positions, struct group_found *found,
                 struct error *err)
{
    enum beginning beginning = BEGINS_BY_ITSELF;
    int32_t partitions;
    bool has_begun;

    if (offsets_count_partitions(member->client, member->handle,
                                 member->timeout_ms, &partitions, err) < 0)
        return -1;
    if (partitions == 0)
        return error_set(err, ERROR_UNAVAILABLE, "topic '%s' is not there",
                         member->topic);
    if (ask_begun(member, partitions, &has_begun, err) < 0)
        return -1;

    bool is_first = rd_kafka_topic_partition_list_find(
                        (rd_kafka_topic_partition_list_t *)(uintptr_t)offered,
                        member->topic, 0) != NULL;
    if (!has_begun && positions_know_group(positions))
        beginning = IS_FORGOTTEN;
    else if (!has_begun && member->without_offset == START_LATEST) {
        if (!is_first)
            return error_set(err, ERROR_UNAVAILABLE,
                             "the member of group '%s' that has partition 0 "
                             "has not said yet where the group begins",
                             member->group);
        beginning = BEGINS_AT_THE_END;
    }
    found->is_new = !has_begun && beginning != IS_FORGOTTEN && is_first;

    struct partition_offsets *list =
        calloc((size_t)partitions + (size_t)offered->cnt, sizeof(*list));
    if (!list)
        return error_no_memory(err, "the starts of %d partitions",
                               (int)partitions);
    size_t count =
        list_partitions(beginning, partitions, offered, positions, list);
    for (size_t i = 0; i < count; i++)
        list[i].topic = member->topic;
    int status =
        offsets_find_ends(member->client, list, count, member->timeout_ms, err);
    for (size_t i = 0; status == 0 && i < count && !found->is_refused; i++)
        status = choose(member, beginning, &list[i], positions, found, err);
    free(list);
    return status;
}

int group_start_find(const struct group_member *member,
                     const rd_kafka_topic_partition_list_t *offered,
                     struct positions *positions, struct group_found *found,
                     struct error *err)
{
    bool are_known = true, has_begun = false;

    *found = (struct group_found){.gaps = found->gaps};
    positions_clear(positions, POSITIONS_KEEP_CHOICES);
    for (int i = 0; i < offered->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &offered->elems[i];
        if (positions_reserve(positions, at->partition + 1, err) < 0)
            return -1;
        has_begun = has_begun || at->offset >= 0;
        are_known =
            are_known &&
            (at->offset >= 0 || positions_has_choice(positions, at->partition));
    }
    if (!are_known && begin(member, offered, positions, found, err) < 0)
        return -1;
    for (int i = 0; i < offered->cnt && !found->is_refused; i++) {
        const rd_kafka_topic_partition_t *at = &offered->elems[i];
        positions_assign(positions, at->partition,
                         at->offset >= 0 ? at->offset : OFFSET_UNKNOWN);
    }
    if (has_begun)
        positions_forget_others(positions);
    return 0;
}
