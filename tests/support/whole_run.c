#include "support/whole_run.h"

#include "support/allowance.h"
#include "support/metrics_page.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WAIT_MS = 120000, /* of a busy machine, as the next */
    STOP_MS = 20000,
    ARGUMENTS_MAX = 24,
    KILLED = 128 + SIGKILL,
};

/* --- Starting --------------------------------------------------------- */

static void choose_source(struct whole_run *run)
{
    const char *folder = getenv("PCTR_DATA");

    run->anonymous = "";
    if (folder && *folder) {
        snprintf(run->file, sizeof(run->file),
                 "%s/Click_prediction_small.csv.gz", folder);
        run->anonymous = "0"; /* a quarter of its rows */
    }
    printf("source: %s\n", run->file[0] ? "real clicks" : "synthetic world");
}

static void anonymous_option(const struct whole_run *run, char option[64])
{
    snprintf(option, 64, "--field.anonymous=%s", run->anonymous);
}

static void start_part(const struct whole_run *run, const char *command,
                       const char *const more[], struct child_process *child)
{
    struct pipeline way = run->pipe;

    if (run->options.brokers)
        snprintf(way.brokers, sizeof(way.brokers), "%s", run->options.brokers);
    child_end(child);
    pipeline_start(&way, command, more, child);
}

void whole_run_start_scorer(struct whole_run *run, int slot)
{
    const char *folder = run->options.state_dirs[slot];
    char slot_option[16], anonymous[64], state[600];
    const char *more[] = {slot_option, anonymous, state, "--workers=2",
                          "--http.port=0",
                          /* Broken connections are noticed soon. */
                          "-Xconsumer.session.timeout.ms=6000",
                          "-Xconsumer.heartbeat.interval.ms=500", NULL};

    snprintf(slot_option, sizeof(slot_option), "--slot=%d", slot);
    snprintf(state, sizeof(state), "--state.dir=%s", folder ? folder : "");
    anonymous_option(run, anonymous);
    start_part(run, "score", more, &run->scorers[slot]);
}

/* Behind those that are there. */
static void add_options(const char *arguments[ARGUMENTS_MAX + 1],
                        const char *const *options)
{
    size_t count = 0;

    while (arguments[count])
        count++;
    while (*options) {
        ck_assert_uint_lt(count, ARGUMENTS_MAX);
        arguments[count++] = *options++;
    }
}

void whole_run_start_trainer(struct whole_run *run)
{
    static const char *const factors[] = {"--model.params=factors=10 epochs=10",
                                          "--retrain.every_ms=0",
                                          "--retrain.rows=3000", NULL};
    char port[32], anonymous[64];
    const char *more[ARGUMENTS_MAX + 1] = {port, anonymous};

    snprintf(port, sizeof(port), "--http.port=%u", run->trainer_port);
    anonymous_option(run, anonymous);
    add_options(more, run->options.trainer ? run->options.trainer : factors);
    start_part(run, "train", more, &run->trainer);
}

struct child_process *whole_run_part(struct whole_run *run, int part)
{
    return part == WHOLE_RUN_TRAINER ? &run->trainer : &run->scorers[part];
}

const char *whole_run_name(int part)
{
    static const char *const names[WHOLE_RUN_PARTS] = {"scorer 0", "scorer 1",
                                                       "trainer"};

    return names[part];
}

void whole_run_kill(struct whole_run *run, int part)
{
    child_signal(whole_run_part(run, part), SIGKILL);
    ck_assert_int_eq(child_wait(whole_run_part(run, part), WAIT_MS), KILLED);
}

void whole_run_start_part(struct whole_run *run, int part)
{
    if (part == WHOLE_RUN_TRAINER)
        whole_run_start_trainer(run);
    else
        whole_run_start_scorer(run, part);
}

static void start_feed(struct whole_run *run, unsigned rate)
{
    static const char *const pairs[] = {"--extras=none", NULL};
    char rate_option[32], rows[64], anonymous[64];
    const char *more[ARGUMENTS_MAX + 1] = {rate_option, anonymous,
                                           run->file[0] ? run->file : "--world",
                                           run->file[0] ? NULL : rows};

    snprintf(rate_option, sizeof(rate_option), "--rate=%u",
             allowance_rate(rate));
    snprintf(rows, sizeof(rows), "--world.rows=%" PRIu64, run->rows);
    anonymous_option(run, anonymous);
    add_options(more, run->options.feed ? run->options.feed : pairs);
    pipeline_start(&run->pipe, "feed", more, &run->feed);
}

void whole_run_start(struct whole_run *run, int32_t partitions, unsigned rate)
{
    *run = (struct whole_run){.rows = run->rows ? run->rows : 40000,
                              .options = run->options};
    choose_source(run);
    pipeline_create(&run->pipe, partitions);
    run->trainer_port = metrics_page_free_port();
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++)
        whole_run_start_scorer(run, slot);
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++)
        child_await_error(&run->scorers[slot], "\"scoring\"", WAIT_MS);
    start_feed(run, rate);
    kafka_fixture_await(run->pipe.names[PIPE_PREDICTIONS], 1, WAIT_MS);
    whole_run_start_trainer(run);
}

/* --- The books of the join -------------------------------------------- */

static uint64_t log_sum(const char *log, const char *words,
                        const char *const fields[])
{
    uint64_t sum = 0;

    for (; *fields; fields++)
        sum += child_log_number(log, words, *fields);
    return sum;
}

static void check_books(struct whole_run *run)
{
    static const char *const states[] = {"positive", "negative", "open",
                                         "unknown", NULL};
    static const char *const fates[] = {
        "joined",       "late",      "duplicate",
        "contradicted", "corrected", "orphan",
        "waiting",      "given_up",  NULL};
    char *log = child_errors(&run->trainer);
    uint64_t impressions = child_log_number(log, "learned", "impressions");
    uint64_t labels = child_log_number(log, "labels", "labels");

    printf("join: impressions=%" PRIu64 " positive=%" PRIu64 " labels=%" PRIu64
           " joined=%" PRIu64 " late=%" PRIu64 " orphan=%" PRIu64 "\n",
           impressions, child_log_number(log, "learned", "positive"), labels,
           child_log_number(log, "labels", "joined"),
           child_log_number(log, "labels", "late"),
           child_log_number(log, "labels", "orphan"));
    ck_assert_uint_eq(impressions, (uint64_t)topic_ends_sum(
                                       run->pipe.names[PIPE_IMPRESSIONS]));
    ck_assert_uint_eq(impressions, log_sum(log, "learned", states));
    ck_assert_uint_eq(labels,
                      (uint64_t)topic_ends_sum(run->pipe.names[PIPE_LABELS]));
    ck_assert_uint_eq(labels, log_sum(log, "labels", fates));
    ck_assert_uint_eq(child_log_number(log, "learned", "repeated"), 0);
    if (!run->may_orphan)
        ck_assert_uint_eq(child_log_number(log, "labels", "orphan"), 0);
    free(log);
}

/* --- Ending ----------------------------------------------------------- */

void whole_run_stop_feed(struct whole_run *run)
{
    pipeline_stop(&run->feed, STOP_MS);
}

void whole_run_await_feed(struct whole_run *run, unsigned timeout_ms)
{
    int status = child_wait(&run->feed, timeout_ms);
    char *errors = child_errors(&run->feed);

    ck_assert_msg(status == 0, "feed: status %d: %s", status,
                  child_last_words(errors));
    free(errors);
}

void whole_run_finish(struct whole_run *run, unsigned timeout_ms)
{
    pipeline_await_scored(&run->pipe, timeout_ms);
    pipeline_await_learned(&run->pipe, run->trainer_port, timeout_ms);
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++)
        pipeline_stop(&run->scorers[slot], STOP_MS);
    pipeline_stop(&run->trainer, STOP_MS);
    check_books(run);
}

void whole_run_end(struct whole_run *run)
{
    child_end(&run->feed);
    child_end(&run->trainer);
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++)
        child_end(&run->scorers[slot]);
}
