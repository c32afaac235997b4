/*
 * check_scorer.c - impressions in, predictions out, at least once over the
 * mock brokers.
 */
#include "support/publish_snapshot.h"
#include "support/run_suite.h"
#include "support/scorer_world.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"
#include "common/event/event_time.h"

#include "consumer/models/model_watcher.h"

#include "producer/snapshot_publisher.h"

#include <stdio.h>

static struct error err;
static struct scorer_world world;

static void open_world(void)
{
    scorer_world_open(&world);
}

static void close_world(void)
{
    scorer_world_close(&world);
}

/* --- Predictions ------------------------------------------------------ */

static void publish(const struct snapshot *snapshot)
{
    struct snapshot_publisher_config config = {
        .kafka = mock_cluster_settings(world.cluster),
        .name = "click",
        .models = "models",
        .chunks = "chunks",
        .chunk_bytes = 4096};
    struct snapshot_publisher *publisher = NULL;
    struct manifest manifest = {.format = MANIFEST_FORMAT,
                                .name = "click",
                                .epoch = 1,
                                .created_ms = clock_wall_ms(),
                                .trainer = "test",
                                .algorithm = "baseline",
                                .users = TINY_USERS,
                                .ads = TINY_ADS,
                                .rows = snapshot->rows};
    struct buffer bytes = {0};

    ck_assert_ok(snapshot_encode(snapshot, &bytes, &err), err);
    ck_assert_ok(snapshot_publisher_open(&config, &publisher, &err), err);
    ck_assert_ok(publish_snapshot(publisher, &bytes, &manifest, &err), err);
    snapshot_publisher_close(publisher);
    buffer_free(&bytes);
    manifest_free(&manifest);
}

START_TEST(every_prediction_is_the_published_models_own)
{
    struct snapshot *model = tiny_model(1);
    struct model_watcher_config watching = {
        .reader = {.kafka = mock_cluster_settings(world.cluster),
                   .name = "click",
                   .models = "models",
                   .chunks = "chunks"}};
    struct model_watcher *watcher = NULL;
    struct scorer_config config = scorer_world_settings(&world);
    struct scorer *scorer = NULL;

    mock_cluster_add_topic(world.cluster, "models", 1);
    mock_cluster_add_topic(world.cluster, "chunks", 1);
    publish(model);
    scorer_world_send(&world, 0, 2000);
    ck_assert_ok(model_watcher_start(&watching, world.board, &watcher, &err),
                 err);
    struct scorer_parts parts = {world.board, world.metrics, watcher};
    ck_assert_ok(scorer_start(&config, &parts, &scorer, &err), err);
    scorer_world_await(scorer, 2000);
    scorer_world_finish(&world, scorer);
    model_watcher_stop(watcher);

    scorer_world_check_ids(&world, 0, 2000);
    for (size_t i = 0; i < world.predictions.count; i++) {
        const struct copied_record *record = &world.predictions.at[i];
        struct prediction_event event = scorer_world_decode(record);
        ck_assert_uint_eq(event.model_version, 1);
        ck_assert_int_eq(event.src_partition, record->partition);
        ck_assert_int_eq(event.src_offset, record->offset);
        ck_assert_int_eq(event_span_ms(event.raw_ts),
                         1700000000000 + event_span_id(event.raw_id).number);
        ck_assert_uint_eq(record->key_size, 3);
        scorer_world_check_model(model, &event);
    }
    snapshot_free(model);
}
END_TEST

START_TEST(without_a_model_the_prior_is_told)
{
    struct scorer_config config = scorer_world_settings(&world);

    scorer_world_send(&world, 0, 40);
    scorer_world_score(&world, &config, 40);
    scorer_world_check_ids(&world, 0, 40);
    for (size_t i = 0; i < world.predictions.count; i++) {
        struct prediction_event event =
            scorer_world_decode(&world.predictions.at[i]);
        ck_assert_double_eq(event.p, 0.05);
        ck_assert_int_eq(event.basis, BASIS_NONE);
        ck_assert_uint_eq(event.model_version, 0);
    }
    ck_assert_double_eq(
        metrics_value(world.metrics, SCORER_PREDICTIONS, BASIS_NONE), 40);
}
END_TEST

START_TEST(nobody_is_nobody_even_where_the_model_knows_the_id)
{
    struct scorer_config config = scorer_world_settings(&world);
    struct snapshot *model = tiny_model(1);

    snprintf(config.fields.anonymous, sizeof(config.fields.anonymous), "0,7");
    scorer_world_post(&world, model, 1);
    scorer_world_send(&world, 0, 57);
    scorer_world_score(&world, &config, 57);
    for (size_t i = 0; i < world.predictions.count; i++) {
        struct prediction_event event =
            scorer_world_decode(&world.predictions.at[i]);
        struct id user = event_span_id(event.raw_user);
        bool nobody = user.number == 0 || user.number == 7;
        ck_assert_int_eq(event.basis == BASIS_ANONYMOUS, nobody);
        if (!nobody)
            continue;
        struct id ad = event_span_id(event.raw_ad);
        struct id stranger = id_from_number(TINY_USERS);
        struct prediction expected = tiny_model_predict(model, &stranger, &ad);
        ck_assert_double_eq(event.p, expected.value);
    }
}
END_TEST

/* Until the workers have gone around so many times more: what they did not do
 * by then they do not do. */
static void await_beats(const struct scorer *scorer, uint64_t more)
{
    uint64_t wanted = scorer_counts(scorer).beats + more;
    int64_t deadline_ms = clock_monotonic_ms() + SCORER_WORLD_WAIT_MS;

    while (scorer_counts(scorer).beats < wanted) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(1);
    }
}

START_TEST(a_waiting_scorer_waits_for_its_first_model)
{
    struct scorer_config config = scorer_world_settings(&world);
    char why[64];

    config.no_model = NO_MODEL_WAIT;
    scorer_world_send(&world, 0, 40);
    struct scorer *scorer = scorer_world_start(&world, &config);
    await_beats(scorer, 3);
    ck_assert(!scorer_is_ready(scorer, why, sizeof(why)));
    ck_assert_str_eq(why, "no model yet");
    ck_assert_uint_eq(scorer_counts(scorer).predictions, 0);
    scorer_world_post(&world, tiny_model(1), 4);
    scorer_world_await(scorer, 40);
    ck_assert(scorer_is_ready(scorer, why, sizeof(why)));
    ck_assert(scorer_is_live(scorer, why, sizeof(why)));
    scorer_world_finish(&world, scorer);
    ck_assert_uint_eq(
        scorer_world_decode(&world.predictions.at[0]).model_version, 4);
}
END_TEST

enum { SWAPS = 12, PER_SWAP = 1500 };

START_TEST(models_change_between_batches_and_never_back)
{
    struct snapshot *models[SWAPS + 1];
    struct scorer_config config = scorer_world_settings(&world);
    uint64_t last[SCORER_WORLD_PARTITIONS] = {0};

    for (uint64_t i = 1; i <= SWAPS; i++)
        models[i] = tiny_model(i);
    scorer_world_post(&world, tiny_model(1), 1);
    config.workers = 2;
    struct scorer *scorer = scorer_world_start(&world, &config);
    for (uint64_t i = 1; i <= SWAPS; i++) {
        if (i > 1)
            scorer_world_post(&world, tiny_model(i), i);
        scorer_world_send(&world, (int64_t)(i - 1) * PER_SWAP, PER_SWAP);
    }
    scorer_world_await(scorer, SWAPS * PER_SWAP);
    scorer_world_finish(&world, scorer);

    ck_assert_uint_ge(world.predictions.count, SWAPS * PER_SWAP);
    for (size_t i = 0; i < world.predictions.count; i++) {
        struct prediction_event event =
            scorer_world_decode(&world.predictions.at[i]);
        ck_assert_uint_ge(event.model_version, 1);
        ck_assert_uint_le(event.model_version, SWAPS);
        ck_assert_uint_ge(event.model_version, last[event.src_partition]);
        last[event.src_partition] = event.model_version;
        scorer_world_check_model(models[event.model_version], &event);
    }
    for (uint64_t i = 1; i <= SWAPS; i++)
        snapshot_free(models[i]);
}
END_TEST

/* --- Around the records ----------------------------------------------- */

START_TEST(a_trace_goes_on_in_the_prediction)
{
    static const char parent[] =
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    struct record_header trace[] = {{"traceparent", parent, 55},
                                    {"tracestate", "a=b", 3},
                                    {"other", "x", 1}};
    struct scorer_config config = scorer_world_settings(&world);
    struct buffer bytes = {0};
    struct impression event = {.id = id_from_number(1),
                               .user = id_from_number(2),
                               .ad = id_from_number(3),
                               .ts_ms = 5};

    event_encode_impression(&world.fields, &event, NULL, 0, &bytes);
    scorer_world_send_bytes(&world, &(struct outgoing){.value = bytes.bytes,
                                                       .value_size = bytes.size,
                                                       .headers = trace,
                                                       .header_count = 3});
    trace[0].size = 54;
    scorer_world_send_bytes(&world, &(struct outgoing){.partition = 1,
                                                       .value = bytes.bytes,
                                                       .value_size = bytes.size,
                                                       .headers = trace,
                                                       .header_count = 3});
    buffer_free(&bytes);
    ck_assert_ok(publisher_flush(world.feed, SCORER_WORLD_WAIT_MS, &err), err);
    scorer_world_score(&world, &config, 2);

    ck_assert_uint_eq(world.predictions.count, 2);
    size_t good = world.predictions.at[0].partition == 0 ? 0 : 1;
    scorer_world_check_header(&world.predictions.at[good], "traceparent",
                              parent);
    scorer_world_check_header(&world.predictions.at[good], "tracestate", "a=b");
    ck_assert_uint_eq(world.predictions.at[good].header_count, 2);
    ck_assert_uint_eq(world.predictions.at[1 - good].header_count, 0);
}
END_TEST

/* Times of seconds are scored, and the guess is counted. */
START_TEST(a_unit_that_was_guessed_is_counted)
{
    static const int64_t times[] = {1795927108, 1795927108000};
    struct scorer_config config = scorer_world_settings(&world);
    struct buffer bytes = {0};

    config.fields.ts_unit = EVENT_TIME_AUTO;

    for (int i = 0; i < 2; i++) {
        struct impression event = {.id = id_from_number(i + 1),
                                   .user = id_from_number(2),
                                   .ad = id_from_number(3),
                                   .ts_ms = times[i]};
        bytes.size = 0;
        event_encode_impression(&world.fields, &event, NULL, 0, &bytes);
        scorer_world_send_bytes(
            &world,
            &(struct outgoing){.value = bytes.bytes, .value_size = bytes.size});
    }
    buffer_free(&bytes);
    ck_assert_ok(publisher_flush(world.feed, SCORER_WORLD_WAIT_MS, &err), err);
    scorer_world_score(&world, &config, 2);
    ck_assert_uint_eq(world.predictions.count, 2);
    ck_assert_double_eq(metrics_value(world.metrics, SCORER_GUESSED_TIMES, 0),
                        1);
}
END_TEST

START_TEST(a_second_scorer_goes_on_where_the_first_ended)
{
    struct scorer_config config = scorer_world_settings(&world);
    struct scorer *scorer;

    scorer_world_send(&world, 0, 500);
    scorer = scorer_world_start(&world, &config);
    scorer_world_await(scorer, 500);
    scorer_stop(scorer);
    ck_assert_ok(scorer_join(scorer, NULL, &err), err);
    scorer_world_send(&world, 500, 500);
    scorer_world_score(&world, &config, 500);
    scorer_world_check_ids(&world, 0, 1000);
}
END_TEST

START_TEST(refusals_of_the_broker_lose_nothing)
{
    enum { MSG_SIZE_TOO_LARGE = 10 };
    struct scorer_config config = scorer_world_settings(&world);
    size_t missing = 0;
    char seen[300] = {0};

    scorer_world_send(&world, 0, 300);
    mock_cluster_fail(world.cluster, MOCK_PRODUCE, MSG_SIZE_TOO_LARGE, 2);
    scorer_world_score(&world, &config, 300);
    for (size_t i = 0; i < world.predictions.count; i++)
        seen[event_span_id(scorer_world_decode(&world.predictions.at[i]).raw_id)
                 .number] = 1;
    for (size_t i = 0; i < 300; i++)
        missing += !seen[i];
    /* Twice is allowed here; a record that was refused alone is in the dead
     * letters. */
    ck_assert_uint_le(missing, world.dead_letters.count);
    for (size_t i = 0; i < world.dead_letters.count; i++)
        scorer_world_check_header(&world.dead_letters.at[i], "pctr.reason",
                                  "refused");
}
END_TEST

START_TEST(a_wrong_clock_is_no_records_fault)
{
    enum { INVALID_TIMESTAMP = 32, TIMES = 6 };
    struct scorer_config config = scorer_world_settings(&world);

    scorer_world_send(&world, 0, 40);
    mock_cluster_fail(world.cluster, MOCK_PRODUCE, INVALID_TIMESTAMP, TIMES);
    struct scorer_counts total = scorer_world_score(&world, &config, 40);
    ck_assert_uint_eq(total.dead_letters, 0);
    ck_assert_double_gt(
        metrics_value(world.metrics, SCORER_UNIT_FAILURES, ERROR_UNAVAILABLE),
        0);
    ck_assert_str_eq(kafka_error_words(INVALID_TIMESTAMP),
                     "Broker: Invalid timestamp: too far from the broker's "
                     "clock (message.timestamp.after.max.ms): is the clock of "
                     "this machine right, or the time of the event?");
}
END_TEST

START_TEST(a_right_that_is_gone_ends_the_scorer)
{
    enum { TOPIC_AUTHORIZATION_FAILED = 29 };
    struct scorer_config config = scorer_world_settings(&world);

    scorer_world_send(&world, 0, 40);
    mock_cluster_fail(world.cluster, MOCK_PRODUCE, TOPIC_AUTHORIZATION_FAILED,
                      20);
    struct scorer *scorer = scorer_world_start(&world, &config);
    scorer_world_await(scorer, UINT64_MAX);
    ck_assert_refused(scorer_join(scorer, NULL, &err), err, ERROR_AUTH,
                      "authorization failed");
    ck_assert_double_ge(
        metrics_value(world.metrics, SCORER_UNIT_FAILURES, ERROR_AUTH), 5);
}
END_TEST

START_TEST(a_broker_that_comes_back_finds_the_scorer_at_work)
{
    struct scorer_config config = scorer_world_settings(&world);
    struct scorer *scorer = scorer_world_start(&world, &config);

    scorer_world_send(&world, 0, 200);
    scorer_world_await(scorer, 200);
    mock_cluster_go_down(world.cluster);
    await_beats(scorer, 10);
    mock_cluster_come_up(world.cluster);
    scorer_world_send(&world, 200, 200);
    scorer_world_await(scorer, 400);
    scorer_world_finish(&world, scorer);
    ck_assert_uint_ge(world.predictions.count, 400);
}
END_TEST

static double time_of(enum scorer_metric family)
{
    return metrics_value(world.metrics, (int)family, 0);
}

START_TEST(a_worker_accounts_for_its_time_and_its_records)
{
    struct scorer_config config = scorer_world_settings(&world);
    int64_t before_ms = clock_monotonic_ms();
    struct scorer *scorer = scorer_world_start(&world, &config);

    scorer_world_send(&world, 0, 2000);
    scorer_world_await(scorer, 2000);
    clock_sleep_ms(500); /* with nothing to do */
    double least_s = (double)(clock_monotonic_ms() - before_ms) / 1e3;
    ck_assert_double_eq(metrics_value(world.metrics, SCORER_ASSIGNED, 0),
                        SCORER_WORLD_PARTITIONS);
    scorer_world_finish(&world, scorer);
    ck_assert_double_eq(metrics_value(world.metrics, SCORER_AGE_SECONDS, 0),
                        2000);

    double sum_s = time_of(SCORER_BUSY_TIME) + time_of(SCORER_COMMIT_TIME) +
                   time_of(SCORER_WAIT_TIME);
    double most_s = (double)(clock_monotonic_ms() - before_ms) / 1e3;
    ck_assert_msg(sum_s > least_s / 2 && sum_s < most_s, "%f s, of %f to %f",
                  sum_s, least_s, most_s);
    ck_assert(time_of(SCORER_BUSY_TIME) > 0);
    ck_assert(time_of(SCORER_COMMIT_TIME) > 0);
    ck_assert_double_gt(time_of(SCORER_WAIT_TIME), .25);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scorer");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, open_world, close_world);
    tcase_add_test(tests, every_prediction_is_the_published_models_own);
    tcase_add_test(tests, without_a_model_the_prior_is_told);
    tcase_add_test(tests, nobody_is_nobody_even_where_the_model_knows_the_id);
    tcase_add_test(tests, a_waiting_scorer_waits_for_its_first_model);
    tcase_add_test(tests, models_change_between_batches_and_never_back);
    tcase_add_test(tests, a_trace_goes_on_in_the_prediction);
    tcase_add_test(tests, a_unit_that_was_guessed_is_counted);
    tcase_add_test(tests, a_second_scorer_goes_on_where_the_first_ended);
    tcase_add_test(tests, refusals_of_the_broker_lose_nothing);
    tcase_add_test(tests, a_wrong_clock_is_no_records_fault);
    tcase_add_test(tests, a_right_that_is_gone_ends_the_scorer);
    tcase_add_test(tests, a_broker_that_comes_back_finds_the_scorer_at_work);
    tcase_add_test(tests, a_worker_accounts_for_its_time_and_its_records);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
