#include "consumer/score/range_scorer.h"

#include "common/base/log.h"
#include "common/event/event_codec.h"

#include "consumer/read/range_walk.h"
#include "consumer/score/score_batch.h"

#include <inttypes.h>

/* The first one is named: the others are probably like it. */
static void pass_over(const struct message *message, enum event_fault fault,
                      const char *field, struct range_counts *counts)
{
    if (counts->faulty++ == 0)
        log_warn("a record is no impression",
                 "partition=%" PRId32 " offset=%" PRId64
                 " fault=%s field=\"%s\"",
                 message->partition, message->offset, event_fault_name(fault),
                 field ? field : "");
}

struct pass {
    const struct range_scorer_config *config;
    struct served_model model;
    struct id_set *nobody;
    struct range_counts *counts;
};

static int take(void *context, const struct message *message, struct error *err)
{
    const struct pass *pass = context;
    const struct range_scorer_config *config = pass->config;
    struct impression impression;
    const char *field = NULL;
    enum event_fault fault =
        event_decode_impression(&config->fields, message->value,
                                message->value_size, &impression, &field);

    if (fault != EVENT_OK) {
        pass_over(message, fault, field, pass->counts);
        return 0;
    }
    const struct range_scored scored = {
        .message = message,
        .impression = &impression,
        .prediction =
            score_impression(&(struct score_rules){.names = &config->fields,
                                                   .nobody = pass->nobody},
                             &pass->model, &impression, message),
    };
    pass->counts->scored++;
    return config->on_scored(config->context, &scored, err);
}

int range_scorer_run(const struct range_scorer_config *config,
                     struct range_counts *counts, struct error *err)
{
    struct topic_extent extent = {.count = 0};
    struct pass pass = {.config = config,
                        .model = {.snapshot = config->snapshot},
                        .counts = counts};
    const struct range_walk walk = {.kafka = &config->kafka,
                                    .topic = config->query.topic,
                                    .timeout_ms = config->query.timeout_ms,
                                    .on_record = take,
                                    .context = &pass};

    *counts = (struct range_counts){0};
    if (topic_extent_find(&config->kafka, &config->query, &extent, err) < 0)
        return -1;
    counts->gone = extent.gone;
    int status = id_set_new(config->fields.anonymous, &pass.nobody, err);
    if (status == 0)
        status = range_walk_run(&walk, extent.ranges, extent.count, err);
    id_set_free(pass.nobody);
    topic_extent_free(&extent);
    return status;
}
