#include "consumer/read/fetch_wake.h"
#include "consumer/read/subscriber_handle.h"

void subscriber_drop(struct subscriber *s)
{
    for (size_t i = 0; i < s->taken_count; i++)
        rd_kafka_message_destroy(s->taken[i]);
    s->taken_count = 0;
}

/* One with patience, then whatever is there: the batch call alone would wait
 * its whole time unless it is full. */
static void gather(struct subscriber *s, unsigned wait_ms)
{
    s->waiting = true;
    rd_kafka_message_t *first = rd_kafka_consumer_poll(s->client, (int)wait_ms);
    s->waiting = false;
    if (!first)
        return;
    s->taken[0] = first;
    s->taken_count = 1;
    if (s->limit == 1)
        return;
    ssize_t more =
        rd_kafka_consume_batch_queue(s->queue, 0, s->taken + 1, s->limit - 1);
    if (more > 0)
        s->taken_count += (size_t)more;
}

static void wake_fetching(const struct subscriber *s)
{
    rd_kafka_topic_partition_list_t *ours =
        rd_kafka_topic_partition_list_new(s->position_count);

    for (int32_t i = 0; i < s->position_count; i++)
        if (s->positions[i].assigned)
            rd_kafka_topic_partition_list_add(ours, s->config.topic, i);
    fetch_wake(s->client, ours);
    rd_kafka_topic_partition_list_destroy(ours);
}

/* How many records like these are fetched ahead: partitions share a queue, so
 * the bound of one is that of all. */
static size_t room_for(rd_kafka_message_t *const *taken, size_t count)
{
    size_t bytes = count;

    for (size_t i = 0; i < count; i++)
        bytes += taken[i]->len + taken[i]->key_len;
    size_t room = (size_t)KAFKA_AHEAD_KIB * 1024 * count / bytes;
    return room < KAFKA_AHEAD_RECORDS ? room : KAFKA_AHEAD_RECORDS;
}

void subscriber_take(struct subscriber *s, unsigned wait_ms)
{
    gather(s, wait_ms);
    if (s->taken_count == 0)
        return;
    size_t ahead = rd_kafka_queue_length(s->queue);
    size_t room = room_for(s->taken, s->taken_count);
    if (ahead > room * 6 / 10)
        s->was_full = true;
    if (!s->was_full || ahead > room * 4 / 10)
        return;
    s->was_full = false;
    wake_fetching(s);
}
