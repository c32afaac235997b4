#include "consumer/read/group_start.h"

#include "common/kafka/kafka_client.h"

#include "consumer/read/offsets.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

/* Fills in the offsets that the group has; below 0 where it has none. An open
 * transaction of the partition's last owner makes the broker say "not yet",
 * until that transaction ends or times out. */
static int ask_committed(const struct group_start *about,
                         rd_kafka_topic_partition_list_t *partitions,
                         struct error *err)
{
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (partitions->cnt > 0)
        failed = rd_kafka_committed(about->client, partitions,
                                    (int)about->timeout_ms);
    for (int i = 0; !failed && i < partitions->cnt; i++)
        failed = partitions->elems[i].err;
    if (failed)
        return error_set(err, kafka_error_code((int)failed),
                         "committed offsets of group '%s': %s", about->group,
                         rd_kafka_err2str(failed));
    return 0;
}

/* Has the group an offset in any of the topic's partitions? */
static int ask_begun(const struct group_start *about, int32_t partitions,
                     bool *has_begun, struct error *err)
{
    rd_kafka_topic_partition_list_t *all =
        rd_kafka_topic_partition_list_new(partitions);

    rd_kafka_topic_partition_list_add_range(all, about->topic, 0,
                                            partitions - 1);
    int status = ask_committed(about, all, err);
    *has_begun = false;
    for (int i = 0; status == 0 && i < all->cnt; i++)
        *has_begun = *has_begun || all->elems[i].offset >= 0;
    rd_kafka_topic_partition_list_destroy(all);
    return status;
}

enum end { OLDEST, NEWEST };

static int choose(const struct group_start *about,
                  struct partition_offsets *list, size_t count, enum end end,
                  struct positions *positions, struct error *err)
{
    if (offsets_find_ends(about->client, list, count, about->timeout_ms, err) <
        0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (positions_reserve(positions, list[i].partition + 1, err) < 0)
            return -1;
        positions_choose_start(positions, list[i].partition,
                               end == NEWEST ? list[i].high : list[i].low);
    }
    return 0;
}

/* Chooses a start where the group has no offset. */
static int begin(const struct group_start *about,
                 const rd_kafka_topic_partition_list_t *offered,
                 struct positions *positions, bool *is_new_group,
                 struct error *err)
{
    int32_t partitions;
    bool has_begun;
    size_t count = 0;

    if (offsets_count_partitions(about->client, about->handle,
                                 about->timeout_ms, &partitions, err) < 0)
        return -1;
    if (partitions == 0)
        return error_set(err, ERROR_UNAVAILABLE, "topic '%s' is not there",
                         about->topic);
    if (ask_begun(about, partitions, &has_begun, err) < 0)
        return -1;

    bool is_first = rd_kafka_topic_partition_list_find(
                        (rd_kafka_topic_partition_list_t *)(uintptr_t)offered,
                        about->topic, 0) != NULL;
    bool is_for_all = !has_begun && about->policy == START_LATEST;
    if (is_for_all && !is_first)
        return error_set(err, ERROR_UNAVAILABLE,
                         "the member of group '%s' that has partition 0 has "
                         "not said yet where the group begins",
                         about->group);
    struct partition_offsets *list =
        calloc((size_t)partitions + (size_t)offered->cnt, sizeof(*list));
    if (!list)
        return error_no_memory(err, "the starts of %d partitions",
                               (int)partitions);
    for (int32_t p = 0; is_for_all && p < partitions; p++)
        list[count++] =
            (struct partition_offsets){.topic = about->topic, .partition = p};
    for (int i = 0; !is_for_all && i < offered->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &offered->elems[i];
        if (at->offset < 0 && !positions_has_choice(positions, at->partition))
            list[count++] = (struct partition_offsets){
                .topic = about->topic, .partition = at->partition};
    }
    int status = choose(about, list, count, is_for_all ? NEWEST : OLDEST,
                        positions, err);
    free(list);
    *is_new_group = !has_begun && is_first;
    return status;
}

int group_start_find(const struct group_start *about,
                     rd_kafka_topic_partition_list_t *offered,
                     struct positions *positions, bool *is_new_group,
                     struct error *err)
{
    bool are_known = true, has_begun = false;

    *is_new_group = false;
    if (ask_committed(about, offered, err) < 0)
        return -1;
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
    if (!are_known && begin(about, offered, positions, is_new_group, err) < 0)
        return -1;
    for (int i = 0; i < offered->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &offered->elems[i];
        positions_assign(positions, at->partition,
                         at->offset >= 0 ? at->offset : OFFSET_UNKNOWN);
    }
    if (has_begun)
        positions_forget_others(positions);
    return 0;
}
