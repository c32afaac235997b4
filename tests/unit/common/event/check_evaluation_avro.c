/*
 * check_evaluation_avro.c - evaluations that we write in Avro: avro-c decodes
 * them by the schema that we publish, our reader takes the same from them, and
 * no bit is lost.
 */
#include "support/avro_oracle.h"
#include "support/one_schema.h"
#include "support/run_suite.h"

#include "common/event/evaluation_event.h"
#include "common/event/event_avro.h"

#include <math.h>
#include <string.h>

static struct error err;

static double random_figure(void)
{
    return avro_oracle_below(4) == 0 ? (double)NAN : avro_oracle_real();
}

static struct evaluation_event draw_evaluation(void)
{
    struct evaluation_event event = {
        .start_ms = avro_oracle_integer() & 0x7fffffffffff,
        .window_ms = avro_oracle_integer() & 0x7fffffffff,
        .has_version = avro_oracle_below(2),
        .rows = (uint64_t)avro_oracle_integer() & INT64_MAX,
        .click_rate = random_figure(),
        .rmse = random_figure(),
        .mae = random_figure(),
        .logloss = random_figure(),
        .normalised_entropy = random_figure(),
        .auc = random_figure(),
        .calibration = random_figure(),
        .ece = random_figure(),
        .left_out = (uint64_t)avro_oracle_integer() & INT64_MAX,
        .is_early = avro_oracle_below(2),
        .created_ms = avro_oracle_integer() & 0x7fffffffffff,
    };

    if (event.has_version)
        event.version = (uint64_t)avro_oracle_integer() & INT64_MAX;
    memset(event.name, 'n', 1 + avro_oracle_below(sizeof(event.name) - 1));
    return event;
}

static void check_figure(const char *name, double wanted)
{
    int is_there;
    avro_value_t figure = avro_oracle_branch(&oracle.value, name, &is_there);

    ck_assert_int_eq(is_there, !isnan(wanted));
    if (is_there)
        avro_oracle_check_double(&figure, wanted);
}

static void check_long(const char *name, uint64_t wanted)
{
    avro_value_t number = avro_oracle_field(&oracle.value, name);

    ck_assert_uint_eq((uint64_t)avro_oracle_long(&number), wanted);
}

static void check_evaluation(const struct evaluation_event *wanted)
{
    avro_value_t name = avro_oracle_field(&oracle.value, "name");
    avro_value_t early = avro_oracle_field(&oracle.value, "early");
    int has_version, is_early;
    avro_value_t version =
        avro_oracle_branch(&oracle.value, "version", &has_version);

    avro_oracle_check_text(&name, wanted->name, strlen(wanted->name));
    check_long("start", (uint64_t)wanted->start_ms);
    check_long("window_ms", (uint64_t)wanted->window_ms);
    ck_assert_int_eq(has_version, wanted->has_version);
    if (has_version)
        ck_assert_uint_eq((uint64_t)avro_oracle_long(&version),
                          wanted->version);
    check_long("rows", wanted->rows);
    check_figure("click_rate", wanted->click_rate);
    check_figure("rmse", wanted->rmse);
    check_figure("mae", wanted->mae);
    check_figure("logloss", wanted->logloss);
    check_figure("normalised_entropy", wanted->normalised_entropy);
    check_figure("auc", wanted->auc);
    check_figure("calibration", wanted->calibration);
    check_figure("ece", wanted->ece);
    check_long("left_out", wanted->left_out);
    ck_assert_int_eq(avro_value_get_boolean(&early, &is_early), 0);
    ck_assert_int_eq(is_early, wanted->is_early);
    check_long("created", (uint64_t)wanted->created_ms);
}

START_TEST(an_evaluation_is_decoded_by_avro_c_and_by_us)
{
    struct evaluation_event out;
    struct buffer a = {0}, b = {0};

    avro_oracle_open(event_avro_evaluation_schema);
    const struct event_schemas *schemas = avro_oracle_schemas();
    for (int i = 0; i < AVRO_ORACLE_EVENTS; i++) {
        const struct evaluation_event in = draw_evaluation();
        const struct event_output output = {.format = EVENT_FORMAT_AVRO,
                                            .has_schema = true,
                                            .schema = AVRO_ORACLE_NUMBER};
        buffer_clear(&oracle.bytes);
        evaluation_event_write(&output, &in, &oracle.bytes);
        ck_assert(!buffer_failed(&oracle.bytes));
        avro_oracle_decode();
        check_evaluation(&in);
        ck_assert_ok(evaluation_event_decode(schemas, oracle.bytes.bytes,
                                             oracle.bytes.size, &out, &err),
                     err);
        buffer_clear(&a);
        buffer_clear(&b);
        evaluation_event_encode(&in, &a);
        evaluation_event_encode(&out, &b);
        ck_assert_uint_eq(a.size, b.size);
        ck_assert_mem_eq(a.bytes, b.bytes, a.size);
    }
    buffer_free(&a);
    buffer_free(&b);
}
END_TEST

START_TEST(an_evaluation_without_its_schema_is_said_to_be_one)
{
    struct evaluation_event out;

    avro_oracle_open(event_avro_evaluation_schema);
    const struct evaluation_event in = draw_evaluation();
    event_avro_evaluation(AVRO_ORACLE_NUMBER, &in, &oracle.bytes);
    ck_assert_refused(evaluation_event_decode(NULL, oracle.bytes.bytes,
                                              oracle.bytes.size, &out, &err),
                      err, ERROR_CONFIG, "registry.url");
    ck_assert_refused(
        evaluation_event_decode(
            one_schema(1, EVENT_SCHEMA_AVRO, (const char *)oracle.text.bytes),
            oracle.bytes.bytes, oracle.bytes.size, &out, &err),
        err, ERROR_UNAVAILABLE, "16909060");
    ck_assert_refused(
        evaluation_event_decode(avro_oracle_schemas(), oracle.bytes.bytes,
                                oracle.bytes.size - 1, &out, &err),
        err, ERROR_FORMAT, "truncated");
}
END_TEST
int main(void)
{
    Suite *suite = suite_create("evaluation_avro");
    TCase *tests = tcase_create("written");

    tcase_add_checked_fixture(tests, NULL, avro_oracle_close);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_evaluation_is_decoded_by_avro_c_and_by_us);
    tcase_add_test(tests, an_evaluation_without_its_schema_is_said_to_be_one);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
