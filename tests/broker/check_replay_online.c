/*
 * check_replay_online.c - a contender that learns online says what the trainer
 * would have published, bit for bit: the same records, joined, corrected and
 * learned in the same order. One that is refitted knows more where its biases
 * go on between two fits.
 */
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/event/event_codec.h"
#include "common/event/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = 3,
    ROWS = 4000,
    PROBES = 300, /* impressions behind the history that are only answered */
    PROBE_ID = 1000000,
    WAIT_MS = 60000,
};

#define FIELDS "fields=user+ad+user*ad bits=14 start=0.1 memory=user:5"

static const char params[] = "--model.params=" FIELDS;
static const char at_once[] = "now=online:fields publish.every_ms=0 " FIELDS;

static const int64_t start_ms = INT64_C(1740787200000); /* 2025-03-01 */
static struct pipeline way;
static struct error err;

/* A click takes twenty minutes in the mean: most come after the window, and
 * correct what was learned. */
static void make_history(const char *labels)
{
    const char *const world[] = {"--world",
                                 "--world.rows=4000",
                                 "--world.users=60",
                                 "--world.ads=20",
                                 "--clock.start=2025-03-01",
                                 "--clock.step_ms=2000",
                                 "--label.delay_ms=1200000",
                                 "--label.pairs",
                                 labels,
                                 NULL};

    pipeline_create(&way, PARTITIONS);
    free(pipeline_run(&way, "feed", world, WAIT_MS));
}

static void train(const char *join)
{
    const char *const more[] = {"--exit.at_end", join,
                                "--http.port=0", "--model.algorithm=fields",
                                params,          NULL};

    free(pipeline_run(&way, "train", more, WAIT_MS));
}

static struct manifest published(void)
{
    struct fixture_records records = kafka_fixture_read(way.names[PIPE_MODELS]);
    struct manifest manifest;

    ck_assert_uint_eq(records.count, 1);
    ck_assert_ok(manifest_decode(records.at[0].value, records.at[0].value_size,
                                 &manifest, &err),
                 err);
    fixture_records_free(&records);
    manifest_free(&manifest);
    return manifest; /* which now owns nothing */
}

/* --- Impressions ------------------------------------------------------ */

/* Their record comes after all others, their time is that of the first: event
 * time stays where it is, and all of them meet one state. */
static void send_probes(void)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;

    for (int i = 0; i < PROBES; i++) {
        const struct impression probe = {.id = id_from_number(PROBE_ID + i),
                                         .user = id_from_number(i % 61),
                                         .ad = id_from_number(i % 21),
                                         .ts_ms = start_ms};
        struct buffer bytes = {0};
        event_encode_impression(&fields, &probe, NULL, 0, &bytes);
        kafka_fixture_send(
            way.names[PIPE_IMPRESSIONS],
            &(struct outgoing){.value = bytes.bytes,
                               .value_size = bytes.size,
                               .timestamp_ms = start_ms + 86400000 + i});
        buffer_free(&bytes);
    }
}

/* By the place of the impression behind the history. */
struct probed {
    double p[PARTITIONS][PROBES];
    size_t count, learned;
};

static int64_t ends[PARTITIONS]; /* of the history */

static void find_ends(void)
{
    struct fixture_records records =
        kafka_fixture_read(way.names[PIPE_IMPRESSIONS]);

    ck_assert_uint_eq(records.count, ROWS);
    memset(ends, 0, sizeof(ends));
    for (size_t i = 0; i < records.count; i++)
        if (records.at[i].offset >= ends[records.at[i].partition])
            ends[records.at[i].partition] = records.at[i].offset + 1;
    fixture_records_free(&records);
}

static struct probed read_probes(const char *topic)
{
    struct fixture_records records = kafka_fixture_read(topic);
    struct probed probed = {.count = 0};

    for (size_t i = 0; i < records.count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(one_prediction(records.at[i].value,
                                        records.at[i].value_size, &event, NULL),
                         EVENT_OK);
        const int64_t place = event.src_offset - ends[event.src_partition];
        if (place < 0)
            continue;
        ck_assert_int_lt(place, PROBES);
        probed.p[event.src_partition][place] = event.p;
        probed.count++;
        probed.learned += event.basis == BASIS_LEARNED;
    }
    fixture_records_free(&records);
    return probed;
}

/* What a command makes of the probes with its option for a topic. */
static struct probed probe(const char *command, const char *setting,
                           const char *const last[2])
{
    char topic[FIXTURE_NAME_SIZE], to[128], from[128];

    kafka_fixture_name("probed", topic);
    kafka_fixture_create(topic, PARTITIONS, "-1");
    snprintf(to, sizeof(to), "--%s=%s", setting, topic);
    snprintf(from, sizeof(from), "--topic=%s", way.names[PIPE_IMPRESSIONS]);
    const bool is_predict = strcmp(command, "predict") == 0;
    const char *const more[] = {to, is_predict ? from : "--bootstrap=0",
                                last[0], last[1], NULL};
    free(pipeline_run(&way, command, more, WAIT_MS));
    return read_probes(topic);
}

START_TEST(at_the_end_it_is_what_the_trainer_publishes)
{
    const char *const version[2] = {"--model.version=1", NULL};
    const char *const online[2] = {"--html=", at_once};

    make_history("--labels=clicks");
    train("--join=impressions");
    find_ends();
    send_probes();
    const struct probed trained = probe("predict", "to_topic", version);
    const struct probed replayed = probe("replay", "predictions.topic", online);
    ck_assert_uint_eq(trained.count, PROBES);
    ck_assert_uint_eq(replayed.count, PROBES);
    ck_assert_uint_gt(trained.learned, PROBES / 3);
    ck_assert_uint_eq(replayed.learned, trained.learned);
    ck_assert_mem_eq(trained.p, replayed.p, sizeof(trained.p));
}
END_TEST

START_TEST(impressions_are_predicted_with_all_details)
{
    static const char head[] =
        "id,ts,user,ad,p,basis,impossible,neighbours,support\n";
    char topic[128];
    const char *const more[] = {topic, "--model.version=1", "--details", NULL};
    size_t lines = 0, commas = 0;

    make_history("--labels=clicks");
    train("--join=impressions");
    snprintf(topic, sizeof(topic), "--topic=%s", way.names[PIPE_IMPRESSIONS]);
    char *csv = pipeline_run(&way, "predict", more, WAIT_MS);
    ck_assert_int_eq(strncmp(csv, head, strlen(head)), 0);
    for (const char *at = csv; *at; at++) {
        lines += *at == '\n';
        commas += *at == ',';
    }
    ck_assert_uint_eq(lines, ROWS + 1);
    ck_assert_uint_eq(commas, 8 * lines);
    free(csv);
}
END_TEST

/* --- Labels ----------------------------------------------------------- */

static char *replay(const char *first, const char *second)
{
    const char *const more[] = {
        "--join=labels", "--bootstrap=0", "--json", "--publish.every_ms=600000",
        first,           second,          NULL};

    return pipeline_run(&way, "replay", more, WAIT_MS);
}

static double logloss_of(const char *output, const char *contender)
{
    char key[64];
    snprintf(key, sizeof(key), "\"kind\":\"total\",\"contender\":\"%s\"",
             contender);
    const char *at = strstr(output, key);

    ck_assert_msg(at != NULL, "no %s in %s", key, output);
    at = strstr(at, "\"logloss\":");
    ck_assert_ptr_nonnull(at);
    return strtod(at + strlen("\"logloss\":"), NULL);
}

/* The trainer measures each row before it learns it, and so does a replay that
 * knows each label at once. */
START_TEST(labels_with_a_pair_are_answered_as_the_trainer_measures_them)
{

    make_history("--labels=clicks");
    train("--join=labels");
    char *once = replay(at_once, "later=online:fields fields=ad start=0.1");
    char *twice = replay(at_once, "later=online:fields fields=ad start=0.1");
    ck_assert_str_eq(once, twice);
    const double logloss = logloss_of(once, "now");
    const struct manifest manifest = published();
    ck_assert_double_gt(logloss, 0);
    ck_assert_double_eq_tol(logloss, manifest.metrics.logloss, 1e-12);
    ck_assert_double_ne(logloss_of(once, "later"), logloss);
    free(once);
    free(twice);
}
END_TEST

/* --- Biases between fits ---------------------------------------------- */

static char *replay_fits(const char *join, const char *folded)
{
    const char *const more[] = {join,
                                "--bootstrap=0",
                                "--json",
                                "--refit.every_ms=1800000",
                                "--join.window_ms=60000",
                                "fitted=refit:baseline",
                                folded,
                                NULL};

    return pipeline_run(&way, "replay", more, WAIT_MS);
}

/* Whether labels meet their impressions or carry them: what is known between
 * two fits helps, the same every time, and a publication that is never due
 * leaves what was fitted. */
START_TEST(biases_that_go_on_know_more_than_those_that_stay)
{
    const char *const join = _i ? "--join=labels" : "--join=impressions";

    make_history("--labels=all");
    char *now = replay_fits(join, "now=folded:baseline publish.every_ms=0");
    char *again = replay_fits(join, "now=folded:baseline publish.every_ms=0");
    char *never =
        replay_fits(join, "now=folded:baseline publish.every_ms=315360000000");
    ck_assert_str_eq(now, again);
    ck_assert_double_lt(logloss_of(now, "now"), logloss_of(now, "fitted"));
    ck_assert_double_eq(logloss_of(never, "now"), logloss_of(now, "fitted"));
    free(now);
    free(again);
    free(never);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_online");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, at_the_end_it_is_what_the_trainer_publishes);
    tcase_add_test(tests, impressions_are_predicted_with_all_details);
    tcase_add_test(
        tests, labels_with_a_pair_are_answered_as_the_trainer_measures_them);
    tcase_add_loop_test(tests, biases_that_go_on_know_more_than_those_that_stay,
                        0, 2);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "replay of a model that learns online");
}
