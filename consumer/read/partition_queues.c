#include "consumer/read/partition_queues.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

static void drop(struct partition_queues *queues)
{
    for (size_t i = 0; i < queues->count; i++)
        rd_kafka_queue_destroy(queues->list[i]);
    queues->count = 0;
}

int partition_queues_keep(struct partition_queues *queues, rd_kafka_t *client,
                          const rd_kafka_topic_partition_list_t *partitions,
                          struct error *err)
{
    drop(queues);
    rd_kafka_queue_t **list =
        realloc(queues->list, ((size_t)partitions->cnt + 1) * sizeof(*list));
    if (!list)
        return error_no_memory(err, "the queues of partitions");
    queues->list = list;
    for (int i = 0; i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &partitions->elems[i];
        rd_kafka_queue_t *queue =
            rd_kafka_queue_get_partition(client, one->topic, one->partition);
        if (queue)
            list[queues->count++] = queue;
    }
    return 0;
}

void partition_queues_drain(struct partition_queues *queues)
{
    rd_kafka_message_t *left;

    for (size_t i = 0; i < queues->count; i++)
        while (rd_kafka_consume_batch_queue(queues->list[i], 0, &left, 1) > 0)
            rd_kafka_message_destroy(left);
    drop(queues);
    free(queues->list);
    queues->list = NULL;
}
