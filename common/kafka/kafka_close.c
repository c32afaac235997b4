#include "common/kafka/kafka_close.h"

#include "common/base/clock.h"
#include "common/base/condition.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdlib.h>

/* Shared by the two threads; the last one to leave frees it. */
struct closing {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    rd_kafka_t *client;
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
    pthread_mutex_lock(&closing->lock);
    closing->is_done = true;
    bool is_last = closing->is_abandoned;
    pthread_cond_signal(&closing->ended);
    pthread_mutex_unlock(&closing->lock);
    if (is_last)
        free_closing(closing);
    return NULL;
}

bool kafka_close(rd_kafka_t *client, unsigned timeout_ms)
{
    struct closing *closing = calloc(1, sizeof(*closing));
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    pthread_t thread;

    if (closing) {
        closing->client = client;
        pthread_mutex_init(&closing->lock, NULL);
        condition_init(&closing->ended);
    }
    if (!closing || pthread_create(&thread, NULL, destroy, closing) != 0) {
        /* Without memory or a thread it takes as long as it takes. */
        if (closing)
            free_closing(closing);
        rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
        return true;
    }
    pthread_mutex_lock(&closing->lock);
    while (!closing->is_done && clock_monotonic_ms() < deadline_ms)
        condition_wait_until(&closing->ended, &closing->lock, deadline_ms);
    bool is_done = closing->is_done;
    closing->is_abandoned = !is_done;
    pthread_mutex_unlock(&closing->lock);
    if (!is_done) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    free_closing(closing);
    return true;
}
