/*
 * check_feed.c - a file becomes events, each field of them, and the account
 * balances.
 */
#include "support/mock_cluster.h"
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/event/event_codec.h"
#include "consumer/read/merge_reader.h"
#include "producer/feed/feed.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, ROWS_MAX = 64 };

static struct error err;
static struct mock_cluster *cluster;
static struct feed_config config;
static struct table_source_config table;
static struct feed_counts counts;
static char path[64];

static void set_up(void)
{
    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "impressions", 2);
    mock_cluster_add_topic(cluster, "labels", 2);
    config = (struct feed_config){
        .kafka = mock_cluster_settings(cluster),
        .impressions = "impressions",
        .labels = "labels",
        .fields = EVENT_FIELDS_DEFAULT,
        .start_ms = 1000000,
        .step_ms = 100,
        .delay_ms = 250,
        .seed = 1,
    };
    table = (struct table_source_config){.extras = "all", .id_start = 1};
}

static void tear_down(void)
{
    mock_cluster_free(cluster);
}

static void feed_source(struct event_source *source)
{
    struct feed *feed = NULL;

    ck_assert_ok(feed_open(&config, source, &feed, &err), err);
    ck_assert_ok(feed_run(feed, &err), err);
    counts = feed_counts(feed);
    feed_close(feed);
    event_source_close(source);
    ck_assert_uint_eq(counts.rows, counts.impressions + counts.rejected);
}

static void feed_text(const char *text)
{
    struct event_source *source = NULL;

    snprintf(path, sizeof(path), "/tmp/check_feed.%d.csv", (int)getpid());
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
    table.path = path;
    int status = table_source_open(&table, &source, &err);
    ck_assert_ok(status, err);
    feed_source(source);
    unlink(path);
}

/* The records of a topic in the order of their times, which is that of the
 * events. `each` asserts what it wants to of one. */
static int read_topic(const char *topic,
                      void (*each)(int row, const struct message *message))
{
    struct merge_reader *reader = NULL;
    struct merge_record record;
    enum merge_result result;
    int rows = 0;
    const struct merge_reader_config from = {
        .kafka = mock_cluster_settings(cluster),
        .topics = {topic},
        .from_ms = MERGE_FROM_BEGINNING,
        .ends = true,
        .buffer_bytes = 1 << 20,
        .timeout_ms = PATIENCE_MS,
    };

    ck_assert_ok(merge_reader_open(&from, &reader, &err), err);
    for (;;) {
        ck_assert_ok(
            merge_reader_next(reader, PATIENCE_MS, &result, &record, &err),
            err);
        if (result != MERGE_RECORD)
            break;
        each(rows++, &record.message);
    }
    merge_reader_close(reader);
    return rows;
}

static const struct {
    int64_t id, user;
    const char *ad;
    int64_t ts_ms;
} wanted[] = {
    {10, 7, "a1", 1000000},
    {11, 0, "a2", 1000100},
    {13, 8, "a1", 1000300}, /* 12 was rejected: its number and time are gone */
};

static bool contains(const struct message *message, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= message->value_size; i++)
        if (memcmp(message->value + i, word, size) == 0)
            return true;
    return false;
}

static void check_impression(int row, const struct message *message)
{
    struct impression event;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;

    ck_assert_int_lt(row, 3);
    ck_assert_int_eq(one_impression(&fields, message->value,
                                    message->value_size, &event, NULL),
                     EVENT_OK);
    ck_assert_int_eq(event.id.number, wanted[row].id);
    ck_assert_int_eq(event.user.number, wanted[row].user);
    ck_assert_uint_eq(event.ad.size, 2);
    ck_assert_mem_eq(event.ad.text, wanted[row].ad, 2);
    ck_assert_int_eq(event.ts_ms, wanted[row].ts_ms);
    ck_assert_int_eq(message->timestamp_ms, wanted[row].ts_ms);
    ck_assert(contains(message, "depth")); /* the extra column */
    if (wanted[row].user == 0) {
        ck_assert_ptr_null(message->key);
        return;
    }
    ck_assert_uint_eq(message->key_size, 1);
    ck_assert_int_eq(message->key[0], '0' + (int)wanted[row].user);
}

static void check_label(int row, const struct message *message)
{
    struct label label;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;

    ck_assert_int_eq(row, 0);
    ck_assert_int_eq(
        one_label(&fields, message->value, message->value_size, &label, NULL),
        EVENT_OK);
    ck_assert_int_eq(label.id.number, 10);
    ck_assert_double_eq(label.click, 1);
    ck_assert(!label.has_pair);
    ck_assert_int_ge(label.ts_ms, 1000000);
    ck_assert_int_eq(label.ts_ms, message->timestamp_ms);
}

START_TEST(each_field_of_a_row_arrives)
{
    strcpy(config.fields.anonymous, "0");
    table.id_start = 10;
    feed_text("click,depth,ad_id,user_id\n"
              "1,3,a1,7\n"
              "0,1,a2,0\n"
              "maybe,1,a2,9\n"
              "0,2,a1,8\n");
    ck_assert_uint_eq(counts.rows, 4);
    ck_assert_uint_eq(counts.impressions, 3);
    ck_assert_uint_eq(counts.rejected, 1);
    ck_assert_uint_eq(counts.labels, 1);
    ck_assert_uint_eq(counts.clicks, 1);
    ck_assert_int_eq(read_topic("impressions", check_impression), 3);
    ck_assert_int_eq(read_topic("labels", check_label), 1);
}
END_TEST

static void check_rating(int row, const struct message *message)
{
    struct label label;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;

    (void)row;
    ck_assert_int_eq(
        one_label(&fields, message->value, message->value_size, &label, NULL),
        EVENT_OK);
    ck_assert(label.has_pair);
    ck_assert_int_eq(label.user.number, 5);
    /* Row 1: rated 4.0 in 2001; row 2: rated 3.5. */
    ck_assert_double_eq(label.click, label.id.number == 1 ? 1 : 0);
    ck_assert_int_ge(label.ts_ms, 1000000000000);
}

START_TEST(ratings_become_clicks_at_their_own_times)
{
    table.click_min = 4;
    config.label_choice = LABELS_ALL;
    config.label_pairs = true;
    feed_text("userId,movieId,rating,timestamp\n"
              "5,31,4.0,1000000000\n"
              "5,32,3.5,1000000060\n");
    ck_assert_uint_eq(counts.labels, 2);
    ck_assert_uint_eq(counts.clicks, 1);
    ck_assert_int_eq(counts.first_ms, 1000000000000);
    ck_assert_int_eq(counts.last_ms, 1000000060000);
    ck_assert_int_eq(read_topic("labels", check_rating), 2);
}
END_TEST

static struct {
    int64_t ms[ROWS_MAX + 1]; /* of the impression, by id */
    double delay_sum;
} seen;

static void note_impression(int row, const struct message *message)
{
    (void)row;
    struct impression event;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    ck_assert_int_eq(one_impression(&fields, message->value,
                                    message->value_size, &event, NULL),
                     EVENT_OK);
    seen.ms[event.id.number] = event.ts_ms;
}

static void note_label(int row, const struct message *message)
{
    (void)row;
    struct label label;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    ck_assert_int_eq(
        one_label(&fields, message->value, message->value_size, &label, NULL),
        EVENT_OK);
    ck_assert_int_gt(seen.ms[label.id.number], 0);
    ck_assert_int_ge(label.ts_ms, seen.ms[label.id.number]);
    seen.delay_sum += (double)(label.ts_ms - seen.ms[label.id.number]);
}

static void check_nested(int row, const struct message *message)
{
    struct impression event;

    ck_assert_int_eq(message->value[0], '{');
    ck_assert(contains(message, "\"event\":{\"id\":"));
    ck_assert(contains(message, "\"depth\":"));
    ck_assert(!contains(message, "user"));
    ck_assert_uint_eq(message->key_size, 1); /* also of nobody */
    ck_assert_int_eq(message->key[0], row == 0 ? '7' : '0');
    const struct event_fields fields = {.impressions_format = EVENT_FORMAT_JSON,
                                        .id = "event.id",
                                        .ts = "event.at",
                                        .user = "ads[1].id",
                                        .ad = "ads[1].id"};
    ck_assert_int_eq(one_impression(&fields, message->value,
                                    message->value_size, &event, NULL),
                     EVENT_OK);
    ck_assert_int_eq(event.ts_ms, 1000000 + 100 * row);
    ck_assert_int_eq(event.id.number, 1 + row);
    ck_assert_mem_eq(event.ad.text, row == 0 ? "a1" : "a2", 2);
}

START_TEST(fields_are_fed_where_their_paths_lead)
{
    config.fields =
        (struct event_fields){.impressions_format = EVENT_FORMAT_JSON,
                              .id = "event.id",
                              .ts = "event.at",
                              .user = "@key",
                              .ad = "ads[1].id",
                              .click = "click",
                              .anonymous = "0"};
    feed_text("click,depth,ad_id,user_id\n"
              "1,3,a1,7\n"
              "0,1,a2,0\n");
    ck_assert_int_eq(read_topic("impressions", check_nested), 2);
}
END_TEST

START_TEST(fields_that_cannot_be_written_are_refused_before_all_else)
{
    struct event_source *source = NULL;
    struct feed *feed = NULL;
    const struct world_config world = {
        .seed = 1, .rows = 3, .users = 2, .ads = 2, .click_rate = 0.5};

    ck_assert_ok(world_open(&world, &source, &err), err);
    strcpy(config.impressions, "no such topic");
    strcpy(config.fields.user, "header:user");
    ck_assert_refused(feed_open(&config, source, &feed, &err), err,
                      ERROR_CONFIG, "field.user: 'header:user' stands beside");
    strcpy(config.fields.user, "user");
    strcpy(config.fields.click, "user.click"); /* of labels only */
    ck_assert_refused(feed_open(&config, source, &feed, &err), err,
                      ERROR_CONFIG, "field.user: 'user' cannot be");
    event_source_close(source);
}
END_TEST

START_TEST(every_label_follows_its_impression_after_a_delay)
{
    struct event_source *source = NULL;
    const struct world_config world = {
        .seed = 1, .rows = ROWS_MAX, .users = 10, .ads = 5, .click_rate = 0.5};

    memset(&seen, 0, sizeof(seen));
    config.label_choice = LABELS_ALL;
    ck_assert_ok(world_open(&world, &source, &err), err);
    feed_source(source);
    ck_assert_uint_eq(counts.labels, ROWS_MAX);
    ck_assert_int_eq(read_topic("impressions", note_impression), ROWS_MAX);
    ck_assert_int_eq(read_topic("labels", note_label), ROWS_MAX);
    /* The mean of 64 draws from an exponential of mean 250: four deviations
     * are 125. */
    ck_assert_double_gt(seen.delay_sum / ROWS_MAX, 125);
    ck_assert_double_lt(seen.delay_sum / ROWS_MAX, 375);
}
END_TEST

static void count(int row, const struct message *message)
{
    (void)row;
    (void)message;
}

/* What was handed to the client and refused by the broker is not published. */
START_TEST(a_feed_that_fails_tells_what_is_on_the_topics)
{
    struct event_source *source = NULL;
    struct feed *feed = NULL;
    const struct world_config world = {
        .seed = 1, .rows = ROWS_MAX, .users = 10, .ads = 5, .click_rate = 0.5};

    config.label_choice = LABELS_ALL;
    config.rate = 400; /* in several requests, of which the third fails */
    ck_assert_ok(world_open(&world, &source, &err), err);
    ck_assert_ok(feed_open(&config, source, &feed, &err), err);
    mock_cluster_fail(cluster, MOCK_PRODUCE, RD_KAFKA_RESP_ERR_NO_ERROR, 2);
    mock_cluster_fail(cluster, MOCK_PRODUCE,
                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 1);
    ck_assert_refused(feed_run(feed, &err), err, ERROR_AUTH,
                      "authorization failed");
    counts = feed_counts(feed);
    feed_close(feed);
    event_source_close(source);
    ck_assert_uint_gt(counts.undelivered, 0);
    ck_assert_uint_gt(counts.impressions, 0);
    ck_assert_uint_eq(counts.rows, counts.impressions + counts.undelivered);
    ck_assert_int_eq(read_topic("impressions", count), (int)counts.impressions);
    ck_assert_int_eq(read_topic("labels", count), (int)counts.labels);
}
END_TEST

START_TEST(the_future_and_missing_topics_are_refused)
{
    struct event_source *source = NULL;
    struct feed *feed = NULL;
    const struct world_config world = {
        .seed = 1, .rows = 3, .users = 2, .ads = 2, .click_rate = 0.5};

    ck_assert_ok(world_open(&world, &source, &err), err);
    config.start_ms = 4102444800000; /* 2100 */
    ck_assert_ok(feed_open(&config, source, &feed, &err), err);
    ck_assert_refused(feed_run(feed, &err), err, ERROR_CONFIG, "clock.start");
    feed_close(feed);

    mock_cluster_fail_topic(cluster, "labels",
                            3 /* UNKNOWN_TOPIC_OR_PARTITION */);
    ck_assert_refused(feed_open(&config, source, &feed, &err), err,
                      ERROR_UNAVAILABLE, "labels");
    event_source_close(source);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("feed");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_field_of_a_row_arrives);
    tcase_add_test(tests, ratings_become_clicks_at_their_own_times);
    tcase_add_test(tests, fields_are_fed_where_their_paths_lead);
    tcase_add_test(tests,
                   fields_that_cannot_be_written_are_refused_before_all_else);
    tcase_add_test(tests, every_label_follows_its_impression_after_a_delay);
    tcase_add_test(tests, a_feed_that_fails_tells_what_is_on_the_topics);
    tcase_add_test(tests, the_future_and_missing_topics_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
