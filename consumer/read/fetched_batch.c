#include "consumer/read/fetched_batch.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_client.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

struct fetched_batch {
    rd_kafka_message_t **records; /* (most) */
    size_t count, limit, most;
    bool is_waiting;
    bool was_full; /* so much was fetched ahead that fetching may sleep */
};

int fetched_batch_new(uint32_t most, struct fetched_batch **out,
                      struct error *err)
{
    struct fetched_batch *batch = calloc(1, sizeof(*batch));

    if (batch)
        batch->records = calloc(most, sizeof(*batch->records));
    if (!batch || !batch->records) {
        fetched_batch_free(batch);
        return error_no_memory(err, "a batch of %u records", most);
    }
    batch->most = batch->limit = most;
    *out = batch;
    return 0;
}

void fetched_batch_limit(struct fetched_batch *batch, size_t count)
{
    batch->limit = count && count < batch->most ? count : batch->most;
}

/* Waits for one record, then takes whatever is there: the batch call alone
 * would wait its whole time unless it is full. */
void fetched_batch_take(struct fetched_batch *batch, rd_kafka_t *consumer,
                        rd_kafka_queue_t *queue, unsigned wait_ms,
                        int64_t *waited_ns)
{
    int64_t start_ns = clock_monotonic_ns();

    batch->is_waiting = true;
    rd_kafka_message_t *first = rd_kafka_consumer_poll(consumer, (int)wait_ms);
    batch->is_waiting = false;
    *waited_ns = clock_monotonic_ns() - start_ns;
    if (!first)
        return;
    batch->records[0] = first;
    batch->count = 1;
    if (batch->limit == 1)
        return;
    ssize_t more = rd_kafka_consume_batch_queue(queue, 0, batch->records + 1,
                                                batch->limit - 1);
    if (more > 0)
        batch->count += (size_t)more;
}

bool fetched_batch_is_waiting(const struct fetched_batch *batch)
{
    return batch->is_waiting;
}

/* How many records like these are fetched ahead: partitions share a queue, so
 * the bound of one is that of all. */
static size_t room_for(rd_kafka_message_t *const *records, size_t count)
{
    size_t bytes = count;

    for (size_t i = 0; i < count; i++)
        bytes += records[i]->len + records[i]->key_len;
    size_t room = (size_t)KAFKA_AHEAD_KIB * 1024 * count / bytes;
    return room < KAFKA_AHEAD_RECORDS ? room : KAFKA_AHEAD_RECORDS;
}

bool fetched_batch_has_room_again(struct fetched_batch *batch,
                                  rd_kafka_queue_t *queue)
{
    if (batch->count == 0)
        return false;
    size_t ahead = rd_kafka_queue_length(queue);
    size_t room = room_for(batch->records, batch->count);
    if (ahead > room * 6 / 10)
        batch->was_full = true;
    if (!batch->was_full || ahead > room * 4 / 10)
        return false;
    batch->was_full = false;
    return true;
}

rd_kafka_message_t *const *
fetched_batch_records(const struct fetched_batch *batch, size_t *count)
{
    *count = batch->count;
    return batch->records;
}

bool fetched_batch_is_full(const struct fetched_batch *batch)
{
    return batch->count == batch->limit;
}

void fetched_batch_drop(struct fetched_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        rd_kafka_message_destroy(batch->records[i]);
    batch->count = 0;
}

void fetched_batch_free(struct fetched_batch *batch)
{
    if (!batch)
        return;
    fetched_batch_drop(batch);
    free(batch->records);
    free(batch);
}
