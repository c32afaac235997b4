#include "consumer/train/evaluation_source.h"

#include "common/base/backoff.h"
#include "common/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_MS = 2000, /* and twice as long after each failure, */
    RETRY_MAX_MS = 64000,
};

struct evaluation_source {
    struct merge_reader_config config;
    struct merge_reader *reader; /* NULL: away */
    struct error trouble;
    int64_t opened_ms, retry_ms; /* monotonic */
    struct backoff backoff;

    struct offset_range *ranges; /* where it stopped; NULL: from the start */

    bool is_opening; /* the following are the thread's */
    pthread_t thread;
    atomic_bool is_tried;
    struct merge_reader *old, *fresh;
    struct error why;
};

/* --- Away ------------------------------------------------------------- */

/* A reader that fails as soon as it is open is not asked at once again. */
static void fail(struct evaluation_source *self, const struct error *why)
{
    int64_t now_ms = clock_monotonic_ms();

    if (self->reader && now_ms - self->opened_ms > self->backoff.pause_ms)
        backoff_reset(&self->backoff);
    self->retry_ms = now_ms + backoff_next(&self->backoff);
    self->trouble = *why;
}

/* NULL, and so the beginning, where there is no memory for it. */
static struct offset_range *copy_rest(struct merge_reader *reader,
                                      size_t *count)
{
    const struct offset_range *ranges = merge_reader_ranges(reader, count);
    struct offset_range *rest = malloc((*count + 1) * sizeof(*rest));

    for (size_t i = 0; rest && i < *count; i++) {
        rest[i] = ranges[i];
        rest[i].first = ranges[i].next;
        rest[i].next = -1;
    }
    return rest;
}

/* Without the right to read them the records are still there. Else offsets
 * mean nothing any more: the topic was deleted, or retention took them. */
static void lose(struct evaluation_source *self, const struct error *why)
{
    fail(self, why);
    free(self->ranges);
    self->ranges = NULL;
    if (why->code == ERROR_AUTH)
        self->ranges = copy_rest(self->reader, &self->config.range_count);
    self->config.ranges = self->ranges;
    self->old = self->reader;
    self->reader = NULL;
}

/* --- Opening ---------------------------------------------------------- */

/* Closing waits too. */
static void *reopen(void *context)
{
    struct evaluation_source *self = context;

    merge_reader_close(self->old);
    self->old = NULL;
    if (merge_reader_open(&self->config, &self->fresh, &self->why) < 0)
        self->fresh = NULL;
    atomic_store(&self->is_tried, true);
    return NULL;
}

static void start_opening(struct evaluation_source *self)
{
    struct error why;

    atomic_store(&self->is_tried, false);
    int error = pthread_create(&self->thread, NULL, reopen, self);
    self->is_opening = error == 0;
    if (self->is_opening)
        return;
    error_set(&why, ERROR_TEMPORARY, "start a thread: %s", strerror(error));
    fail(self, &why);
}

static void finish_opening(struct evaluation_source *self)
{
    pthread_join(self->thread, NULL);
    self->is_opening = false;
    self->reader = self->fresh;
    self->fresh = NULL;
    if (self->reader)
        self->opened_ms = clock_monotonic_ms();
    else
        fail(self, &self->why);
}

static void look_after_opening(struct evaluation_source *self)
{
    if (self->is_opening) {
        if (atomic_load(&self->is_tried))
            finish_opening(self);
    } else if (clock_monotonic_ms() >= self->retry_ms) {
        start_opening(self);
    }
}

int evaluation_source_open(const struct merge_reader_config *config,
                           struct evaluation_source **out, struct error *err)
{
    struct evaluation_source *self = calloc(1, sizeof(*self));
    struct error why;

    if (!self)
        return error_no_memory(err, "a source");
    self->config = *config;
    self->backoff =
        (struct backoff){.first_ms = RETRY_MS, .most_ms = RETRY_MAX_MS};
    if (merge_reader_open(&self->config, &self->reader, &why) < 0)
        fail(self, &why);
    self->opened_ms = clock_monotonic_ms();
    *out = self;
    return 0;
}

/* --- Reading ---------------------------------------------------------- */

enum evaluation_source_result
evaluation_source_next(struct evaluation_source *self,
                       struct merge_record *record)
{
    enum merge_result result;
    struct error why;

    if (!self->reader)
        look_after_opening(self);
    if (!self->reader)
        return EVALUATION_SOURCE_AWAY;
    if (merge_reader_next(self->reader, 0, &result, record, &why) < 0) {
        lose(self, &why);
        return EVALUATION_SOURCE_AWAY;
    }
    switch (result) {
    case MERGE_RECORD:
        return EVALUATION_SOURCE_RECORD;
    case MERGE_NOTHING:
        return EVALUATION_SOURCE_NOTHING;
    case MERGE_END:
        return EVALUATION_SOURCE_END;
    }
    return EVALUATION_SOURCE_NOTHING;
}

const struct error *
evaluation_source_trouble(const struct evaluation_source *self)
{
    return self->reader ? NULL : &self->trouble;
}

void evaluation_source_close(struct evaluation_source *self)
{
    if (!self)
        return;
    if (self->is_opening)
        finish_opening(self);
    merge_reader_close(self->old);
    merge_reader_close(self->reader);
    free(self->ranges);
    free(self);
}
