#include "cli/demo/demo_observer.h"

#include "common/base/clock.h"
#include "common/base/offset_range.h"
#include "common/event/event_reader.h"

#include "cli/demo/durations.h"
#include "cli/demo/version_evaluation.h"
#include "consumer/read/event_message.h"
#include "consumer/read/merge_reader.h"
#include "model/rows/ratings.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROWS_MAX = 1 << 20,
    BUFFER_BYTES = 32 << 20,
    CONTACT_MS = 10000,
};

enum { TOPIC_PREDICTIONS, TOPIC_LABELS, TOPIC_DEAD_LETTERS };

struct demo_observer {
    struct demo_observer_config config;
    struct merge_reader *reader;
    struct event_reader *predictions, *labels;
    struct event_scratch scratch; /* of one event */
    struct version_evaluation *evaluation;
    struct first_clicks *clicks;
    struct demo_observer_counts counts;
    struct demo_version versions[DEMO_VERSIONS_MAX];
    int64_t next[PARTITIONS_MAX]; /* by partition of the impressions: behind the
                                     last one that was predicted */

    /* since the last moment */
    int64_t moment_ms;
    uint64_t predictions_then;
    struct durations latencies; /* from impression to prediction */
};

int demo_observer_open(const struct demo_observer_config *config,
                       struct demo_observer **out, struct error *err)
{
    struct demo_observer *self = calloc(1, sizeof(*self));
    const struct merge_reader_config reader = {
        .kafka = config->kafka,
        .topics = {config->predictions, config->labels, config->dead_letters},
        .from_ms = MERGE_FROM_BEGINNING,
        .buffer_bytes = BUFFER_BYTES,
        .timeout_ms = CONTACT_MS,
    };
    const struct version_evaluation_config evaluation = {.join = config->join,
                                                         .rows_max = ROWS_MAX};

    if (!self)
        return error_no_memory(err, "the demo observer");
    self->config = *config;
    self->moment_ms = clock_monotonic_ms();
    if (event_reader_new(NULL, EVENT_PREDICTIONS, &self->predictions, err) <
            0 ||
        event_reader_new(&config->fields, EVENT_LABELS, &self->labels, err) <
            0 ||
        merge_reader_open(&reader, &self->reader, err) < 0 ||
        version_evaluation_new(&evaluation, &self->evaluation, err) < 0 ||
        first_clicks_new(&self->clicks, err) < 0) {
        demo_observer_close(self);
        return -1;
    }
    *out = self;
    return 0;
}

void demo_observer_close(struct demo_observer *self)
{
    if (!self)
        return;
    merge_reader_close(self->reader);
    event_reader_free(self->predictions);
    event_reader_free(self->labels);
    event_scratch_free(&self->scratch);
    version_evaluation_free(self->evaluation);
    first_clicks_free(self->clicks);
    free(self);
}

static int take_prediction(struct demo_observer *self,
                           const struct message *message, struct error *err)
{
    struct prediction_event event;

    event_scratch_clear(&self->scratch);
    if (event_scratch_ready(&self->scratch, err) < 0)
        return -1;
    if (event_reader_prediction(self->predictions, message->value,
                                message->value_size, &self->scratch, &event,
                                NULL) != EVENT_OK)
        return error_set(err, ERROR_FORMAT, "a prediction is not readable");
    if (event.src_partition < 0 || event.src_partition >= PARTITIONS_MAX)
        return error_set(err, ERROR_LIMIT, "a prediction is of partition %d",
                         (int)event.src_partition);
    /* Delivery on the embedded broker is at least once: after a rebalance a
     * part of a partition may be scored again, in the same order. */
    if (event.src_offset < self->next[event.src_partition]) {
        self->counts.repeated++;
        return 0;
    }
    self->next[event.src_partition] = event.src_offset + 1;
    self->counts.predictions++;
    durations_add(&self->latencies,
                  message->timestamp_ms - event_span_ms(event.raw_ts));
    const struct id user = event_span_id(event.raw_user);
    uint32_t index;
    if (first_clicks_prediction(self->clicks, &user, event.basis,
                                message->timestamp_ms, &index, err) < 0)
        return -1;
    return version_evaluation_prediction(self->evaluation, &event, index, err);
}

static int take_label(struct demo_observer *self, const struct message *message,
                      struct error *err)
{
    struct span headers[EVENT_PLAN_MAX];
    const struct event_record record =
        event_message_record(message, self->labels, headers);
    struct label event;
    const char *about;

    event_scratch_clear(&self->scratch);
    if (event_scratch_ready(&self->scratch, err) < 0)
        return -1;
    if (event_reader_label(self->labels, &record, &self->scratch, &event,
                           &about) != EVENT_OK)
        return 0; /* the trainer makes it a dead letter */
    self->counts.labels++;
    if (version_evaluation_label(self->evaluation, &event, err) < 0)
        return -1;
    const uint32_t user = version_evaluation_clicked(self->evaluation);
    if (user != INDEX_UNKNOWN)
        first_clicks_click(self->clicks, user, message->timestamp_ms);
    return 0;
}

static int take(struct demo_observer *self, const struct merge_record *record,
                struct error *err)
{
    int status = 0;

    switch (record->topic) {
    case TOPIC_PREDICTIONS:
        status = take_prediction(self, &record->message, err);
        break;
    case TOPIC_LABELS:
        status = take_label(self, &record->message, err);
        break;
    default:
        self->counts.dead_letters++;
        break;
    }
    version_evaluation_advance(self->evaluation, record->message.timestamp_ms);
    return status;
}

int demo_observer_serve(struct demo_observer *self, unsigned wait_ms,
                        struct error *err)
{
    int64_t until_ms = clock_monotonic_ms() + wait_ms;

    do {
        enum merge_result result;
        struct merge_record record;
        if (merge_reader_next(self->reader, wait_ms, &result, &record, err) < 0)
            return -1;
        if (result != MERGE_RECORD)
            return 0;
        if (take(self, &record, err) < 0)
            return -1;
    } while (clock_monotonic_ms() < until_ms);
    return 0;
}

struct first_clicks_summary
demo_observer_first_clicks(const struct demo_observer *self)
{
    return first_clicks_summary(self->clicks);
}

void demo_observer_close_windows(struct demo_observer *self)
{
    version_evaluation_advance(self->evaluation, INT64_MAX);
}

static int measure_versions(struct demo_observer *self, size_t *count,
                            struct error *err)
{
    uint64_t versions[DEMO_VERSIONS_MAX];
    size_t found = version_evaluation_versions(self->evaluation, versions,
                                               DEMO_VERSIONS_MAX);

    *count = found < DEMO_VERSIONS_MAX ? found : DEMO_VERSIONS_MAX;
    for (size_t i = 0; i < *count; i++) {
        self->versions[i].version = versions[i];
        if (version_evaluation_measure(self->evaluation, versions[i], ROWS_MAX,
                                       &self->versions[i].evaluation, err) < 0)
            return -1;
    }
    return 0;
}

int demo_observer_moment(struct demo_observer *self, struct demo_moment *moment,
                         struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();
    uint64_t fresh = self->counts.predictions - self->predictions_then;

    if (measure_versions(self, &moment->version_count, err) < 0)
        return -1;
    moment->versions = self->versions;
    moment->predictions = self->counts.predictions;
    moment->labels = self->counts.labels;
    moment->dead_letters = self->counts.dead_letters;
    moment->rate =
        now_ms > self->moment_ms
            ? 1e3 * (double)fresh / (double)(now_ms - self->moment_ms)
            : 0;
    moment->p50_ms = durations_within(&self->latencies, 0.5);
    moment->p99_ms = durations_within(&self->latencies, 0.99);

    self->moment_ms = now_ms;
    self->predictions_then = self->counts.predictions;
    memset(&self->latencies, 0, sizeof(self->latencies));
    return 0;
}

struct demo_observer_counts
demo_observer_counts(const struct demo_observer *self)
{
    return self->counts;
}
