/*
 * check_deltas.c - what a model learns after its snapshot reaches its scorers
 * by deltas, whether it learns online or its biases go on between two fits:
 * with kills of the scorer and the trainer every prediction can be made again,
 * bit for bit; and deltas that are damaged, doubled, reordered, missing or of
 * another chain are refused while the state in service serves on.
 */
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/event/event_codec.h"
#include "common/event/manifest.h"

#include "model/algorithms/fields.h"
#include "model/registry.h"
#include "model/snapshot_delta.h"

#include "producer/snapshot_publisher.h"

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
static struct error err;
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

static int count_words(const struct child_process *child, const char *words)
{
    char *log = child_errors(child);
    int found = 0;

    for (const char *at = log; (at = strstr(at, words)); at++)
        found++;
    free(log);
    return found;
}

static void await_words(struct child_process *child, const char *words,
                        int count)
{
    int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;

    while (count_words(child, words) < count) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms, "%s: %d of %d times",
                      words, count_words(child, words), count);
        ck_assert(child_is_running(child));
        clock_sleep_ms(50);
    }
}

/* Until that many deltas more. */
static void await_deltas(int count)
{
    static const char words[] = "\"delta published\"";

    await_words(&trainer, words, count_words(&trainer, words) + count);
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

/* --- What was published ----------------------------------------------- */

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

/* How many states of models predicted, changes of it on each partition; *last
 * is the newest one. */
static size_t count_states(struct model_state *last)
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
        if (i > 0 && records.at[i].partition != records.at[i - 1].partition)
            before = (struct model_state){.version = 0};
        if (model_state_order(&state, &before) == 0)
            continue;
        ck_assert_msg(model_state_order(&state, &before) > 0 ||
                          state.version != before.version,
                      "a state came again");
        ck_assert_uint_ge(state.version, before.version);
        before = state;
        if (model_state_order(&state, last) > 0)
            *last = state;
        states++;
    }
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
    await_words(&scorer, "\"delta active\"", 1);
    kill_now(&feed);
    kill_now(&trainer);
}

/* --- Records of somebody who may write the topics of models ----------- */

static struct snapshot_publisher *open_publisher(void)
{
    struct snapshot_publisher_config to = {.kafka = kafka_fixture_settings(),
                                           .role = SNAPSHOT_CHUNKS,
                                           .chunk_bytes = 1000};
    struct snapshot_publisher *publisher = NULL;

    text_copy(to.name, sizeof(to.name), line.names[PIPE_MODEL]);
    text_copy(to.models, sizeof(to.models), line.names[PIPE_MODELS]);
    text_copy(to.chunks, sizeof(to.chunks), line.names[PIPE_CHUNKS]);
    ck_assert_ok(snapshot_publisher_open(&to, &publisher, &err), err);
    return publisher;
}

/* A delta of `snapshot` that changes the intercept alone. */
static void make_fields_delta(const struct snapshot_delta *head, double rate,
                              struct buffer *out)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *fields = NULL;

    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    params.bits = 16;
    params.start = rate;
    ck_assert_ok(fields_start(&params, &fields, &err), err);
    ck_assert_ok(ops->changes->track(fields, &err), err);
    ck_assert_ok(snapshot_delta_encode(head, fields, out, &err), err);
    model_free(fields);
}

/* One that has a new user alone. */
static void make_bias_delta(const struct snapshot_delta *head, double rate,
                            struct buffer *out)
{
    const struct id user = id_from_number((int64_t)(rate * 1e9));
    struct id_map *users = NULL;
    uint32_t index;

    ck_assert_ok(id_map_new(&users, &err), err);
    ck_assert_ok(id_map_add(users, &user, &index, &err), err);
    snapshot_delta_begin(head, out);
    id_map_save(users, out);
    for (int i = 0; i < 3; i++) /* ads that are new, biases that changed */
        buffer_append_u32(out, 0);
    id_map_free(users);
}

static void make_delta(const struct snapshot_delta *head, double rate,
                       struct buffer *out)
{
    if (model == OF_FIELDS)
        make_fields_delta(head, rate, out);
    else
        make_bias_delta(head, rate, out);
}

/* Publishes `size` of the bytes as what the head says. */
static void publish(struct snapshot_publisher *publisher,
                    const struct published *all,
                    const struct snapshot_delta *head,
                    const struct buffer *bytes, size_t size)
{
    struct manifest manifest = all->newest;

    manifest.delta = head->number;
    manifest.base_sha256 = head->base;
    manifest.parent_sha256 = head->before;
    ck_assert_ok(snapshot_publisher_delta(publisher, bytes->bytes, size,
                                          &manifest, &err),
                 err);
}

/* The newest delta once more. */
static void write_again(void)
{
    struct fixture_records records =
        kafka_fixture_read(line.names[PIPE_MODELS]);
    const struct fixture_record *last = &records.at[records.count - 1];
    const struct outgoing record = {.key = last->key,
                                    .key_size = last->key_size,
                                    .value = last->value,
                                    .value_size = last->value_size};

    kafka_fixture_send(line.names[PIPE_MODELS], &record);
    fixture_records_free(&records);
}

/* Each is refused for its reason; the state in service stays. Then the two that
 * come in the wrong order are applied in the right one. */
static void try_bad_deltas(void)
{
    const struct published all = published(&line);
    struct snapshot_publisher *publisher = open_publisher();
    struct snapshot_delta head = {.epoch = all.newest.epoch,
                                  .base = all.newest.sha256,
                                  .number = all.newest_delta.delta + 1,
                                  .before = all.newest_delta.sha256,
                                  .rows = all.newest_delta.rows};
    struct buffer first = {0}, second = {0};
    char active[64];

    ck_assert_uint_eq(all.newest_delta.epoch, all.newest.epoch);
    make_delta(&head, 0.2, &first);
    write_again();
    await_words(&scorer, "it was there before", 1);

    struct snapshot_delta other = head;
    other.base.bytes[0]++;
    publish(publisher, &all, &other, &first, first.size);
    await_words(&scorer, "of another snapshot", 1);
    other = head;
    other.before.bytes[0]++;
    publish(publisher, &all, &other, &first, first.size);
    await_words(&scorer, "is not there (yet)", 1);
    publish(publisher, &all, &head, &first, first.size - 1);
    await_words(&scorer, "\"delta refused\"", 1);

    other = head;
    other.number++;
    other.before = digest_of(first.bytes, first.size);
    make_delta(&other, 0.3, &second);
    publish(publisher, &all, &other, &second, second.size);
    await_words(&scorer, "is not there (yet)", 2);
    publish(publisher, &all, &head, &first, first.size);
    snprintf(active, sizeof(active),
             "\"delta active\" version=%" PRIu64 " delta=%u", all.newest.epoch,
             other.number);
    await_words(&scorer, active, 1);
    snapshot_publisher_close(publisher);
    buffer_free(&first);
    buffer_free(&second);
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
    struct model_state last = {.version = 0};

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
    const struct published all = published(&line);
    size_t states = count_states(&last);
    printf("deltas: %s snapshots=%zu deltas=%zu states=%zu\n",
           models[model].algorithm, all.snapshots, all.deltas, states);
    ck_assert_uint_gt(all.snapshots, LIVES);
    ck_assert_uint_ge(all.deltas, LIVES * DELTAS);
    ck_assert_uint_ge(states, 2 * DELTAS);
    ck_assert_uint_eq(last.delta, all.newest_delta.delta + 1);
    verify();
    replay_live();
    predict_by(&last);

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
    tcase_add_loop_test(tests, kills_leave_no_trace, 0, MODELS);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "models that reach scorers by deltas");
}
