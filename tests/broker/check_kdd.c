/*
 * check_kdd.c - real clicks with all their fields, learned as they come: two
 * scorers and a trainer are killed at random, and a stranger writes deltas that
 * continue nothing. Each impression is predicted once, each prediction can be
 * made again bit for bit, and the model is as good as one in memory.
 *
 * Click_prediction_small.csv.gz (KDD Cup 2012, OpenML 1220) in the folder
 * PCTR_DATA. PCTR_SEED repeats the moments and who is killed.
 */
#include "support/allowance.h"
#include "support/chance.h"
#include "support/delta_stranger.h"
#include "support/model_trail.h"
#include "support/own_broker.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"
#include "support/whole_run.h"

#include "common/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 39948, /* of the file */
    PARTITIONS = 4,
    RATE = 160,     /* so that it takes four minutes */
    PROGRESS = 200, /* records between two kills, */
    REST_MS = 4000, /* and at most this time */
    DELTAS = 20,    /* that predictions name, at least, */
    SNAPSHOTS = 3,  /* and as many that no delta was applied to */
    WAIT_MS = 240000,
};

static const char params_option[] =
    "--model.params=fields=user+ad+url_hash+advertiser_id+depth+position+"
    "query_id+keyword_id+title_id+description_id+user*advertiser_id bits=20";
static const char columns_option[] =
    "--fields=user,ad,url_hash,advertiser_id,depth,position,query_id,"
    "keyword_id,title_id,description_id,user*advertiser_id";

/* A second is 160 seconds of event time. A trainer takes live records in
 * their order where no partition is further behind than the linger. */
static const char *const feed_options[] = {"--clock.start=2025-03-01",
                                           "--clock.step_ms=1000",
                                           "--label.delay_ms=60000", NULL};
static const char *const trainer_options[] = {"--model.algorithm=fields",
                                              params_option,
                                              "--retrain.every_ms=20000",
                                              "--publish.every_ms=1500",
                                              "--join.window_ms=300000",
                                              "--join.late_ms=300000",
                                              "--evaluation.window_ms=600000",
                                              "--merge.linger_ms=3000",
                                              NULL};

enum { TRAINER_OPTIONS = sizeof(trainer_options) / sizeof(char *) };

static struct whole_run run;
static struct proceedings proceedings;
static uint64_t random_state;
static char folder[] = "/tmp/pctr-kdd-XXXXXX";
static char state_dirs[WHOLE_RUN_SCORERS][64];
static int kills[WHOLE_RUN_PARTS];

static void start_broker(void)
{
    own_broker_start("kdd", 1);
}

static void start(void)
{
    random_state = chance_seed();
    ck_assert_ptr_nonnull(mkdtemp(folder));
    run.options =
        (struct whole_run_options){feed_options, trainer_options, {NULL}};
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++) {
        snprintf(state_dirs[slot], sizeof(state_dirs[slot]), "%s/%d", folder,
                 slot);
        run.options.state_dirs[slot] = state_dirs[slot];
    }
    whole_run_start(&run, PARTITIONS, RATE);
    ck_assert_msg(run.file[0] != '\0', "PCTR_DATA is empty");
}

static void stop(void)
{
    const char *const remove[] = {"/bin/rm", "-rf", folder, NULL};
    struct child_process child = {.pid = 0};

    proceedings_free(&proceedings);
    whole_run_end(&run);
    child_start(&child, remove, NULL);
    child_wait(&child, WAIT_MS);
    child_end(&child);
}

/* --- Kills ------------------------------------------------------------ */

/* So many records more are scored, or all have been fed. */
static void await_more(int64_t records)
{
    const char *topic = run.pipe.names[PIPE_PREDICTIONS];
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(WAIT_MS);
    int64_t wanted = topic_ends_sum(topic) + records;

    while (topic_ends_sum(topic) < wanted && child_is_running(&run.feed)) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "nothing more is scored");
        clock_sleep_ms(50);
    }
}

/* The trainer in one of five kills: it needs some time to publish deltas. */
static void kill_one(void)
{
    static const int choice[] = {0, 0, 1, 1, WHOLE_RUN_TRAINER};
    const int part = choice[chance_below(&random_state, 5)];
    char now[CLOCK_TEXT_SIZE];

    whole_run_kill(&run, part);
    whole_run_start_part(&run, part);
    kills[part]++;
    printf("%s: kills %s\n", clock_format(clock_wall_ms(), now),
           whole_run_name(part));
    fflush(stdout);
}

/* Until so many impressions are there, or all of them. */
static void kill_at_random(int64_t impressions)
{
    while (child_is_running(&run.feed) &&
           topic_ends_sum(run.pipe.names[PIPE_IMPRESSIONS]) < impressions) {
        await_more(PROGRESS);
        chance_pause(&random_state, REST_MS);
        kill_one();
    }
}

/* --- The stranger ----------------------------------------------------- */

/* The newest prediction of each partition names it. */
static bool is_in_service(uint64_t epoch, uint32_t delta)
{
    struct fixture_records all =
        kafka_fixture_read(run.pipe.names[PIPE_PREDICTIONS]);
    size_t partitions = 0;

    for (size_t i = 0; i < all.count; i++) {
        if (i + 1 < all.count && all.at[i + 1].partition == all.at[i].partition)
            continue;
        const struct fixture_records last = {&all.at[i], 1};
        const struct model_state state = named_models(&last).last;
        partitions += state.version == epoch && state.delta == delta;
    }
    fixture_records_free(&all);
    return partitions == PARTITIONS;
}

static void await_in_service(uint64_t epoch, uint32_t delta)
{
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(WAIT_MS);

    while (!is_in_service(epoch, delta)) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "delta %u of version %" PRIu64 " does not serve", delta,
                      epoch);
        clock_sleep_ms(200);
    }
}

/* Behind a delta, and not behind a snapshot. */
static void stop_trainer(void)
{
    static const char words[] = "\"delta published\"";
    struct published_models all;

    for (;;) {
        child_await_errors(&run.trainer, words,
                           child_count_errors(&run.trainer, words) + 1,
                           WAIT_MS);
        pipeline_stop(&run.trainer, WAIT_MS);
        all = published_models(&run.pipe);
        if (all.newest_delta.epoch == all.newest.epoch)
            return;
        whole_run_start_trainer(&run);
    }
}

static void offend(struct delta_stranger *stranger, enum delta_offence offence)
{
    const char *reason = delta_offence_reason(offence);
    int before[WHOLE_RUN_SCORERS];

    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++)
        before[slot] = child_count_errors(&run.scorers[slot], reason);
    delta_stranger_commit(stranger, offence);
    for (int slot = 0; slot < WHOLE_RUN_SCORERS; slot++)
        child_await_errors(&run.scorers[slot], reason, before[slot] + 1,
                           WAIT_MS);
    printf("refused by both: %s\n", reason);
}

/* The old state serves on, until the one that came too early can be applied. */
static void let_stranger_write(void)
{
    stop_trainer();
    struct delta_stranger *stranger =
        delta_stranger_open(&run.pipe, strchr(params_option, '=') + 1);
    const uint64_t epoch = delta_stranger_epoch(stranger);
    const uint32_t delta = delta_stranger_number(stranger);

    await_in_service(epoch, delta);
    for (int i = 0; i < DELTA_OFFENCES; i++)
        offend(stranger, (enum delta_offence)i);
    await_more(PROGRESS * PARTITIONS);
    ck_assert(is_in_service(epoch, delta));
    await_in_service(epoch, delta_stranger_complete(stranger));
    ck_assert(child_is_running(&run.feed));
    delta_stranger_close(stranger);
    whole_run_start_trainer(&run);
}

/* --- What came of it -------------------------------------------------- */

static void stop_all(void)
{
    whole_run_await_feed(&run, WAIT_MS);
    pipeline_await_scored(&run.pipe, WAIT_MS);
    for (int part = 0; part < WHOLE_RUN_PARTS; part++)
        pipeline_stop(whole_run_part(&run, part), WAIT_MS);
}

static void judge(void)
{
    printf("fault 25|real clicks|two scorers and a trainer of all fields "
           "killed at random, deltas of a stranger|%d\n",
           kills[0] + kills[1] + kills[WHOLE_RUN_TRAINER]);
    struct verdict verdict =
        pipeline_judge(&run.pipe, "real clicks", &proceedings);
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.impressions, ROWS);
    ck_assert_uint_eq(verdict.predictions, ROWS);
    for (int part = 0; part < WHOLE_RUN_PARTS; part++)
        printf("%s: killed %d times\n", whole_run_name(part), kills[part]);
}

static void count_models(void)
{
    const struct published_models all = published_models(&run.pipe);
    const struct named_models named = named_models(&proceedings.predictions);

    printf("published: snapshots=%zu deltas=%zu; predictions name: "
           "snapshots=%zu deltas=%zu\n",
           all.snapshots, all.deltas, named.snapshots, named.deltas);
    ck_assert_uint_ge(named.snapshots, SNAPSHOTS);
    ck_assert_uint_ge(named.deltas, DELTAS);
}

static void verify(void)
{
    const char *more[] = {"--field.anonymous=0", "--json", NULL};
    char *said = pipeline_run(&run.pipe, "verify", more, WAIT_MS), all[64];

    printf("verify: %s", said);
    snprintf(all, sizeof(all), "\"verified\":%d,", ROWS);
    ck_assert_msg(strstr(said, all) != NULL, "not %s", all);
    free(said);
}

static struct manifest train_to_the_end(const struct pipeline *pipe)
{
    const char *more[TRAINER_OPTIONS + 4] = {"--exit.at_end", "--http.port=0",
                                             "--evaluate=false",
                                             "--field.anonymous=0"};

    memcpy(&more[4], trainer_options, sizeof(trainer_options));
    free(pipeline_run(pipe, "train", more, WAIT_MS));
    return published_models(pipe).newest;
}

/* Of `pctr cv`, which asks the rows of the file in their order, and then learns
 * each; the first 1,000 are only learned, as by the trainer. */
static double entropy_of_file(void)
{
    static const char name[] = "\"normalised_entropy\":";
    const char *const arguments[] = {"cv",
                                     run.file,
                                     "--models=fields",
                                     columns_option,
                                     "--params=bits=20",
                                     "--split=shuffle",
                                     "--split.shuffle=false",
                                     "--split.folds=1",
                                     "--split.test_size=0.975",
                                     "--progressive",
                                     "--json",
                                     NULL};
    struct child_process child = {.pid = 0};

    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    char *said = child_output(&child);
    const char *at = strstr(said, name);
    ck_assert_msg(at != NULL, "no %s: %s", name, said);
    const double entropy = strtod(at + strlen(name), NULL);
    free(said);
    child_end(&child);
    return entropy;
}

/* A model of another name learns the same events in one go. */
static void compare_models(void)
{
    struct pipeline beside;

    pipeline_create_beside(&run.pipe, &beside);
    const struct manifest killed = train_to_the_end(&run.pipe);
    const struct manifest whole = train_to_the_end(&beside);
    const double file = entropy_of_file();
    printf("entropy: killed=%.4f of %" PRIu64 " rows, whole=%.4f of %" PRIu64
           " rows, cv=%.4f\n",
           killed.metrics.normalised_entropy, killed.metrics.rows,
           whole.metrics.normalised_entropy, whole.metrics.rows, file);
    ck_assert_uint_eq(killed.rows, whole.rows);
    ck_assert(digest_equals(&killed.sha256, &whole.sha256));
    ck_assert_double_eq_tol(whole.metrics.normalised_entropy, file, 0.01);
}

START_TEST(every_click_is_predicted_once_and_can_be_made_again)
{
    kill_at_random(ROWS / 4);
    let_stranger_write();
    kill_at_random(ROWS);
    stop_all();
    judge();
    count_models();
    verify();
    compare_models();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kdd");
    TCase *tests = tcase_create("own broker");

    tcase_set_timeout(tests, 1500);
    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, every_click_is_predicted_once_and_can_be_made_again);
    suite_add_tcase(suite, tests);
    return getenv("PCTR_DATA")
               ? kafka_fixture_main(
                     suite, "real clicks, learned with all their fields")
               : run_suite_of_data(suite);
}
