/*
 * check_model_outlet.c - a model goes out at the first attempt, or at a later
 * one, or never: as the failure says, and as patient as the owner is.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "consumer/train/model_outlet.h"
#include "consumer/train/trainer_metrics.h"

#include <librdkafka/rdkafka.h>

#include <string.h>

static struct error err;
static struct mock_cluster *cluster;
static struct snapshot_publisher_config config;
static struct metrics *metrics;
static struct bad_records *letters;
static struct model_outlet *outlet;
static struct fit_config fit;
static struct fit_result result;

static void set_up(void)
{
    const struct bad_records_config skipped = {.policy = BAD_SKIP};

    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "models", 1);
    mock_cluster_add_topic(cluster, "chunks", 1);
    config = (struct snapshot_publisher_config){
        .kafka = mock_cluster_settings(cluster),
        .name = "ctr",
        .models = "models",
        .chunks = "chunks",
        .chunk_bytes = 1000,
    };
    ck_assert_ok(metrics_new(trainer_metric_families, &metrics, &err), err);
    ck_assert_ok(bad_records_open(&skipped, NULL, &letters, &err), err);
    ck_assert_ok(model_find("baseline", &fit.ops, &err), err);
    ck_assert_ok(params_start(fit.ops, &fit.params, &err), err);
    result = (struct fit_result){.rows = 90, .holdout = {.rows = 10}};
    buffer_append(&result.bytes, "snapshot", 8);
}

static void tear_down(void)
{
    model_outlet_close(outlet);
    bad_records_close(letters);
    buffer_free(&result.bytes);
    metrics_free(metrics);
    mock_cluster_free(cluster);
}

static void open_outlet(enum outlet_patience patience)
{
    ck_assert_ok(model_outlet_open(&config, patience, metrics, &outlet, &err),
                 err);
}

static int send_model(bool *is_sent)
{
    const struct publication_fit model = {.config = &fit, .result = &result};

    return model_outlet_send(outlet, letters, &model, is_sent, &err);
}

static void assert_sent(bool expected)
{
    bool is_sent = !expected;

    ck_assert_ok(send_model(&is_sent), err);
    ck_assert_int_eq(is_sent, expected);
}

/* The next chunk is refused. */
static void refuse(rd_kafka_resp_err_t error)
{
    mock_cluster_fail(cluster, MOCK_PRODUCE, (int)error, 1);
}

static bool is_due_in(int64_t more_ms)
{
    return model_outlet_is_due(outlet, clock_monotonic_ms() + more_ms);
}

START_TEST(a_model_is_published_and_counted)
{
    open_outlet(OUTLET_OUTLIVES_AN_OUTAGE);
    ck_assert_ptr_null(model_outlet_newest(outlet));
    ck_assert(is_due_in(0));
    assert_sent(true);
    assert_sent(true);
    ck_assert(is_due_in(0));

    const struct manifest *newest = model_outlet_newest(outlet);
    ck_assert_uint_eq(newest->rows, 90);
    const struct model_outlet_counts counts = model_outlet_counts(outlet);
    ck_assert_uint_eq(counts.published, 2);
    ck_assert_uint_eq(counts.failed, 0);
    ck_assert_uint_eq(counts.epoch, 2);
    ck_assert_uint_eq(counts.holdout.rows, 10);
    ck_assert_double_eq(metrics_value(metrics, TRAINER_PUBLISHED, 0), 2);
    ck_assert_double_eq(metrics_value(metrics, TRAINER_EPOCH, 0), 2);
}
END_TEST

/* 5 s before the second attempt, 10 s before the third one; a success ends
 * the row of failures. */
START_TEST(a_failure_that_may_pass_is_waited_out)
{
    open_outlet(OUTLET_OUTLIVES_AN_OUTAGE);
    refuse(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    assert_sent(false);
    ck_assert(!is_due_in(0));
    ck_assert(is_due_in(5000));
    refuse(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    assert_sent(false);
    ck_assert(!is_due_in(5000));
    ck_assert(is_due_in(10000));
    assert_sent(true);
    refuse(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    assert_sent(false);
    ck_assert(is_due_in(5000));
    ck_assert_uint_eq(model_outlet_counts(outlet).failed, 3);
    ck_assert_double_eq(metrics_value(metrics, TRAINER_PUBLICATION_FAILURES, 0),
                        3);
}
END_TEST

START_TEST(an_owner_without_patience_tries_twice)
{
    bool is_sent = true;

    open_outlet(OUTLET_TRIES_TWICE);
    refuse(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    assert_sent(false);
    refuse(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP);
    ck_assert_refused(send_model(&is_sent), err, ERROR_UNAVAILABLE,
                      "publish: ");
    ck_assert(is_sent); /* untouched */
    ck_assert_uint_eq(model_outlet_counts(outlet).failed, 2);
}
END_TEST

START_TEST(a_failure_that_no_waiting_ends_is_told_at_once)
{
    bool is_sent = true;

    open_outlet(OUTLET_OUTLIVES_AN_OUTAGE);
    refuse(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    ck_assert_refused(send_model(&is_sent), err, ERROR_AUTH, "publish: ");
    ck_assert_uint_eq(model_outlet_counts(outlet).published, 0);
}
END_TEST

START_TEST(an_outlet_without_its_topic_does_not_open)
{
    strcpy(config.models, "nowhere");
    ck_assert_int_lt(
        model_outlet_open(&config, OUTLET_TRIES_TWICE, metrics, &outlet, &err),
        0);
    ck_assert_ptr_null(outlet);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model outlet");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_model_is_published_and_counted);
    tcase_add_test(tests, a_failure_that_may_pass_is_waited_out);
    tcase_add_test(tests, an_owner_without_patience_tries_twice);
    tcase_add_test(tests, a_failure_that_no_waiting_ends_is_told_at_once);
    tcase_add_test(tests, an_outlet_without_its_topic_does_not_open);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
