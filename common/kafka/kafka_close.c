#include "common/kafka/kafka_close.h"

#include "common/base/clock.h"
#include "common/base/condition.h"
#include "common/base/log.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLOSE_MS = 3000 };

/* Shared by the two threads; the last one to leave frees it. */
struct closing {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    rd_kafka_t *client;
    void (*after)(void *context); /* may be NULL */
    void *context;
    bool is_done, is_abandoned;
};

static void free_closing(struct closing *closing)
{
    pthread_cond_destroy(&closing->ended);
    pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static void *destroy(void *context)
{
    struct closing *closing = context;

    rd_kafka_destroy_flags(closing->client,
                           RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (closing->after)
        closing->after(closing->context);
    pthread_mutex_lock(&closing->lock);
    closing->is_done = true;
    bool is_last = closing->is_abandoned;
    pthread_cond_signal(&closing->ended);
    pthread_mutex_unlock(&closing->lock);
    if (is_last)
        free_closing(closing);
    return NULL;
}

static void await_end(struct closing *closing, int64_t deadline_ms)
{
    while (!closing->is_done && clock_monotonic_ms() < deadline_ms)
        condition_wait_until(&closing->ended, &closing->lock, deadline_ms);
    closing->is_abandoned = !closing->is_done;
}

bool kafka_close(rd_kafka_t *client)
{
    return kafka_close_then(client, NULL, NULL);
}

bool kafka_close_then(rd_kafka_t *client, void (*after)(void *context),
                      void *context)
{
    if (!client && after)
        after(context);
    if (!client)
        return true;
    struct closing *closing = calloc(1, sizeof(*closing));
    int64_t deadline_ms = clock_monotonic_ms() + CLOSE_MS;
    char name[128];
    pthread_t thread;

    snprintf(name, sizeof(name), "%s", rd_kafka_name(client));
    if (closing) {
        closing->client = client;
        closing->after = after;
        closing->context = context;
        pthread_mutex_init(&closing->lock, NULL);
        condition_init(&closing->ended);
    }
    if (!closing || pthread_create(&thread, NULL, destroy, closing) != 0) {
        /* Without memory or a thread it takes as long as it takes. */
        if (closing)
            free_closing(closing);
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        if (after)
            after(context);
        return true;
    }
    pthread_mutex_lock(&closing->lock);
    await_end(closing, deadline_ms);
    bool is_done = closing->is_done;
    pthread_mutex_unlock(&closing->lock);
    if (!is_done) {
        pthread_detach(thread);
        log_warn("a Kafka client did not end and is left behind", "client=%s",
                 name);
        return false;
    }
    pthread_join(thread, NULL);
    free_closing(closing);
    return true;
}
