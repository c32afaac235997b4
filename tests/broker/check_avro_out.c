/*
 * check_avro_out.c - a pipeline whose predictions and evaluations are Avro, by
 * schemas that it registers itself, and one whose impressions and labels are
 * so, too: they are read again by verify, replay, the live evaluation and cat,
 * with no bit lost; without a schema nothing is written, and without the
 * registry nobody guesses.
 *
 * With an argument: by the registry that PCTR_REGISTRY names.
 */
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/published_evaluations.h"
#include "support/real_registry.h"
#include "support/registry_stub.h"
#include "support/run_suite.h"

#include "common/event/event_schemas.h"
#include "common/registry/schema_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PARTITIONS = 2, ROWS = 6000, WAIT_MS = 90000, CONFIG_STATUS = 78 };

static struct pipeline pipe_;
static struct registry_stub *stub; /* NULL: a real one */
static bool is_registry_real;
static bool is_fed_avro;
static char folder[64]; /* of copies */
static struct error err;

static const char *registry_url(void)
{
    return stub ? registry_stub_url(stub) : real_registry_url();
}

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(setenv(name, value, 1), 0);
}

/* Settings of all commands, from their environment. */
static void open_registry_of_all(void)
{
    strcpy(folder, "/tmp/pctr-avro-out-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    stub = is_registry_real ? NULL : registry_stub_start();
    set("PCTR_REGISTRY_URL", registry_url());
    set("PCTR_REGISTRY_DIR", folder);
    set("PCTR_REGISTRY_WAIT_MS", "2000");
}

static void close_registry(void)
{
    char command[128];

    if (stub)
        registry_stub_stop(stub);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* The command ends with that status and says so. */
static void run_in_vain(const char *command, const char *const more[],
                        int status, const char *said)
{
    struct child_process child = {.pid = 0};

    pipeline_start(&pipe_, command, more, &child);
    const int ended = child_wait(&child, WAIT_MS);
    char *errors = child_errors(&child), *output = child_output(&child);
    ck_assert_msg(ended == status, "status %d: %s", ended,
                  child_last_words(errors));
    ck_assert_msg(strstr(errors, said) || strstr(output, said), "%s\n%s",
                  child_last_words(errors), child_last_words(output));
    free(errors);
    free(output);
    child_end(&child);
}

/* All records name one schema, whose number is returned. */
static uint32_t check_all_avro(const char *topic, size_t count)
{
    struct fixture_records records = kafka_fixture_read(topic);

    ck_assert_uint_eq(records.count, count);
    for (size_t i = 0; i < records.count; i++) {
        ck_assert(event_schema_has_head(records.at[i].value,
                                        records.at[i].value_size));
        ck_assert_uint_eq(event_schema_number(records.at[i].value),
                          event_schema_number(records.at[0].value));
    }
    const uint32_t number = event_schema_number(records.at[0].value);
    fixture_records_free(&records);
    return number;
}

static void check_keys(void)
{
    struct fixture_records in =
        kafka_fixture_read(pipe_.names[PIPE_IMPRESSIONS]);
    struct fixture_records out =
        kafka_fixture_read(pipe_.names[PIPE_PREDICTIONS]);

    ck_assert_uint_eq(in.count, out.count);
    for (size_t i = 0; i < in.count;
         i++) { /* partition p goes to p, in order */
        ck_assert_int_eq(in.at[i].partition, out.at[i].partition);
        ck_assert_uint_eq(in.at[i].key_size, out.at[i].key_size);
        ck_assert_mem_eq(in.at[i].key, out.at[i].key, in.at[i].key_size);
    }
    fixture_records_free(&in);
    fixture_records_free(&out);
}

/* --- Scoring ---------------------------------------------------------- */

static void feed(const char *seed)
{
    char rows[32];
    const char *const more[] = {
        "--world",
        rows,
        seed,
        "--world.truth_field=truth",
        is_fed_avro ? "--format.impressions=avro" : "--format.impressions=auto",
        is_fed_avro ? "--format.labels=avro" : "--format.labels=auto",
        NULL};

    snprintf(rows, sizeof(rows), "--world.rows=%d", ROWS);
    free(pipeline_run(&pipe_, "feed", more, WAIT_MS));
}

/* Nothing is fed before both schemas are there. */
static void check_feed_asks_first(void)
{
    static const char *const formats[] = {"--format.impressions=avro",
                                          "--format.labels=avro"};

    for (int i = 0; i < 2; i++) {
        const char *const more[] = {"--world", "--world.rows=9", formats[i],
                                    NULL};
        run_in_vain("feed", more, CONFIG_STATUS, "does not have our schema");
    }
    struct fixture_records records =
        kafka_fixture_read(pipe_.names[PIPE_IMPRESSIONS]);
    ck_assert_uint_eq(records.count, 0);
    fixture_records_free(&records);
}

static void check_fed(void)
{
    struct fixture_records labels =
        kafka_fixture_read(pipe_.names[PIPE_LABELS]);
    const size_t count = labels.count;

    fixture_records_free(&labels);
    ck_assert_uint_gt(count, 100);
    if (!is_fed_avro)
        return;
    check_all_avro(pipe_.names[PIPE_IMPRESSIONS], ROWS);
    check_all_avro(pipe_.names[PIPE_LABELS], count);
}

static void train(const char *const more[])
{
    const char *all[12] = {"--exit.at_end",
                           "--http.port=0",
                           "--model.algorithm=baseline",
                           "--join.window_ms=1000",
                           "--join.late_ms=0",
                           "--evaluation.window_ms=600000"};

    for (size_t i = 6; *more; i++)
        all[i] = *more++;
    free(pipeline_run(&pipe_, "train", all, WAIT_MS));
}

static const char *const scoring[] = {"--exit.at_end", "--http.port=0",
                                      "--format.predictions=avro", NULL};
static const char *const registering[] = {"--exit.at_end", "--http.port=0",
                                          "--format.predictions=avro",
                                          "--registry.register=true", NULL};

/* --check-config --online asks as well, and registers nothing. */
static const char *const asking[] = {"--check-config", "--online",
                                     "--format.predictions=avro",
                                     "--registry.register=true", NULL};

static void check_nothing_is_written_before(void)
{
    run_in_vain("score", scoring, CONFIG_STATUS, "does not have our schema");
    run_in_vain("score", asking, CONFIG_STATUS, "does not have our schema");
    struct fixture_records records =
        kafka_fixture_read(pipe_.names[PIPE_PREDICTIONS]);
    ck_assert_uint_eq(records.count, 0);
    fixture_records_free(&records);
}

/* Where the registry can be sent away, the number is that of the copy. */
static void score_once_more(void)
{
    if (stub)
        registry_stub_hang_up(stub);
    feed("--seed=2");
    free(pipeline_run(&pipe_, "score", scoring, WAIT_MS));
    if (stub)
        registry_stub_listen(stub);
}

/* --- Reading ---------------------------------------------------------- */

static void check_verified(int rows)
{
    const char *const more[] = {"--json", NULL};
    char *text = pipeline_run(&pipe_, "verify", more, WAIT_MS);
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "\"verified\":%d", rows);
    ck_assert_msg(strstr(text, wanted) != NULL, "%s", text);
    free(text);
}

static void check_replayed(const char *again)
{
    char option[FIXTURE_NAME_SIZE + 32];
    const char *const more[] = {"--json",
                                "--join.window_ms=1000",
                                "--join.late_ms=0",
                                "--bootstrap=0",
                                "--format.predictions=avro",
                                option,
                                "live",
                                NULL};

    snprintf(option, sizeof(option), "--predictions.topic=%s", again);
    kafka_fixture_create(again, PARTITIONS, "-1");
    run_in_vain("replay", more, CONFIG_STATUS, "does not have our schema");
    set("PCTR_REGISTRY_REGISTER", "true");
    char *text = pipeline_run(&pipe_, "replay", more, WAIT_MS);
    unsetenv("PCTR_REGISTRY_REGISTER");
    ck_assert_msg(strstr(text, "\"live\"") != NULL, "%s", text);
    free(text);
    check_all_avro(again, 2 * (size_t)ROWS);
}

/* As a prediction in JSON is. */
static void check_shown(const char *again)
{
    static const char *const members[] = {
        "\"value\":{\"id\":",
        "\"p\":0.",
        "\"model\":{\"version\":1,\"hash\":\"",
        "\"},\"basis\":\"learned\"",
        "\"src\":{\"partition\":0,\"offset\":",
        "},\"contender\":\"live\"}}\n"};
    char topic[FIXTURE_NAME_SIZE + 32];
    const char *const more[] = {"predictions", "--count=50", "--partition=0",
                                topic, NULL};

    snprintf(topic, sizeof(topic), "--topic.predictions=%s", again);
    char *text = pipeline_run(&pipe_, "cat", more, WAIT_MS);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        ck_assert_msg(strstr(text, members[i]) != NULL, "%s: %s", members[i],
                      text);
    ck_assert_ptr_null(strstr(text, "null"));
    ck_assert_ptr_null(strstr(text, "raw"));
    free(text);
}

static void check_nobody_guesses(void)
{
    const char *const verifying[] = {"--json", NULL};
    const char *const replaying[] = {"--bootstrap=0", "live", NULL};
    const char *const showing[] = {"predictions", "--count=1",
                                   pipe_.options[PIPE_PREDICTIONS], NULL};

    unsetenv("PCTR_REGISTRY_URL");
    run_in_vain("verify", verifying, 65, "no_registry");
    run_in_vain("replay", replaying, CONFIG_STATUS, "registry.url");
    run_in_vain("cat", showing, 0, "\"fault\":\"no_registry\"");
    run_in_vain("score", scoring, CONFIG_STATUS,
                "format.predictions: avro needs registry.url");
    set("PCTR_REGISTRY_URL", registry_url());
}

/* --- Evaluations ------------------------------------------------------ */

static struct published published_now(void)
{
    const struct schema_registry_config config = {
        .settings = {.wait_ms = 20000, .timeout_ms = 5000}};
    struct schema_registry_config with = config;
    struct schema_registry *registry = NULL;

    strcpy(with.settings.url, registry_url());
    ck_assert_ok(schema_registry_open(&with, &registry, &err), err);
    struct published published =
        read_published_by(&pipe_, schema_registry_schemas(registry));
    schema_registry_close(registry);
    return published;
}

/* Further runs find the windows of the first one, whatever they write
 * themselves; one that cannot read them publishes none. */
static void check_evaluated(void)
{
    const char *const avro[] = {"--format.evaluations=avro",
                                "--registry.register=true", NULL};
    const char *const msgpack[] = {"--format.evaluations=msgpack", NULL};

    train(avro);
    struct published first = published_now();
    ck_assert_uint_gt(first.count, 0);
    ck_assert_uint_gt(first.events[0].rows, 0);
    check_all_avro(pipe_.names[PIPE_EVALUATIONS], first.count);
    train(msgpack);
    if (!is_fed_avro) { /* else there is nothing to learn from */
        unsetenv("PCTR_REGISTRY_URL");
        train(msgpack);
        set("PCTR_REGISTRY_URL", registry_url());
    }
    struct published last = published_now();
    ck_assert_uint_eq(first.count, last.count);
    assert_unique(&last);
    printf("%zu evaluations\n", first.count);
    free(first.events);
    free(last.events);
}

START_TEST(a_pipeline_that_writes_avro_loses_no_bit)
{
    const char *const learning[] = {"--evaluate=false", NULL};
    char again[FIXTURE_NAME_SIZE], subject[FIXTURE_NAME_SIZE + 8];

    open_registry_of_all();
    kafka_fixture_name("again", again);
    is_fed_avro = _i == 1;
    pipeline_create(&pipe_, PARTITIONS);
    check_feed_asks_first();
    set("PCTR_REGISTRY_REGISTER", is_fed_avro ? "true" : "false");
    feed("--seed=1");
    unsetenv("PCTR_REGISTRY_REGISTER");
    check_fed();
    train(learning);
    check_nothing_is_written_before();
    free(pipeline_run(&pipe_, "score", registering, WAIT_MS));
    const uint32_t number = check_all_avro(pipe_.names[PIPE_PREDICTIONS], ROWS);
    snprintf(subject, sizeof(subject), "%s-value",
             pipe_.names[PIPE_PREDICTIONS]);
    if (stub)
        ck_assert_uint_eq(registry_stub_number(stub, subject), number);
    run_in_vain("score", asking, 0, "the registry has our schema");
    score_once_more();
    ck_assert_uint_eq(
        check_all_avro(pipe_.names[PIPE_PREDICTIONS], 2 * (size_t)ROWS),
        number);
    check_keys();
    check_verified(2 * ROWS);
    check_replayed(again);
    check_shown(again);
    check_nobody_guesses();
    check_evaluated();
    close_registry();
}
END_TEST

/* --- Predictions that cannot be read ---------------------------------- */

/* Predicts the impressions of these offsets of each partition. */
static void predict(const char *from, const char *to, const char *format)
{
    char in[FIXTURE_NAME_SIZE + 16], out[FIXTURE_NAME_SIZE + 16];
    const char *const more[] = {in, out,    "--model.version=1",        from,
                                to, format, "--registry.register=true", NULL};

    snprintf(in, sizeof(in), "--topic=%s", pipe_.names[PIPE_IMPRESSIONS]);
    snprintf(out, sizeof(out), "--to_topic=%s", pipe_.names[PIPE_PREDICTIONS]);
    free(pipeline_run(&pipe_, "predict", more, WAIT_MS));
}

/* Some predictions in the middle are Avro. Without the registry the windows
 * that they belong to are not judged by those that are left. */
START_TEST(windows_that_lack_predictions_are_not_judged)
{
    const char *const learning[] = {"--evaluate=false", NULL};
    const char *const judging[] = {"--exit.at_end",
                                   "--http.port=0",
                                   "--model.algorithm=baseline",
                                   "--join.window_ms=1000",
                                   "--join.late_ms=0",
                                   "--evaluation.window_ms=600000",
                                   NULL};

    open_registry_of_all();
    is_fed_avro = false;
    pipeline_create(&pipe_, PARTITIONS);
    feed("--seed=1");
    train(learning);
    predict("--from=", "--to=@1000", "--format.predictions=msgpack");
    predict("--from=@1000", "--to=@1100", "--format.predictions=avro");
    predict("--from=@1100", "--to=", "--format.predictions=json");
    unsetenv("PCTR_REGISTRY_URL");
    run_in_vain("train", judging, 0, "windows were not judged");
    struct published published = read_published(&pipe_);
    ck_assert_uint_gt(published.count, 0);
    for (size_t i = 0; i < published.count; i++)
        ck_assert_uint_eq(published.events[i].left_out, 0);
    printf("%zu evaluations\n", published.count);
    free(published.events);
    close_registry();
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("avro_out");
    TCase *tests = tcase_create("broker");

    (void)argv;
    is_registry_real = argc > 1;
    tcase_set_timeout(tests, 280);
    tcase_add_loop_test(tests, a_pipeline_that_writes_avro_loses_no_bit, 0, 2);
    tcase_add_test(tests, windows_that_lack_predictions_are_not_judged);
    suite_add_tcase(suite, tests);
    if (is_registry_real && !real_registry_url()) {
        printf("SKIPPED: PCTR_REGISTRY names no registry (deploy/registry "
               "start): no schema was registered with a real one\n");
        return run_suite_not(suite);
    }
    return kafka_fixture_main(suite, "a pipeline whose records are Avro");
}
