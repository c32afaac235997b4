/*
 * check_deltas.c - a model that learns online reaches its scorers by deltas:
 * with kills of the scorer and the trainer every prediction can be made again,
 * bit for bit; and deltas that are damaged, doubled, reordered, missing or of
 * another chain are refused while the state in service serves on.
 */
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"
#include "common/event/manifest.h"

#include "model/snapshot_delta.h"

#include "producer/snapshot_publisher.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTITIONS = 2,
    LIVES = 3,  /* of the trainer */
    DELTAS = 8, /* at least, in each of them */
    WAIT_MS = 60000,
};

#define FIELDS "--model.params=fields=user+ad+user*ad bits=16 start=0.1"

static struct pipeline line;
static struct child_process trainer, scorer, feed;
static struct error err;
static char state_dir[] = "/tmp/pctr-deltas-XXXXXX";

static void stop(void)
{
    child_end(&feed);
    child_end(&trainer);
    child_end(&scorer);
}

/* --- Processes ---------------------------------------------------------- */

/* Half an hour of event time a second, and a click comes within minutes. */
static void start_feed(int life)
{
    char ids[32], start[64], seed[32];
    const char *more[] = {"--world",
                          "--world.rows=100000",
                          "--world.users=400",
                          "--world.ads=60",
                          "--rate=3000",
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
                          "--model.algorithm=fields",
                          FIELDS,
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
    char state[64];
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

static void await_words(struct child_process *child, const char *words,
                        int count)
{
    int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;

    for (;;) {
        char *log = child_errors(child);
        int found = 0;
        for (const char *at = log; (at = strstr(at, words)); at++)
            found++;
        free(log);
        if (found >= count)
            return;
        ck_assert_msg(clock_monotonic_ms() < deadline_ms, "%s: %d of %d times",
                      words, found, count);
        ck_assert(child_is_running(child));
        clock_sleep_ms(50);
    }
}

/* --- What was published --------------------------------------------------- */

struct published {
    size_t snapshots, deltas;
    struct manifest newest;       /* snapshot; freed at once: it owns nothing */
    struct manifest newest_delta; /* of it; likewise */
};

static struct published published(const struct pipeline *at)
{
    struct fixture_records records = kafka_fixture_read(at->names[PIPE_MODELS]);
    struct published all = {.snapshots = 0};

    for (size_t i = 0; i < records.count; i++) {
        struct manifest manifest;
        if (!records.at[i].value)
            continue;
        ck_assert_ok(manifest_decode(records.at[i].value,
                                     records.at[i].value_size, &manifest, &err),
                     err);
        manifest_free(&manifest);
        if (manifest.delta == 0) {
            all.newest = manifest;
            all.snapshots++;
        } else {
            all.newest_delta = manifest;
            all.deltas++;
        }
    }
    fixture_records_free(&records);
    return all;
}

/* How many states of models predicted; *last is the newest one's number. */
static size_t count_states(uint32_t *last)
{
    struct fixture_records records =
        kafka_fixture_read(line.names[PIPE_PREDICTIONS]);
    struct model_state before = {.version = 0};
    size_t states = 0;

    for (size_t i = 0; i < records.count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(one_prediction(records.at[i].value,
                                        records.at[i].value_size, &event, NULL),
                         EVENT_OK);
        const struct model_state state = prediction_model(&event);
        if (records.at[i].partition != 0)
            break;
        if (model_state_order(&state, &before) == 0)
            continue;
        ck_assert_msg(model_state_order(&state, &before) > 0 ||
                          state.version != before.version,
                      "a state came again");
        ck_assert_uint_ge(state.version, before.version);
        before = state;
        states++;
    }
    *last = before.delta;
    fixture_records_free(&records);
    return states;
}

static void verify(void)
{
    const char *none[] = {NULL};
    char *verified = pipeline_run(&line, "verify", none, WAIT_MS);

    printf("%s", verified);
    free(verified);
}

/* --- Kills ---------------------------------------------------------------- */

/* Another model name on topics of its own; the events are the same. */
static struct pipeline another_name(void)
{
    struct pipeline other;

    pipeline_create(&other, PARTITIONS);
    for (int i = PIPE_IMPRESSIONS; i <= PIPE_LABELS; i++) {
        memcpy(other.names[i], line.names[i], sizeof(other.names[i]));
        memcpy(other.options[i], line.options[i], sizeof(other.options[i]));
    }
    return other;
}

static void train_to_the_end(const struct pipeline *at)
{
    start_trainer(at, "--exit.at_end");
    int status = child_wait(&trainer, WAIT_MS);
    char *log = child_errors(&trainer);
    ck_assert_msg(status == 0, "status %d: %s", status, child_last_words(log));
    free(log);
}

static void live(int life)
{
    start_feed(life);
    start_trainer(&line, NULL);
    await_words(&trainer, "\"delta published\"", DELTAS / 2);
    kill_now(&scorer);
    start_scorer();
    await_words(&scorer, "\"delta active\"", 2);
    await_words(&trainer, "\"delta published\"", DELTAS);
    kill_now(&feed);
    kill_now(&trainer);
}

START_TEST(kills_leave_no_trace)
{
    uint32_t last = 0;

    ck_assert_ptr_nonnull(mkdtemp(state_dir));
    pipeline_create(&line, PARTITIONS);
    start_scorer();
    for (int life = 0; life < LIVES; life++)
        live(life);
    pipeline_await_scored(&line, WAIT_MS);
    const struct published all = published(&line);
    size_t states = count_states(&last);
    printf("deltas: snapshots=%zu deltas=%zu states=%zu\n", all.snapshots,
           all.deltas, states);
    ck_assert_uint_ge(all.snapshots, LIVES);
    ck_assert_uint_ge(all.deltas, LIVES * DELTAS);
    ck_assert_uint_ge(states, DELTAS);
    verify();

    /* The trainer that was killed comes to the bytes of one that was not. */
    struct pipeline other = another_name();
    train_to_the_end(&line);
    train_to_the_end(&other);
    const struct published killed = published(&line), whole = published(&other);
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
    tcase_add_test(tests, kills_leave_no_trace);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "models that reach scorers by deltas");
}
