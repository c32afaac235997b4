/*
 * check_verify.c - `pctr verify` over 100,000 predictions, more than ten
 * models and a restart of the scorer; and what it says when one bit of a
 * prediction, of an input, of a model is another, or when they are gone.
 *
 * Nothing on Kafka can be changed, so changed copies go to other topics, with
 * every record at the offset it had.
 */
#include "support/allowance.h"
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"
#include "support/topic_change.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTITIONS = 4,
    WAIT_MS = 120000,
    PREDICTIONS_MIN = 100000,
    MODELS_MIN = 10,
    EXPIRED = 100, /* impressions that are deleted */
};
#define ROWS "--world.rows=105000"

static struct pipeline line;
static struct child_process feed, trainer, scorer;
static char state_dir[] = "/tmp/pctr-verify-XXXXXX";
static char state_option[64];
static char changed_option[PIPELINE_OPTION_SIZE];
static json_t *account, *finding; /* of the last verification */
static uint64_t total;            /* predictions */

static void stop(void)
{
    char command[64];

    child_end(&feed);
    child_end(&trainer);
    child_end(&scorer);
    json_decref(account);
    json_decref(finding);
    snprintf(command, sizeof(command), "rm -rf %s", state_dir);
    ck_assert_int_eq(system(command), 0);
}

/* --- A live run ------------------------------------------------------- */

static void start_scorer(void)
{
    const char *more[] = {"--workers=2", "--http.port=0", "--field.anonymous=0",
                          state_option, NULL};

    child_end(&scorer);
    pipeline_start(&line, "score", more, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
}

static void start_trainer(void)
{
    const char *more[] = {"--http.port=0",
                          "--field.anonymous=0",
                          "--model.params=factors=10 epochs=5",
                          "--retrain.every_ms=0",
                          "--retrain.rows=5000",
                          NULL};

    pipeline_start(&line, "train", more, &trainer);
}

static void run_live(void)
{
    char rate[32];
    const char *more[] = {ROWS,
                          "--world",
                          "--world.users=3000",
                          "--world.ads=300",
                          rate,
                          "--field.anonymous=0",
                          NULL};

    snprintf(rate, sizeof(rate), "--rate=%u", allowance_rate(7000));
    ck_assert_ptr_nonnull(mkdtemp(state_dir));
    snprintf(state_option, sizeof(state_option), "--state.dir=%s", state_dir);
    pipeline_create(&line, PARTITIONS);
    start_scorer();
    pipeline_start(&line, "feed", more, &feed);
    kafka_fixture_await(line.names[PIPE_PREDICTIONS], 100, WAIT_MS);
    start_trainer();
    kafka_fixture_await(line.names[PIPE_PREDICTIONS], PREDICTIONS_MIN / 2,
                        WAIT_MS);
    pipeline_stop(&scorer, WAIT_MS);
    start_scorer();
    ck_assert_int_eq(child_wait(&feed, WAIT_MS), 0);
    pipeline_await_scored(&line, WAIT_MS);
    pipeline_stop(&scorer, WAIT_MS);
    pipeline_stop(&trainer, WAIT_MS);
}

/* --- Verifying -------------------------------------------------------- */

/* The first line that is a finding, and the last one, the account. */
static void take_lines(char *output)
{
    char *rest = NULL;

    json_decref(account);
    json_decref(finding);
    account = finding = NULL;
    for (char *row = strtok_r(output, "\n", &rest); row;
         row = strtok_r(NULL, "\n", &rest)) {
        json_t *object = json_loads(row, JSON_DECODE_INT_AS_REAL, NULL);
        ck_assert_msg(object != NULL, "no JSON: %s", row);
        bool is_finding = json_object_get(object, "finding") != NULL;
        if (is_finding && finding) {
            json_decref(object);
            continue;
        }
        *(is_finding ? &finding : &account) = object;
    }
    ck_assert_ptr_nonnull(account);
}

static int verify(const char *first, const char *second)
{
    const char *more[] = {"--json",
                          "--field.anonymous=0",
                          "--cache.max_bytes=1048576",
                          first,
                          second,
                          NULL};
    struct child_process child = {.pid = 0};

    pipeline_start(&line, "verify", more, &child);
    int status = child_wait(&child, WAIT_MS);
    char *output = child_output(&child);
    char *errors = child_errors(&child);
    ck_assert_msg(*output, "status %d: %s", status, errors);
    printf("status %d: ", status);
    take_lines(output);
    free(output);
    free(errors);
    child_end(&child);
    char *text = json_dumps(account, JSON_COMPACT);
    printf("%s\n", text);
    free(text);
    return status;
}

static uint64_t number(const char *name)
{
    json_t *value = json_object_get(account, name);

    if (!value)
        value = json_object_get(json_object_get(account, "outcomes"), name);
    ck_assert_msg(json_is_number(value), "no number '%s'", name);
    return (uint64_t)json_number_value(value);
}

static double finding_number(const char *object, const char *name)
{
    json_t *value = json_object_get(json_object_get(finding, object), name);

    ck_assert_msg(json_is_number(value), "no number '%s'", name);
    return json_number_value(value);
}

static const char *finding_text(const char *name)
{
    const char *text = json_string_value(json_object_get(finding, name));

    return text ? text : "";
}

static bool finding_differs(const char *field)
{
    size_t i;
    json_t *name;

    json_array_foreach(json_object_get(finding, "differs"), i, name)
    {
        if (strcmp(json_string_value(name), field) == 0)
            return true;
    }
    return false;
}

/* --- What is found ---------------------------------------------------- */

/* In the place of the pipeline's own. */
static void use_topic(enum pipeline_name which, const char *name)
{
    snprintf(changed_option, sizeof(changed_option), "%.*s=%.*s",
             (int)strcspn(line.options[which], "="), line.options[which],
             FIXTURE_NAME_SIZE, name);
}

static void change_topic(enum pipeline_name which, int partitions,
                         enum copy_kind kind, const struct topic_change *change)
{
    char name[FIXTURE_NAME_SIZE];

    topic_change_copy(line.names[which], partitions, kind, change, name);
    use_topic(which, name);
}

/* A prediction by a model, so that it has something to say. */
static size_t find_learned(const struct fixture_records *records)
{
    for (size_t i = records->count / 2; i < records->count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(one_prediction(records->at[i].value,
                                        records->at[i].value_size, &event,
                                        NULL),
                         EVENT_OK);
        if (event.basis == BASIS_LEARNED)
            return i;
    }
    ck_abort_msg("nothing was learned");
}

static void all_are_verified(void)
{
    int64_t start_ms = clock_monotonic_ms();

    ck_assert_int_eq(verify(NULL, NULL), 0);
    printf("verified in %d ms, with the program's start\n",
           (int)(clock_monotonic_ms() - start_ms));
    ck_assert_uint_ge(number("predictions"), PREDICTIONS_MIN);
    ck_assert_uint_eq(number("verified"), number("predictions"));
    ck_assert_uint_ge(number("models"), MODELS_MIN);
    ck_assert_uint_ge(number("model_loads"), number("models"));

    total = number("predictions");

    ck_assert_int_eq(verify("--every=100", NULL), 0);
    ck_assert_uint_eq(number("predictions"), (total + 99) / 100);
    ck_assert_uint_eq(number("verified"), number("predictions"));
}

static void a_bit_of_a_prediction(void)
{
    struct fixture_records records =
        kafka_fixture_read(line.names[PIPE_PREDICTIONS]);
    struct topic_change change = {.record = find_learned(&records)};
    const struct fixture_record *record = &records.at[change.record];
    int32_t partition = record->partition;

    change.byte = topic_change_place(record, "\xa1p\xcb", 3) + 7;
    change_topic(PIPE_PREDICTIONS, PARTITIONS, COPY_PLAIN, &change);
    ck_assert_int_eq(verify(changed_option, NULL), 1);
    ck_assert_uint_eq(number("mismatched"), 1);
    ck_assert_uint_eq(number("verified"), total - 1);
    ck_assert_str_eq(finding_text("finding"), "differs");
    ck_assert(finding_differs("p"));
    ck_assert(!finding_differs("user"));
    ck_assert_int_eq((int)finding_number("prediction", "partition"), partition);
    fixture_records_free(&records);
}

static void a_bit_of_an_input(void)
{
    struct fixture_records records =
        kafka_fixture_read(line.names[PIPE_IMPRESSIONS]);
    struct topic_change change = {.record = records.count / 3};
    const struct fixture_record *record = &records.at[change.record];

    /* The last bit of the ad, whatever its type. */
    change.byte = topic_change_place(record, "\xa2\x61\x64", 3);
    if (record->value[change.byte] >= 0xcc)
        change.byte += 1u << (record->value[change.byte] & 3);
    change_topic(PIPE_IMPRESSIONS, PARTITIONS, COPY_PLAIN, &change);
    ck_assert_int_eq(verify(changed_option, NULL), 1);
    ck_assert_uint_eq(number("mismatched"), 1);
    ck_assert_uint_eq(number("verified"), total - 1);
    ck_assert(finding_differs("ad"));
    ck_assert_int_eq((int)finding_number("input", "partition"),
                     record->partition);
    ck_assert_int_eq((int)finding_number("input", "offset"),
                     (int)record->offset);
    fixture_records_free(&records);
}

/* All that one model predicted cannot be verified, and nothing else. */
static void a_bit_of_a_model(void)
{
    const struct topic_change change = {.record = 3, .byte = 1000};

    change_topic(PIPE_CHUNKS, 1, COPY_EACH_IN_A_TRANSACTION, &change);
    ck_assert_int_eq(verify(changed_option, NULL), 65);
    ck_assert_uint_gt(number("model_damaged"), 0);
    ck_assert_uint_eq(number("model_damaged") + number("verified"), total);
    ck_assert_str_eq(finding_text("finding"), "model_damaged");
    ck_assert_ptr_nonnull(strstr(finding_text("reason"), "checksum"));
}

static void a_bit_of_a_manifest(void)
{
    struct fixture_records records =
        kafka_fixture_read(line.names[PIPE_MODELS]);
    struct topic_change change = {.record = 4};

    change.byte = topic_change_place(&records.at[change.record],
                                     "\xa6sha256\xc4\x20", 9) +
                  2;
    change_topic(PIPE_MODELS, 1, COPY_PLAIN, &change);
    ck_assert_int_eq(verify(changed_option, NULL), 1);
    ck_assert_uint_gt(number("model_different"), 0);
    ck_assert_uint_eq(number("model_different") + number("verified"), total);
    fixture_records_free(&records);
}

static void models_that_are_gone(void)
{
    char name[FIXTURE_NAME_SIZE];

    topic_change_create(name, 1);
    use_topic(PIPE_MODELS, name);
    ck_assert_int_eq(verify(changed_option, NULL), 69);
    uint64_t gone = number("model_gone");
    ck_assert_uint_gt(gone, 0);
    ck_assert_uint_gt(number("verified"), 0); /* those without a model */
    /* The scorer's own copy has the last two. */
    ck_assert_int_eq(verify(changed_option, state_option), 69);
    ck_assert_uint_lt(number("model_gone"), gone);
    ck_assert_uint_ge(number("models"), 1);
}

/* The last one: the topic itself. */
static void inputs_that_are_gone(void)
{
    topic_change_delete(line.names[PIPE_IMPRESSIONS], 1, EXPIRED);
    ck_assert_int_eq(verify(NULL, NULL), 69);
    ck_assert_uint_eq(number("input_expired"), EXPIRED);
    ck_assert_uint_eq(number("verified"), total - EXPIRED);
    ck_assert_int_eq((int)finding_number("input", "partition"), 1);
}

START_TEST(every_change_is_found_and_named)
{
    run_live();
    all_are_verified();
    a_bit_of_a_prediction();
    a_bit_of_an_input();
    a_bit_of_a_model();
    a_bit_of_a_manifest();
    models_that_are_gone();
    inputs_that_are_gone();
}
END_TEST

START_TEST(nothing_is_an_answer_too)
{
    ck_assert_ptr_nonnull(mkdtemp(state_dir));
    pipeline_create(&line, 1);
    ck_assert_int_eq(verify(NULL, NULL), 0);
    ck_assert_uint_eq(number("predictions"), 0);

    /* A record that is none, and one whose input never was. */
    kafka_fixture_send(line.names[PIPE_PREDICTIONS],
                       &(struct outgoing){.value = "\xc1", .value_size = 1});
    ck_assert_int_eq(verify(NULL, NULL), 65);
    ck_assert_uint_eq(number("unreadable"), 1);

    struct buffer bytes = {0};
    const uint8_t one = 1;
    const struct span span = {&one, 1};
    struct prediction_event event = {.raw_id = span,
                                     .raw_ts = span,
                                     .raw_user = span,
                                     .raw_ad = span,
                                     .basis = BASIS_NONE,
                                     .p = 0.05,
                                     .src_partition = 7};
    event_encode_prediction(&event, &bytes);
    kafka_fixture_send(
        line.names[PIPE_PREDICTIONS],
        &(struct outgoing){.value = bytes.bytes, .value_size = bytes.size});
    buffer_free(&bytes);
    ck_assert_int_eq(verify("--from=@1", NULL), 69);
    ck_assert_uint_eq(number("input_missing"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verify");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests, every_change_is_found_and_named);
    tcase_add_test(tests, nothing_is_an_answer_too);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "predictions made again, changes found and named");
}
