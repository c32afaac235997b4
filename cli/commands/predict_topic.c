#include "cli/commands/predict_topic.h"

#include "cli/commands/prediction_details.h"
#include "cli/data/csv_text.h"

#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/event/event_avro.h"
#include "common/event/event_json.h"

#include "consumer/score/batch_scorer.h"
#include "consumer/score/range_scorer.h"

#include "producer/publisher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FLUSH_MS = 60000, LINGER_MS = 5 };

struct work {
    const struct predict_topic_settings *settings;
    const struct snapshot *snapshot;
    struct publisher *publisher; /* NULL: CSV */
    struct buffer bytes;
};

/* --- CSV -------------------------------------------------------------- */

static int print(void *context, const struct range_scored *scored,
                 struct error *err)
{
    const struct work *work = context;
    const struct prediction *p = &scored->prediction;
    const enum csv_cells cells = csv_cells_of(work->settings->csv_safe);

    csv_print_id(stdout, &scored->impression->id, cells);
    printf(",%" PRId64 ",", scored->impression->ts_ms);
    csv_print_id(stdout, &scored->impression->user, cells);
    putchar(',');
    csv_print_id(stdout, &scored->impression->ad, cells);
    printf(",%.17g", p->value);
    if (work->settings->details)
        prediction_details_print(stdout, p);
    if (putchar('\n') == EOF)
        return error_set(err, ERROR_IO, "write to standard output: %s",
                         strerror(errno));
    return 0;
}

/* --- A topic ---------------------------------------------------------- */

/* As a scorer would have made it. */
static void encode(struct work *work, const struct range_scored *scored)
{
    struct model_state state = {.version = work->settings->version,
                                .delta = work->snapshot->delta};
    memcpy(state.hash, work->snapshot->sha256.bytes, MODEL_HASH_SIZE);
    memcpy(state.delta_hash, work->snapshot->delta_sha256.bytes,
           MODEL_HASH_SIZE);
    const struct prediction_event event = prediction_event_of(
        scored->impression, scored->message, &scored->prediction, &state);

    buffer_clear(&work->bytes);
    event_write_prediction(&work->settings->fields.predictions, &event,
                           &work->bytes);
}

static int send(void *context, const struct range_scored *scored,
                struct error *err)
{
    struct work *work = context;
    const struct message *message = scored->message;
    char neighbours[16];
    int size = snprintf(neighbours, sizeof(neighbours), "%" PRIu32,
                        scored->prediction.neighbours);
    const struct record_header details[] = {
        {"pctr.impossible", scored->prediction.impossible ? "1" : "0", 1},
        {"pctr.neighbours", neighbours, (size_t)size},
    };

    encode(work, scored);
    if (buffer_failed(&work->bytes))
        return error_no_memory(err, "the predictions");
    const struct outgoing out = {
        .partition = publisher_place(work->publisher, 0, message->partition),
        .key = message->key,
        .key_size = message->key_size,
        .value = work->bytes.bytes,
        .value_size = work->bytes.size,
        .headers = details,
        .header_count = work->settings->details ? 2 : 0,
    };
    publisher_serve(work->publisher);
    return publisher_send(work->publisher, &out, err);
}

static int open_publisher(struct work *work, const struct kafka_settings *kafka,
                          struct error *err)
{
    const struct predict_topic_settings *settings = work->settings;
    struct publisher_config config = {.kafka = *kafka,
                                      .linger_ms = LINGER_MS,
                                      .compression = "none",
                                      .topics = {settings->to_topic}};

    if (strcmp(settings->topic, settings->to_topic) == 0)
        return error_set(err, ERROR_USAGE,
                         "predictions cannot go to '%s', where the impressions "
                         "come from: name another --to_topic",
                         settings->topic);
    if (event_output_check(&settings->fields.predictions, "format.predictions",
                           err) < 0)
        return -1;
    return publisher_open(&config, &work->publisher, err);
}

/* --- Both ------------------------------------------------------------- */

static int finish(struct work *work, struct error *err)
{
    if (work->publisher)
        return publisher_finish(work->publisher, FLUSH_MS, err);
    if (fflush(stdout) != 0)
        return error_set(err, ERROR_IO, "write to standard output: %s",
                         strerror(errno));
    return 0;
}

static void tell(const struct work *work, const struct range_counts *counts)
{
    const char *topic = work->settings->topic;

    if (counts->gone > 0)
        log_warn("retention took what was asked for first",
                 "topic=%s offsets=%" PRIu64, topic, counts->gone);
    if (counts->faulty > 0)
        log_warn("records that are no impressions were passed over",
                 "topic=%s records=%" PRIu64, topic, counts->faulty);
    log_info("predicted", "topic=%s predictions=%" PRIu64, topic,
             counts->scored);
}

int predict_topic(const struct predict_topic_settings *settings,
                  const struct kafka_settings *kafka, struct snapshot *snapshot,
                  struct error *err)
{
    struct work work = {.settings = settings, .snapshot = snapshot};
    struct range_scorer_config config = {
        .kafka = *kafka,
        .query = {.topic = settings->topic,
                  .partition = EXTENT_ALL_PARTITIONS,
                  .timeout_ms = settings->timeout_ms},
        .fields = settings->fields,
        .snapshot = snapshot,
        .on_scored = print,
        .context = &work};
    struct range_counts counts;
    int status = -1;

    if (stop_on_signals(0, err) < 0 ||
        extent_query_bound(&config.query, settings->from, settings->to,
                           clock_wall_ms(), err) < 0)
        return -1;
    if (settings->to_topic[0]) {
        if (open_publisher(&work, kafka, err) < 0)
            return -1;
        config.on_scored = send;
    } else {
        printf("id,ts,user,ad,p%s\n",
               settings->details ? prediction_details_head(snapshot->model)
                                 : "");
    }
    if (range_scorer_run(&config, &counts, err) == 0 &&
        finish(&work, err) == 0) {
        tell(&work, &counts);
        status = stop_exit_status();
    }
    publisher_close(work.publisher);
    buffer_free(&work.bytes);
    return status;
}
