/*
 * bench_meter.c - looks at topics from outside, the same way whoever fills
 * them.
 *
 *   bench_meter topic BROKERS TOPIC
 *       Creates it: 8 partitions, times are the broker's at appending.
 *   bench_meter drop BROKERS TOPIC
 *   bench_meter span BROKERS TOPIC
 *       "RECORDS FIRST_MS LAST_MS": when the first and the last record came.
 *       Counts the markers of transactions as records.
 *   bench_meter latency BROKERS IN OUT RATE SECONDS
 *       Sends impressions to IN at a steady rate, and reads OUT until each has
 *       come back; "COUNT P50 P99 MAX" in ms. The first second is not counted.
 *   bench_meter freshness BROKERS IN LABELS OUT USERS SECONDS
 *       Sends impressions of the users to IN, each user's ten times a second,
 *       and one click of each, evenly over the seconds; reads OUT until a
 *       prediction for the user knows it (its basis is learned). "COUNT P50
 *       P90 MAX" in ms. A click of a user who does not count comes first, and
 *       its model is waited for.
 *   bench_meter cost FILE PROGRAM WORD...
 *       Runs it and writes "CPU_SECONDS PEAK_KIB" to FILE; ends with its
 * status.
 */
#include "common/base/clock.h"
#include "common/event/event_reader.h"
#include "common/event/event_value.h"
#include "common/kafka/kafka_client.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MS = 10000, TAIL = 64, PARTITIONS = 8, USERS = 1000, ADS = 200 };

static struct error err;
static struct kafka_settings kafka;

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_meter: %s: %s\n", what, why);
    exit(1);
}

static void must(rd_kafka_resp_err_t failed, const char *what)
{
    if (failed)
        die(what, rd_kafka_err2str(failed));
}

static rd_kafka_t *client(enum kafka_role role, const char *name,
                          const char *value)
{
    rd_kafka_conf_t *conf = NULL;
    char why[256];

    if (kafka_conf(&kafka, role, NULL, &conf, &err) < 0 ||
        kafka_conf_set(conf, name, value, &err) < 0 ||
        (role == KAFKA_CONSUMER &&
         (kafka_conf_set(conf, "group.id", "bench-meter", &err) < 0 ||
          kafka_conf_set(conf, "enable.partition.eof", "true", &err) < 0)))
        die("settings", err.text);
    rd_kafka_t *made = rd_kafka_new(role == KAFKA_CONSUMER ? RD_KAFKA_CONSUMER
                                                           : RD_KAFKA_PRODUCER,
                                    conf, why, sizeof(why));
    if (!made)
        die("client", why);
    return made;
}

static void assign(rd_kafka_t *consumer, const char *topic, int32_t first,
                   int32_t last, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(PARTITIONS);

    for (int32_t p = first; p <= last; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = offset;
    must(rd_kafka_assign(consumer, list), "assign");
    rd_kafka_topic_partition_list_destroy(list);
}

static int create(const char *topic)
{
    struct kafka_topic_plan plan = {
        topic,
        PARTITIONS,
        1,
        {{"message.timestamp.type", "LogAppendTime"}, {"retention.ms", "-1"}}};
    bool created;

    if (kafka_topic_create(&kafka, &plan, ANSWER_MS, &created, &err) < 0)
        die(topic, err.text);
    return 0;
}

static int drop(const char *topic)
{
    rd_kafka_t *admin = client(KAFKA_PRODUCER, "linger.ms", "0");
    rd_kafka_queue_t *answers = rd_kafka_queue_new(admin);
    rd_kafka_DeleteTopic_t *gone = rd_kafka_DeleteTopic_new(topic);

    rd_kafka_DeleteTopics(admin, &gone, 1, NULL, answers);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(answers, ANSWER_MS);
    must(answer ? rd_kafka_event_error(answer) : RD_KAFKA_RESP_ERR__TIMED_OUT,
         topic);
    rd_kafka_event_destroy(answer);
    rd_kafka_DeleteTopic_destroy(gone);
    rd_kafka_queue_destroy(answers);
    rd_kafka_destroy(admin);
    return 0;
}

/* --- span ------------------------------------------------------------- */

struct span_ms {
    int64_t records, first_ms, last_ms;
};

/* Looks at all records of the partition from its offset on, or at the first of
 * them. */
enum look { LOOK_AT_ALL, LOOK_AT_FIRST };

static void look(rd_kafka_t *consumer, const rd_kafka_topic_partition_t *from,
                 enum look how, struct span_ms *span)
{
    rd_kafka_message_t *message;
    bool done = false;

    assign(consumer, from->topic, from->partition, from->partition,
           from->offset);
    while (!done &&
           (message = rd_kafka_consumer_poll(consumer, ANSWER_MS)) != NULL) {
        int64_t ms = rd_kafka_message_timestamp(message, NULL);
        done = message->err || how == LOOK_AT_FIRST;
        if (!message->err && ms < span->first_ms)
            span->first_ms = ms;
        if (!message->err && ms > span->last_ms)
            span->last_ms = ms;
        rd_kafka_message_destroy(message);
    }
    must(rd_kafka_assign(consumer, NULL), "unassign");
}

static int span_of(const char *topic)
{
    struct span_ms span = {.first_ms = INT64_MAX};
    rd_kafka_t *consumer =
        client(KAFKA_CONSUMER, "isolation.level", "read_uncommitted");

    for (int32_t p = 0; p < PARTITIONS; p++) {
        int64_t low, high;
        must(rd_kafka_query_watermark_offsets(consumer, topic, p, &low, &high,
                                              ANSWER_MS),
             topic);
        if (high == low)
            continue;
        span.records += high - low;
        rd_kafka_topic_partition_t from = {
            .topic = (char *)topic, .partition = p, .offset = low};
        look(consumer, &from, LOOK_AT_FIRST, &span);
        from.offset = high - low > TAIL ? high - TAIL : low;
        look(consumer, &from, LOOK_AT_ALL, &span);
    }
    printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", span.records, span.first_ms,
           span.last_ms);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return 0;
}

/* --- latency ---------------------------------------------------------- */

struct trip {
    rd_kafka_t *producer, *consumer;
    rd_kafka_topic_t *in;
    struct event_reader *reader;
    struct event_scratch scratch;
    int64_t count, sent, seen, start_ns, gap_ns;
    int64_t *sent_ns, *took_ns; /* (count) */
};

static void send_next(struct trip *trip)
{
    static struct buffer bytes;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event = {.id = id_from_number(trip->sent),
                               .user = id_from_number(trip->sent % USERS + 1),
                               .ad = id_from_number(trip->sent % ADS + 1),
                               .ts_ms = clock_wall_ms()};

    buffer_clear(&bytes);
    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    trip->sent_ns[trip->sent] = clock_monotonic_ns();
    if (rd_kafka_produce(trip->in, (int32_t)(trip->sent % PARTITIONS),
                         RD_KAFKA_MSG_F_COPY, bytes.bytes, bytes.size, NULL, 0,
                         NULL) < 0)
        must(rd_kafka_last_error(), "produce");
    trip->sent++;
}

/* A prediction has the impression's fields. */
static void take(struct trip *trip, const rd_kafka_message_t *message)
{
    const struct event_record record = {.value = message->payload,
                                        .value_size = message->len};
    struct impression event;
    const char *about;

    if (message->err ||
        event_reader_impression(trip->reader, &record, &trip->scratch, &event,
                                &about) != EVENT_OK)
        return;
    int64_t i = event.id.number;
    if (event.id.text || i < 0 || i >= trip->sent || trip->took_ns[i] > 0)
        return;
    trip->took_ns[i] = clock_monotonic_ns() - trip->sent_ns[i];
    trip->seen++;
}

static void travel(struct trip *trip)
{
    int64_t deadline_ns =
        trip->start_ns + trip->count * trip->gap_ns + 10000000000;

    while (trip->seen < trip->count && clock_monotonic_ns() < deadline_ns) {
        while (trip->sent < trip->count &&
               clock_monotonic_ns() >=
                   trip->start_ns + trip->sent * trip->gap_ns)
            send_next(trip);
        rd_kafka_poll(trip->producer, 0);
        rd_kafka_message_t *message = rd_kafka_consumer_poll(trip->consumer, 1);
        if (!message)
            continue;
        take(trip, message);
        rd_kafka_message_destroy(message);
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void report(const struct trip *trip, int64_t skipped)
{
    int64_t n = trip->count - skipped;
    int64_t *took = trip->took_ns + skipped;
    int64_t half = n / 2, most = n * 99 / 100;

    qsort(took, (size_t)n, sizeof(*took), by_size);
    printf("%" PRId64 " %.1f %.1f %.1f\n", trip->seen, (double)took[half] / 1e6,
           (double)took[most] / 1e6, (double)took[n - 1] / 1e6);
}

static int latency(const char *in, const char *out, int64_t rate,
                   int64_t seconds)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const struct rd_kafka_metadata *metadata = NULL;
    struct trip trip = {.count = rate * (seconds + 1),
                        .gap_ns = 1000000000 / rate};

    trip.sent_ns = calloc((size_t)trip.count, sizeof(int64_t));
    trip.took_ns = calloc((size_t)trip.count, sizeof(int64_t));
    if (!trip.sent_ns || !trip.took_ns)
        die("memory", "none");
    if (event_reader_new(&fields, EVENT_IMPRESSIONS, &trip.reader, &err) < 0 ||
        event_scratch_ready(&trip.scratch, &err) < 0)
        die("reader", err.text);
    trip.producer = client(KAFKA_PRODUCER, "linger.ms", "0");
    trip.consumer = client(KAFKA_CONSUMER, "fetch.wait.max.ms", "100");
    trip.in = rd_kafka_topic_new(trip.producer, in, NULL);
    must(rd_kafka_metadata(trip.producer, 0, trip.in, &metadata, ANSWER_MS),
         in);
    rd_kafka_metadata_destroy(metadata);
    assign(trip.consumer, out, 0, PARTITIONS - 1, RD_KAFKA_OFFSET_END);
    clock_sleep_ms(1000);
    trip.start_ns = clock_monotonic_ns();
    travel(&trip);
    if (trip.seen < trip.count)
        fprintf(stderr, "bench_meter: %" PRId64 " of %" PRId64 " came back\n",
                trip.seen, trip.count);
    report(&trip, rate);

    rd_kafka_topic_destroy(trip.in);
    rd_kafka_destroy(trip.producer);
    rd_kafka_consumer_close(trip.consumer);
    rd_kafka_destroy(trip.consumer);
    event_reader_free(trip.reader);
    event_scratch_free(&trip.scratch);
    free(trip.sent_ns);
    free(trip.took_ns);
    return 0;
}

/* --- freshness -------------------------------------------------------- */

enum { SHOWN_A_SECOND = 10, GIVE_UP_S = 150 };

/* Users are 1 to count; user 0 is the one who does not count. */
struct fresh {
    rd_kafka_t *producer, *consumer;
    rd_kafka_topic_t *in, *labels;
    struct event_reader *reader; /* of predictions */
    struct event_scratch scratch;
    int64_t count, sent, clicked, known, gap_ns, click_gap_ns;
    int64_t start_ns;  /* of the impressions */
    int64_t clicks_ns; /* of the clicks; 0: their time has not come */
    int64_t *newest;   /* (count + 1) number of the newest impression */
    int64_t *click_ns; /* (count + 1) 0: not clicked */
    int64_t *took_ns;  /* (count + 1) 0: not known yet */
};

static void produce(rd_kafka_topic_t *topic, int64_t user,
                    const struct buffer *bytes)
{
    if (rd_kafka_produce(topic, (int32_t)(user % PARTITIONS),
                         RD_KAFKA_MSG_F_COPY, bytes->bytes, bytes->size, NULL,
                         0, NULL) < 0)
        must(rd_kafka_last_error(), "produce");
}

static void show_user(struct fresh *fresh)
{
    static struct buffer bytes;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const int64_t user = fresh->sent % (fresh->count + 1);
    const struct impression event = {.id = id_from_number(fresh->sent),
                                     .user = id_from_number(user),
                                     .ad = id_from_number(1),
                                     .ts_ms = clock_wall_ms()};

    buffer_clear(&bytes);
    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    produce(fresh->in, user, &bytes);
    fresh->newest[user] = fresh->sent++;
}

static void click(struct fresh *fresh, int64_t user)
{
    static struct buffer bytes;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const struct label event = {.id = id_from_number(fresh->newest[user]),
                                .click = 1,
                                .ts_ms = clock_wall_ms()};

    buffer_clear(&bytes);
    event_encode_label(&fields, &event, &bytes);
    fresh->click_ns[user] = clock_monotonic_ns();
    produce(fresh->labels, user, &bytes);
}

static void take_prediction(struct fresh *fresh,
                            const rd_kafka_message_t *message)
{
    struct prediction_event event;

    if (message->err || event_scratch_ready(&fresh->scratch, &err) < 0 ||
        event_reader_prediction(fresh->reader, message->payload, message->len,
                                &fresh->scratch, &event, NULL) != EVENT_OK ||
        event.basis != BASIS_LEARNED)
        return;
    const int64_t user = event_span_id(event.raw_user).number;
    if (user < 0 || user > fresh->count || fresh->click_ns[user] == 0 ||
        fresh->took_ns[user] > 0)
        return;
    fresh->took_ns[user] = clock_monotonic_ns() - fresh->click_ns[user];
    fresh->known += user > 0;
    if (user == 0)
        fresh->clicks_ns = clock_monotonic_ns();
}

static void send_what_is_due(struct fresh *fresh)
{
    const int64_t now_ns = clock_monotonic_ns();

    while (now_ns >= fresh->start_ns + fresh->sent * fresh->gap_ns)
        show_user(fresh);
    if (fresh->click_ns[0] == 0 && fresh->sent > 10 * fresh->count)
        click(fresh, 0);
    while (fresh->clicks_ns > 0 && fresh->clicked < fresh->count &&
           now_ns >= fresh->clicks_ns + fresh->clicked * fresh->click_gap_ns)
        click(fresh, ++fresh->clicked);
}

static void watch_users(struct fresh *fresh)
{
    const int64_t give_up_ns = fresh->start_ns +
                               fresh->count * fresh->click_gap_ns +
                               GIVE_UP_S * INT64_C(1000000000);

    while (fresh->known < fresh->count && clock_monotonic_ns() < give_up_ns) {
        send_what_is_due(fresh);
        rd_kafka_poll(fresh->producer, 0);
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(fresh->consumer, 1);
        if (!message)
            continue;
        take_prediction(fresh, message);
        rd_kafka_message_destroy(message);
    }
}

static void report_freshness(struct fresh *fresh)
{
    int64_t *took = fresh->took_ns + 1, n = 0;

    for (int64_t i = 0; i < fresh->count; i++)
        if (took[i] > 0)
            took[n++] = took[i];
    if (n == 0)
        die("freshness", "no prediction knew a click");
    qsort(took, (size_t)n, sizeof(*took), by_size);
    const int64_t half = n / 2, most = n * 9 / 10;
    printf("%" PRId64 " %.0f %.0f %.0f\n", n, (double)took[half] / 1e6,
           (double)took[most] / 1e6, (double)took[n - 1] / 1e6);
}

static rd_kafka_topic_t *known_topic(rd_kafka_t *producer, const char *name)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, name, NULL);

    must(rd_kafka_metadata(producer, 0, topic, &metadata, ANSWER_MS), name);
    rd_kafka_metadata_destroy(metadata);
    return topic;
}

static int freshness(char *const topics[3], int64_t users, int64_t seconds)
{
    const size_t all = (size_t)users + 1;
    struct fresh fresh = {.count = users,
                          .gap_ns = 1000000000 / (SHOWN_A_SECOND * (users + 1)),
                          .click_gap_ns = seconds * 1000000000 / users,
                          .newest = calloc(all, sizeof(int64_t)),
                          .click_ns = calloc(all, sizeof(int64_t)),
                          .took_ns = calloc(all, sizeof(int64_t))};

    if (!fresh.newest || !fresh.click_ns || !fresh.took_ns)
        die("memory", "none");
    if (event_reader_new(NULL, EVENT_PREDICTIONS, &fresh.reader, &err) < 0)
        die("reader", err.text);
    fresh.producer = client(KAFKA_PRODUCER, "linger.ms", "0");
    fresh.consumer = client(KAFKA_CONSUMER, "fetch.wait.max.ms", "10");
    fresh.in = known_topic(fresh.producer, topics[0]);
    fresh.labels = known_topic(fresh.producer, topics[1]);
    assign(fresh.consumer, topics[2], 0, PARTITIONS - 1, RD_KAFKA_OFFSET_END);
    clock_sleep_ms(1000);
    fresh.start_ns = clock_monotonic_ns();
    watch_users(&fresh);
    rd_kafka_flush(fresh.producer, ANSWER_MS);
    report_freshness(&fresh);

    rd_kafka_topic_destroy(fresh.in);
    rd_kafka_topic_destroy(fresh.labels);
    rd_kafka_destroy(fresh.producer);
    rd_kafka_consumer_close(fresh.consumer);
    rd_kafka_destroy(fresh.consumer);
    event_reader_free(fresh.reader);
    event_scratch_free(&fresh.scratch);
    free(fresh.newest);
    free(fresh.click_ns);
    free(fresh.took_ns);
    return 0;
}

/* --- cost ------------------------------------------------------------- */

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int cost(const char *path, char *const words[])
{
    struct rusage used;
    int status = 1;
    pid_t child = fork();

    if (child == 0) {
        execvp(words[0], words);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child ||
        getrusage(RUSAGE_CHILDREN, &used) != 0)
        die(words[0], "not run");
    FILE *to = fopen(path, "w");
    if (!to)
        die(path, "cannot be written");
    fprintf(to, "%.3f %ld\n",
            seconds_of(used.ru_utime) + seconds_of(used.ru_stime),
            used.ru_maxrss);
    if (fclose(to) != 0)
        die(path, "cannot be written");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "cost") == 0)
        return cost(argv[2], argv + 3);
    if (argc > 2)
        snprintf(kafka.brokers, sizeof(kafka.brokers), "%s", argv[2]);
    if (argc == 4 && strcmp(argv[1], "topic") == 0)
        return create(argv[3]);
    if (argc == 4 && strcmp(argv[1], "drop") == 0)
        return drop(argv[3]);
    if (argc == 4 && strcmp(argv[1], "span") == 0)
        return span_of(argv[3]);
    if (argc == 7 && strcmp(argv[1], "latency") == 0)
        return latency(argv[3], argv[4], strtoll(argv[5], NULL, 10),
                       strtoll(argv[6], NULL, 10));
    if (argc == 8 && strcmp(argv[1], "freshness") == 0)
        return freshness(argv + 3, strtoll(argv[6], NULL, 10),
                         strtoll(argv[7], NULL, 10));
    fputs("usage: bench_meter topic|drop|span BROKERS TOPIC\n"
          "       bench_meter latency BROKERS IN OUT RATE SECONDS\n"
          "       bench_meter freshness BROKERS IN LABELS OUT USERS SECONDS\n"
          "       bench_meter cost FILE PROGRAM WORD...\n",
          stderr);
    return 2;
}
