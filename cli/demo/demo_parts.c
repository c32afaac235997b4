#include "cli/demo/demo_parts.h"

#include "common/base/stop.h"
#include "common/base/text.h"

#include <stdio.h>
#include <string.h>

enum {
    PARTITIONS = 4,
    WORKERS = 2,
    WINDOW_MS = 3000,
    DELAY_MS = 600,
    PENDING_MAX = 1 << 20,
};

#define MODEL_NAME "click"

static const char impressions[] = "pctr.impressions", labels[] = "pctr.labels",
                  predictions[] = "pctr.predictions",
                  dead_letters[] = "pctr.dead-letters",
                  models[] = "pctr.models", chunks[] = "pctr.model-chunks";

/* --- The parts, in the order in which they start ---------------------- */

static int start_broker(struct demo *demo, struct error *err)
{
    static const struct embedded_topic topics[] = {
        {impressions, PARTITIONS},
        {labels, PARTITIONS},
        {predictions, PARTITIONS},
        {dead_letters, PARTITIONS},
        {models, 1},
        {chunks, 1},
    };

    if (embedded_broker_start(topics, sizeof(topics) / sizeof(topics[0]),
                              &demo->broker, err) < 0)
        return -1;
    embedded_broker_settings(demo->broker, &demo->kafka);
    return 0;
}

static struct event_fields fields_of(const struct demo_settings *settings)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;

    memcpy(fields.anonymous, settings->anonymous, sizeof(fields.anonymous));
    return fields;
}

static int start_models(struct demo *demo, struct error *err)
{
    struct model_watcher_config config = {
        .reader = {.kafka = demo->kafka, .name = MODEL_NAME}};

    text_copy(config.reader.models, sizeof(config.reader.models), models);
    text_copy(config.reader.chunks, sizeof(config.reader.chunks), chunks);
    if (model_board_new(&demo->board, err) < 0)
        return -1;
    return model_watcher_start(&config, demo->board, &demo->watcher, err);
}

static int start_scorer(struct demo *demo, struct error *err)
{
    struct scorer_config config = {
        .kafka = demo->kafka,
        .group = "demo",
        .slot = "0",
        .workers = WORKERS,
        .fields = fields_of(demo->settings),
        .delivery = DELIVERY_AT_LEAST_ONCE,
        .commit_interval_ms = 100,
        .commit_max_events = 10000,
        .batch_max_events = 1000,
        .linger_ms = 1,
        .compression = "none",
        .no_model = NO_MODEL_PRIOR,
        .no_model_p = 0.05,
        .model_catch_up_ms = 5000,
        .dead_letters_rate_max = 100,
        .dead_letters_max_share = 0.5,
        .offset_start = START_EARLIEST,
        .offset_lost = START_FAIL,
    };
    struct scorer_parts parts = {.board = demo->board,
                                 .watcher = demo->watcher};

    text_copy(config.impressions, sizeof(config.impressions), impressions);
    text_copy(config.predictions, sizeof(config.predictions), predictions);
    text_copy(config.dead_letters, sizeof(config.dead_letters), dead_letters);
    return scorer_start(&config, &parts, &demo->scorer, err);
}

static int start_trainer(struct demo *demo, struct error *err)
{
    const struct demo_settings *settings = demo->settings;
    struct trainer_config config = {
        .kafka = demo->kafka,
        .name = MODEL_NAME,
        .intake = {.fields = fields_of(settings),
                   .join = {WINDOW_MS, 2 * WINDOW_MS, PENDING_MAX},
                   .log = {.rows_max = PENDING_MAX}},
        .buffer_bytes = 64 << 20,
        .retrain_rows = settings->retrain_rows,
        .retrain_rows_min = settings->retrain_rows / 4,
        .publish_every_ms = settings->publish_every_ms,
        .holdout = 0.2,
        .calibrate = true,
        .seed = settings->seed,
        .scale = {0, 1},
        .bad_share_max = 1,
        .chunk_bytes = 512 << 10,
    };

    text_copy(config.impressions, sizeof(config.impressions), impressions);
    text_copy(config.labels, sizeof(config.labels), labels);
    text_copy(config.dead_letters, sizeof(config.dead_letters), dead_letters);
    text_copy(config.models, sizeof(config.models), models);
    text_copy(config.chunks, sizeof(config.chunks), chunks);
    memcpy(config.algorithm, settings->algorithm, sizeof(config.algorithm));
    memcpy(config.params, settings->params, sizeof(config.params));
    return trainer_start(&config, NULL, &demo->trainer, err);
}

static int start_observer(struct demo *demo, struct error *err)
{
    const struct demo_observer_config config = {
        .kafka = demo->kafka,
        .fields = fields_of(demo->settings),
        .predictions = predictions,
        .labels = labels,
        .dead_letters = dead_letters,
        .join = {WINDOW_MS, 2 * WINDOW_MS, PENDING_MAX},
    };

    return demo_observer_open(&config, &demo->observer, err);
}

static void *run_feed(void *context)
{
    struct demo *demo = context;

    demo->feed_status = feed_run(demo->feed, &demo->feed_error);
    demo->fed = true;
    return NULL;
}

static int start_feed(struct demo *demo, struct error *err)
{
    struct feed_config config = {
        .kafka = demo->kafka,
        .fields = fields_of(demo->settings),
        .rate = demo->settings->rate,
        .clock = CLOCK_WALL,
        .delay_ms = DELAY_MS,
        .seed = demo->settings->seed,
    };

    text_copy(config.impressions, sizeof(config.impressions), impressions);
    text_copy(config.labels, sizeof(config.labels), labels);
    if (feed_open(&config, demo->source, &demo->feed, err) < 0)
        return -1;
    demo->feeding_started =
        pthread_create(&demo->feeding, NULL, run_feed, demo) == 0;
    return demo->feeding_started
               ? 0
               : error_set(err, ERROR_FAILED, "start the feed's thread");
}

int demo_start(struct demo *demo, struct error *err)
{
    if (start_broker(demo, err) < 0 || start_models(demo, err) < 0 ||
        start_scorer(demo, err) < 0 || start_trainer(demo, err) < 0 ||
        start_observer(demo, err) < 0 || start_feed(demo, err) < 0)
        return -1;
    return 0;
}

/* --- The end ---------------------------------------------------------- */

int demo_stop(struct demo *demo, struct trainer_counts *learned, int status,
              struct error *err)
{
    struct error late = {0};

    if (demo->feeding_started) {
        if (status < 0)
            stop_request();
        pthread_join(demo->feeding, NULL);
        if (status == 0 && demo->feed_status < 0) {
            *err = demo->feed_error;
            status = -1;
        }
    }
    if (demo->trainer) {
        trainer_stop(demo->trainer);
        if (trainer_join(demo->trainer, learned, &late) < 0 && status == 0) {
            *err = late;
            status = -1;
        }
    }
    if (demo->scorer) {
        scorer_stop(demo->scorer);
        if (scorer_join(demo->scorer, NULL, &late) < 0 && status == 0) {
            *err = late;
            status = -1;
        }
    }
    return status;
}

void demo_free(struct demo *demo)
{
    demo_observer_close(demo->observer);
    model_watcher_stop(demo->watcher);
    model_board_free(demo->board);
    feed_close(demo->feed);
    event_source_close(demo->source);
    embedded_broker_stop(demo->broker);
}
