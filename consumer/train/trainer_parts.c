#include "consumer/train/trainer_parts.h"

#include "common/base/log.h"

#include <string.h>

enum { OPEN_MS = 10000 };

int trainer_parts_learning(const struct trainer_config *from,
                           struct learner_config *out, struct error *err)
{
    struct learner_config config = {
        .fit = {.scale = from->scale,
                .calibrate = from->calibrate && from->scale.low == 0 &&
                             from->scale.high == 1},
        .limits = from->limits,
        .policy = {.every_ms = from->retrain_every_ms,
                   .rows = from->retrain_rows,
                   .rows_min = from->retrain_rows_min},
        .holdout = from->holdout,
        .ids_max = from->intake.log.ids_max,
        .folds = from->publish_every_ms > 0 && !from->once,
        .once = from->once,
    };
    struct fit_config *fit = &config.fit;

    if (from->limits.snapshot_bytes == 0)
        config.limits = fit_need_limits();
    if (model_find(from->algorithm, &fit->ops, err) < 0 ||
        params_start_served(fit->ops, &fit->params, err) < 0)
        return -1;
    fit->params.seed = from->seed;
    if (params_set(fit->ops, from->params, &fit->params, err) < 0)
        return -1;
    *out = config;
    return 0;
}

int trainer_check(const struct trainer_config *config, struct error *err)
{
    struct learner_config learning;
    struct signing_key key;

    if (!(config->scale.low < config->scale.high))
        return error_set(err, ERROR_CONFIG,
                         "model.low: %g is not below model.high, %g",
                         config->scale.low, config->scale.high);
    if (strcmp(config->models, config->chunks) == 0)
        return error_set(err, ERROR_CONFIG,
                         "topic.chunks: '%s' is topic.models too: name another",
                         config->chunks);
    if (trainer_parts_learning(config, &learning, err) < 0 ||
        signing_key_read(config->signing_key, &key, err) < 0)
        return -1;
    return 0;
}

/* The margin is what the join has to remember, and what windows that are not
 * judged yet hold. */
int trainer_parts_online(const struct trainer_config *from,
                         const struct learner_config *learning,
                         struct metrics *metrics, struct online_learner **out,
                         struct error *err)
{
    const struct join_config *join = &from->intake.join;
    const struct online_learner_config config = {
        .fit = learning->fit,
        .policy = learning->policy,
        .margin_ms = join->window_ms + join->late_ms +
                     (from->evaluate ? from->evaluation_window_ms : 0),
        .once = learning->once,
        .tracks = from->publish_every_ms > 0 && !learning->once,
    };

    return online_learner_new(&config, metrics, out, err);
}

int trainer_parts_outlet(const struct trainer_config *from,
                         struct metrics *metrics, struct model_outlet **out,
                         struct error *err)
{
    struct snapshot_publisher_config config = {
        .kafka = from->kafka, .chunk_bytes = from->chunk_bytes};

    if (signing_key_read(from->signing_key, &config.signing, err) < 0)
        return -1;
    memcpy(config.name, from->name, sizeof(config.name));
    memcpy(config.models, from->models, sizeof(config.models));
    memcpy(config.chunks, from->chunks, sizeof(config.chunks));
    return model_outlet_open(
        &config, from->once ? OUTLET_TRIES_TWICE : OUTLET_OUTLIVES_AN_OUTAGE,
        metrics, out, err);
}

int trainer_parts_bad_records(const struct trainer_config *from,
                              const struct manifest *covered,
                              struct bad_records **out, struct error *err)
{
    struct bad_records_config config = {.kafka = from->kafka,
                                        .policy = from->bad_records,
                                        .share_max = from->bad_share_max};

    memcpy(config.impressions, from->impressions, sizeof(config.impressions));
    memcpy(config.labels, from->labels, sizeof(config.labels));
    memcpy(config.dead_letters, from->dead_letters,
           sizeof(config.dead_letters));
    return bad_records_open(&config, covered, out, err);
}

int trainer_parts_source(const struct trainer_config *from,
                         struct kafka_watch *clients, int64_t from_ms,
                         const struct manifest *resumed,
                         struct record_source **out, struct error *err)
{
    struct merge_reader_config config = {
        .kafka = from->kafka,
        .topics = {from->impressions, from->labels},
        .from_ms = from_ms ? from_ms : MERGE_FROM_BEGINNING,
        .ends = from->once,
        .grows = !from->once,
        .linger_ms = from->linger_ms,
        .buffer_bytes = from->buffer_bytes,
        .timeout_ms = OPEN_MS,
    };

    config.kafka.watch = clients;
    if (from->intake.mode == JOIN_LABELS) {
        config.topics[0] = from->labels;
        config.topics[1] = NULL;
    }
    return record_source_open(&config, resumed, out, err);
}

int trainer_parts_evaluation(const struct trainer_config *from, int64_t from_ms,
                             struct record_source *source,
                             struct live_evaluation **out, struct error *err)
{
    struct live_evaluation_config config = {
        .kafka = from->kafka,
        .window_ms = from->evaluation_window_ms,
        .rows_max = from->evaluation_rows,
        .join = from->intake.join,
        .from_ms = from_ms,
        .once = from->once,
        .linger_ms = from->linger_ms,
        .buffer_bytes = from->buffer_bytes / 4,
        .output = from->evaluation_output,
        .schemas = from->intake.fields.schemas,
    };
    size_t count = 0;
    const struct offset_range *ranges = record_source_ranges(source, &count);

    if (!from->evaluate)
        return 0;
    if (from->intake.mode == JOIN_LABELS) {
        log_warn("models in service are not evaluated",
                 "reason=\"join=labels: impressions are not read\"");
        return 0;
    }
    memcpy(config.name, from->name, sizeof(config.name));
    memcpy(config.impressions, from->impressions, sizeof(config.impressions));
    memcpy(config.predictions, from->predictions, sizeof(config.predictions));
    memcpy(config.evaluations, from->evaluations, sizeof(config.evaluations));
    return live_evaluation_open(&config, ranges, count, out, err);
}
