#include "producer/feed/feed.h"

#include "common/base/clock.h"
#include "common/base/id_set.h"
#include "common/base/random.h"
#include "common/base/stop.h"
#include "common/event/event_avro.h"
#include "common/event/event_form.h"

#include "producer/feed/label_queue.h"
#include "producer/publisher.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000,
    FLUSH_MS = 60000,
    LINGER_MS = 5,
    SERVE_EVERY = 256,          /* rows */
    FUTURE_MAX_MS = 30 * 60000, /* Kafka 4 refuses from one hour on */
    DAY_MS = 24 * 3600000,
};
enum { TOPIC_IMPRESSIONS, TOPIC_LABELS };

struct feed {
    struct feed_config config;
    struct event_form impression_form, label_form;
    struct id_set *nobody; /* users of field.anonymous */
    struct event_source *source;
    struct publisher *publisher;
    struct label_queue labels;
    struct buffer bytes; /* of the record being made */
    uint64_t state;      /* of the delays' generator */
    int64_t started_ns;
    char rejects[FEED_REJECTS_KEPT][256];
    int64_t keeps_ms; /* what the topics keep at least */
    _Atomic uint64_t rows, impressions, sent_labels, clicks, rejected;
    _Atomic uint64_t undelivered, undelivered_labels; /* at a failure */
    _Atomic uint64_t expected;
    _Atomic int64_t first_ms, last_ms;
};

/* --- Opening ---------------------------------------------------------- */

/* A topic that deletes by time would drop old events within minutes, and say
 * nothing. */
static int check_retention(struct feed *feed, const char *topic, int64_t ts_ms,
                           struct error *err)
{
    struct kafka_topic is;

    if (kafka_topic_describe(&feed->config.kafka, topic, CONTACT_MS, &is, err) <
        0)
        return -1;
    if (!is.configured || is.retention_ms < 0)
        return 0;
    if (is.retention_ms < feed->keeps_ms)
        feed->keeps_ms = is.retention_ms;
    if (clock_wall_ms() - ts_ms <= is.retention_ms)
        return 0;

    char time[CLOCK_TEXT_SIZE];
    return error_set(
        err, ERROR_CONFIG,
        "topic '%s' keeps records for %lld hours, and an "
        "event is of %s: Kafka would delete it in silence. Set "
        "retention.ms=-1 on the topic (pctr topics --history), "
        "or give the rows other times (--clock=wall; --clock.start "
        "where the file has none)",
        topic, (long long)(is.retention_ms / 3600000),
        clock_format(ts_ms, time));
}

static int check_topics(struct feed *feed, int64_t ts_ms, struct error *err)
{
    if (check_retention(feed, feed->config.impressions, ts_ms, err) < 0)
        return -1;
    return feed->config.labels[0]
               ? check_retention(feed, feed->config.labels, ts_ms, err)
               : 0;
}

/* No broker and no topic are told in one line of ours, before a client that
 * stays has anything to say about it. */
static int find_topics(const struct feed_config *config, struct error *err)
{
    struct kafka_topic found;

    if (kafka_topic_describe(&config->kafka, config->impressions, CONTACT_MS,
                             &found, err) < 0)
        return -1;
    return config->labels[0]
               ? kafka_topic_describe(&config->kafka, config->labels,
                                      CONTACT_MS, &found, err)
               : 0;
}

/* The last row is about now; of a stream without a known end the first is of
 * yesterday. */
static int start_clock(struct feed *feed, struct error *err)
{
    uint64_t rows = 0;

    if (feed->source->ops->count(feed->source, &rows, err) < 0)
        return -1;
    feed->expected = rows;
    if (feed->config.clock == CLOCK_STEPS && feed->config.start_ms == 0)
        feed->config.start_ms =
            clock_wall_ms() -
            (rows ? (int64_t)(rows * feed->config.step_ms) : DAY_MS);
    return 0;
}

static int read_form(const struct feed *feed, enum event_kind kind,
                     const struct event_output *told, struct event_form *form,
                     struct error *err)
{
    const struct event_fields *fields = &feed->config.fields;
    const bool is_label = kind == EVENT_LABELS;
    struct event_output output = *told;

    output.format =
        is_label ? fields->labels_format : fields->impressions_format;
    if (event_form_read(form, fields, kind, err) < 0 ||
        event_output_check(&output,
                           is_label ? "format.labels" : "format.impressions",
                           err) < 0)
        return -1;
    if (output.has_schema)
        event_form_set_schema(form, output.schema);
    return 0;
}

/* How both kinds are written; without a topic of labels there is one kind. */
static int read_forms(struct feed *feed, struct error *err)
{
    if (read_form(feed, EVENT_IMPRESSIONS, &feed->config.impression_output,
                  &feed->impression_form, err) < 0)
        return -1;
    return feed->config.labels[0]
               ? read_form(feed, EVENT_LABELS, &feed->config.label_output,
                           &feed->label_form, err)
               : 0;
}

int feed_open(const struct feed_config *config, struct event_source *source,
              struct feed **out, struct error *err)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    struct publisher_config to = {
        .kafka = config->kafka,
        .linger_ms = LINGER_MS,
        .topics = {config->impressions,
                   config->labels[0] ? config->labels : NULL},
    };

    if (!feed)
        return error_no_memory(err, "the feed");
    feed->config = *config;
    feed->source = source;
    feed->state = config->seed;
    feed->last_ms = INT64_MIN;
    feed->keeps_ms = INT64_MAX;
    if (read_forms(feed, err) < 0 ||
        id_set_new(config->fields.anonymous, &feed->nobody, err) < 0 ||
        start_clock(feed, err) < 0 || find_topics(config, err) < 0 ||
        publisher_open(&to, &feed->publisher, err) < 0) {
        feed_close(feed);
        return -1;
    }
    *out = feed;
    return 0;
}

void feed_close(struct feed *feed)
{
    if (!feed)
        return;
    publisher_close(feed->publisher);
    id_set_free(feed->nobody);
    label_queue_free(&feed->labels);
    buffer_free(&feed->bytes);
    free(feed);
}

/* --- Records ---------------------------------------------------------- */

/* Anonymous users get no key, unless it is where the user stands: otherwise one
 * partition would receive all of them. */
static int publish(struct feed *feed, size_t topic, const struct id *user,
                   int64_t ts_ms, struct error *err)
{
    char key[ID_PRINT_SIZE];
    size_t key_size = id_print(user, key);
    bool has_key = event_form_has_user_key(&feed->impression_form) ||
                   !id_set_has(feed->nobody, user);

    if (buffer_failed(&feed->bytes))
        return error_no_memory(err, "the feed");
    const struct outgoing message = {
        .topic = topic,
        .partition = PUBLISH_BY_KEY,
        .key = has_key ? key : NULL,
        .key_size = has_key ? key_size : 0,
        .value = feed->bytes.bytes,
        .value_size = feed->bytes.size,
        .timestamp_ms = ts_ms,
    };
    return publisher_send(feed->publisher, &message, err);
}

static int send_label(struct feed *feed, const struct waiting_label *label,
                      struct error *err)
{
    const struct label event = {
        .id = label->id,
        .ts_ms = label->ts_ms,
        .click = label->click,
        .has_pair = feed->config.label_pairs,
        .user = label->user,
        .ad = label->ad,
    };

    buffer_clear(&feed->bytes);
    event_form_label(&feed->label_form, &event, &feed->bytes);
    if (publish(feed, TOPIC_LABELS, &label->user, label->ts_ms, err) < 0)
        return -1;
    feed->sent_labels++;
    feed->clicks += label->click > 0;
    return 0;
}

/* Sends what is due at the event time. */
static int send_labels(struct feed *feed, int64_t until_ms, struct error *err)
{
    const struct waiting_label *label;

    while ((label = label_queue_first(&feed->labels)) &&
           label->ts_ms <= until_ms) {
        if (send_label(feed, label, err) < 0)
            return -1;
        label_queue_pop(&feed->labels);
    }
    return 0;
}

static int expect_label(struct feed *feed, const struct source_row *row,
                        int64_t ts_ms, struct error *err)
{
    if (!feed->config.labels[0] ||
        (feed->config.label_choice == LABELS_CLICKS && row->click <= 0))
        return 0;

    double delay =
        (double)feed->config.delay_ms * random_exponential(&feed->state);
    const struct waiting_label label = {
        .ts_ms = ts_ms + (int64_t)delay,
        .click = row->click,
        .id = row->id,
        .user = row->user,
        .ad = row->ad,
    };
    return label_queue_push(&feed->labels, &label, err);
}

static int send_impression(struct feed *feed, const struct source_row *row,
                           int64_t ts_ms, struct error *err)
{
    const struct impression event = {
        .id = row->id, .user = row->user, .ad = row->ad, .ts_ms = ts_ms};

    buffer_clear(&feed->bytes);
    event_form_impression(&feed->impression_form, &event, row->extras,
                          row->extra_count, &feed->bytes);
    if (publish(feed, TOPIC_IMPRESSIONS, &row->user, ts_ms, err) < 0)
        return -1;
    feed->impressions++;
    return 0;
}

/* --- Running ---------------------------------------------------------- */

static int64_t event_time(const struct feed *feed, const struct source_row *row)
{
    if (feed->config.clock == CLOCK_WALL)
        return clock_wall_ms();
    if (row->has_time)
        return row->ts_ms;
    return feed->config.start_ms +
           (int64_t)((feed->rows - 1) * feed->config.step_ms);
}

static int check_time(struct feed *feed, int64_t ts_ms, struct error *err)
{
    int64_t now_ms = clock_wall_ms();
    bool first = feed->impressions == 0;

    if (first)
        feed->first_ms = ts_ms;
    /* Rows need not come by time: a later one can be too old as well. */
    if ((first || now_ms - ts_ms > feed->keeps_ms) &&
        check_topics(feed, ts_ms, err) < 0)
        return -1;
    if (ts_ms > now_ms + FUTURE_MAX_MS)
        return error_set(err, ERROR_CONFIG,
                         "row %llu is half an hour in the future, where Kafka "
                         "begins to refuse: set an earlier --clock.start or a "
                         "smaller --clock.step_ms",
                         (unsigned long long)feed->rows);
    feed->last_ms = ts_ms;
    return 0;
}

/* Waits until the row's turn; a stop ends the wait. */
static void keep_rate(const struct feed *feed)
{
    if (feed->config.rate <= 0)
        return;

    double due_s = (double)feed->impressions / feed->config.rate;
    for (;;) {
        double now_s = (double)(clock_monotonic_ns() - feed->started_ns) / 1e9;
        double wait_ms = (due_s - now_s) * 1e3;
        if (wait_ms < 1 || stop_requested())
            return;
        publisher_serve(feed->publisher);
        clock_sleep_ms(wait_ms < STOP_SLICE_MS ? (int64_t)wait_ms
                                               : STOP_SLICE_MS);
    }
}

static void reject(struct feed *feed, uint64_t line, const struct error *why)
{
    uint64_t i = feed->rejected++;

    if (i < FEED_REJECTS_KEPT)
        snprintf(feed->rejects[i], sizeof(feed->rejects[i]),
                 "line %llu: %.200s", (unsigned long long)line, why->text);
    if (feed->config.rejects)
        fprintf(feed->config.rejects, "%llu,\"%s\"\n", (unsigned long long)line,
                why->text);
}

static int feed_row(struct feed *feed, const struct source_row *row,
                    struct error *err)
{
    keep_rate(feed);

    int64_t ts_ms = event_time(feed, row);
    if (check_time(feed, ts_ms, err) < 0 || send_labels(feed, ts_ms, err) < 0 ||
        send_impression(feed, row, ts_ms, err) < 0 ||
        expect_label(feed, row, ts_ms, err) < 0)
        return -1;
    if (feed->impressions % SERVE_EVERY == 0)
        publisher_serve(feed->publisher);
    return 0;
}

static int feed_rows(struct feed *feed, struct error *err)
{
    enum source_result result = SOURCE_ROW;

    feed->started_ns = clock_monotonic_ns();
    while (!stop_requested()) {
        struct source_row row;
        uint64_t line = 0;
        struct error why = {0};
        if (feed->source->ops->next(feed->source, &result, &row, &line, &why,
                                    err) < 0)
            return -1;
        if (result == SOURCE_END)
            break;
        feed->rows++;
        if (result == SOURCE_REJECTED)
            reject(feed, line, &why);
        else if (feed_row(feed, &row, err) < 0)
            return error_wrap(err, "line %llu", (unsigned long long)line);
    }
    if (send_labels(feed, INT64_MAX, err) < 0)
        return -1;
    return publisher_finish(feed->publisher, FLUSH_MS, err);
}

/* What was handed over is not yet on its topic: else the account would count
 * records that nobody ever sees. */
static void give_up(struct feed *feed)
{
    uint64_t lost_labels = 0;

    publisher_give_up(feed->publisher);
    if (feed->config.labels[0])
        lost_labels = publisher_failed(feed->publisher, TOPIC_LABELS);
    feed->impressions -= publisher_failed(feed->publisher, TOPIC_IMPRESSIONS);
    feed->sent_labels -= lost_labels;
    feed->undelivered = feed->rows - feed->rejected - feed->impressions;
    feed->undelivered_labels = lost_labels + feed->labels.count;
}

int feed_run(struct feed *feed, struct error *err)
{
    int status = feed_rows(feed, err);

    if (status < 0)
        give_up(feed);
    return status;
}

struct feed_counts feed_counts(const struct feed *feed)
{
    return (struct feed_counts){
        .rows = feed->rows,
        .impressions = feed->impressions,
        .labels = feed->sent_labels,
        .clicks = feed->clicks,
        .rejected = feed->rejected,
        .undelivered = feed->undelivered,
        .undelivered_labels = feed->undelivered_labels,
        .expected = feed->expected,
        .first_ms = feed->first_ms,
        .last_ms = feed->last_ms,
    };
}

const char *feed_reject(const struct feed *feed, uint64_t i)
{
    return feed->rejects[i];
}
