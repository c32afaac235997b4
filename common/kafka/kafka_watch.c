#include "common/kafka/kafka_watch.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/kafka/kafka_stats.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_MS "5000"
enum {
    FORGET_MS = 30000, /* a client that said nothing for so long is gone */
    CLIENTS_MAX = 256,
};

struct client {
    int64_t heard_ms;
    struct kafka_stats stats;
};

struct kafka_watch {
    struct metrics *metrics;
    int first; /* of our families */
    pthread_mutex_t lock;
    struct client *clients[CLIENTS_MAX];
    size_t count;
};

int kafka_watch_new(struct metrics *metrics, int first,
                    struct kafka_watch **out, struct error *err)
{
    struct kafka_watch *watch = NULL;

    if (metrics) {
        watch = calloc(1, sizeof(*watch));
        if (!watch)
            return error_no_memory(err, "the watch of Kafka's clients");
        watch->metrics = metrics;
        watch->first = first;
        pthread_mutex_init(&watch->lock, NULL);
    }
    *out = watch;
    return 0;
}

int kafka_watch_conf(const struct kafka_watch *watch, rd_kafka_conf_t *conf,
                     struct error *err)
{
    return watch ? kafka_conf_set(conf, "statistics.interval.ms", INTERVAL_MS,
                                  err)
                 : 0;
}

/* --- The clients ------------------------------------------------------ */

static void forget_silent(struct kafka_watch *watch, int64_t now_ms)
{
    for (size_t i = watch->count; i-- > 0;) {
        if (now_ms - watch->clients[i]->heard_ms < FORGET_MS)
            continue;
        free(watch->clients[i]);
        watch->clients[i] = watch->clients[--watch->count];
    }
}

/* NULL where there is no room for one more. */
static struct client *client_of(struct kafka_watch *watch, const char *name)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->clients[i]->stats.client, name) == 0)
            return watch->clients[i];
    if (watch->count == CLIENTS_MAX)
        return NULL;
    struct client *client = calloc(1, sizeof(*client));
    if (client)
        watch->clients[watch->count++] = client;
    return client;
}

/* --- What they say together ------------------------------------------- */

static void set(struct kafka_watch *watch, enum kafka_metric metric, int series,
                double value)
{
    metrics_set(watch->metrics, watch->first + (int)metric, series, value);
}

/* What all clients say of one broker. False: none of them knows it. */
static bool sum_up(const struct kafka_watch *watch, int32_t id,
                   struct kafka_broker_stats *out)
{
    struct kafka_broker_stats all = {.id = id, .link = KAFKA_LINK_UNUSED};
    bool is_known = false;

    for (size_t i = 0; i < watch->count; i++) {
        const struct kafka_stats *stats = &watch->clients[i]->stats;
        for (size_t b = 0; b < stats->broker_count; b++) {
            const struct kafka_broker_stats *one = &stats->brokers[b];
            if (one->id != id)
                continue;
            is_known = true;
            if (one->link > all.link)
                all.link = one->link;
            if (one->rtt_s > 0 && (all.rtt_s <= 0 || one->rtt_s < all.rtt_s))
                all.rtt_s = one->rtt_s;
            if (one->throttle_s > all.throttle_s)
                all.throttle_s = one->throttle_s;
        }
    }
    *out = all;
    return is_known;
}

/* A client that has lost all brokers begins again with those of its settings,
 * and forgets the others (seen with librdkafka 2.16). */
static void show_forgotten(struct kafka_watch *watch,
                           const struct kafka_broker_stats *before)
{
    struct kafka_broker_stats all;

    if (before->link != KAFKA_LINK_UNUSED && !sum_up(watch, before->id, &all))
        set(watch, KAFKA_BROKER_UP, before->id, 0);
}

static void show_broker(struct kafka_watch *watch, int32_t id)
{
    struct kafka_broker_stats all;

    if (!sum_up(watch, id, &all) || all.link == KAFKA_LINK_UNUSED)
        return;
    set(watch, KAFKA_BROKER_UP, id, all.link == KAFKA_LINK_UP);
    set(watch, KAFKA_BROKER_THROTTLE, id, all.throttle_s);
    if (all.rtt_s > 0)
        set(watch, KAFKA_BROKER_RTT, id, all.rtt_s);
}

static void show_queues(struct kafka_watch *watch)
{
    struct kafka_stats sum = {.requests = 0};

    for (size_t i = 0; i < watch->count; i++) {
        const struct kafka_stats *one = &watch->clients[i]->stats;
        sum.requests += one->requests;
        sum.to_send += one->to_send;
        sum.to_send_bytes += one->to_send_bytes;
        sum.fetched += one->fetched;
        sum.fetched_bytes += one->fetched_bytes;
    }
    set(watch, KAFKA_REQUESTS, 0, (double)sum.requests);
    set(watch, KAFKA_RECORDS, KAFKA_QUEUE_SEND, (double)sum.to_send);
    set(watch, KAFKA_BYTES, KAFKA_QUEUE_SEND, (double)sum.to_send_bytes);
    set(watch, KAFKA_RECORDS, KAFKA_QUEUE_FETCH, (double)sum.fetched);
    set(watch, KAFKA_BYTES, KAFKA_QUEUE_FETCH, (double)sum.fetched_bytes);
}

void kafka_watch_take(struct kafka_watch *watch, const char *json, size_t size)
{
    struct kafka_stats stats;
    struct error why;
    int64_t now_ms = clock_monotonic_ms();

    if (!watch)
        return;
    if (kafka_stats_read(json, size, &stats, &why) < 0) {
        log_debug("statistics cannot be read", "reason=\"%s\"", why.text);
        return;
    }
    pthread_mutex_lock(&watch->lock);
    forget_silent(watch, now_ms);
    struct client *client = client_of(watch, stats.client);
    if (client) {
        const struct kafka_stats before = client->stats;
        *client = (struct client){now_ms, stats};
        for (size_t b = 0; b < before.broker_count; b++)
            show_forgotten(watch, &before.brokers[b]);
        for (size_t b = 0; b < stats.broker_count; b++)
            show_broker(watch, stats.brokers[b].id);
        show_queues(watch);
    }
    pthread_mutex_unlock(&watch->lock);
}

void kafka_watch_free(struct kafka_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->count; i++)
        free(watch->clients[i]);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
