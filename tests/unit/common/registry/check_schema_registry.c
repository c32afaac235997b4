/*
 * check_schema_registry.c - schemas out of a registry that is well, slow,
 * wrong, away, closed, changed, too talkative, or not to be trusted.
 */
#include "support/registry_world.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct error err;

static int check(void)
{
    const struct event_schemas *schemas =
        schema_registry_schemas(registry_world.registry);

    return schemas->check(schemas->context, &err);
}

static unsigned version(void)
{
    return atomic_load(
        schema_registry_schemas(registry_world.registry)->version);
}

START_TEST(a_schema_is_asked_for_once)
{
    registry_world_open_waiting(REGISTRY_LONG_MS);
    registry_world_check_field(registry_world_find(7), "a");
    registry_world_check_field(registry_world_find(7), "a");
    ck_assert_uint_eq(registry_stub_questions(registry_world.stub), 1);
    ck_assert_double_eq(
        metrics_value(registry_world.metrics, REGISTRY_KNOWN, 0), 1);
    ck_assert_ok(check(), err);
}
END_TEST

START_TEST(there_is_no_registry_without_a_url)
{
    const struct schema_registry_config none = {.folder =
                                                    registry_world.folder};

    ck_assert_ok(schema_registry_open(&none, &registry_world.registry, &err),
                 err);
    ck_assert_ptr_null(registry_world.registry);
    ck_assert_ptr_null(schema_registry_schemas(registry_world.registry));
}
END_TEST

START_TEST(a_schema_that_there_is_not_is_not_waited_for)
{
    const int64_t start_ms = clock_monotonic_ms();

    registry_world_open_waiting(REGISTRY_LONG_MS);
    ck_assert_ptr_null(registry_world_find(8));
    ck_assert_ptr_null(registry_world_find(8));
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, REGISTRY_LONG_MS);
    ck_assert_uint_eq(registry_stub_questions(registry_world.stub), 1);
    ck_assert_ok(check(), err);
    registry_world_check_field(registry_world_find(7), "a");
}
END_TEST

START_TEST(other_kinds_of_schemas_are_told_apart)
{
    registry_stub_put(registry_world.stub, 1, "JSON", "{}");
    registry_stub_put(registry_world.stub, 2, "PROTOBUF",
                      "syntax = \"proto3\";");
    registry_stub_put(registry_world.stub, 3, "XML", "<a/>");
    registry_stub_put(registry_world.stub, 4, "AVRO", "\"not a type\"");
    registry_world_open_waiting(REGISTRY_LONG_MS);
    ck_assert_int_eq(registry_world_find(1)->kind, EVENT_SCHEMA_JSON);
    ck_assert_int_eq(registry_world_find(2)->kind, EVENT_SCHEMA_PROTOBUF);
    ck_assert_int_eq(registry_world_find(3)->kind, EVENT_SCHEMA_OTHER);
    ck_assert_int_eq(registry_world_find(4)->kind, EVENT_SCHEMA_OTHER);
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
    registry_stub_set_mood(registry_world.stub, moods[_i].mood);
    registry_world_open_waiting(300);
    ck_assert_ptr_null(
        registry_world_find(7)); /* it waited, and then did not any more */
    registry_world_await(moods[_i].result, 2);
    registry_stub_set_mood(registry_world.stub, STUB_GOOD);
    registry_world_await(REGISTRY_OK, 1);
    registry_world_check_field(registry_world_find(7), "a");
    ck_assert_double_eq(registry_world_asked(moods[_i].result) +
                            registry_world_asked(REGISTRY_OK),
                        registry_stub_questions(registry_world.stub));
}
END_TEST

START_TEST(a_registry_that_is_away_delays_a_reader_once)
{
    registry_stub_hang_up(registry_world.stub);
    registry_world_open_waiting(3000);
    const int64_t start_ms = clock_monotonic_ms();
    for (uint32_t number = 100; number < 200; number++)
        ck_assert_ptr_null(registry_world_find(number));
    ck_assert_int_ge(clock_monotonic_ms() - start_ms, 3000);
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, REGISTRY_LONG_MS);
    ck_assert_ok(check(), err);
    registry_stub_listen(registry_world.stub);
    registry_world_await(REGISTRY_UNKNOWN, 1);
    registry_world_check_field(registry_world_find(7), "a");
}
END_TEST

START_TEST(a_schema_that_cannot_be_had_does_not_hold_others_back)
{
    registry_stub_set_mood(registry_world.stub, STUB_BABBLES);
    registry_world_open_waiting(300);
    ck_assert_ptr_null(registry_world_find(8));
    registry_world_await(REGISTRY_WRONG, 2);
    registry_stub_set_mood(registry_world.stub, STUB_GOOD);
    registry_world_check_field(registry_world_find(7), "a");
    const int64_t start_ms = clock_monotonic_ms();
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_null(registry_world_find(8));
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, REGISTRY_LONG_MS);
}
END_TEST

START_TEST(one_that_refuses_the_program_ends_it)
{
    registry_stub_set_mood(registry_world.stub, STUB_REFUSES);
    registry_world_open_waiting(REGISTRY_LONG_MS);
    ck_assert_ptr_null(registry_world_find(7));
    ck_assert_refused(check(), err, ERROR_AUTH, "registry.user");
    registry_world_await(REGISTRY_UNAUTHORIZED, 5);
    registry_stub_set_mood(registry_world.stub, STUB_GOOD);
    registry_world_await(REGISTRY_OK, 1);
    ck_assert_ok(check(), err);
}
END_TEST

START_TEST(it_is_let_in_with_a_password_or_a_token)
{
    struct schema_registry_config config =
        registry_world_config(REGISTRY_LONG_MS);

    registry_stub_set_secret(registry_world.stub,
                             "Basic bWU6b3Blbg=="); /* me:open */
    strcpy(config.settings.user, "me");
    strcpy(config.settings.password, "open");
    registry_world_open_with(&config);
    registry_world_check_field(registry_world_find(7), "a");

    registry_stub_set_secret(registry_world.stub, "Bearer abc");
    config = registry_world_config(REGISTRY_LONG_MS);
    strcpy(config.settings.token, "abc");
    registry_world_open_with(&config);
    registry_world_check_field(registry_world_find(7), "a");
}
END_TEST

START_TEST(a_copy_serves_while_the_registry_is_away)
{
    registry_world_open_waiting(REGISTRY_LONG_MS);
    registry_world_check_field(registry_world_find(7), "a");
    registry_stub_hang_up(registry_world.stub);
    registry_world_open_waiting(REGISTRY_LONG_MS);
    registry_world_check_field(registry_world_find(7), "a");
    ck_assert_double_eq(registry_world_asked(REGISTRY_OK), 1);
    registry_stub_listen(registry_world.stub); /* and the copy is compared */
    registry_world_await(REGISTRY_OK, 2);
    registry_world_check_field(registry_world_find(7), "a");
    ck_assert_uint_eq(version(), 0);
    ck_assert_double_eq(
        metrics_value(registry_world.metrics, REGISTRY_CHANGED, 0), 0);
}
END_TEST

START_TEST(another_schema_than_that_of_the_copy_is_noticed)
{
    registry_world_open_waiting(REGISTRY_LONG_MS);
    registry_world_check_field(registry_world_find(7), "a");
    registry_stub_hang_up(registry_world.stub);
    registry_world_open_waiting(REGISTRY_LONG_MS);
    const struct event_schema *old = registry_world_find(7);
    registry_world_check_field(old, "a");
    registry_stub_put(registry_world.stub, 7, NULL, REGISTRY_RECORD("b"));
    registry_stub_listen(registry_world.stub);
    registry_world_await(REGISTRY_OK, 2);
    registry_world_check_field(registry_world_find(7), "b");
    ck_assert_double_eq(
        metrics_value(registry_world.metrics, REGISTRY_CHANGED, 0), 1);
    ck_assert_uint_eq(version(), 1);
    registry_world_check_field(old, "a"); /* a reader may still hold it */
}
END_TEST

START_TEST(the_copy_of_another_registry_is_none)
{
    struct schema_registry_config config = registry_world_config(300);

    registry_world_open_waiting(REGISTRY_LONG_MS);
    registry_world_check_field(registry_world_find(7), "a");
    registry_stub_set_mood(registry_world.stub, STUB_FAILS);
    strcat(config.settings.url, "/other");
    registry_world_open_with(&config);
    ck_assert_ptr_null(registry_world_find(7));
}
END_TEST

START_TEST(a_damaged_copy_is_none)
{
    char path[64];

    registry_world_open_waiting(REGISTRY_LONG_MS);
    registry_world_check_field(registry_world_find(7), "a");
    snprintf(path, sizeof(path), "%s/schemas/7", registry_world.folder);
    ck_assert_int_eq(truncate(path, 60), 0);
    registry_stub_set_mood(registry_world.stub, STUB_FAILS);
    registry_world_open_waiting(300);
    ck_assert_ptr_null(registry_world_find(7));
}
END_TEST

START_TEST(settings_that_make_no_sense_are_refused)
{
    struct schema_registry_config config = registry_world_config(300);

    strcpy(config.settings.url, "ftp://host");
    ck_assert_refused(
        schema_registry_open(&config, &registry_world.registry, &err), err,
        ERROR_CONFIG, "registry.url");
    strcpy(config.settings.url, "http://me:open@host");
    ck_assert_refused(
        schema_registry_open(&config, &registry_world.registry, &err), err,
        ERROR_CONFIG, "registry.user");
    config = registry_world_config(300);
    strcpy(config.settings.user, "me");
    strcpy(config.settings.token, "abc");
    ck_assert_refused(
        schema_registry_open(&config, &registry_world.registry, &err), err,
        ERROR_CONFIG, "registry.token");
}
END_TEST

/* --- A registry that takes its time ----------------------------------- */

START_TEST(a_slow_registry_is_waited_for)
{
    registry_stub_set_delay(registry_world.stub, 600);
    registry_world_open_waiting(REGISTRY_LONG_MS);
    const int64_t start_ms = clock_monotonic_ms();
    registry_world_check_field(registry_world_find(7), "a");
    ck_assert_int_ge(clock_monotonic_ms() - start_ms, 600);
    registry_world_check_field(registry_world_find(7), "a");
    ck_assert_uint_eq(registry_stub_questions(registry_world.stub), 1);
}
END_TEST

static void *find_in_thread(void *number)
{
    return (void *)(uintptr_t)registry_world_find((uint32_t)(uintptr_t)number);
}

/* It answers one question after the other: the time of the third begins when
 * the second was answered. */
START_TEST(who_stands_in_line_waits_longer)
{
    pthread_t readers[3];
    void *schema;

    for (uintptr_t i = 0; i < 3; i++)
        registry_stub_put(registry_world.stub, 30 + (uint32_t)i, NULL,
                          REGISTRY_RECORD("a"));
    registry_stub_set_delay(registry_world.stub, 1000);
    registry_world_open_waiting(1600);
    for (uintptr_t i = 0; i < 3; i++)
        ck_assert_int_eq(
            pthread_create(&readers[i], NULL, find_in_thread, (void *)(30 + i)),
            0);
    for (uintptr_t i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_join(readers[i], &schema), 0);
        ck_assert_msg(schema != NULL, "schema %d was not waited for", (int)i);
    }
}
END_TEST

/* Each of the numbers would take 300 ms. */
START_TEST(numbers_that_there_are_not_delay_a_reader_no_longer_than_one)
{
    registry_stub_set_delay(registry_world.stub, 300);
    registry_world_open_waiting(1000);
    const int64_t start_ms = clock_monotonic_ms();
    for (uint32_t number = 100; number < 140; number++)
        ck_assert_ptr_null(registry_world_find(number));
    const int64_t took_ms = clock_monotonic_ms() - start_ms;
    ck_assert_int_ge(took_ms, 1000);
    ck_assert_int_lt(took_ms, 40 * 300 / 2);
}
END_TEST

START_TEST(an_end_does_not_wait_for_the_answer)
{
    registry_stub_set_delay(registry_world.stub, 8000);
    registry_world_open_waiting(100);
    ck_assert_ptr_null(registry_world_find(7));
    const int64_t start_ms = clock_monotonic_ms();
    schema_registry_close(registry_world.registry);
    registry_world.registry = NULL;
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, 5000);
}
END_TEST

/* --- Trust ------------------------------------------------------------ */

/* A certificate authority, another one, and certificates by the first. */
static const char make_certificates[] =
    "cd %s && exec 2>openssl.log && "
    "new_ca() { openssl req -x509 -days 2 -newkey ec -pkeyopt "
    "ec_paramgen_curve:prime256v1 -nodes -subj /CN=$1 -keyout $1.key -out "
    "$1.pem; } && new_ca ca && new_ca other && "
    "for host in 127.0.0.1 10.1.2.3; do "
    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
    "-subj /CN=$host -keyout $host.key -out $host.csr && "
    "echo subjectAltName=IP:$host >$host.ext && "
    "openssl x509 -req -days 2 -in $host.csr -CA ca.pem -CAkey ca.key "
    "-CAcreateserial -extfile $host.ext -out $host.pem || exit 1; done";

static bool make_all_certificates(void)
{
    char command[sizeof(make_certificates) + sizeof(registry_world.folder)];

    if (system("command -v openssl >/dev/null") != 0) {
        printf("SKIPPED: no openssl: a registry with TLS was not tried\n");
        return false;
    }
    snprintf(command, sizeof(command), make_certificates,
             registry_world.folder);
    ck_assert_int_eq(system(command), 0);
    return true;
}

static char *read_file(const char *name, const char *suffix)
{
    char path[128];
    static char texts[2][8192];
    static unsigned turn;
    char *text = texts[turn++ % 2];

    snprintf(path, sizeof(path), "%s/%s.%s", registry_world.folder, name,
             suffix);
    FILE *in = fopen(path, "r");
    ck_assert_ptr_nonnull(in);
    const size_t size = fread(text, 1, sizeof(texts[0]) - 1, in);
    fclose(in);
    text[size] = '\0';
    return text;
}

static const struct {
    const char *host, *ca;
    bool is_trusted;
} trusts[] = {
    {"127.0.0.1", "ca", true},
    {"127.0.0.1", "other", false},
    {"127.0.0.1", NULL, false}, /* the system's do not have it */
    {"10.1.2.3", "ca", false},  /* another host's */
};

START_TEST(a_registry_is_trusted_by_its_certificate)
{
    if (!make_all_certificates())
        return;
    registry_stub_stop(registry_world.stub);
    registry_world.stub = registry_stub_start_secure(
        read_file(trusts[_i].host, "key"), read_file(trusts[_i].host, "pem"));
    registry_stub_put(registry_world.stub, 7, NULL, REGISTRY_RECORD("a"));
    struct schema_registry_config config =
        registry_world_config(REGISTRY_LONG_MS);
    if (trusts[_i].ca)
        snprintf(config.settings.ca, sizeof(config.settings.ca), "%s/%s.pem",
                 registry_world.folder, trusts[_i].ca);
    registry_world_open_with(&config);
    if (trusts[_i].is_trusted) {
        registry_world_check_field(registry_world_find(7), "a");
        return;
    }
    ck_assert_ptr_null(registry_world_find(7));
    ck_assert_refused(check(), err, ERROR_AUTH, "registry.ca");
    ck_assert_uint_eq(registry_stub_questions(registry_world.stub), 0);
    ck_assert_double_ge(registry_world_asked(REGISTRY_UNAUTHORIZED), 5);
}
END_TEST

START_TEST(authorities_that_cannot_be_read_are_refused_at_the_start)
{
    struct schema_registry_config config = registry_world_config(300);

    strcpy(config.settings.ca, "/no/such/file.pem");
    ck_assert_refused(
        schema_registry_open(&config, &registry_world.registry, &err), err,
        ERROR_IO, "registry.ca: read '/no/such/file.pem'");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema_registry");
    TCase *tests = tcase_create("registry");

    tcase_add_checked_fixture(tests, registry_world_open, registry_world_close);
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
    tcase_add_test(tests, a_slow_registry_is_waited_for);
    tcase_add_test(tests, who_stands_in_line_waits_longer);
    tcase_add_test(
        tests, numbers_that_there_are_not_delay_a_reader_no_longer_than_one);
    tcase_add_test(tests, an_end_does_not_wait_for_the_answer);
    tcase_add_loop_test(tests, a_registry_is_trusted_by_its_certificate, 0,
                        sizeof(trusts) / sizeof(trusts[0]));
    tcase_add_test(tests,
                   authorities_that_cannot_be_read_are_refused_at_the_start);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
