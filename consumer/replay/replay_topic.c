#include "consumer/replay/replay_topic.h"

#include "common/base/buffer.h"
#include "common/event/event_avro.h"
#include "common/event/event_json.h"

#include "consumer/score/batch_scorer.h"

#include "producer/publisher.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINGER_MS = 20, FLUSH_MS = 60000, SERVE_EVERY = 256 };

struct replay_topic {
    struct publisher *publisher;
    struct event_output output;
    struct buffer bytes; /* of the prediction being made */
    size_t sent;
};

static int check_topic(const struct replay_topic_config *config,
                       struct error *err)
{
    const size_t count = sizeof(config->others) / sizeof(config->others[0]);

    for (size_t i = 0; i < count; i++)
        if (config->others[i] && strcmp(config->topic, config->others[i]) == 0)
            return error_set(err, ERROR_CONFIG,
                             "predictions.topic: '%s' holds something else",
                             config->topic);
    if (strcmp(config->topic, config->live) == 0 && !config->is_forced)
        return error_set(err, ERROR_CONFIG,
                         "predictions.topic: '%s' is where the scorers' "
                         "predictions are: name another, or set "
                         "predictions.force",
                         config->topic);
    return 0;
}

int replay_topic_open(const struct replay_topic_config *config,
                      struct replay_topic **out, struct error *err)
{
    const struct publisher_config to = {.kafka = config->kafka,
                                        .linger_ms = LINGER_MS,
                                        .compression = "lz4",
                                        .topics = {config->topic}};

    if (check_topic(config, err) < 0 ||
        event_output_check(&config->output, "format.predictions", err) < 0)
        return -1;
    struct replay_topic *topic = calloc(1, sizeof(*topic));
    if (!topic)
        return error_no_memory(err, "predictions");
    if (publisher_open(&to, &topic->publisher, err) < 0) {
        free(topic);
        return -1;
    }
    topic->output = config->output;
    *out = topic;
    return 0;
}

static int encode(struct replay_topic *topic,
                  const struct replay_topic_answers *answers, size_t contender,
                  struct error *err)
{
    const struct contender *by = &answers->contenders[contender];
    struct prediction_event prediction = prediction_event_of(
        answers->event, answers->message, &by->said, &by->state);

    prediction.contender = by->spec.name;
    buffer_clear(&topic->bytes);
    event_write_prediction(&topic->output, &prediction, &topic->bytes);
    return buffer_failed(&topic->bytes) ? error_no_memory(err, "a prediction")
                                        : 0;
}

static int send(struct replay_topic *topic, const struct message *message,
                struct error *err)
{
    const struct outgoing out = {
        .partition = publisher_place(topic->publisher, 0, message->partition),
        .key = message->key,
        .key_size = message->key_size,
        .value = topic->bytes.bytes,
        .value_size = topic->bytes.size};

    if (++topic->sent % SERVE_EVERY == 0)
        publisher_serve(topic->publisher);
    return publisher_send(topic->publisher, &out, err);
}

int replay_topic_send(struct replay_topic *topic,
                      const struct replay_topic_answers *answers,
                      struct error *err)
{
    for (size_t c = 0; c < answers->count; c++)
        if (!isnan(answers->answers[c].p) &&
            (encode(topic, answers, c, err) < 0 ||
             send(topic, answers->message, err) < 0))
            return error_wrap(err, "predictions.topic");
    return 0;
}

int replay_topic_flush(struct replay_topic *topic, struct error *err)
{
    return publisher_finish(topic->publisher, FLUSH_MS, err) < 0
               ? error_wrap(err, "predictions.topic")
               : 0;
}

void replay_topic_close(struct replay_topic *topic)
{
    if (!topic)
        return;
    publisher_close(topic->publisher);
    buffer_free(&topic->bytes);
    free(topic);
}
