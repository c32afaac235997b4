/*
 * check_replay.c - what was live is replayed bit for bit, twice is the same,
 * and what is odd about a range is said.
 */
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/run_suite.h"

#include "common/clock.h"
#include "common/event_codec.h"
#include "common/file.h"
#include "common/random.h"

#include "consumer/version_evaluation.h"

#include "producer/publisher.h"

#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTITIONS = 4, /* of which one stays idle */
    BUSY = 3,
    ROUND = 1200, /* impressions between two models */
    ROUNDS = 3,
    STEP_MS = 1000,
    WINDOW_MS = 600000,
    WAIT_MS = 60000,
    OPTION_SIZE = 128,
    ROLES = 6,
    ARGUMENTS_MAX = 24,
};

static const char *const roles[ROLES] = {
    "impressions", "labels", "predictions", "dead_letters", "models", "chunks"};
enum { IMPRESSIONS, LABELS, PREDICTIONS };

static struct error err;
static char names[ROLES][FIXTURE_NAME_SIZE], options[ROLES][OPTION_SIZE];
static char group_option[OPTION_SIZE];
static char paths[4][64]; /* predictions and pages of two replays */
static int64_t start_ms;
static int64_t skewed = -1; /* the number of the event that is */

static void make_topics(void)
{
    char group[FIXTURE_NAME_SIZE];

    for (size_t i = 0; i < ROLES; i++) {
        kafka_fixture_name(roles[i], names[i]);
        snprintf(options[i], OPTION_SIZE, "--topic.%s=%s", roles[i], names[i]);
        kafka_fixture_create(names[i], i < 4 ? PARTITIONS : 1, "-1");
    }
    kafka_fixture_name("group", group);
    snprintf(group_option, OPTION_SIZE, "--group=%s", group);
    for (size_t i = 0; i < 4; i++)
        snprintf(paths[i], sizeof(paths[i]), "/tmp/check_replay.%d.%zu",
                 (int)getpid(), i);
    start_ms = (clock_wall_ms() - INT64_C(48) * 3600000) / 1000 * 1000;
}

static void remove_files(void)
{
    for (size_t i = 0; i < 4; i++)
        unlink(paths[i]);
}

/* --- A history --------------------------------------------------------------
 */

static int64_t time_of(int64_t number)
{
    return start_ms + number * STEP_MS;
}

static bool is_clicked(int64_t number)
{
    uint64_t state = (uint64_t)number * 77;

    return random_uniform(&state) < 0.1 + 0.08 * (double)(number % 10);
}

static void send_bytes(struct publisher *publisher, size_t topic,
                       int32_t partition, int64_t ts_ms,
                       const struct buffer *bytes)
{
    struct outgoing out = {.topic = topic,
                           .partition = partition,
                           .value = bytes->bytes,
                           .value_size = bytes->size,
                           .timestamp_ms = ts_ms};

    ck_assert_ok(publisher_send(publisher, &out, &err), err);
}

/* Dated a day ahead of its record, as by a producer whose clock is wrong. */
static int64_t event_time_of(int64_t number)
{
    return time_of(number) + (number == skewed ? INT64_C(24) * 3600000 : 0);
}

static void send_event(struct publisher *publisher, int64_t number)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event = {.id = id_from_number(number),
                               .user = id_from_number(number * 7 % 60),
                               .ad = id_from_number(number % 10),
                               .ts_ms = event_time_of(number)};
    struct label label = {
        .id = event.id, .ts_ms = time_of(number) + 5000, .click = 1};
    struct buffer bytes = {0};

    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    send_bytes(publisher, IMPRESSIONS, (int32_t)(number % BUSY),
               time_of(number), &bytes);
    buffer_clear(&bytes);
    event_encode_label(&fields, &label, &bytes);
    /* Some labels are there twice. */
    for (int i = 0; is_clicked(number) && i < (number % 50 ? 1 : 2); i++)
        send_bytes(publisher, LABELS, (int32_t)(number % BUSY), label.ts_ms,
                   &bytes);
    buffer_free(&bytes);
}

static void feed(int64_t first, int64_t count)
{
    struct publisher_config config = {
        .kafka = kafka_fixture_settings(),
        .linger_ms = 5,
        .topics = {names[IMPRESSIONS], names[LABELS], NULL}};
    struct publisher *publisher = NULL;

    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    for (int64_t i = first; i < first + count; i++)
        send_event(publisher, i);
    ck_assert_ok(publisher_flush(publisher, WAIT_MS, &err), err);
    publisher_close(publisher);
}

/* --- The program ------------------------------------------------------------
 */

/* Its output; the caller frees. */
static char *run(const char *command, const char *const more[])
{
    struct kafka_settings kafka = kafka_fixture_settings();
    const char *arguments[ARGUMENTS_MAX] = {command, "-b", kafka.brokers,
                                            options[0], options[1]};
    struct child_process child = {0, "", ""};
    size_t n = 5;

    for (size_t i = 0; more[i]; i++)
        arguments[n++] = more[i];
    child_start_pctr(&child, arguments);
    int status = child_wait(&child, WAIT_MS);
    char *output = child_output(&child), *errors = child_errors(&child);
    child_end(&child);
    ck_assert_msg(status == 0, "%s: %d: %s", command, status, errors);
    free(errors);
    return output;
}

static void score(void)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    const char *arguments[] = {"score",         "-b",
                               kafka.brokers,   options[0],
                               options[2],      options[3],
                               options[4],      options[5],
                               group_option,    "--exit.at_end",
                               "--http.port=0", NULL};
    struct child_process child = {0, "", ""};

    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);
}

static void train(void)
{
    const char *const more[] = {
        options[3], options[4],      options[5],
        "--once",   "--http.port=0", "--model.algorithm=baseline",
        NULL};

    free(run("train", more));
}

static char *replay(const char *a, const char *b, const char *c, const char *d)
{
    const char *const more[] = {options[2], options[4], options[5], a,
                                b,          c,          d,          NULL};

    return run("replay", more);
}

/* Scored without a model, then with the first, then with the second. */
static void live(void)
{
    for (int64_t round = 0; round < ROUNDS; round++) {
        feed(round * ROUND, ROUND);
        score();
        train();
    }
}

/* --- The tests --------------------------------------------------------------
 */

/* Every prediction by the place of its impression. */
struct recorded {
    struct prediction_event at[BUSY][ROUNDS * ROUND];
    bool is_there[BUSY][ROUNDS * ROUND];
};

static struct recorded *decode_all(const struct fixture_records *records)
{
    struct recorded *recorded = calloc(1, sizeof(*recorded));
    struct prediction_event event;

    ck_assert_ptr_nonnull(recorded);
    for (size_t i = 0; i < records->count; i++) {
        ck_assert_int_eq(event_decode_prediction(records->at[i].value,
                                                 records->at[i].value_size,
                                                 &event, NULL),
                         EVENT_OK);
        ck_assert_int_lt(event.src_partition, BUSY);
        ck_assert_int_lt(event.src_offset, ROUNDS * ROUND);
        recorded->at[event.src_partition][event.src_offset] = event;
        recorded->is_there[event.src_partition][event.src_offset] = true;
    }
    return recorded;
}

/* partition,offset,ts,label,p,version,basis */
static void assert_recorded(const char *line, const struct recorded *recorded,
                            uint64_t *versions)
{
    char *end = NULL;
    long partition = strtol(line, &end, 10);
    long long offset = strtoll(end + 1, &end, 10);
    const char *p = strchr(strchr(end + 1, ',') + 1, ',') + 1;
    double replayed = strtod(p, &end);
    unsigned long version = strtoul(end + 1, &end, 10);

    ck_assert(recorded->is_there[partition][offset]);
    const struct prediction_event *event = &recorded->at[partition][offset];
    ck_assert_mem_eq(&replayed, &event->p, sizeof(replayed));
    ck_assert_uint_eq(version, event->model_version);
    ck_assert_mem_eq(end + 1, basis_name(event->basis),
                     strlen(basis_name(event->basis)));
    versions[version]++;
}

static char *read_text(const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    ck_assert_ok(file_read(path, 64 << 20, &bytes, &size, &err), err);
    bytes = realloc(bytes, size + 1);
    ck_assert_ptr_nonnull(bytes);
    bytes[size] = '\0';
    return (char *)bytes;
}

START_TEST(what_was_live_is_replayed_bit_for_bit)
{
    char option[OPTION_SIZE];
    uint64_t versions[ROUNDS + 1] = {0};
    size_t lines = 0;

    live();
    snprintf(option, sizeof(option), "--predictions=%s", paths[0]);
    char *output = replay(option, "live", NULL, NULL);
    ck_assert_ptr_nonnull(strstr(output, "3600 answers by recorded version"));
    struct fixture_records records = kafka_fixture_read(names[PREDICTIONS]);
    struct recorded *recorded = decode_all(&records);
    char *text = read_text(paths[0]), *rest = NULL;
    strtok_r(text, "\n", &rest); /* the names of the columns */
    for (char *line; (line = strtok_r(NULL, "\n", &rest)); lines++)
        assert_recorded(line, recorded, versions);
    ck_assert_uint_eq(lines, (size_t)ROUNDS * ROUND);
    for (size_t i = 0; i < ROUNDS; i++)
        ck_assert_uint_eq(versions[i], ROUND);
    fixture_records_free(&records);
    free(recorded);
    free(text);
    free(output);
}
END_TEST

/* As a consumer of predictions and labels sees it while it happens. */
static struct version_evaluation *evaluate_live(void)
{
    struct version_evaluation_config config = {
        .join = {WINDOW_MS, 2 * WINDOW_MS, 100000}, .rows_max = 10000};
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct version_evaluation *evaluation = NULL;
    struct fixture_records predictions = kafka_fixture_read(names[PREDICTIONS]);
    struct fixture_records labels = kafka_fixture_read(names[LABELS]);
    struct prediction_event event;
    struct label label;

    ck_assert_ok(version_evaluation_new(&config, &evaluation, &err), err);
    for (size_t i = 0; i < predictions.count; i++) {
        ck_assert_int_eq(event_decode_prediction(predictions.at[i].value,
                                                 predictions.at[i].value_size,
                                                 &event, NULL),
                         EVENT_OK);
        ck_assert_ok(version_evaluation_prediction(evaluation, &event, &err),
                     err);
    }
    for (size_t i = 0; i < labels.count; i++) {
        ck_assert_int_eq(event_decode_label(&fields, labels.at[i].value,
                                            labels.at[i].value_size, &label,
                                            NULL),
                         EVENT_OK);
        ck_assert_ok(version_evaluation_label(evaluation, &label, &err), err);
    }
    fixture_records_free(&predictions);
    fixture_records_free(&labels);
    return evaluation;
}

static double figure(const json_t *line, const char *name)
{
    return json_number_value(json_object_get(line, name));
}

/* Is the line a slice by version? Then its figures must be the live ones. */
static bool assert_measured(const char *text,
                            const struct version_evaluation *evaluation)
{
    json_t *line = json_loads(text, 0, NULL);
    struct evaluation expected;
    const char *by = json_string_value(json_object_get(line, "by"));
    bool is_version = by && strcmp(by, "version") == 0;

    ck_assert_ptr_nonnull(line);
    if (is_version) {
        uint64_t version = strtoull(
            json_string_value(json_object_get(line, "value")), NULL, 10);
        ck_assert_ok(version_evaluation_measure(evaluation, version, 10000,
                                                &expected, &err),
                     err);
        ck_assert_double_eq(figure(line, "impressions"), (double)expected.rows);
        ck_assert_uint_gt(expected.rows, 500);
        ck_assert_double_eq_tol(figure(line, "rmse"), expected.rmse, 1e-12);
        ck_assert_double_eq_tol(figure(line, "logloss"), expected.logloss,
                                1e-12);
        ck_assert_double_eq_tol(figure(line, "ece"), expected.ece, 1e-12);
        /* All are equal where there was no model. */
        ck_assert_double_eq_tol(figure(line, "auc"), expected.auc, 1e-12);
    }
    json_decref(line);
    return is_version;
}

START_TEST(figures_are_those_of_the_live_evaluation)
{
    size_t slices = 0;
    char *rest = NULL;

    live();
    struct version_evaluation *evaluation = evaluate_live();
    char *output = replay("--json", "live", NULL, NULL);
    /* Event time came as far as the last event of either kind. */
    int64_t last = (int64_t)ROUNDS * ROUND - 1;
    int64_t stream_ms = time_of(last);
    for (int64_t i = last; i > last - 10; i--)
        if (is_clicked(i) && time_of(i) + 5000 > stream_ms)
            stream_ms = time_of(i) + 5000;
    version_evaluation_advance(evaluation, stream_ms);
    for (char *line = strtok_r(output, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        slices += assert_measured(line, evaluation);
    ck_assert_uint_eq(slices, ROUNDS);
    version_evaluation_free(evaluation);
    free(output);
}
END_TEST

START_TEST(twice_gives_the_same_bytes)
{
    char *outputs[2], *files[4];
    char predictions[2][OPTION_SIZE], pages[2][OPTION_SIZE];
    const char *const refit = "next=refit:svd factors=5 epochs=3";

    feed(0, 3000);
    for (size_t i = 0; i < 2; i++) {
        snprintf(predictions[i], OPTION_SIZE, "--predictions=%.99s", paths[i]);
        snprintf(pages[i], OPTION_SIZE, "--html=%.99s", paths[2 + i]);
        outputs[i] =
            replay(predictions[i], pages[i], "--refit.every_ms=600000", refit);
    }
    for (size_t i = 0; i < 4; i++)
        files[i] = read_text(paths[i]);
    ck_assert_str_eq(outputs[0], outputs[1]);
    ck_assert_str_eq(files[0], files[1]);
    ck_assert_str_eq(files[2], files[3]);
    ck_assert_ptr_nonnull(strstr(files[0], ",2,learned")); /* it was refitted */
    ck_assert_ptr_nonnull(strstr(files[2], "<svg"));
    ck_assert_ptr_null(strstr(files[2], "http")); /* nothing from elsewhere */
    for (size_t i = 0; i < 4; i++)
        free(files[i]);
    free(outputs[0]);
    free(outputs[1]);
}
END_TEST

START_TEST(duplicates_a_wrong_clock_and_an_empty_range_are_said)
{
    const char *const refit = "refit:popular";
    int64_t duplicates = 0;
    char expected[64];

    skewed = 50;
    feed(0, 3000);
    for (int64_t i = 0; i < 3000; i += 50)
        duplicates += is_clicked(i);
    ck_assert_int_gt(duplicates, 5);
    char *output = replay("--bootstrap=20", refit, NULL, NULL);
    snprintf(expected, sizeof(expected), "%d duplicate", (int)duplicates);
    ck_assert_msg(strstr(output, expected) != NULL, "%s: %s", expected, output);
    ck_assert_ptr_null(strstr(output, "expired"));
    ck_assert_ptr_nonnull(strstr(output, "skewed  1 events"));
    free(output);

    output = replay("--from=2001-01-01", "--to=2002-01-01", refit, NULL);
    ck_assert_ptr_nonnull(strstr(output, "no settled impressions"));
    free(output);
}
END_TEST

/* What the topic's retention does sooner or later. */
static void delete_before(const char *topic, int32_t partition, int64_t offset)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_conf_t *conf = NULL;

    ck_assert_ok(kafka_conf(&kafka, KAFKA_PRODUCER, &conf, &err), err);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(client, &records, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(rd_kafka_event_error(event), 0);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

START_TEST(an_expired_beginning_is_said)
{
    feed(0, 1500);
    delete_before(names[IMPRESSIONS], 1, 200);
    char *output = replay("--bootstrap=20", "refit:popular", NULL, NULL);
    ck_assert_msg(strstr(output, "expired  1 partitions") != NULL, "%s",
                  output);
    free(output);

    /* A range that begins behind what is gone has lost nothing. */
    char from[OPTION_SIZE];
    snprintf(from, sizeof(from), "--from=%lld", (long long)time_of(900));
    output = replay(from, "refit:popular", NULL, NULL);
    ck_assert_ptr_null(strstr(output, "expired"));
    free(output);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_topics, remove_files);
    tcase_add_test(tests, what_was_live_is_replayed_bit_for_bit);
    tcase_add_test(tests, figures_are_those_of_the_live_evaluation);
    tcase_add_test(tests, twice_gives_the_same_bytes);
    tcase_add_test(tests, duplicates_a_wrong_clock_and_an_empty_range_are_said);
    tcase_add_test(tests, an_expired_beginning_is_said);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "replay");
}
