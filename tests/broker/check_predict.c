/*
 * check_predict.c - `pctr predict` over a part of a topic: to CSV and to
 * another topic, bit for bit what the model says, and nothing that was not
 * committed.
 */
#include "support/child_process.h"
#include "support/impression_feed.h"
#include "support/kafka_fixture.h"
#include "support/one_event.h"
#include "support/run_suite.h"
#include "support/tiny_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 60000, PARTITIONS = 2, COUNT = 80, VERSION = 12 };

static struct error err;
static struct snapshot *model;
static char topic[FIXTURE_NAME_SIZE], path[64];
static char topic_option[128], snapshot_option[128];
static char *out, *errors;

static void set_up(void)
{
    kafka_fixture_name("impressions", topic);
    kafka_fixture_create(topic, PARTITIONS, "-1");
    snprintf(topic_option, sizeof(topic_option), "--topic=%s", topic);
    snprintf(path, sizeof(path), "/tmp/check_predict.%d.snap", (int)getpid());
    snprintf(snapshot_option, sizeof(snapshot_option), "--snapshot=%s", path);
    model = tiny_model(1);
    ck_assert_ok(snapshot_write(path, model, &err), err);
}

static void tear_down(void)
{
    unlink(path);
    snapshot_free(model);
    free(out);
    free(errors);
}

/* --- Impressions ------------------------------------------------------ */

/* Every second user and ad is one that the model knows. */
static const struct impression_feed impressions = {
    topic, PARTITIONS, 2 * TINY_USERS, 2 * TINY_ADS};

static void feed(int64_t first, int64_t next, enum feed_end end)
{
    impression_feed_send(&impressions, first, next, end);
}

static struct prediction expected(int64_t number)
{
    char ad[AD_TEXT_SIZE];
    struct impression event = impression_feed_event(&impressions, number, ad);

    return tiny_model_predict(model, &event.user, &event.ad);
}

/* --- Running ---------------------------------------------------------- */

static int predict(const char *first, const char *second, const char *third)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    const char *arguments[] = {
        "predict", "-b",   kafka.brokers, topic_option, snapshot_option,
        first,     second, third,         NULL};
    struct child_process child = {.pid = 0};

    child_start_pctr(&child, arguments);
    int status = child_wait(&child, WAIT_MS);
    free(out);
    free(errors);
    out = child_output(&child);
    errors = child_errors(&child);
    child_end(&child);
    return status;
}

/* The output is the CSV of the numbers first to next - 1. */
enum columns { USUAL_COLUMNS, WITH_DETAILS };

static void check_csv(int64_t first, int64_t next, enum columns columns)
{
    const bool details = columns == WITH_DETAILS;
    char *rest = NULL, *line = strtok_r(out, "\n", &rest);

    ck_assert_str_eq(line, details
                               ? "id,ts,user,ad,p,basis,impossible,neighbours"
                               : "id,ts,user,ad,p");
    for (int64_t i = first; i < next; i++) {
        char wanted[256];
        struct prediction p = expected(i);
        size_t used = (size_t)snprintf(
            wanted, sizeof(wanted), "%" PRId64 ",%" PRId64 ",%d,ad%d,%.17g", i,
            impression_feed_time(i), (int)(i % (2 * TINY_USERS)),
            (int)(i % (2 * TINY_ADS)), p.value);
        if (details)
            snprintf(wanted + used, sizeof(wanted) - used, ",%s,%d,%u",
                     basis_name(p.basis), p.impossible, p.neighbours);
        line = strtok_r(NULL, "\n", &rest);
        ck_assert_msg(line != NULL, "no line for %d", (int)i);
        ck_assert_str_eq(line, wanted);
    }
    ck_assert_ptr_null(strtok_r(NULL, "\n", &rest));
}

START_TEST(a_topic_becomes_csv_in_the_order_of_time)
{
    feed(0, 50, FEED_COMMITS);
    feed(50, 60, FEED_ABORTS);
    kafka_fixture_send(
        topic, &(struct outgoing){.value = "\xc1",
                                  .value_size = 1,
                                  .timestamp_ms = impression_feed_time(49)});
    feed(50, COUNT, FEED_COMMITS);
    ck_assert_int_eq(predict("--details", NULL, NULL), 0);
    check_csv(0, COUNT, WITH_DETAILS);
    ck_assert_ptr_nonnull(strstr(errors, "fault=invalid"));
    ck_assert_ptr_nonnull(strstr(errors, "records=1"));
}
END_TEST

START_TEST(a_range_is_what_is_scored)
{
    char from[64], to[64];

    feed(0, COUNT, FEED_COMMITS);
    snprintf(from, sizeof(from), "--from=%" PRId64, impression_feed_time(20));
    snprintf(to, sizeof(to), "--to=%" PRId64, impression_feed_time(30));
    ck_assert_int_eq(predict(from, to, NULL), 0);
    check_csv(20, 30, USUAL_COLUMNS);
    ck_assert_int_eq(predict("--from=@1000", NULL, NULL), 0);
    check_csv(0, 0, USUAL_COLUMNS);
}
END_TEST

static void check_record(const struct fixture_record *record)
{
    struct prediction_event event;

    ck_assert_int_eq(
        one_prediction(record->value, record->value_size, &event, NULL),
        EVENT_OK);
    int64_t number = event_span_id(event.raw_id).number;
    struct prediction p = expected(number);
    ck_assert_mem_eq(&event.p, &p.value, sizeof(p.value));
    ck_assert_int_eq(event.basis, p.basis);
    ck_assert_int_eq(event_span_ms(event.raw_ts), impression_feed_time(number));
    ck_assert_uint_eq(event.model_version, VERSION);
    ck_assert_mem_eq(event.model_hash, model->sha256.bytes, MODEL_HASH_SIZE);
    ck_assert_int_eq(event.src_partition, number % PARTITIONS);
    ck_assert_int_eq(event.src_offset, number / PARTITIONS);
    ck_assert_int_eq(record->partition, number % PARTITIONS);
    ck_assert_uint_eq(record->key_size, 3);
    ck_assert_mem_eq(record->key, "key", 3);
    const struct fixture_header *header =
        fixture_record_header(record, "pctr.impossible");
    ck_assert_ptr_nonnull(header);
    ck_assert_mem_eq(header->value, "0", 1);
    ck_assert_ptr_nonnull(fixture_record_header(record, "pctr.neighbours"));
}

START_TEST(a_topic_becomes_predictions_as_a_scorer_s)
{
    char name[FIXTURE_NAME_SIZE], option[128];

    kafka_fixture_name("again", name);
    kafka_fixture_create(name, PARTITIONS, "-1");
    snprintf(option, sizeof(option), "--to_topic=%s", name);
    feed(0, COUNT, FEED_COMMITS);
    ck_assert_int_eq(predict(option, "--model.version=12", "--details"), 0);
    ck_assert_str_eq(out, "");
    struct fixture_records records = kafka_fixture_read(name);
    ck_assert_uint_eq(records.count, COUNT);
    for (size_t i = 0; i < records.count; i++)
        check_record(&records.at[i]);
    fixture_records_free(&records);
}
END_TEST

START_TEST(what_cannot_work_is_told)
{
    char same[128];

    snprintf(same, sizeof(same), "--to_topic=%s", topic);
    ck_assert_int_eq(predict(same, NULL, NULL), 2);
    ck_assert_ptr_nonnull(strstr(errors, "where the impressions come from"));
    ck_assert_int_eq(predict("pairs.csv", NULL, NULL), 2);
    ck_assert_ptr_nonnull(strstr(errors, "--topic NAME alone"));
    ck_assert_int_eq(predict("--from=yesterday", NULL, NULL), 78);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("predict");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_topic_becomes_csv_in_the_order_of_time);
    tcase_add_test(tests, a_range_is_what_is_scored);
    tcase_add_test(tests, a_topic_becomes_predictions_as_a_scorer_s);
    tcase_add_test(tests, what_cannot_work_is_told);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "batch predictions from a topic");
}
