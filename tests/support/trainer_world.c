#include "support/trainer_world.h"

#include "support/run_suite.h"

#include "common/event/event_codec.h"

#include "model/snapshot.h"

#include <string.h>

enum {
    WINDOW_MS = 5000,
    LATE_MS = 5000,
    STEP_MS = 1000,
    CLICK_AFTER_MS = 1500
};

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

static struct error err;

void trainer_world_open(struct trainer_world *world)
{
    const char *const topics[] = {"impressions", "labels"};

    world->cluster = mock_cluster_new();
    for (size_t i = 0; i < 2; i++)
        mock_cluster_add_topic(world->cluster, topics[i], 2);
    mock_cluster_add_topic(world->cluster, "dead", 1);
    mock_cluster_add_topic(world->cluster, "models", 1);
    mock_cluster_add_topic(world->cluster, "chunks", 1);
    world->producer = test_producer_new(mock_cluster_brokers(world->cluster));
    world->config = (struct trainer_config){
        .kafka = mock_cluster_settings(world->cluster),
        .name = "click",
        .impressions = "impressions",
        .labels = "labels",
        .dead_letters = "dead",
        .models = "models",
        .chunks = "chunks",
        .intake = {.fields = fields,
                   .join = {WINDOW_MS, LATE_MS, 10000},
                   .log = {.rows_max = 100000}},
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

void trainer_world_close(struct trainer_world *world)
{
    test_producer_free(world->producer);
    mock_cluster_free(world->cluster);
}

bool trainer_world_is_clicked(int number)
{
    return number * 7 % 5 == 0;
}

int64_t trainer_world_time(int number)
{
    return TRAINER_WORLD_START_MS + (int64_t)number * STEP_MS;
}

void trainer_world_show(struct trainer_world *world, int number)
{
    struct buffer bytes = {0};
    struct impression event = {
        .id = id_from_number(number),
        .ts_ms = trainer_world_time(number),
        .user = id_from_number(100 + number % TRAINER_WORLD_USERS),
        .ad = id_from_number(200 + number % TRAINER_WORLD_ADS)};

    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    test_producer_send(world->producer, "impressions",
                       &(struct outgoing){.partition = number % 2,
                                          .value = bytes.bytes,
                                          .value_size = bytes.size,
                                          .timestamp_ms = event.ts_ms});
    buffer_free(&bytes);
}

void trainer_world_click(struct trainer_world *world, int number)
{
    struct buffer bytes = {0};
    struct label event = {.id = id_from_number(number),
                          .ts_ms = trainer_world_time(number) + CLICK_AFTER_MS,
                          .click = 1};

    event_encode_label(&fields, &event, &bytes);
    test_producer_send(world->producer, "labels",
                       &(struct outgoing){.partition = number % 2,
                                          .value = bytes.bytes,
                                          .value_size = bytes.size,
                                          .timestamp_ms = event.ts_ms});
    buffer_free(&bytes);
}

void trainer_world_send(struct trainer_world *world, int from, int to)
{
    for (int i = from; i < to; i++) {
        trainer_world_show(world, i);
        if (trainer_world_is_clicked(i))
            trainer_world_click(world, i);
    }
    test_producer_flush(world->producer);
}

/* The time of the newest event, a click perhaps. */
static int64_t newest_ms(int events)
{
    int64_t newest = trainer_world_time(events - 1);

    for (int i = 0; i < events; i++)
        if (trainer_world_is_clicked(i) &&
            trainer_world_time(i) + CLICK_AFTER_MS > newest)
            newest = trainer_world_time(i) + CLICK_AFTER_MS;
    return newest;
}

int trainer_world_settled(int events)
{
    int64_t stream_ms = newest_ms(events);

    for (int i = 0; i < events; i++)
        if (!trainer_world_is_clicked(i) &&
            trainer_world_time(i) + WINDOW_MS >= stream_ms)
            return i;
    return events;
}

int trainer_world_final(int events)
{
    int64_t reach_ms = newest_ms(events) - WINDOW_MS - LATE_MS;
    int final = 0;

    while (final < events && trainer_world_time(final) < reach_ms)
        final++;
    return final;
}

void trainer_world_fit(const struct trainer_world *world, int count,
                       struct buffer *out)
{
    struct rating rows[TRAINER_WORLD_EVENTS];
    struct snapshot snapshot = {.rows = (uint64_t)count};
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct ratings *ratings = NULL;

    ck_assert_ok(id_map_new(&snapshot.users, &err), err);
    ck_assert_ok(id_map_new(&snapshot.ads, &err), err);
    for (int i = 0; i < count; i++) {
        struct id user = id_from_number(100 + i % TRAINER_WORLD_USERS);
        struct id ad = id_from_number(200 + i % TRAINER_WORLD_ADS);
        ck_assert_ok(id_map_add(snapshot.users, &user, &rows[i].user, &err),
                     err);
        ck_assert_ok(id_map_add(snapshot.ads, &ad, &rows[i].item, &err), err);
        rows[i].value = trainer_world_is_clicked(i);
    }
    ck_assert_ok(
        ratings_build(&(struct numbered_rows){rows,
                                              (size_t)count,
                                              id_map_count(snapshot.users),
                                              id_map_count(snapshot.ads),
                                              {0, 1}},
                      &ratings, &err),
        err);
    ck_assert_ok(model_find(world->config.algorithm, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    params.seed = world->config.seed;
    ck_assert_ok(params_set(ops, world->config.params, &params, &err), err);
    ck_assert_ok(model_fit(ops, ratings, &params, NULL, &snapshot.model, &err),
                 err);
    ck_assert_ok(snapshot_encode(&snapshot, out, &err), err);
    ratings_free(ratings);
    model_free(snapshot.model);
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
}

struct snapshot_reader *trainer_world_models(const struct trainer_world *world)
{
    struct snapshot_reader_config from = {.kafka = world->config.kafka,
                                          .name = "click",
                                          .models = "models",
                                          .chunks = "chunks"};
    struct snapshot_reader *reader = NULL;

    ck_assert_ok(snapshot_reader_open(&from, &reader, &err), err);
    ck_assert_ok(
        snapshot_reader_catch_up(reader, TRAINER_WORLD_WAIT_MS, NULL, &err),
        err);
    return reader;
}
