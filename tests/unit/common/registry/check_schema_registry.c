/*
 * check_schema_registry.c - schemas out of a registry that is well, slow,
 * wrong, away, closed, changed, too talkative, or not to be trusted.
 */
#include "support/registry_stub.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/metrics.h"
#include "common/registry/schema_registry.h"

#include <pthread.h>
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

/* --- A registry that takes its time ----------------------------------- */

START_TEST(a_slow_registry_is_waited_for)
{
    registry_stub_set_delay(stub, 600);
    open_waiting(LONG_MS);
    const int64_t start_ms = clock_monotonic_ms();
    check_field(find(7), "a");
    ck_assert_int_ge(clock_monotonic_ms() - start_ms, 600);
    check_field(find(7), "a");
    ck_assert_uint_eq(registry_stub_questions(stub), 1);
}
END_TEST

static void *find_in_thread(void *number)
{
    return (void *)(uintptr_t)find((uint32_t)(uintptr_t)number);
}

/* It answers one question after the other: the time of the third begins when
 * the second was answered. */
START_TEST(who_stands_in_line_waits_longer)
{
    pthread_t readers[3];
    void *schema;

    for (uintptr_t i = 0; i < 3; i++)
        registry_stub_put(stub, 30 + (uint32_t)i, NULL, RECORD("a"));
    registry_stub_set_delay(stub, 1000);
    open_waiting(1600);
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
    registry_stub_set_delay(stub, 300);
    open_waiting(1000);
    const int64_t start_ms = clock_monotonic_ms();
    for (uint32_t number = 100; number < 140; number++)
        ck_assert_ptr_null(find(number));
    const int64_t took_ms = clock_monotonic_ms() - start_ms;
    ck_assert_int_ge(took_ms, 1000);
    ck_assert_int_lt(took_ms, 40 * 300 / 2);
}
END_TEST

START_TEST(an_end_does_not_wait_for_the_answer)
{
    registry_stub_set_delay(stub, 8000);
    open_waiting(100);
    ck_assert_ptr_null(find(7));
    const int64_t start_ms = clock_monotonic_ms();
    schema_registry_close(registry);
    registry = NULL;
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
    char command[sizeof(make_certificates) + sizeof(folder)];

    if (system("command -v openssl >/dev/null") != 0) {
        printf("SKIPPED: no openssl: a registry with TLS was not tried\n");
        return false;
    }
    snprintf(command, sizeof(command), make_certificates, folder);
    ck_assert_int_eq(system(command), 0);
    return true;
}

static char *read_file(const char *name, const char *suffix)
{
    char path[128];
    static char texts[2][8192];
    static unsigned turn;
    char *text = texts[turn++ % 2];

    snprintf(path, sizeof(path), "%s/%s.%s", folder, name, suffix);
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
    registry_stub_stop(stub);
    stub = registry_stub_start_secure(read_file(trusts[_i].host, "key"),
                                      read_file(trusts[_i].host, "pem"));
    registry_stub_put(stub, 7, NULL, RECORD("a"));
    struct schema_registry_config config = config_of(LONG_MS);
    if (trusts[_i].ca)
        snprintf(config.settings.ca, sizeof(config.settings.ca), "%s/%s.pem",
                 folder, trusts[_i].ca);
    open_with(&config);
    if (trusts[_i].is_trusted) {
        check_field(find(7), "a");
        return;
    }
    ck_assert_ptr_null(find(7));
    ck_assert_refused(check(), err, ERROR_AUTH, "registry.ca");
    ck_assert_uint_eq(registry_stub_questions(stub), 0);
    ck_assert_double_ge(asked(REGISTRY_UNAUTHORIZED), 5);
}
END_TEST

START_TEST(authorities_that_cannot_be_read_are_refused_at_the_start)
{
    struct schema_registry_config config = config_of(300);

    strcpy(config.settings.ca, "/no/such/file.pem");
    ck_assert_refused(schema_registry_open(&config, &registry, &err), err,
                      ERROR_IO, "registry.ca: read '/no/such/file.pem'");
}
END_TEST

/* --- References ------------------------------------------------------- */

#define REFERENCE(name, subject, version)                                      \
    "{\"name\":\"" name "\",\"subject\":\"" subject "\",\"version\":" version  \
    "}"

/* 20 refers to 21 and 22, and 21 to 22 as well. */
static void put_family(void)
{
    registry_stub_put_version(
        stub, 20, "event-value", 1,
        "{\"type\":\"record\",\"name\":\"Event\",\"namespace\":\"a.b\","
        "\"fields\":[{\"name\":\"who\",\"type\":\"User\"},{\"name\":\"id\","
        "\"type\":\"x.Id\"}]}",
        "[" REFERENCE("a.b.User", "users/value 1",
                      "3") "," REFERENCE("x.Id", "ids", "1") "]");
    registry_stub_put_version(
        stub, 21, "users/value 1", 3,
        "{\"type\":\"record\",\"name\":\"a.b.User\",\"fields\":[{\"name\":"
        "\"id\",\"type\":\"x.Id\"}]}",
        "[" REFERENCE("x.Id", "ids", "1") "]");
    registry_stub_put_version(
        stub, 22, "ids", 1, "{\"type\":\"fixed\",\"name\":\"x.Id\",\"size\":4}",
        NULL);
}

static void check_family(const struct event_schema *schema)
{
    ck_assert_ptr_nonnull(schema);
    ck_assert_int_eq(schema->kind, EVENT_SCHEMA_AVRO);
    const struct writer_schema *avro = schema->avro;
    const struct writer_field *fields = avro->fields + avro->nodes[0].first;
    ck_assert_int_eq(avro->nodes[0].type, WRITER_RECORD);
    ck_assert_uint_eq(avro->nodes[0].size, 2);
    ck_assert_mem_eq(writer_schema_text(avro, fields[0].name), "who", 3);
    ck_assert_int_eq(avro->nodes[fields[0].node].type, WRITER_RECORD);
    ck_assert_int_eq(avro->nodes[fields[1].node].type, WRITER_FIXED);
}

START_TEST(references_are_followed_each_once)
{
    put_family();
    open_waiting(LONG_MS);
    check_family(find(20));
    check_family(find(20));
    ck_assert_uint_eq(registry_stub_questions(stub), 3);
}
END_TEST

START_TEST(a_copy_has_what_a_schema_refers_to)
{
    put_family();
    open_waiting(LONG_MS);
    ck_assert_ptr_nonnull(find(20));
    registry_stub_hang_up(stub);
    open_waiting(LONG_MS);
    check_family(find(20));
    registry_stub_listen(stub);
    await(REGISTRY_OK, 2);
    ck_assert_double_eq(metrics_value(metrics, REGISTRY_CHANGED, 0), 0);
}
END_TEST

static const char *const broken_references[] = {
    "[" REFERENCE("x.Id", "ids", "2") "]", /* no such version */
    "[{\"name\":\"x.Id\",\"subject\":\"ids\"}]",
    "[7]",
};

START_TEST(references_that_lead_nowhere_are_a_wrong_answer)
{
    registry_stub_put_version(stub, 20, "event-value", 1, RECORD("a"),
                              broken_references[_i]);
    open_waiting(300);
    ck_assert_ptr_null(find(20));
    await(REGISTRY_WRONG, 1);
    check_field(find(7), "a");
}
END_TEST

/* A reference to itself is followed once, and then defines its name twice. */
START_TEST(a_circle_of_references_ends)
{
    registry_stub_put_version(stub, 20, "event-value", 1, RECORD("a"),
                              "[" REFERENCE("R", "event-value", "1") "]");
    open_waiting(LONG_MS);
    const struct event_schema *schema = find(20);
    ck_assert_ptr_nonnull(schema);
    ck_assert_int_eq(schema->kind, EVENT_SCHEMA_OTHER);
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
    tcase_add_test(tests, a_slow_registry_is_waited_for);
    tcase_add_test(tests, who_stands_in_line_waits_longer);
    tcase_add_test(
        tests, numbers_that_there_are_not_delay_a_reader_no_longer_than_one);
    tcase_add_test(tests, an_end_does_not_wait_for_the_answer);
    tcase_add_loop_test(tests, a_registry_is_trusted_by_its_certificate, 0,
                        sizeof(trusts) / sizeof(trusts[0]));
    tcase_add_test(tests,
                   authorities_that_cannot_be_read_are_refused_at_the_start);
    tcase_add_test(tests, references_are_followed_each_once);
    tcase_add_test(tests, a_copy_has_what_a_schema_refers_to);
    tcase_add_loop_test(
        tests, references_that_lead_nowhere_are_a_wrong_answer, 0,
        sizeof(broken_references) / sizeof(broken_references[0]));
    tcase_add_test(tests, a_circle_of_references_ends);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
