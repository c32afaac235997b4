/*
 * fetch_wake.h - fetching goes on as soon as there is room.
 *
 * Where what was fetched ahead fills its queues, a broker's thread of
 * librdkafka 2.0.2 sleeps for up to a second, and taking records off does not
 * wake it. So a queue would have to hold a second's worth of records, at 600
 * bytes each beside their payload. A request wakes the thread, whatever its
 * answer, and queues may be small.
 */
#ifndef CONSUMER_FETCH_WAKE_H
#define CONSUMER_FETCH_WAKE_H

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;

/* Versions that look again by themselves are told to do so soon. */
void fetch_wake_conf(rd_kafka_conf_t *conf);

/* Wakes the threads of the brokers that lead the partitions, and waits for
 * their answers: one round trip, at most 100 ms. Changes the list's offsets. */
void fetch_wake(rd_kafka_t *client,
                rd_kafka_topic_partition_list_t *partitions);

#endif
