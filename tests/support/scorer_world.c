#include "support/scorer_world.h"
#include "support/allowance.h"
#include "support/one_event.h"

#include "support/run_suite.h"
#include "support/tiny_model.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include "consumer/score/scorer_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUND_MS = 20 };

static struct error err;

/* --- The world -------------------------------------------------------- */

void scorer_world_open(struct scorer_world *world)
{
    static const char *const topics[] = {"in", "out", "dead"};

    *world = (struct scorer_world){.fields = EVENT_FIELDS_DEFAULT};
    world->cluster = mock_cluster_new();
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
        mock_cluster_add_topic(world->cluster, topics[i],
                               SCORER_WORLD_PARTITIONS);
    struct publisher_config config = {.kafka =
                                          mock_cluster_settings(world->cluster),
                                      .linger_ms = 5,
                                      .topics = {"in", NULL}};
    ck_assert_ok(publisher_open(&config, &world->feed, &err), err);
    ck_assert_ok(model_board_new(&world->board, &err), err);
    ck_assert_ok(metrics_new(scorer_metric_families, &world->metrics, &err),
                 err);
}

void scorer_world_close(struct scorer_world *world)
{
    topic_copy_free(&world->predictions);
    topic_copy_free(&world->dead_letters);
    metrics_free(world->metrics);
    model_board_free(world->board);
    publisher_close(world->feed);
    mock_cluster_free(world->cluster);
}

void scorer_world_post(struct scorer_world *world, struct snapshot *snapshot,
                       uint64_t epoch)
{
    struct manifest manifest = {.epoch = epoch};

    ck_assert_ok(model_board_post(world->board, snapshot, &manifest, &err),
                 err);
}

void scorer_world_send_bytes(struct scorer_world *world,
                             const struct outgoing *record)
{
    struct outgoing out = *record;

    out.key = "key";
    out.key_size = 3;
    ck_assert_ok(publisher_send(world->feed, &out, &err), err);
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

static void send_impression(struct scorer_world *world, int64_t number)
{
    struct buffer bytes = {0};
    char text[16];
    struct impression event = {.id = id_from_number(number),
                               .user = user_of(number),
                               .ad = ad_of(number, text),
                               .ts_ms = 1700000000000 + number};

    event_encode_impression(&world->fields, &event, NULL, 0, &bytes);
    scorer_world_send_bytes(
        world, &(struct outgoing){
                   .partition = (int32_t)(number % SCORER_WORLD_PARTITIONS),
                   .value = bytes.bytes,
                   .value_size = bytes.size});
    buffer_free(&bytes);
}

void scorer_world_send(struct scorer_world *world, int64_t first, int64_t count)
{
    for (int64_t i = first; i < first + count; i++)
        send_impression(world, i);
    ck_assert_ok(publisher_flush(world->feed, SCORER_WORLD_WAIT_MS, &err), err);
}

struct scorer_config scorer_world_settings(const struct scorer_world *world)
{
    return (struct scorer_config){
        .kafka = mock_cluster_settings(world->cluster),
        .group = "g",
        .slot = "0",
        .workers = 1,
        .impressions = "in",
        .predictions = "out",
        .dead_letters = "dead",
        .fields = world->fields,
        .delivery = DELIVERY_AT_LEAST_ONCE,
        .commit_interval_ms = 50,
        .commit_max_events = 1000,
        .batch_max_events = 500,
        .linger_ms = 5,
        .no_model_p = 0.05,
        .model_catch_up_ms = 5000,
        .dead_letters_rate_max = 5000,
        .dead_letters_max_share = 0.5,
        .offset_lost = START_FAIL,
        .watch_end = true,
    };
}

struct scorer *scorer_world_start(struct scorer_world *world,
                                  const struct scorer_config *config)
{
    struct scorer_parts parts = {.board = world->board,
                                 .metrics = world->metrics};
    struct scorer *scorer = NULL;

    ck_assert_ok(scorer_start(config, &parts, &scorer, &err), err);
    return scorer;
}

void scorer_world_await(struct scorer *scorer, uint64_t count)
{
    int64_t deadline_ms =
        clock_monotonic_ms() + allowance_ms(SCORER_WORLD_WAIT_MS);

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

struct scorer_counts scorer_world_finish(struct scorer_world *world,
                                         struct scorer *scorer)
{
    struct scorer_counts total;

    scorer_stop(scorer);
    ck_assert_ok(scorer_join(scorer, &total, &err), err);
    struct kafka_settings kafka = mock_cluster_settings(world->cluster);
    world->predictions =
        topic_copy_read(&kafka, "out", SCORER_WORLD_PARTITIONS);
    world->dead_letters =
        topic_copy_read(&kafka, "dead", SCORER_WORLD_PARTITIONS);
    return total;
}

struct scorer_counts scorer_world_score(struct scorer_world *world,
                                        const struct scorer_config *config,
                                        uint64_t count)
{
    struct scorer *scorer = scorer_world_start(world, config);

    scorer_world_await(scorer, count);
    return scorer_world_finish(world, scorer);
}

/* --- What came out ---------------------------------------------------- */

struct prediction_event scorer_world_decode(const struct copied_record *record)
{
    struct prediction_event event;

    ck_assert_int_eq(
        one_prediction(record->value, record->value_size, &event, NULL),
        EVENT_OK);
    return event;
}

void scorer_world_check_ids(const struct scorer_world *world, int64_t first,
                            size_t count)
{
    char *seen = calloc(count, 1);

    ck_assert_ptr_nonnull(seen);
    ck_assert_uint_eq(world->predictions.count, count);
    for (size_t i = 0; i < count; i++) {
        struct prediction_event event =
            scorer_world_decode(&world->predictions.at[i]);
        int64_t number = event_span_id(event.raw_id).number - first;
        ck_assert(number >= 0 && number < (int64_t)count);
        ck_assert_msg(!seen[number], "id %d twice", (int)number);
        seen[number] = 1;
    }
    free(seen);
}

void scorer_world_check_model(const struct snapshot *model,
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

void scorer_world_check_header(const struct copied_record *record,
                               const char *name, const char *value)
{
    const struct copied_header *header = copied_record_header(record, name);

    ck_assert_msg(header != NULL, "no header %s", name);
    ck_assert_msg(header->size == strlen(value) &&
                      memcmp(header->value, value, header->size) == 0,
                  "%s is '%.*s', not '%s'", name, (int)header->size,
                  (const char *)header->value, value);
}
