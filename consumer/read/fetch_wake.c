#include "consumer/read/fetch_wake.h"

#include <librdkafka/rdkafka.h>

enum { TIMEOUT_MS = 100 };

void fetch_wake_conf(rd_kafka_conf_t *conf)
{
    /* From 2.2 on; 2.0 does not know it. */
    (void)rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", NULL, 0);
}

void fetch_wake(rd_kafka_t *client, rd_kafka_topic_partition_list_t *partitions)
{
    if (partitions->cnt == 0)
        return;
    for (int i = 0; i < partitions->cnt; i++)
        partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
    (void)rd_kafka_offsets_for_times(client, partitions, TIMEOUT_MS);
}
