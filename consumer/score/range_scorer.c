#include "consumer/score/range_scorer.h"

#include "common/base/log.h"

#include "consumer/read/event_message.h"
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
    struct event_reader *reader;
    struct event_scratch scratch; /* of one impression */
    struct range_counts *counts;
};

static int take(void *context, const struct message *message, struct error *err)
{
    struct pass *pass = context;
    const struct range_scorer_config *config = pass->config;
    struct impression impression;
    struct span headers[EVENT_PLAN_MAX];
    const char *field = NULL;
    const struct event_record record =
        event_message_record(message, pass->reader, headers);

    event_scratch_clear(&pass->scratch);
    if (event_scratch_ready(&pass->scratch, err) < 0)
        return -1;
    enum event_fault fault = event_reader_impression(
        pass->reader, &record, &pass->scratch, &impression, &field);
    if (fault == EVENT_PASSED_OVER)
        return 0;
    if (fault != EVENT_OK) {
        pass_over(message, fault, field, pass->counts);
        return 0;
    }
    const struct score_rules rules = {.names = &config->fields,
                                      .nobody = pass->nobody};
    struct range_scored scored = {.message = message,
                                  .impression = &impression};
    if (score_impression(&rules, &pass->model, &impression, message,
                         &scored.prediction, err) < 0)
        return -1;
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
        status = event_reader_new(&config->fields, EVENT_IMPRESSIONS,
                                  &pass.reader, err);
    if (status == 0)
        status = range_walk_run(&walk, extent.ranges, extent.count, err);
    id_set_free(pass.nobody);
    event_reader_free(pass.reader);
    event_scratch_free(&pass.scratch);
    topic_extent_free(&extent);
    return status;
}
