#include "consumer/train/evaluation_outbox.h"

#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/condition.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_MS = 5000, /* and twice as long after each failure, */
    RETRY_MAX_MS = 320000,
};

struct event_list {
    struct evaluation_event *list;
    size_t count, room;
};

struct evaluation_outbox {
    struct evaluation_outbox_config config;
    pthread_t thread;

    /* The thread's: */
    struct evaluation_publication *publication; /* NULL: not open yet */
    struct event_list batch;                    /* being published */
    struct backoff backoff;
    int64_t retry_ms;     /* monotonic; not before */
    struct error trouble; /* that the log knows of */

    pthread_mutex_t lock; /* of the following */
    pthread_cond_t changed;
    struct event_list waiting;
    struct evaluation_outbox_counts counts;
    bool is_tried, has_newest, is_fenced, is_stopped;
    struct evaluation_event newest; /* at the opening */
    struct error fence;
};

/* --- Waiting ---------------------------------------------------------- */

static bool is_due(const struct evaluation_outbox *self)
{
    if (self->backoff.pause_ms > 0)
        return clock_monotonic_ms() >= self->retry_ms;
    return !self->publication || self->waiting.count > 0;
}

/* Waits for work and takes all of it; returns false at the end. A whole batch
 * changes hands, so that no thread waits for the lock while a broker is
 * asked. */
static bool take_work(struct evaluation_outbox *self)
{
    pthread_mutex_lock(&self->lock);
    while (!self->is_stopped && !is_due(self))
        if (self->backoff.pause_ms > 0)
            condition_wait_until(&self->changed, &self->lock, self->retry_ms);
        else
            pthread_cond_wait(&self->changed, &self->lock);
    bool go_on = !self->is_stopped ||
                 (self->backoff.pause_ms == 0 && self->waiting.count > 0);
    if (go_on && self->batch.count == 0) {
        struct event_list empty = self->batch;
        self->batch = self->waiting;
        self->waiting = empty;
    }
    pthread_mutex_unlock(&self->lock);
    return go_on;
}

/* --- Publishing ------------------------------------------------------- */

static int open_publication(struct evaluation_outbox *self, struct error *err)
{
    if (evaluation_publication_open(&self->config.publication,
                                    &self->publication, err) < 0)
        return -1;
    const struct evaluation_event *newest =
        evaluation_publication_newest(self->publication);
    pthread_mutex_lock(&self->lock);
    self->has_newest = newest != NULL;
    if (newest)
        self->newest = *newest;
    pthread_mutex_unlock(&self->lock);
    return 0;
}

static int publish(struct evaluation_outbox *self, struct error *err)
{
    size_t sent = 0;

    if (self->batch.count == 0)
        return 0;
    if (evaluation_publication_publish(self->publication, self->batch.list,
                                       self->batch.count, &sent, err) < 0)
        return -1;
    size_t known = self->batch.count - sent;
    pthread_mutex_lock(&self->lock);
    self->counts.published += sent;
    self->counts.known += known;
    self->counts.waiting -= self->batch.count;
    pthread_mutex_unlock(&self->lock);
    self->batch.count = 0;
    return 0;
}

static void succeeded(struct evaluation_outbox *self)
{
    if (self->trouble.code)
        log_info("evaluations are published again", "topic=%s",
                 self->config.publication.topic);
    self->trouble = (struct error){0};
    backoff_reset(&self->backoff);
}

/* The log is told once of each reason; the counts tell of each attempt. */
static void failed(struct evaluation_outbox *self, const struct error *why)
{
    self->retry_ms = clock_monotonic_ms() + backoff_next(&self->backoff);
    if (strcmp(self->trouble.text, why->text) != 0)
        log_warn("evaluations are not published, once more later",
                 "pause_ms=%" PRId64 " reason=\"%s\"", self->backoff.pause_ms,
                 why->text);
    self->trouble = *why;
}

/* Returns false when there is a younger trainer: nothing is to be done. */
static bool work(struct evaluation_outbox *self)
{
    struct error why = {0};
    int status = self->publication ? 0 : open_publication(self, &why);

    if (status == 0)
        status = publish(self, &why);
    if (status == 0)
        succeeded(self);
    else if (why.code != ERROR_FENCED)
        failed(self, &why);
    bool is_fenced = status < 0 && why.code == ERROR_FENCED;
    pthread_mutex_lock(&self->lock);
    self->counts.failed += status < 0;
    self->is_tried = true;
    self->is_fenced = is_fenced;
    self->fence = why;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    return !is_fenced;
}

static void *run(void *context)
{
    struct evaluation_outbox *self = context;

    while (take_work(self) && work(self))
        continue;
    return NULL;
}

/* --- From the other thread -------------------------------------------- */

static void outbox_free(struct evaluation_outbox *self)
{
    evaluation_publication_close(self->publication);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    free(self->batch.list);
    free(self->waiting.list);
    free(self);
}

int evaluation_outbox_start(const struct evaluation_outbox_config *config,
                            struct evaluation_outbox **out, struct error *err)
{
    struct evaluation_outbox *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "an outbox");
    self->config = *config;
    self->backoff =
        (struct backoff){.first_ms = RETRY_MS, .most_ms = RETRY_MAX_MS};
    pthread_mutex_init(&self->lock, NULL);
    condition_init(&self->changed);
    int error = pthread_create(&self->thread, NULL, run, self);
    if (error) {
        outbox_free(self);
        return error_set(err, ERROR_TEMPORARY, "start the outbox: %s",
                         strerror(error));
    }
    *out = self;
    return 0;
}

bool evaluation_outbox_newest(struct evaluation_outbox *self, unsigned wait_ms,
                              struct evaluation_event *out)
{
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;

    pthread_mutex_lock(&self->lock);
    while (!self->is_tried && clock_monotonic_ms() < deadline_ms)
        condition_wait_until(&self->changed, &self->lock, deadline_ms);
    bool has_newest = self->has_newest;
    if (has_newest)
        *out = self->newest;
    pthread_mutex_unlock(&self->lock);
    return has_newest;
}

static int append(struct event_list *to, const struct evaluation_event *events,
                  size_t count, struct error *err)
{
    if (to->count + count > to->room) {
        size_t room = 2 * (to->count + count);
        struct evaluation_event *list = realloc(to->list, room * sizeof(*list));
        if (!list)
            return error_no_memory(err, "%zu evaluations", room);
        to->list = list;
        to->room = room;
    }
    memcpy(to->list + to->count, events, count * sizeof(*events));
    to->count += count;
    return 0;
}

int evaluation_outbox_offer(struct evaluation_outbox *self,
                            const struct evaluation_event *events, size_t count,
                            struct error *err)
{
    pthread_mutex_lock(&self->lock);
    bool is_full = self->counts.waiting + count > self->config.records_max;
    int status = is_full ? 0 : append(&self->waiting, events, count, err);
    if (is_full)
        self->counts.dropped += count;
    else if (status == 0)
        self->counts.waiting += count;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    return status;
}

int evaluation_outbox_check(struct evaluation_outbox *self, struct error *err)
{
    pthread_mutex_lock(&self->lock);
    bool is_fenced = self->is_fenced;
    if (is_fenced)
        *err = self->fence;
    pthread_mutex_unlock(&self->lock);
    return is_fenced ? -1 : 0;
}

struct evaluation_outbox_counts
evaluation_outbox_counts(struct evaluation_outbox *self)
{
    pthread_mutex_lock(&self->lock);
    struct evaluation_outbox_counts counts = self->counts;
    pthread_mutex_unlock(&self->lock);
    return counts;
}

void evaluation_outbox_stop(struct evaluation_outbox *self)
{
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->is_stopped = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    if (self->counts.waiting > 0)
        log_warn("evaluations are left for the next start", "records=%zu",
                 self->counts.waiting);
    outbox_free(self);
}
