/*
 * check_deltas.c - what a model learns after its snapshot reaches its scorers
 * by deltas, whether it learns online or its biases go on between two fits:
 * with kills of the scorer and the trainer every prediction can be made again,
 * bit for bit; and deltas that are damaged, doubled, reordered, missing or of
 * another chain are refused while the state in service serves on.
 */
#include "support/delta_stranger.h"
#include "support/model_trail.h"
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/event/event_codec.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTITIONS = 2,
    LIVES = 3,   /* of the trainer */
    DELTAS = 10, /* at least, in each of them */
    WAIT_MS = 60000,
    OFFSETS = 200000, /* of a partition, at most */
};

static const struct {
    const char *algorithm, *params;
} models[] = {
    {"--model.algorithm=fields",
     "--model.params=fields=user+ad+user*ad bits=16 start=0.1"},
    {"--model.algorithm=baseline", "--model.params=bsl_reg_u=12"},
    {"--model.algorithm=svd", "--model.params=factors=8 epochs=10"},
};
enum { MODELS = sizeof(models) / sizeof(models[0]), OF_FIELDS = 0 };

static int model; /* that is learned */
static struct pipeline line;
static struct child_process trainer, scorer, feed;
static char state_dir[64];

static void stop(void)
{
    const char *const remove[] = {"/bin/rm", "-rf", state_dir, NULL};
    struct child_process child = {.pid = 0};

    child_end(&feed);
    child_end(&trainer);
    child_end(&scorer);
    child_start(&child, remove, NULL);
    child_wait(&child, WAIT_MS);
    child_end(&child);
}

/* --- Processes -------------------------------------------------------- */

/* Half an hour of event time a second, and a click comes within minutes. */
static void start_feed(int life)
{
    char ids[32], start[64], seed[32];
    const char *more[] = {"--world",
                          "--world.rows=1000000",
                          "--world.users=400",
                          "--world.ads=60",
                          "--rate=1500",
                          "--clock.step_ms=500",
                          "--label.delay_ms=60000",
                          ids,
                          start,
                          seed,
                          NULL};

    snprintf(ids, sizeof(ids), "--id.start=%d", 1 + life * 1000000);
    snprintf(start, sizeof(start), "--clock.start=2026-11-%02dT00:00:00Z",
             10 + 2 * life);
    snprintf(seed, sizeof(seed), "--seed=%d", life + 1);
    child_end(&feed);
    pipeline_start(&line, "feed", more, &feed);
}

static void start_trainer(const struct pipeline *at, const char *end)
{
    const char *more[] = {"--http.port=0",
                          models[model].algorithm,
                          models[model].params,
                          "--retrain.every_ms=3600000",
                          "--publish.every_ms=300",
                          "--join.window_ms=300000",
                          "--join.late_ms=300000",
                          "--evaluation.window_ms=600000",
                          end,
                          NULL};

    child_end(&trainer);
    pipeline_start(at, "train", more, &trainer);
}

static void start_scorer(void)
{
    char state[128];
    const char *more[] = {"--workers=2", "--http.port=0",
                          /* A killed one is missed soon. */
                          "-Xconsumer.session.timeout.ms=6000",
                          "-Xconsumer.heartbeat.interval.ms=500", state, NULL};

    snprintf(state, sizeof(state), "--state.dir=%s", state_dir);
    child_end(&scorer);
    pipeline_start(&line, "score", more, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
}

static void kill_now(struct child_process *child)
{
    child_signal(child, SIGKILL);
    child_wait(child, WAIT_MS);
}

/* Until that many deltas more. */
static void await_deltas(int count)
{
    static const char words[] = "\"delta published\"";

    child_await_errors(&trainer, words,
                       child_count_errors(&trainer, words) + count, WAIT_MS);
}

/* Until the scorers have partitions, and are at work. */
static void await_scoring(void)
{
    struct fixture_records now =
        kafka_fixture_read(line.names[PIPE_PREDICTIONS]);
    const size_t count = now.count;

    fixture_records_free(&now);
    kafka_fixture_await(line.names[PIPE_PREDICTIONS], count + 2000, WAIT_MS);
}

/* --- Predictions ------------------------------------------------------ */

static struct named_models named(void)
{
    struct fixture_records records =
        kafka_fixture_read(line.names[PIPE_PREDICTIONS]);
    const struct named_models all = named_models(&records);

    fixture_records_free(&records);
    return all;
}

static void verify(void)
{
    const char *none[] = {NULL};
    char *verified = pipeline_run(&line, "verify", none, WAIT_MS);

    printf("%s", verified);
    free(verified);
}

/* --- Answers made again ----------------------------------------------- */

struct answer {
    double p;
    struct model_state model;
    enum basis basis;
    double support;
};

/* By the place of its impression. */
struct answers {
    struct answer at[PARTITIONS][OFFSETS];
};

static struct answers *read_answers(const char *topic, size_t *count)
{
    struct fixture_records records = kafka_fixture_read(topic);
    struct answers *answers = calloc(1, sizeof(*answers));

    ck_assert_ptr_nonnull(answers);
    for (size_t i = 0; i < records.count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(one_prediction(records.at[i].value,
                                        records.at[i].value_size, &event, NULL),
                         EVENT_OK);
        ck_assert_int_lt(event.src_partition, PARTITIONS);
        ck_assert_int_lt(event.src_offset, OFFSETS);
        answers->at[event.src_partition][event.src_offset] =
            (struct answer){event.p, prediction_model(&event), event.basis,
                            event.has_support ? event.support : -1};
    }
    *count = records.count;
    fixture_records_free(&records);
    return answers;
}

/* What is on the topic is what the scorers said, of one state (NULL: of all),
 * which some impressions have. */
static void compare_answers(const char *topic, const struct model_state *one)
{
    size_t count, again_count, same = 0;
    struct answers *said = read_answers(line.names[PIPE_PREDICTIONS], &count);
    struct answers *again = read_answers(topic, &again_count);

    ck_assert_uint_eq(again_count, count);
    for (int partition = 0; partition < PARTITIONS; partition++)
        for (int offset = 0; offset < OFFSETS; offset++) {
            const struct answer *a = &said->at[partition][offset],
                                *b = &again->at[partition][offset];
            if (one && model_state_order(&a->model, one) != 0)
                continue;
            ck_assert_mem_eq(&a->p, &b->p, sizeof(a->p));
            ck_assert_int_eq(a->basis, b->basis);
            ck_assert_double_ge(
                a->support,
                a->model.version > 0 && model == OF_FIELDS ? 0 : -1);
            ck_assert_mem_eq(&a->support, &b->support, sizeof(a->support));
            ck_assert_int_eq(model_state_order(&a->model, &b->model), 0);
            same++;
        }
    ck_assert_uint_gt(same, 0);
    free(said);
    free(again);
}

/* By `replay` of the models that were live. */
static void replay_live(void)
{
    char topic[FIXTURE_NAME_SIZE], option[128];
    const char *more[] = {option, "--bootstrap=0", "live", NULL};

    kafka_fixture_name("again", topic);
    kafka_fixture_create(topic, PARTITIONS, NULL);
    snprintf(option, sizeof(option), "--predictions.topic=%s", topic);
    free(pipeline_run(&line, "replay", more, WAIT_MS));
    compare_answers(topic, NULL);
}

/* By `predict` with the state that answered the last impression. */
static void predict_by(const struct model_state *state)
{
    char topic[FIXTURE_NAME_SIZE], to[128], from[128], version[40], delta[40];
    const char *more[] = {to, from, version, delta, NULL};

    kafka_fixture_name("again", topic);
    kafka_fixture_create(topic, PARTITIONS, NULL);
    snprintf(to, sizeof(to), "--to_topic=%s", topic);
    snprintf(from, sizeof(from), "--topic=%s", line.names[PIPE_IMPRESSIONS]);
    snprintf(version, sizeof(version), "--model.version=%" PRIu64,
             state->version);
    snprintf(delta, sizeof(delta), "--model.delta=%u", state->delta);
    free(pipeline_run(&line, "predict", more, WAIT_MS));
    compare_answers(topic, state);
}

/* --- Kills ------------------------------------------------------------ */

static void train_to_the_end(const struct pipeline *at)
{
    start_trainer(at, "--exit.at_end");
    int status = child_wait(&trainer, WAIT_MS);
    char *log = child_errors(&trainer);
    ck_assert_msg(status == 0, "status %d: %s", status, child_last_words(log));
    free(log);
}

/* The scorer is killed in the middle of one, and then a snapshot comes. */
static void live(int life)
{
    start_feed(life);
    start_trainer(&line, NULL);
    await_scoring();
    if (life == 1) {
        await_deltas(DELTAS / 2);
        kill_now(&scorer);
        start_scorer();
        /* It begins with the deltas of its local copy. */
        char *log = child_errors(&scorer);
        ck_assert_uint_gt(child_log_number(log, "model active", "delta"), 0);
        free(log);
        await_scoring();
        child_signal(&trainer, SIGUSR1);
    }
    await_deltas(DELTAS);
    child_await_error(&scorer, "\"delta active\"", WAIT_MS);
    kill_now(&feed);
    kill_now(&trainer);
}

/* --- Records of somebody who may write the topics of models ----------- */

/* Each is refused for its reason; the state in service stays. Then the two that
 * come in the wrong order are applied in the right one. */
static void try_bad_deltas(void)
{
    const char *params = strchr(models[model].params, '=') + 1;
    struct delta_stranger *stranger =
        delta_stranger_open(&line, model == OF_FIELDS ? params : NULL);
    char active[64];

    for (int i = 0; i < DELTA_OFFENCES; i++) {
        const char *reason = delta_offence_reason((enum delta_offence)i);
        int before = child_count_errors(&scorer, reason);
        delta_stranger_commit(stranger, (enum delta_offence)i);
        child_await_errors(&scorer, reason, before + 1, WAIT_MS);
    }
    const uint32_t last = delta_stranger_complete(stranger);
    snprintf(active, sizeof(active),
             "\"delta active\" version=%" PRIu64 " delta=%u",
             delta_stranger_epoch(stranger), last);
    child_await_error(&scorer, active, WAIT_MS);
    delta_stranger_close(stranger);
}

static void score_some_more(void)
{
    const char *more[] = {"--world",
                          "--world.rows=500",
                          "--world.users=50",
                          "--clock.start=2026-11-28",
                          "--id.start=9000001",
                          NULL};

    free(pipeline_run(&line, "feed", more, WAIT_MS));
    pipeline_await_scored(&line, WAIT_MS);
}

START_TEST(kills_leave_no_trace)
{
    model = _i;
    strcpy(state_dir, "/tmp/pctr-deltas-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(state_dir));
    pipeline_create(&line, PARTITIONS);
    start_scorer();
    for (int life = 0; life < LIVES; life++)
        live(life);
    pipeline_await_scored(&line, WAIT_MS);
    try_bad_deltas();
    score_some_more();
    const struct published_models all = published_models(&line);
    const struct named_models seen = named();
    printf("deltas: %s snapshots=%zu deltas=%zu states=%zu\n",
           models[model].algorithm, all.snapshots, all.deltas, seen.states);
    ck_assert_uint_gt(all.snapshots, LIVES);
    ck_assert_uint_ge(all.deltas, LIVES * DELTAS);
    ck_assert_uint_ge(seen.states, 2 * DELTAS);
    ck_assert_uint_eq(seen.last.delta, all.newest_delta.delta + 1);
    verify();
    replay_live();
    predict_by(&seen.last);

    /* The trainer that was killed comes to the bytes of one that was not. */
    struct pipeline other;
    pipeline_create_beside(&line, &other);
    train_to_the_end(&line);
    train_to_the_end(&other);
    const struct published_models killed = published_models(&line),
                                  whole = published_models(&other);
    ck_assert_uint_eq(killed.newest.rows, whole.newest.rows);
    ck_assert_mem_eq(&killed.newest.sha256, &whole.newest.sha256, DIGEST_SIZE);
    pipeline_stop(&scorer, WAIT_MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deltas");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_loop_test(tests, kills_leave_no_trace, 0, MODELS);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "models that reach scorers by deltas");
}
