/*
 * check_schema_registry.c - schemas out of a registry that is well, slow,
 * wrong, away, closed, changed, or too talkative.
 */
#include "support/registry_stub.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/metrics.h"
#include "common/registry/schema_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD(field)                                                          \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"" field       \
    "\",\"type\":\"int\"}]}"

enum { LONG_MS = 30000 };

static const struct metric_family families[] = {REGISTRY_METRIC_FAMILIES, {0}};

static struct registry_stub *stub;
static struct metrics *metrics;
static struct schema_registry *registry;
static struct error err;
static char folder[] = "/tmp/pctr-schemas-XXXXXX";

static void set_up(void)
{
    strcpy(folder, "/tmp/pctr-schemas-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ok(metrics_new(families, &metrics, &err), err);
    stub = registry_stub_start();
    registry_stub_put(stub, 7, NULL, RECORD("a"));
}

static void tear_down(void)
{
    char command[128];

    schema_registry_close(registry);
    registry = NULL;
    registry_stub_stop(stub);
    metrics_free(metrics);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static struct schema_registry_config config_of(uint32_t wait_ms)
{
    struct schema_registry_config config = {
        .settings = {.wait_ms = wait_ms, .timeout_ms = LONG_MS},
        .folder = folder,
        .metrics = metrics};

    strcpy(config.settings.url, registry_stub_url(stub));
    return config;
}

static void open_with(const struct schema_registry_config *config)
{
    schema_registry_close(registry);
    ck_assert_ok(schema_registry_open(config, &registry, &err), err);
}

static void open_waiting(uint32_t wait_ms)
{
    const struct schema_registry_config config = config_of(wait_ms);

    open_with(&config);
}

static const struct event_schema *find(uint32_t number)
{
    const struct event_schemas *schemas = schema_registry_schemas(registry);

    return schemas->find(schemas->context, number);
}

static int check(void)
{
    const struct event_schemas *schemas = schema_registry_schemas(registry);

    return schemas->check(schemas->context, &err);
}

static unsigned version(void)
{
    return atomic_load(schema_registry_schemas(registry)->version);
}

static void check_field(const struct event_schema *schema, const char *name)
{
    ck_assert_ptr_nonnull(schema);
    ck_assert_int_eq(schema->kind, EVENT_SCHEMA_AVRO);
    const struct writer_name field = schema->avro->fields[0].name;
    ck_assert_uint_eq(field.size, strlen(name));
    ck_assert_mem_eq(writer_schema_text(schema->avro, field), name, field.size);
}

static double asked(enum registry_result result)
{
    return metrics_value(metrics, REGISTRY_QUESTIONS, (int)result);
}

/* Waits until the registry was asked so often with this result. */
static void await(enum registry_result result, double count)
{
    const int64_t end_ms = clock_monotonic_ms() + LONG_MS;

    while (asked(result) < count && clock_monotonic_ms() < end_ms)
        usleep(10000);
    ck_assert_double_ge(asked(result), count);
}

START_TEST(a_schema_is_asked_for_once)
{
    open_waiting(LONG_MS);
    check_field(find(7), "a");
    check_field(find(7), "a");
    ck_assert_uint_eq(registry_stub_questions(stub), 1);
    ck_assert_double_eq(metrics_value(metrics, REGISTRY_KNOWN, 0), 1);
    ck_assert_ok(check(), err);
}
END_TEST

START_TEST(there_is_no_registry_without_a_url)
{
    const struct schema_registry_config none = {.folder = folder};

    ck_assert_ok(schema_registry_open(&none, &registry, &err), err);
    ck_assert_ptr_null(registry);
    ck_assert_ptr_null(schema_registry_schemas(registry));
}
END_TEST

START_TEST(a_schema_that_there_is_not_is_not_waited_for)
{
    const int64_t start_ms = clock_monotonic_ms();

    open_waiting(LONG_MS);
    ck_assert_ptr_null(find(8));
    ck_assert_ptr_null(find(8));
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, LONG_MS);
    ck_assert_uint_eq(registry_stub_questions(stub), 1);
    ck_assert_ok(check(), err);
    check_field(find(7), "a");
}
END_TEST

START_TEST(other_kinds_of_schemas_are_told_apart)
{
    registry_stub_put(stub, 1, "JSON", "{}");
    registry_stub_put(stub, 2, "PROTOBUF", "syntax = \"proto3\";");
    registry_stub_put(stub, 3, "XML", "<a/>");
    registry_stub_put(stub, 4, "AVRO", "\"not a type\"");
    open_waiting(LONG_MS);
    ck_assert_int_eq(find(1)->kind, EVENT_SCHEMA_JSON);
    ck_assert_int_eq(find(2)->kind, EVENT_SCHEMA_PROTOBUF);
    ck_assert_int_eq(find(3)->kind, EVENT_SCHEMA_OTHER);
    ck_assert_int_eq(find(4)->kind, EVENT_SCHEMA_OTHER);
}
END_TEST

static const struct {
    enum stub_mood mood;
    enum registry_result result;
} moods[] = {{STUB_FAILS, REGISTRY_UNAVAILABLE},
             {STUB_BABBLES, REGISTRY_WRONG},
             {STUB_FLOODS, REGISTRY_WRONG}};

START_TEST(who_waits_gets_the_schema_when_the_registry_is_well_again)
{
    registry_stub_set_mood(stub, moods[_i].mood);
    open_waiting(300);
    ck_assert_ptr_null(find(7)); /* it waited, and then did not any more */
    await(moods[_i].result, 2);
    registry_stub_set_mood(stub, STUB_GOOD);
    await(REGISTRY_OK, 1);
    check_field(find(7), "a");
    ck_assert_double_eq(asked(moods[_i].result) + asked(REGISTRY_OK),
                        registry_stub_questions(stub));
}
END_TEST

START_TEST(a_registry_that_is_away_delays_a_reader_once)
{
    registry_stub_hang_up(stub);
    open_waiting(3000);
    const int64_t start_ms = clock_monotonic_ms();
    for (uint32_t number = 100; number < 200; number++)
        ck_assert_ptr_null(find(number));
    ck_assert_int_ge(clock_monotonic_ms() - start_ms, 3000);
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, LONG_MS);
    ck_assert_ok(check(), err);
    registry_stub_listen(stub);
    await(REGISTRY_UNKNOWN, 1);
    check_field(find(7), "a");
}
END_TEST

START_TEST(a_schema_that_cannot_be_had_does_not_hold_others_back)
{
    registry_stub_set_mood(stub, STUB_BABBLES);
    open_waiting(300);
    ck_assert_ptr_null(find(8));
    await(REGISTRY_WRONG, 2);
    registry_stub_set_mood(stub, STUB_GOOD);
    check_field(find(7), "a");
    const int64_t start_ms = clock_monotonic_ms();
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_null(find(8));
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, LONG_MS);
}
END_TEST

START_TEST(one_that_refuses_the_program_ends_it)
{
    registry_stub_set_mood(stub, STUB_REFUSES);
    open_waiting(LONG_MS);
    ck_assert_ptr_null(find(7));
    ck_assert_refused(check(), err, ERROR_AUTH, "registry.user");
    await(REGISTRY_UNAUTHORIZED, 5);
    registry_stub_set_mood(stub, STUB_GOOD);
    await(REGISTRY_OK, 1);
    ck_assert_ok(check(), err);
}
END_TEST

START_TEST(it_is_let_in_with_a_password_or_a_token)
{
    struct schema_registry_config config = config_of(LONG_MS);

    registry_stub_set_secret(stub, "Basic bWU6b3Blbg=="); /* me:open */
    strcpy(config.settings.user, "me");
    strcpy(config.settings.password, "open");
    open_with(&config);
    check_field(find(7), "a");

    registry_stub_set_secret(stub, "Bearer abc");
    config = config_of(LONG_MS);
    strcpy(config.settings.token, "abc");
    open_with(&config);
    check_field(find(7), "a");
}
END_TEST

START_TEST(a_copy_serves_while_the_registry_is_away)
{
    open_waiting(LONG_MS);
    check_field(find(7), "a");
    registry_stub_hang_up(stub);
    open_waiting(LONG_MS);
    check_field(find(7), "a");
    ck_assert_double_eq(asked(REGISTRY_OK), 1);
    registry_stub_listen(stub); /* and the copy is compared */
    await(REGISTRY_OK, 2);
    check_field(find(7), "a");
    ck_assert_uint_eq(version(), 0);
    ck_assert_double_eq(metrics_value(metrics, REGISTRY_CHANGED, 0), 0);
}
END_TEST

START_TEST(another_schema_than_that_of_the_copy_is_noticed)
{
    open_waiting(LONG_MS);
    check_field(find(7), "a");
    registry_stub_hang_up(stub);
    open_waiting(LONG_MS);
    const struct event_schema *old = find(7);
    check_field(old, "a");
    registry_stub_put(stub, 7, NULL, RECORD("b"));
    registry_stub_listen(stub);
    await(REGISTRY_OK, 2);
    check_field(find(7), "b");
    ck_assert_double_eq(metrics_value(metrics, REGISTRY_CHANGED, 0), 1);
    ck_assert_uint_eq(version(), 1);
    check_field(old, "a"); /* a reader may still hold it */
}
END_TEST

START_TEST(the_copy_of_another_registry_is_none)
{
    struct schema_registry_config config = config_of(300);

    open_waiting(LONG_MS);
    check_field(find(7), "a");
    registry_stub_set_mood(stub, STUB_FAILS);
    strcat(config.settings.url, "/other");
    open_with(&config);
    ck_assert_ptr_null(find(7));
}
END_TEST

START_TEST(a_damaged_copy_is_none)
{
    char path[64];

    open_waiting(LONG_MS);
    check_field(find(7), "a");
    snprintf(path, sizeof(path), "%s/schemas/7", folder);
    ck_assert_int_eq(truncate(path, 60), 0);
    registry_stub_set_mood(stub, STUB_FAILS);
    open_waiting(300);
    ck_assert_ptr_null(find(7));
}
END_TEST

START_TEST(settings_that_make_no_sense_are_refused)
{
    struct schema_registry_config config = config_of(300);

    strcpy(config.settings.url, "ftp://host");
    ck_assert_refused(schema_registry_open(&config, &registry, &err), err,
                      ERROR_CONFIG, "registry.url");
    strcpy(config.settings.url, "http://me:open@host");
    ck_assert_refused(schema_registry_open(&config, &registry, &err), err,
                      ERROR_CONFIG, "registry.user");
    config = config_of(300);
    strcpy(config.settings.user, "me");
    strcpy(config.settings.token, "abc");
    ck_assert_refused(schema_registry_open(&config, &registry, &err), err,
                      ERROR_CONFIG, "registry.token");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema_registry");
    TCase *tests = tcase_create("registry");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_schema_is_asked_for_once);
    tcase_add_test(tests, there_is_no_registry_without_a_url);
    tcase_add_test(tests, a_schema_that_there_is_not_is_not_waited_for);
    tcase_add_test(tests, other_kinds_of_schemas_are_told_apart);
    tcase_add_loop_test(
        tests, who_waits_gets_the_schema_when_the_registry_is_well_again, 0,
        sizeof(moods) / sizeof(moods[0]));
    tcase_add_test(tests, a_registry_that_is_away_delays_a_reader_once);
    tcase_add_test(tests,
                   a_schema_that_cannot_be_had_does_not_hold_others_back);
    tcase_add_test(tests, one_that_refuses_the_program_ends_it);
    tcase_add_test(tests, it_is_let_in_with_a_password_or_a_token);
    tcase_add_test(tests, a_copy_serves_while_the_registry_is_away);
    tcase_add_test(tests, another_schema_than_that_of_the_copy_is_noticed);
    tcase_add_test(tests, the_copy_of_another_registry_is_none);
    tcase_add_test(tests, a_damaged_copy_is_none);
    tcase_add_test(tests, settings_that_make_no_sense_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
