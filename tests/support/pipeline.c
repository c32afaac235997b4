#include "support/pipeline.h"

#include "support/metrics_page.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 48, HANGING_MS = 30000 };

static const char *const stems[PIPE_NAMES] = {
    "topic.impressions",  "topic.labels", "topic.predictions",
    "topic.dead_letters", "topic.models", "topic.chunks",
    "topic.evaluations",  "group",        "model.name"};

/* Which of the options each command knows. */
static const struct {
    const char *command;
    bool knows[PIPE_NAMES];
} commands[] = {
    {"feed", {[PIPE_IMPRESSIONS] = true, [PIPE_LABELS] = true}},
    {"score",
     {[PIPE_IMPRESSIONS] = true,
      [PIPE_PREDICTIONS] = true,
      [PIPE_DEAD_LETTERS] = true,
      [PIPE_MODELS] = true,
      [PIPE_CHUNKS] = true,
      [PIPE_GROUP] = true,
      [PIPE_MODEL] = true}},
    {"train",
     {[PIPE_IMPRESSIONS] = true,
      [PIPE_LABELS] = true,
      [PIPE_PREDICTIONS] = true,
      [PIPE_DEAD_LETTERS] = true,
      [PIPE_MODELS] = true,
      [PIPE_CHUNKS] = true,
      [PIPE_EVALUATIONS] = true,
      [PIPE_MODEL] = true}},
    {"replay",
     {[PIPE_IMPRESSIONS] = true,
      [PIPE_LABELS] = true,
      [PIPE_PREDICTIONS] = true,
      [PIPE_MODELS] = true,
      [PIPE_CHUNKS] = true,
      [PIPE_MODEL] = true}},
    {"cat", {[PIPE_EVALUATIONS] = true}},
    {"predict",
     {[PIPE_MODELS] = true, [PIPE_CHUNKS] = true, [PIPE_MODEL] = true}},
    {"snapshot",
     {[PIPE_MODELS] = true, [PIPE_CHUNKS] = true, [PIPE_MODEL] = true}},
    {"verify",
     {[PIPE_IMPRESSIONS] = true,
      [PIPE_PREDICTIONS] = true,
      [PIPE_MODELS] = true,
      [PIPE_CHUNKS] = true,
      [PIPE_MODEL] = true}},
};

void pipeline_name_defaults(struct pipeline *pipe, int32_t partitions)
{
    static const char *const names[PIPE_NAMES] = {
        "pctr.impressions",  "pctr.labels", "pctr.predictions",
        "pctr.dead-letters", "pctr.models", "pctr.model-chunks",
        "pctr.evaluations",  "pctr-score",  "click"};

    pipe->partitions = partitions;
    for (int i = 0; i < PIPE_NAMES; i++)
        snprintf(pipe->names[i], sizeof(pipe->names[i]), "%s", names[i]);
}

void pipeline_create(struct pipeline *pipe, int32_t partitions)
{
    struct kafka_settings kafka = kafka_fixture_settings();

    memset(pipe, 0, sizeof(*pipe));
    pipe->partitions = partitions;
    memcpy(pipe->brokers, kafka.brokers, sizeof(kafka.brokers));
    for (int i = 0; i < PIPE_NAMES; i++) {
        const char *dot = strchr(stems[i], '.');
        kafka_fixture_name(dot ? dot + 1 : stems[i], pipe->names[i]);
        snprintf(pipe->options[i], PIPELINE_OPTION_SIZE, "--%s=%s", stems[i],
                 pipe->names[i]);
    }
    for (int i = 0; i < PIPE_TOPICS; i++)
        kafka_fixture_create(pipe->names[i], i >= PIPE_MODELS ? 1 : partitions,
                             "-1");
}

void pipeline_create_beside(const struct pipeline *first, struct pipeline *pipe)
{
    pipeline_create(pipe, first->partitions);
    for (int i = PIPE_IMPRESSIONS; i <= PIPE_LABELS; i++) {
        memcpy(pipe->names[i], first->names[i], sizeof(pipe->names[i]));
        memcpy(pipe->options[i], first->options[i], sizeof(pipe->options[i]));
    }
}

static const bool *known_to(const char *command)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].command, command) == 0)
            return commands[i].knows;
    ck_abort_msg("no command '%s'", command);
}

void pipeline_start(const struct pipeline *pipe, const char *command,
                    const char *const more[], struct child_process *child)
{
    const char *all[ARGUMENTS_MAX + 1] = {command, "-b", pipe->brokers};
    const bool *knows = known_to(command);
    size_t count = 3;

    for (int i = 0; i < PIPE_NAMES; i++)
        if (knows[i])
            all[count++] = pipe->options[i];
    while (*more) {
        ck_assert_uint_lt(count, ARGUMENTS_MAX);
        all[count++] = *more++;
    }
    child_start_pctr(child, all);
}

/* A good end, or what it said. */
static void await_end(struct child_process *child, unsigned timeout_ms)
{
    int status = child_wait(child, timeout_ms);
    char *errors = child_errors(child);

    ck_assert_msg(status == 0, "status %d: %s", status,
                  child_last_words(errors));
    free(errors);
}

char *pipeline_run(const struct pipeline *pipe, const char *command,
                   const char *const more[], unsigned timeout_ms)
{
    struct child_process child = {.pid = 0};

    pipeline_start(pipe, command, more, &child);
    await_end(&child, timeout_ms);
    char *output = child_output(&child);
    child_end(&child);
    return output;
}

void pipeline_stop(struct child_process *child, unsigned timeout_ms)
{
    child_await_handler(child, SIGTERM, timeout_ms);
    child_signal(child, SIGTERM);
    await_end(child, timeout_ms);
}

void pipeline_await_scored(const struct pipeline *pipe, unsigned timeout_ms)
{
    topic_ends_await_group(pipe->names[PIPE_IMPRESSIONS],
                           pipe->names[PIPE_GROUP], timeout_ms);
}

static void await_read(const struct pipeline *pipe, enum pipeline_name name,
                       unsigned port, const char *metric, unsigned timeout_ms)
{
    metrics_page_await(port, metric, (double)topic_ends_sum(pipe->names[name]),
                       timeout_ms);
}

void pipeline_await_learned(const struct pipeline *pipe, unsigned trainer_port,
                            unsigned timeout_ms)
{
    await_read(pipe, PIPE_IMPRESSIONS, trainer_port,
               "pctr_records_consumed_total{topic=\"impressions\"}",
               timeout_ms);
    await_read(pipe, PIPE_LABELS, trainer_port,
               "pctr_records_consumed_total{topic=\"labels\"}", timeout_ms);
}

void pipeline_read(const struct pipeline *pipe, struct proceedings *out)
{
    topic_ends_await_stable(pipe->names[PIPE_PREDICTIONS], HANGING_MS);
    topic_ends_await_stable(pipe->names[PIPE_DEAD_LETTERS], HANGING_MS);
    out->impressions = kafka_fixture_read(pipe->names[PIPE_IMPRESSIONS]);
    out->predictions = kafka_fixture_read(pipe->names[PIPE_PREDICTIONS]);
    out->dead_letters = kafka_fixture_read(pipe->names[PIPE_DEAD_LETTERS]);
    topic_ends_committed(pipe->names[PIPE_IMPRESSIONS], pipe->names[PIPE_GROUP],
                         out->committed);
    out->evidence =
        (struct evidence){&out->impressions, &out->predictions,
                          &out->dead_letters, out->committed, pipe->partitions};
}

void proceedings_free(struct proceedings *proceedings)
{
    fixture_records_free(&proceedings->impressions);
    fixture_records_free(&proceedings->predictions);
    fixture_records_free(&proceedings->dead_letters);
}

struct verdict pipeline_judge(const struct pipeline *pipe, const char *run,
                              struct proceedings *out)
{
    pipeline_read(pipe, out);
    struct verdict verdict = verifier_judge(&out->evidence);
    verdict_print(run, &verdict);
    return verdict;
}
