#include "consumer/score/range_scorer.h"

#include "common/base/log.h"

#include "consumer/read/range_walk.h"
#include "consumer/score/score_question.h"

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
    struct impression_reader *reader;
    struct event_scratch scratch; /* of one impression */
    struct range_counts *counts;
};

static int take(void *context, const struct message *message, struct error *err)
{
    struct pass *pass = context;
    const struct range_scorer_config *config = pass->config;
    struct impression impression;
    const char *field = NULL;

    event_scratch_clear(&pass->scratch);
    if (event_scratch_ready(&pass->scratch, err) < 0)
        return -1;
    enum event_fault fault = impression_reader_read(
        pass->reader, message, &pass->scratch, &impression, &field);
    if (fault == EVENT_PASSED_OVER)
        return 0;
    if (fault != EVENT_OK) {
        pass_over(message, fault, field, pass->counts);
        return event_reader_check(&config->fields, fault, err);
    }
    const struct score_rules rules = {.reader = pass->reader,
                                      .scratch = &pass->scratch,
                                      .nobody = pass->nobody,
                                      .defaults = config->fields.defaults};
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
        status = impression_reader_new(&config->fields, &pass.reader, err);
    if (status == 0)
        status = range_walk_run(&walk, extent.ranges, extent.count, err);
    id_set_free(pass.nobody);
    impression_reader_free(pass.reader);
    event_scratch_free(&pass.scratch);
    topic_extent_free(&extent);
    return status;
}
