/*
 * check_scorer.c - impressions in, predictions and dead letters out, at least
 * once over the mock brokers.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"
#include "support/tiny_model.h"
#include "support/topic_copy.h"

#include "common/clock.h"
#include "common/event_codec.h"

#include "consumer/model_watcher.h"
#include "consumer/scorer.h"
#include "consumer/scorer_metrics.h"

#include "producer/publisher.h"
#include "producer/snapshot_publisher.h"

#include <stdlib.h>
#include <string.h>

/* The mock makes topics of that many partitions when they are asked for; to
 * ask it for one beforehand takes it a second. */
enum { PARTITIONS = 4, WAIT_MS = 30000, ROUND_MS = 20 };

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

static struct error err;
static struct mock_cluster *cluster;
static struct model_board *board;
static struct metrics *metrics;
static struct publisher *feed;
static struct topic_copy predictions, dead_letters;

/* --- The world --------------------------------------------------------------
 */

static void open_world(void)
{
    cluster = mock_cluster_new();
    struct publisher_config config = {.kafka = mock_cluster_settings(cluster),
                                      .linger_ms = 5,
                                      .topics = {"in", NULL}};
    ck_assert_ok(publisher_open(&config, &feed, &err), err);
    ck_assert_ok(model_board_new(&board, &err), err);
    ck_assert_ok(metrics_new(scorer_metric_families, &metrics, &err), err);
}

static void close_world(void)
{
    topic_copy_free(&predictions);
    topic_copy_free(&dead_letters);
    metrics_free(metrics);
    model_board_free(board);
    publisher_close(feed);
    mock_cluster_free(cluster);
}

static void post(struct snapshot *snapshot, uint64_t epoch)
{
    struct manifest manifest = {.epoch = epoch};

    ck_assert_ok(model_board_post(board, snapshot, &manifest, false, &err),
                 err);
}

static void send_bytes(int32_t partition, const void *bytes, size_t size,
                       const struct message_header *headers, size_t count)
{
    struct outgoing out = {.partition = partition,
                           .key = "key",
                           .key_size = 3,
                           .value = bytes,
                           .value_size = size,
                           .headers = headers,
                           .header_count = count};

    ck_assert_ok(publisher_send(feed, &out, &err), err);
}

/* Some users and some ads are not in the model. */
static struct id user_of(int64_t number)
{
    return id_from_number(number % (TINY_USERS + 7));
}

static struct id ad_of(int64_t number, char text[16])
{
    int size = snprintf(text, 16, "ad%d", (int)(number % (TINY_ADS + 3)));

    return id_from_text(text, (size_t)size);
}

static void send_impression(int64_t number)
{
    struct buffer bytes = {0};
    char text[16];
    struct impression event = {.id = id_from_number(number),
                               .user = user_of(number),
                               .ad = ad_of(number, text),
                               .ts_ms = 1700000000000 + number};

    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    send_bytes((int32_t)(number % PARTITIONS), bytes.bytes, bytes.size, NULL,
               0);
    buffer_free(&bytes);
}

static void send_impressions(int64_t first, int64_t count)
{
    for (int64_t i = first; i < first + count; i++)
        send_impression(i);
    ck_assert_ok(publisher_flush(feed, WAIT_MS, &err), err);
}

static struct scorer_config settings(void)
{
    return (struct scorer_config){
        .kafka = mock_cluster_settings(cluster),
        .group = "g",
        .slot = "0",
        .workers = 1,
        .impressions = "in",
        .predictions = "out",
        .dead_letters = "dead",
        .fields = fields,
        .delivery = DELIVERY_AT_LEAST_ONCE,
        .commit_interval_ms = 50,
        .commit_max_events = 1000,
        .batch_max_events = 500,
        .linger_ms = 5,
        .no_model_p = 0.05,
        .model_catch_up_ms = 5000,
        .dead_letters_max_share = 0.5,
        .offset_lost = START_FAIL,
        .watch_end = true,
    };
}

static struct scorer *start(const struct scorer_config *config)
{
    struct scorer_parts parts = {.board = board, .metrics = metrics};
    struct scorer *scorer = NULL;

    ck_assert_ok(scorer_start(config, &parts, &scorer, &err), err);
    return scorer;
}

/* Until so many records are dealt with. */
static void await(struct scorer *scorer, uint64_t count)
{
    int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;

    while (scorer_is_running(scorer)) {
        struct scorer_counts counts = scorer_counts(scorer);
        if (counts.predictions + counts.dead_letters >= count)
            return;
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "only %zu predictions and %zu dead letters of %zu",
                      (size_t)counts.predictions, (size_t)counts.dead_letters,
                      (size_t)count);
        clock_sleep_ms(ROUND_MS);
    }
}

static struct scorer_counts finish(struct scorer *scorer)
{
    struct scorer_counts total;

    scorer_stop(scorer);
    ck_assert_ok(scorer_join(scorer, &total, &err), err);
    struct kafka_settings kafka = mock_cluster_settings(cluster);
    predictions = topic_copy_read(&kafka, "out", PARTITIONS);
    dead_letters = topic_copy_read(&kafka, "dead", PARTITIONS);
    return total;
}

static struct scorer_counts score_all(const struct scorer_config *config,
                                      uint64_t count)
{
    struct scorer *scorer = start(config);

    await(scorer, count);
    return finish(scorer);
}

/* --- What came out ----------------------------------------------------------
 */

static struct prediction_event decode(const struct copied_record *record)
{
    struct prediction_event event;

    ck_assert_int_eq(event_decode_prediction(record->value, record->value_size,
                                             &event, NULL),
                     EVENT_OK);
    return event;
}

/* Each of the ids first..first+count-1 exactly once. */
static void assert_each_once(int64_t first, size_t count)
{
    char *seen = calloc(count, 1);

    ck_assert_ptr_nonnull(seen);
    ck_assert_uint_eq(predictions.count, count);
    for (size_t i = 0; i < count; i++) {
        struct prediction_event event = decode(&predictions.at[i]);
        int64_t number = event_span_id(event.raw_id).number - first;
        ck_assert(number >= 0 && number < (int64_t)count);
        ck_assert_msg(!seen[number], "id %d twice", (int)number);
        seen[number] = 1;
    }
    free(seen);
}

static void assert_predicted_by(const struct snapshot *model,
                                const struct prediction_event *event)
{
    struct id user = event_span_id(event->raw_user);
    struct id ad = event_span_id(event->raw_ad);
    struct prediction expected = tiny_model_predict(model, &user, &ad);

    ck_assert_int_eq(memcmp(&event->p, &expected.value, sizeof(event->p)), 0);
    ck_assert_int_eq(event->basis, expected.basis);
    ck_assert_int_eq(
        memcmp(event->model_hash, model->sha256.bytes, MODEL_HASH_SIZE), 0);
}

static void assert_header(const struct copied_record *record, const char *name,
                          const char *value)
{
    const struct copied_header *header = copied_record_header(record, name);

    ck_assert_msg(header != NULL, "no header %s", name);
    ck_assert_msg(header->size == strlen(value) &&
                      memcmp(header->value, value, header->size) == 0,
                  "%s is '%.*s', not '%s'", name, (int)header->size,
                  (const char *)header->value, value);
}

/* --- Predictions ------------------------------------------------------------
 */

static void publish(const struct snapshot *snapshot)
{
    struct snapshot_publisher_config config = {
        .kafka = mock_cluster_settings(cluster),
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
    ck_assert_ok(snapshot_publisher_publish(publisher, bytes.bytes, bytes.size,
                                            &manifest, &err),
                 err);
    snapshot_publisher_close(publisher);
    buffer_free(&bytes);
    manifest_free(&manifest);
}

static int catch_up(void *context, unsigned timeout_ms, struct error *why)
{
    return model_watcher_catch_up(context, timeout_ms, why);
}

START_TEST(every_prediction_is_the_published_models_own)
{
    struct snapshot *model = tiny_model(1);
    struct model_watcher_config watching = {
        .reader = {.kafka = mock_cluster_settings(cluster),
                   .name = "click",
                   .models = "models",
                   .chunks = "chunks"}};
    struct model_watcher *watcher = NULL;
    struct scorer_config config = settings();
    struct scorer *scorer = NULL;

    mock_cluster_add_topic(cluster, "models", 1);
    mock_cluster_add_topic(cluster, "chunks", 1);
    publish(model);
    send_impressions(0, 2000);
    ck_assert_ok(model_watcher_start(&watching, board, &watcher, &err), err);
    struct scorer_parts parts = {board, metrics, catch_up, watcher};
    ck_assert_ok(scorer_start(&config, &parts, &scorer, &err), err);
    await(scorer, 2000);
    finish(scorer);
    model_watcher_stop(watcher);

    assert_each_once(0, 2000);
    for (size_t i = 0; i < predictions.count; i++) {
        const struct copied_record *record = &predictions.at[i];
        struct prediction_event event = decode(record);
        ck_assert_uint_eq(event.model_version, 1);
        ck_assert_int_eq(event.src_partition, record->partition);
        ck_assert_int_eq(event.src_offset, record->offset);
        ck_assert_int_eq(event_span_ms(event.raw_ts),
                         1700000000000 + event_span_id(event.raw_id).number);
        ck_assert_uint_eq(record->key_size, 3);
        assert_predicted_by(model, &event);
    }
    snapshot_free(model);
}
END_TEST

START_TEST(without_a_model_the_prior_is_told)
{
    struct scorer_config config = settings();

    send_impressions(0, 40);
    score_all(&config, 40);
    assert_each_once(0, 40);
    for (size_t i = 0; i < predictions.count; i++) {
        struct prediction_event event = decode(&predictions.at[i]);
        ck_assert_double_eq(event.p, 0.05);
        ck_assert_int_eq(event.basis, BASIS_NONE);
        ck_assert_uint_eq(event.model_version, 0);
    }
    ck_assert_double_eq(metrics_value(metrics, SCORER_PREDICTIONS, BASIS_NONE),
                        40);
}
END_TEST

START_TEST(nobody_is_nobody_even_where_the_model_knows_the_id)
{
    struct scorer_config config = settings();
    struct snapshot *model = tiny_model(1);

    snprintf(config.fields.anonymous, sizeof(config.fields.anonymous), "0,7");
    post(model, 1);
    send_impressions(0, 57);
    score_all(&config, 57);
    for (size_t i = 0; i < predictions.count; i++) {
        struct prediction_event event = decode(&predictions.at[i]);
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

START_TEST(a_waiting_scorer_waits_for_its_first_model)
{
    struct scorer_config config = settings();
    char why[64];

    config.no_model = NO_MODEL_WAIT;
    send_impressions(0, 40);
    struct scorer *scorer = start(&config);
    clock_sleep_ms(300);
    ck_assert(!scorer_is_ready(scorer, why, sizeof(why)));
    ck_assert_str_eq(why, "no model yet");
    ck_assert_uint_eq(scorer_counts(scorer).predictions, 0);
    post(tiny_model(1), 4);
    await(scorer, 40);
    ck_assert(scorer_is_ready(scorer, why, sizeof(why)));
    ck_assert(scorer_is_live(scorer, why, sizeof(why)));
    finish(scorer);
    ck_assert_uint_eq(decode(&predictions.at[0]).model_version, 4);
}
END_TEST

enum { SWAPS = 12, PER_SWAP = 1500 };

START_TEST(models_change_between_batches_and_never_back)
{
    struct snapshot *models[SWAPS + 1];
    struct scorer_config config = settings();
    uint64_t last[PARTITIONS] = {0};

    for (uint64_t i = 1; i <= SWAPS; i++)
        models[i] = tiny_model(i);
    post(tiny_model(1), 1);
    config.workers = 2;
    struct scorer *scorer = start(&config);
    for (uint64_t i = 1; i <= SWAPS; i++) {
        if (i > 1)
            post(tiny_model(i), i);
        send_impressions((int64_t)(i - 1) * PER_SWAP, PER_SWAP);
    }
    await(scorer, SWAPS * PER_SWAP);
    finish(scorer);

    ck_assert_uint_ge(predictions.count, SWAPS * PER_SWAP);
    for (size_t i = 0; i < predictions.count; i++) {
        struct prediction_event event = decode(&predictions.at[i]);
        ck_assert_uint_ge(event.model_version, 1);
        ck_assert_uint_le(event.model_version, SWAPS);
        ck_assert_uint_ge(event.model_version, last[event.src_partition]);
        last[event.src_partition] = event.model_version;
        assert_predicted_by(models[event.model_version], &event);
    }
    for (uint64_t i = 1; i <= SWAPS; i++)
        snapshot_free(models[i]);
}
END_TEST

/* --- Dead letters -----------------------------------------------------------
 */

static const struct {
    const char *bytes;
    size_t size;
    const char *reason;
} bad[] = {
    {"\xc1", 1, "invalid"},         {"\x93\x01\x02\x03", 4, "not_a_map"},
    {"\x81\xa2id", 4, "truncated"}, {"\x80", 1, "missing"},
    {"\x80\x80", 2, "trailing"},    {"\xdf\xff\xff\xff\xff", 5, "truncated"},
};
enum { BAD_COUNT = sizeof(bad) / sizeof(bad[0]) };

START_TEST(bad_records_are_kept_with_their_reason_and_neighbours_are_scored)
{
    struct scorer_config config = settings();
    struct message_header own = {"color", "red", 3};

    post(tiny_model(1), 1);
    for (size_t i = 0; i < BAD_COUNT; i++) {
        send_impressions((int64_t)i * 4, 4);
        send_bytes(0, bad[i].bytes, bad[i].size, &own, 1);
    }
    send_impressions(BAD_COUNT * 4, 4);
    struct scorer_counts total =
        score_all(&config, BAD_COUNT + (BAD_COUNT + 1) * 4);

    ck_assert_uint_eq(total.dead_letters, BAD_COUNT);
    assert_each_once(0, (BAD_COUNT + 1) * 4);
    ck_assert_uint_eq(dead_letters.count, BAD_COUNT);
    for (size_t i = 0; i < BAD_COUNT; i++) {
        const struct copied_record *letter = &dead_letters.at[i];
        char offset[16];
        snprintf(offset, sizeof(offset), "%zu", 2 * i + 1);
        ck_assert_uint_eq(letter->value_size, bad[i].size);
        ck_assert_mem_eq(letter->value, bad[i].bytes, bad[i].size);
        ck_assert_mem_eq(letter->key, "key", 3);
        ck_assert_int_eq(letter->partition, 0);
        assert_header(letter, "color", "red");
        assert_header(letter, "pctr.reason", bad[i].reason);
        assert_header(letter, "pctr.topic", "in");
        assert_header(letter, "pctr.partition", "0");
        assert_header(letter, "pctr.offset", offset);
        assert_header(letter, "pctr.stage", "score");
        assert_header(letter, "__connect.errors.topic", "in");
        assert_header(letter, "__connect.errors.offset", offset);
    }
}
END_TEST

START_TEST(a_letter_that_is_too_large_is_cut_and_says_so)
{
    struct scorer_config config = settings();
    size_t size = 950000;
    char *large = malloc(size);

    ck_assert_ptr_nonnull(large);
    memset(large, 0xc1, size);
    send_bytes(1, large, size, NULL, 0);
    send_impressions(0, 4);
    score_all(&config, 5);
    assert_each_once(0, 4);
    ck_assert_uint_eq(dead_letters.count, 1);
    ck_assert_uint_eq(dead_letters.at[0].value_size, 900000 - 3);
    ck_assert_mem_eq(dead_letters.at[0].value, large, 900000 - 3);
    assert_header(&dead_letters.at[0], "truncated", "1");
    free(large);
}
END_TEST

START_TEST(a_flood_of_bad_records_stops_the_scorer)
{
    struct scorer_config config = settings();

    for (int i = 0; i < 12000; i++)
        send_bytes(i % PARTITIONS, "\xc1", 1, NULL, 0);
    ck_assert_ok(publisher_flush(feed, WAIT_MS, &err), err);
    struct scorer *scorer = start(&config);
    await(scorer, UINT64_MAX);
    ck_assert_refused(scorer_join(scorer, NULL, &err), err, ERROR_FORMAT,
                      "dead_letters.max_share");
}
END_TEST

/* --- Around the records -----------------------------------------------------
 */

START_TEST(a_trace_goes_on_in_the_prediction)
{
    static const char parent[] =
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    struct message_header trace[] = {{"traceparent", parent, 55},
                                     {"tracestate", "a=b", 3},
                                     {"other", "x", 1}};
    struct scorer_config config = settings();
    struct buffer bytes = {0};
    struct impression event = {.id = id_from_number(1),
                               .user = id_from_number(2),
                               .ad = id_from_number(3),
                               .ts_ms = 5};

    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    send_bytes(0, bytes.bytes, bytes.size, trace, 3);
    trace[0].size = 54;
    send_bytes(1, bytes.bytes, bytes.size, trace, 3);
    buffer_free(&bytes);
    ck_assert_ok(publisher_flush(feed, WAIT_MS, &err), err);
    score_all(&config, 2);

    ck_assert_uint_eq(predictions.count, 2);
    size_t good = predictions.at[0].partition == 0 ? 0 : 1;
    assert_header(&predictions.at[good], "traceparent", parent);
    assert_header(&predictions.at[good], "tracestate", "a=b");
    ck_assert_uint_eq(predictions.at[good].header_count, 2);
    ck_assert_uint_eq(predictions.at[1 - good].header_count, 0);
}
END_TEST

START_TEST(a_second_scorer_goes_on_where_the_first_ended)
{
    struct scorer_config config = settings();
    struct scorer *scorer;

    send_impressions(0, 500);
    scorer = start(&config);
    await(scorer, 500);
    scorer_stop(scorer);
    ck_assert_ok(scorer_join(scorer, NULL, &err), err);
    send_impressions(500, 500);
    score_all(&config, 500);
    assert_each_once(0, 1000);
}
END_TEST

START_TEST(refusals_of_the_broker_lose_nothing)
{
    enum { MSG_SIZE_TOO_LARGE = 10 };
    struct scorer_config config = settings();
    size_t missing = 0;
    char seen[300] = {0};

    send_impressions(0, 300);
    mock_cluster_fail(cluster, MOCK_PRODUCE, MSG_SIZE_TOO_LARGE, 2);
    score_all(&config, 300);
    for (size_t i = 0; i < predictions.count; i++)
        seen[event_span_id(decode(&predictions.at[i]).raw_id).number] = 1;
    for (size_t i = 0; i < 300; i++)
        missing += !seen[i];
    /* Twice is allowed here; a record that was refused alone is in the dead
     * letters. */
    ck_assert_uint_le(missing, dead_letters.count);
    for (size_t i = 0; i < dead_letters.count; i++)
        assert_header(&dead_letters.at[i], "pctr.reason", "refused");
}
END_TEST

START_TEST(a_broker_that_comes_back_finds_the_scorer_at_work)
{
    struct scorer_config config = settings();
    struct scorer *scorer = start(&config);

    send_impressions(0, 200);
    await(scorer, 200);
    mock_cluster_set_up(cluster, false);
    clock_sleep_ms(700);
    mock_cluster_set_up(cluster, true);
    send_impressions(200, 200);
    await(scorer, 400);
    finish(scorer);
    ck_assert_uint_ge(predictions.count, 400);
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
    tcase_add_test(
        tests,
        bad_records_are_kept_with_their_reason_and_neighbours_are_scored);
    tcase_add_test(tests, a_letter_that_is_too_large_is_cut_and_says_so);
    tcase_add_test(tests, a_flood_of_bad_records_stops_the_scorer);
    tcase_add_test(tests, a_trace_goes_on_in_the_prediction);
    tcase_add_test(tests, a_second_scorer_goes_on_where_the_first_ended);
    tcase_add_test(tests, refusals_of_the_broker_lose_nothing);
    tcase_add_test(tests, a_broker_that_comes_back_finds_the_scorer_at_work);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
