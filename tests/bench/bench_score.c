/*
 * bench_score.c - the scorer beside a bare loop that copies the same bytes.
 *
 *   bench_score BROKERS ROWS    (a real broker; makes topics of its own)
 *
 * Both start with the consumer in the group and end with the last record
 * committed; what counts is the ratio.
 */
#include "support/run_suite.h"
#include "support/tiny_model.h"

#include "common/clock.h"
#include "common/event_codec.h"

#include "consumer/scorer.h"
#include "consumer/scorer_metrics.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS = 8, BATCH = 10000, FLUSH_MS = 60000, SLICE_MS = 100 };

static struct error err;
static struct kafka_settings kafka;
static int64_t rows;
static char in[64], out[64], dead[64];

static void must(int status)
{
    if (status == 0)
        return;
    fprintf(stderr, "bench_score: %s\n", err.text);
    exit(1);
}

static void create(char *name, const char *stem)
{
    bool created;

    snprintf(name, 64, "bench-%s-%lld", stem, (long long)clock_wall_ms());
    struct kafka_topic_plan plan = {
        name, PARTITIONS, 1, {{"retention.ms", "-1"}}};
    must(kafka_topic_create(&kafka, &plan, 10000, &created, &err));
}

static void feed(void)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct publisher_config config = {
        .kafka = kafka, .linger_ms = 5, .topics = {in, NULL}};
    struct publisher *publisher = NULL;
    struct buffer bytes = {0};

    must(publisher_open(&config, &publisher, &err));
    for (int64_t i = 0; i < rows; i++) {
        struct impression event = {.id = id_from_number(i),
                                   .user = id_from_number(i * 7919 % 60),
                                   .ad = id_from_text("ad7", 3),
                                   .ts_ms = 1700000000000 + i};
        buffer_clear(&bytes);
        event_encode_impression(&fields, &event, NULL, 0, &bytes);
        struct outgoing message = {.partition = (int32_t)(i % PARTITIONS),
                                   .value = bytes.bytes,
                                   .value_size = bytes.size};
        must(publisher_send(publisher, &message, &err));
    }
    must(publisher_flush(publisher, FLUSH_MS, &err));
    publisher_close(publisher);
    buffer_free(&bytes);
}

/* Copies `rows` records; seconds from the first to the last delivered. */
static double bare_loop(void)
{
    static rd_kafka_message_t *batch[BATCH];
    struct publisher_config to = {
        .kafka = kafka, .linger_ms = 5, .topics = {out, NULL}};
    struct publisher *publisher = NULL;
    rd_kafka_conf_t *conf = NULL;
    char why[256];
    int64_t done = 0, start_ns = 0;

    must(publisher_open(&to, &publisher, &err));
    must(kafka_conf(&kafka, KAFKA_CONSUMER, &conf, &err));
    must(kafka_conf_set(conf, "group.id", out, &err));
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, 256);
    must(client ? 0 : error_set(&err, ERROR_FAILED, "%s", why));
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, in, RD_KAFKA_PARTITION_UA);
    must(rd_kafka_subscribe(client, topics));
    rd_kafka_topic_partition_list_destroy(topics);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);

    while (done < rows) {
        batch[0] = rd_kafka_consumer_poll(client, SLICE_MS);
        if (!batch[0])
            continue;
        if (start_ns == 0)
            start_ns = clock_monotonic_ns();
        ssize_t more =
            rd_kafka_consume_batch_queue(queue, 0, batch + 1, BATCH - 1);
        for (ssize_t i = 0; i < 1 + more; i++) {
            struct outgoing message = {.partition = batch[i]->partition,
                                       .value = batch[i]->payload,
                                       .value_size = batch[i]->len};
            must(publisher_send(publisher, &message, &err));
            rd_kafka_message_destroy(batch[i]);
        }
        done += 1 + more;
        publisher_serve(publisher);
    }
    must(publisher_flush(publisher, FLUSH_MS, &err));
    double seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    publisher_close(publisher);
    return seconds;
}

/* Seconds from the assignment to the last commit. */
static double score(enum delivery_mode mode, uint32_t interval_ms)
{
    struct scorer_config config = {.kafka = kafka,
                                   .slot = "0",
                                   .workers = 1,
                                   .fields = EVENT_FIELDS_DEFAULT,
                                   .delivery = mode,
                                   .commit_interval_ms = interval_ms,
                                   .commit_max_events = 100000000,
                                   .transaction_timeout_ms = 15000,
                                   .batch_max_events = BATCH,
                                   .linger_ms = 5,
                                   .dead_letters_max_share = 0.5,
                                   .offset_lost = START_FAIL};
    struct scorer_parts parts = {.board = NULL};
    struct manifest manifest = {.epoch = 1};
    struct scorer *scorer = NULL;
    char why[64];

    snprintf(config.group, sizeof(config.group), "%s-%d-%u", in, (int)mode,
             interval_ms);
    snprintf(config.impressions, sizeof(config.impressions), "%s", in);
    snprintf(config.predictions, sizeof(config.predictions), "%s", out);
    snprintf(config.dead_letters, sizeof(config.dead_letters), "%s", dead);
    must(model_board_new(&parts.board, &err));
    must(model_board_post(parts.board, tiny_model(1), &manifest, false, &err));
    must(scorer_start(&config, &parts, &scorer, &err));
    while (!scorer_is_ready(scorer, why, sizeof(why)))
        clock_sleep_ms(1);
    int64_t start_ns = clock_monotonic_ns();
    while (scorer_counts(scorer).predictions < (uint64_t)rows &&
           scorer_is_running(scorer))
        clock_sleep_ms(1);
    double seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    scorer_stop(scorer);
    must(scorer_join(scorer, NULL, &err));
    model_board_free(parts.board);
    return seconds;
}

static void tell(const char *what, double seconds, double bare)
{
    printf("%-34s %6.2f s %9.0f /s  ratio %.2f\n", what, seconds,
           (double)rows / seconds, bare / seconds);
    fflush(stdout);
}

/* A test, because the model it uses is a test's. */
START_TEST(race)
{
    create(in, "in");
    create(out, "out");
    create(dead, "dead");
    feed();
    double bare = bare_loop();
    tell("bare loop, at least once", bare, bare);
    tell("score, at least once, 100 ms", score(DELIVERY_AT_LEAST_ONCE, 100),
         bare);
    tell("score, exactly once, 100 ms", score(DELIVERY_EXACTLY_ONCE, 100),
         bare);
    tell("score, exactly once, 1 s", score(DELIVERY_EXACTLY_ONCE, 1000), bare);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: bench_score BROKERS ROWS\n");
        return 2;
    }
    rows = strtoll(argv[2], NULL, 10);
    snprintf(kafka.brokers, sizeof(kafka.brokers), "%s", argv[1]);

    Suite *suite = suite_create("bench_score");
    TCase *tests = tcase_create("ratios");
    tcase_set_timeout(tests, 0);
    tcase_add_test(tests, race);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
