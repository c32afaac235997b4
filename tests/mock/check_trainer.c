/*
 * check_trainer.c - impressions and labels in, models out, on the mock
 * brokers.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"
#include "support/test_producer.h"

#include "common/clock.h"
#include "common/event_codec.h"

#include "consumer/snapshot_reader.h"
#include "consumer/trainer.h"

#include "model/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATIENCE_MS = 30000,
    WINDOW_MS = 5000,
    STEP_MS = 1000,
    USERS = 37,
    ADS = 11,
    EVENTS = 400,
    CLICK_AFTER_MS = 1500,
};

static const int64_t base_ms = 1700000000000;

static struct error err;
static struct mock_cluster *cluster;
static struct test_producer *producer;
static struct trainer_config config;

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

static void set_up(void)
{
    const char *const topics[] = {"impressions", "labels"};

    cluster = mock_cluster_new();
    for (size_t i = 0; i < 2; i++)
        mock_cluster_add_topic(cluster, topics[i], 2);
    mock_cluster_add_topic(cluster, "dead", 1);
    mock_cluster_add_topic(cluster, "models", 1);
    mock_cluster_add_topic(cluster, "chunks", 1);
    producer = test_producer_new(mock_cluster_brokers(cluster));
    config = (struct trainer_config){
        .kafka = mock_cluster_settings(cluster),
        .name = "click",
        .impressions = "impressions",
        .labels = "labels",
        .dead_letters = "dead",
        .models = "models",
        .chunks = "chunks",
        .intake = {.fields = fields,
                   .join = {WINDOW_MS, WINDOW_MS, 10000},
                   .log = {100000, 0}},
        .linger_ms = 300,
        .buffer_bytes = 1 << 20,
        .retrain_rows = 50,
        .retrain_rows_min = 20,
        .holdout = 0.1,
        .algorithm = "baseline",
        .params = "bsl_method=als",
        .seed = 1,
        .scale = {0, 1},
        .bad_records = BAD_DLQ,
        .bad_share_max = 0.5,
        .chunk_bytes = 1024,
    };
}

static void tear_down(void)
{
    test_producer_free(producer);
    mock_cluster_free(cluster);
}

/* --- The world --------------------------------------------------------------
 */

static bool is_clicked(int number)
{
    return number * 7 % 5 == 0;
}

static int64_t time_of(int number)
{
    return base_ms + (int64_t)number * STEP_MS;
}

static void send_impression(int number)
{
    struct buffer bytes = {0};
    struct impression event = {.id = id_from_number(number),
                               .ts_ms = time_of(number),
                               .user = id_from_number(100 + number % USERS),
                               .ad = id_from_number(200 + number % ADS)};

    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    test_producer_send(producer, "impressions", number % 2, event.ts_ms,
                       bytes.bytes, bytes.size);
    buffer_free(&bytes);
}

static void send_click(int number)
{
    struct buffer bytes = {0};
    struct label event = {.id = id_from_number(number),
                          .ts_ms = time_of(number) + CLICK_AFTER_MS,
                          .click = 1};

    event_encode_label(&fields, &event, &bytes);
    test_producer_send(producer, "labels", number % 2, event.ts_ms, bytes.bytes,
                       bytes.size);
    buffer_free(&bytes);
}

static void send_events(int from, int to)
{
    for (int i = from; i < to; i++) {
        send_impression(i);
        if (is_clicked(i))
            send_click(i);
    }
    test_producer_flush(producer);
}

/* Rows before the first one that is open when all events below `events` are
 * there: not clicked, and its window goes on. */
static int settled_rows(int events)
{
    int64_t stream_ms = time_of(events - 1);

    for (int i = 0; i < events; i++)
        if (is_clicked(i) && time_of(i) + CLICK_AFTER_MS > stream_ms)
            stream_ms = time_of(i) + CLICK_AFTER_MS;
    for (int i = 0; i < events; i++)
        if (!is_clicked(i) && time_of(i) + WINDOW_MS >= stream_ms)
            return i;
    return events;
}

/* A fit on the first `count` events, without any part of the trainer. */
static void fit_by_hand(int count, struct buffer *out)
{
    struct rating rows[EVENTS];
    struct snapshot snapshot = {.rows = (uint64_t)count};
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct ratings *ratings = NULL;

    ck_assert_ok(id_map_new(&snapshot.users, &err), err);
    ck_assert_ok(id_map_new(&snapshot.ads, &err), err);
    for (int i = 0; i < count; i++) {
        struct id user = id_from_number(100 + i % USERS);
        struct id ad = id_from_number(200 + i % ADS);
        ck_assert_ok(id_map_add(snapshot.users, &user, &rows[i].user, &err),
                     err);
        ck_assert_ok(id_map_add(snapshot.ads, &ad, &rows[i].item, &err), err);
        rows[i].value = is_clicked(i);
    }
    ck_assert_ok(ratings_build(rows, (size_t)count,
                               id_map_count(snapshot.users),
                               id_map_count(snapshot.ads), (struct scale){0, 1},
                               &ratings, &err),
                 err);
    ck_assert_ok(model_find(config.algorithm, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    params.seed = config.seed;
    ck_assert_ok(params_set(ops, config.params, &params, &err), err);
    ck_assert_ok(model_fit(ops, ratings, &params, NULL, &snapshot.model, &err),
                 err);
    ck_assert_ok(snapshot_encode(&snapshot, out, &err), err);
    ratings_free(ratings);
    model_free(snapshot.model);
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
}

/* --- What was published -----------------------------------------------------
 */

static struct snapshot_reader *open_models(void)
{
    struct snapshot_reader_config from = {.kafka = config.kafka,
                                          .name = "click",
                                          .models = "models",
                                          .chunks = "chunks"};
    struct snapshot_reader *reader = NULL;

    ck_assert_ok(snapshot_reader_open(&from, &reader, &err), err);
    ck_assert_ok(snapshot_reader_catch_up(reader, PATIENCE_MS, NULL, &err),
                 err);
    return reader;
}

static const struct manifest *manifest_of(struct snapshot_reader *reader,
                                          uint64_t epoch)
{
    const struct manifest *manifest = snapshot_reader_find(reader, epoch);

    ck_assert_msg(manifest != NULL, "no manifest of epoch %d", (int)epoch);
    return manifest;
}

static void assert_published(struct snapshot_reader *reader, uint64_t epoch,
                             const struct buffer *expected)
{
    struct buffer bytes = {0};
    enum snapshot_refusal why;

    ck_assert_ok(snapshot_reader_fetch(reader, manifest_of(reader, epoch),
                                       PATIENCE_MS, &bytes, &why, &err),
                 err);
    ck_assert_uint_eq(bytes.size, expected->size);
    ck_assert_mem_eq(bytes.bytes, expected->bytes, bytes.size);
    buffer_free(&bytes);
}

static int64_t records_in(const struct manifest *manifest, const char *topic)
{
    int64_t records = 0;

    for (size_t i = 0; i < manifest->range_count; i++)
        if (strcmp(manifest->ranges[i].topic, topic) == 0) {
            ck_assert_int_eq(manifest->ranges[i].first, 0);
            records += manifest->ranges[i].next;
        }
    return records;
}

/* --- Running ----------------------------------------------------------------
 */

static struct trainer *start_trainer(void)
{
    struct trainer *trainer = NULL;

    ck_assert_ok(trainer_start(&config, NULL, &trainer, &err), err);
    return trainer;
}

static struct trainer_counts train_once(void)
{
    struct trainer_counts counts;

    config.once = true;
    ck_assert_ok(trainer_join(start_trainer(), &counts, &err), err);
    ck_assert(join_books_balance(&counts.books));
    return counts;
}

static void wait_for_models(struct trainer *trainer, uint64_t published)
{
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (trainer_counts(trainer).published < published) {
        ck_assert(trainer_is_running(trainer));
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(20);
    }
}

START_TEST(a_published_model_is_the_fit_of_the_same_rows)
{
    struct buffer expected = {0};
    int settled = settled_rows(EVENTS);
    int held = settled / 10;

    send_events(0, EVENTS);
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.published, 1);
    ck_assert_uint_eq(counts.books.impressions, EVENTS);
    ck_assert_uint_eq(counts.books.positive, EVENTS / 5);
    ck_assert_uint_eq(counts.books.joined, EVENTS / 5);
    ck_assert_uint_eq(counts.holdout.rows, (size_t)held);

    struct snapshot_reader *reader = open_models();
    const struct manifest *manifest = manifest_of(reader, 1);
    ck_assert_uint_eq(manifest->parent_epoch, 0);
    ck_assert_uint_eq(manifest->rows, (uint64_t)(settled - held));
    ck_assert_uint_eq(manifest->users, USERS);
    ck_assert_uint_eq(manifest->ads, ADS);
    ck_assert_str_eq(manifest->algorithm, "baseline");
    ck_assert_uint_eq(manifest->range_count, 4);
    ck_assert_int_eq(records_in(manifest, "impressions"), EVENTS);
    ck_assert_int_eq(records_in(manifest, "labels"), EVENTS / 5);
    ck_assert_double_eq(manifest->metrics.logloss, counts.holdout.logloss);

    fit_by_hand(settled - held, &expected);
    assert_published(reader, 1, &expected);
    buffer_free(&expected);
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(the_same_records_give_the_same_bytes_again)
{
    send_events(0, EVENTS);
    train_once();
    train_once();

    struct snapshot_reader *reader = open_models();
    ck_assert_mem_eq(&manifest_of(reader, 1)->sha256,
                     &manifest_of(reader, 2)->sha256, sizeof(struct digest));
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(a_second_model_follows_new_rows_and_names_its_parent)
{
    struct trainer_counts counts;

    send_events(0, 200);
    struct trainer *trainer = start_trainer();
    wait_for_models(trainer, 1);
    send_events(200, EVENTS);
    wait_for_models(trainer, 2);
    trainer_stop(trainer);
    ck_assert_ok(trainer_join(trainer, &counts, &err), err);
    ck_assert(join_books_balance(&counts.books));
    ck_assert_uint_eq(counts.epoch, counts.published);

    struct snapshot_reader *reader = open_models();
    const struct manifest *first = manifest_of(reader, 1);
    const struct manifest *second = manifest_of(reader, 2);
    ck_assert_uint_eq(second->parent_epoch, 1);
    ck_assert_mem_eq(&second->parent_sha256, &first->sha256,
                     sizeof(struct digest));
    ck_assert_int_eq(records_in(first, "impressions"), 200);
    ck_assert_int_gt(records_in(second, "impressions"), 200);
    ck_assert_uint_gt(second->rows, first->rows);
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(a_request_is_a_reason_to_learn)
{
    config.retrain_rows = 0;
    send_events(0, 200);
    struct trainer *trainer = start_trainer();
    wait_for_models(trainer, 1);
    trainer_request(trainer);
    wait_for_models(trainer, 2);
    trainer_stop(trainer);
    ck_assert_ok(trainer_join(trainer, NULL, &err), err);
}
END_TEST

START_TEST(labels_with_user_and_ad_are_rows_of_their_own)
{
    config.intake.mode = JOIN_LABELS;
    for (int i = 0; i < 100; i++) {
        struct buffer bytes = {0};
        struct label event = {.id = id_from_number(i),
                              .ts_ms = time_of(i),
                              .click = is_clicked(i),
                              .has_pair = true,
                              .user = id_from_number(100 + i % USERS),
                              .ad = id_from_number(200 + i % ADS)};
        event_encode_label(&fields, &event, &bytes);
        test_producer_send(producer, "labels", i % 2, event.ts_ms, bytes.bytes,
                           bytes.size);
        buffer_free(&bytes);
    }
    send_click(7); /* has no pair */
    test_producer_flush(producer);
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.bad, 1);

    struct buffer expected = {0};
    struct snapshot_reader *reader = open_models();
    ck_assert_uint_eq(manifest_of(reader, 1)->range_count, 2);
    fit_by_hand(90, &expected);
    assert_published(reader, 1, &expected);
    buffer_free(&expected);
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(a_bad_label_becomes_one_dead_letter_over_restarts)
{
    send_events(0, 200);
    test_producer_send(producer, "labels", 0, base_ms, "\xc1", 1);
    test_producer_send(producer, "impressions", 0, base_ms, "\xc1", 1);
    test_producer_flush(producer);
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.bad, 2);
    ck_assert_uint_eq(counts.dead_letters, 1);
    counts = train_once();
    ck_assert_uint_eq(counts.bad, 2);
    ck_assert_uint_eq(counts.dead_letters, 0);
}
END_TEST

START_TEST(a_bad_record_is_skipped_or_fatal_as_told)
{
    send_events(0, 200);
    test_producer_send(producer, "labels", 1, base_ms, "\xc1", 1);
    test_producer_flush(producer);
    config.bad_records = BAD_SKIP;
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.bad, 1);
    ck_assert_uint_eq(counts.dead_letters, 0);

    config.bad_records = BAD_FAIL;
    ck_assert_refused(trainer_join(start_trainer(), NULL, &err), err,
                      ERROR_FORMAT, "labels/1 offset ");
}
END_TEST

START_TEST(once_with_too_little_says_so)
{
    config.once = true;
    send_events(0, 15);
    ck_assert_refused(trainer_join(start_trainer(), NULL, &err), err,
                      ERROR_UNAVAILABLE, "too little to learn from");
}
END_TEST

START_TEST(a_stop_cancels_the_fit)
{
    struct trainer_counts counts;
    int64_t begin_ms;

    /* takes far longer than it is until we hear that it has begun */
    strcpy(config.algorithm, "svd");
    strcpy(config.params, "factors=1000 epochs=100000");
    send_events(0, EVENTS);
    struct trainer *trainer = start_trainer();
    begin_ms = clock_monotonic_ms();
    while (trainer_counts(trainer).started == 0 &&
           clock_monotonic_ms() < begin_ms + PATIENCE_MS)
        clock_sleep_ms(10);
    trainer_stop(trainer);
    begin_ms = clock_monotonic_ms();
    ck_assert_ok(trainer_join(trainer, &counts, &err), err);
    ck_assert_int_lt(clock_monotonic_ms() - begin_ms, 3000);
    ck_assert_uint_eq(counts.cancelled, 1);
    ck_assert_uint_eq(counts.published, 0);
}
END_TEST

START_TEST(what_cannot_work_is_told_at_the_start)
{
    struct trainer *trainer = NULL;

    strcpy(config.algorithm, "magic");
    ck_assert_refused(trainer_start(&config, NULL, &trainer, &err), err,
                      ERROR_CONFIG, "no model 'magic'");
    strcpy(config.algorithm, "baseline");
    strcpy(config.params, "bsl_magic=1");
    ck_assert_refused(trainer_start(&config, NULL, &trainer, &err), err,
                      ERROR_CONFIG, "bsl_magic");
    strcpy(config.params, "");
    strcpy(config.kafka.brokers, "127.0.0.1:1");
    ck_assert_refused(trainer_start(&config, NULL, &trainer, &err), err,
                      ERROR_UNAVAILABLE, "no broker at 127.0.0.1:1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer");
    TCase *tests = tcase_create("models");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_published_model_is_the_fit_of_the_same_rows);
    tcase_add_test(tests, the_same_records_give_the_same_bytes_again);
    tcase_add_test(tests, a_second_model_follows_new_rows_and_names_its_parent);
    tcase_add_test(tests, a_request_is_a_reason_to_learn);
    tcase_add_test(tests, labels_with_user_and_ad_are_rows_of_their_own);
    tcase_add_test(tests, a_bad_label_becomes_one_dead_letter_over_restarts);
    tcase_add_test(tests, a_bad_record_is_skipped_or_fatal_as_told);
    tcase_add_test(tests, once_with_too_little_says_so);
    tcase_add_test(tests, a_stop_cancels_the_fit);
    tcase_add_test(tests, what_cannot_work_is_told_at_the_start);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
