#include "consumer/score/lag_watch.h"

#include "common/base/clock.h"
#include "common/base/condition.h"
#include "common/kafka/kafka_close.h"
#include "common/kafka/kafka_watch.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 1000, ASK_MS = 2000, NOT_OURS = -1 };

struct lag_watch {
    char topic[250];
    struct kafka_watch *clients; /* borrowed; may be NULL */
    struct metrics *metrics;
    int family;
    rd_kafka_t *client;

    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool is_stopping;
    int64_t *committed; /* (count) by partition; NOT_OURS */
    int32_t count;
};

/* The partitions that are ours; NULL where there are none. The offset -1 asks
 * for the end. */
static rd_kafka_topic_partition_list_t *list_ours(struct lag_watch *watch)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    pthread_mutex_lock(&watch->lock);
    for (int32_t p = 0; p < watch->count; p++) {
        if (watch->committed[p] == NOT_OURS)
            continue;
        if (!list)
            list = rd_kafka_topic_partition_list_new(watch->count);
        rd_kafka_topic_partition_list_add(list, watch->topic, p)->offset =
            RD_KAFKA_OFFSET_END;
    }
    pthread_mutex_unlock(&watch->lock);
    return list;
}

static void show(struct lag_watch *watch,
                 const rd_kafka_topic_partition_list_t *ends)
{
    pthread_mutex_lock(&watch->lock);
    for (int i = 0; i < ends->cnt; i++) {
        const rd_kafka_topic_partition_t *end = &ends->elems[i];
        int64_t committed = watch->committed[end->partition];
        if (end->err || end->offset < 0 || committed == NOT_OURS)
            continue;
        metrics_set(watch->metrics, watch->family, end->partition,
                    end->offset > committed ? (double)(end->offset - committed)
                                            : 0);
    }
    pthread_mutex_unlock(&watch->lock);
}

static int on_statistics(rd_kafka_t *client, char *json, size_t size,
                         void *context)
{
    struct lag_watch *watch = context;

    (void)client;
    kafka_watch_take(watch->clients, json, size);
    return 0; /* the text stays librdkafka's */
}

static int connect_client(struct lag_watch *watch,
                          const struct kafka_settings *kafka, struct error *err)
{
    rd_kafka_conf_t *conf = NULL;

    if (kafka_conf(kafka, KAFKA_CONSUMER, NULL, &conf, err) < 0)
        return -1;
    if (kafka_watch_conf(watch->clients, conf, err) < 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    rd_kafka_conf_set_opaque(conf, watch);
    rd_kafka_conf_set_stats_cb(conf, on_statistics);
    return kafka_client_of(conf, KAFKA_CONSUMER, &watch->client, err);
}

static void *run(void *context)
{
    struct lag_watch *watch = context;
    bool is_stopping = false;

    while (!is_stopping) {
        rd_kafka_topic_partition_list_t *list = list_ours(watch);
        /* A failure changes nothing: the ends of before stay. */
        if (list && !rd_kafka_offsets_for_times(watch->client, list, ASK_MS))
            show(watch, list);
        if (list)
            rd_kafka_topic_partition_list_destroy(list);
        rd_kafka_poll(watch->client, 0); /* for statistics */

        int64_t until_ms = clock_monotonic_ms() + TICK_MS;
        pthread_mutex_lock(&watch->lock);
        while (!watch->is_stopping && clock_monotonic_ms() < until_ms)
            condition_wait_until(&watch->changed, &watch->lock, until_ms);
        is_stopping = watch->is_stopping;
        pthread_mutex_unlock(&watch->lock);
    }
    return NULL;
}

int lag_watch_start(const struct kafka_settings *kafka, const char *topic,
                    struct metrics *metrics, int family, struct lag_watch **out,
                    struct error *err)
{
    struct lag_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return error_no_memory(err, "the lag watch");
    strncpy(watch->topic, topic, sizeof(watch->topic) - 1);
    watch->metrics = metrics;
    watch->clients = kafka->watch;
    watch->family = family;
    if (condition_init(&watch->changed) != 0 ||
        pthread_mutex_init(&watch->lock, NULL) != 0) {
        free(watch);
        return error_set(err, ERROR_TEMPORARY, "no lock for the lag watch");
    }
    if (connect_client(watch, kafka, err) < 0) {
        lag_watch_stop(watch);
        return -1;
    }
    if (pthread_create(&watch->thread, NULL, run, watch) != 0) {
        lag_watch_stop(watch);
        return error_set(err, ERROR_TEMPORARY, "no thread for the lag watch");
    }
    watch->is_started = true;
    *out = watch;
    return 0;
}

/* Called with the lock. Without memory a partition goes unwatched. */
static bool has_room(struct lag_watch *watch, int32_t partition)
{
    if (partition < watch->count)
        return true;
    int32_t count = 2 * partition + 8;
    int64_t *committed =
        realloc(watch->committed, (size_t)count * sizeof(*committed));
    if (!committed)
        return false;
    for (int32_t p = watch->count; p < count; p++)
        committed[p] = NOT_OURS;
    watch->committed = committed;
    watch->count = count;
    return true;
}

void lag_watch_set(struct lag_watch *watch, int32_t partition,
                   int64_t committed)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    if (has_room(watch, partition))
        watch->committed[partition] = committed < 0 ? 0 : committed;
    pthread_mutex_unlock(&watch->lock);
}

void lag_watch_drop(struct lag_watch *watch, int32_t partition)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    if (partition < watch->count && watch->committed[partition] != NOT_OURS) {
        watch->committed[partition] = NOT_OURS;
        metrics_set(watch->metrics, watch->family, partition, 0);
    }
    pthread_mutex_unlock(&watch->lock);
}

void lag_watch_stop(struct lag_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->is_stopping = true;
    pthread_cond_broadcast(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    if (watch->is_started)
        pthread_join(watch->thread, NULL);
    kafka_close(watch->client);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    free(watch->committed);
    free(watch);
}
