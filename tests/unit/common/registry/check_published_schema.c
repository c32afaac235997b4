/*
 * check_published_schema.c - the number of a schema of ours, from a registry
 * that has it, does not have it, refuses it, lies about it, or is away.
 */
#include "support/registry_world.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/event/event_avro.h"
#include "common/registry/published_schema.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NONE = 4711, SHORT_MS = 300, ANSWER_MS = 2000 };
#define SUBJECT "clicks.predictions-value"

static struct error err;
static struct buffer text;
static struct registry_settings settings;
static uint32_t number;

static void set_up(void)
{
    registry_world_open();
    event_avro_prediction_schema(&text);
    ck_assert(!buffer_failed(&text));
    settings = registry_world_config(SHORT_MS).settings;
    settings.timeout_ms = ANSWER_MS;
    number = NONE;
}

static void tear_down(void)
{
    buffer_free(&text);
    registry_world_close();
}

static int ask_about(const struct buffer *schema, const char *topic)
{
    const struct published_schema of = {.settings = &settings,
                                        .folder = registry_world.folder,
                                        .topic = topic,
                                        .text = schema,
                                        .file = "docs/schemas/x.avsc"};

    return published_schema_number(&of, &number, &err);
}

static int ask(void)
{
    return ask_about(&text, "clicks.predictions");
}

/* The registry has it, as somebody registered it. */
static void put(uint32_t as)
{
    static char schema[8192];

    ck_assert_uint_lt(text.size, sizeof(schema));
    memcpy(schema, text.bytes, text.size);
    schema[text.size] = '\0';
    registry_stub_put_version(registry_world.stub, as, SUBJECT, 1, schema,
                              NULL);
}

static void check_refused(enum error_code code, const char *part)
{
    ck_assert_refused(ask(), err, code, part);
    ck_assert_uint_eq(number, NONE);
}

START_TEST(a_schema_that_is_there_is_found)
{
    put(42);
    ck_assert_ok(ask(), err);
    ck_assert_uint_eq(number, 42);
    ck_assert_uint_eq(registry_stub_questions(registry_world.stub), 2);
    settings.registers = true; /* it gets no second number */
    ck_assert_ok(ask(), err);
    ck_assert_uint_eq(number, 42);
}
END_TEST

START_TEST(what_is_not_there_is_registered_where_that_is_wished)
{
    check_refused(ERROR_CONFIG, "'" SUBJECT "' does not have our schema: set "
                                "registry.register=true, or register "
                                "docs/schemas/x.avsc");
    ck_assert_uint_eq(registry_stub_number(registry_world.stub, SUBJECT), 0);
    settings.registers = true;
    ck_assert_ok(ask(), err);
    ck_assert_uint_ne(number, NONE);
    ck_assert_uint_eq(registry_stub_number(registry_world.stub, SUBJECT),
                      number);
    const uint32_t first = number;
    settings.registers = false;
    ck_assert_ok(ask(), err);
    ck_assert_uint_eq(number, first);
    ck_assert_refused(ask_about(&text, "others"), err, ERROR_CONFIG,
                      "'others-value'");
}
END_TEST

/* What it says of the question is final, or makes no sense. */
static const struct {
    unsigned status;
    const char *answer;
    enum error_code code;
    const char *part;
    bool registers;
} answers[] = {
    {409, "{\"error_code\":409,\"message\":\"reader field missing default\"}",
     ERROR_CONFIG, "says 409 (reader field missing default)", true},
    {422, "{\"error_code\":42205,\"message\":\"Subject is in READONLY mode\"}",
     ERROR_CONFIG, "READONLY", true},
    {404, "{\"error_code\":40401,\"message\":\"Subject not found.\"}",
     ERROR_CONFIG, "(Subject not found.)", false},
    {404, "<html>nothing here</html>", ERROR_CONFIG, "is registry.url right?",
     false},
    {405, "", ERROR_CONFIG, "says 405", false},
    {401, "{}", ERROR_AUTH, "does not let this program in", false},
    {403, "{}", ERROR_AUTH, "does not let this program in", true},
    {500, "{}", ERROR_UNAVAILABLE, "says 500", false},
    {503, "", ERROR_UNAVAILABLE, "says 503", true},
    {200, "", ERROR_UNAVAILABLE, "no id", false},
    {200, "<html>", ERROR_UNAVAILABLE, "no id", false},
    {200, "[7]", ERROR_UNAVAILABLE, "no id", false},
    {200, "{\"subject\":\"s\"}", ERROR_UNAVAILABLE, "no id", true},
    {200, "{\"id\":\"7\"}", ERROR_UNAVAILABLE, "no id", false},
    {200, "{\"id\":7.0}", ERROR_UNAVAILABLE, "no id", false},
    {200, "{\"id\":-1}", ERROR_UNAVAILABLE, "no id", true},
    {200, "{\"id\":2147483648}", ERROR_UNAVAILABLE, "no id", false},
    {200, "{\"id\":99999999999999999999}", ERROR_UNAVAILABLE, "no id", false},
    {200, "{\"id\":2147483647}", ERROR_UNAVAILABLE, "no schema of the id",
     false},
    {200, "{\"id\":7}", ERROR_UNAVAILABLE, "another schema below the id", true},
};

START_TEST(no_other_answer_gives_a_number)
{
    registry_stub_say(registry_world.stub, answers[_i].status,
                      answers[_i].answer);
    settings.registers = answers[_i].registers;
    check_refused(answers[_i].code, answers[_i].part);
}
END_TEST

static const struct {
    enum stub_mood mood;
    enum error_code code;
} moods[] = {
    {STUB_REFUSES, ERROR_AUTH},
    {STUB_FAILS, ERROR_UNAVAILABLE},
    {STUB_BABBLES, ERROR_UNAVAILABLE},
    {STUB_FLOODS, ERROR_UNAVAILABLE},
};

START_TEST(a_registry_in_a_bad_mood_gives_no_number)
{
    put(42);
    registry_stub_set_mood(registry_world.stub, moods[_i].mood);
    check_refused(moods[_i].code, "");
    registry_stub_set_mood(registry_world.stub, STUB_GOOD);
    ck_assert_ok(ask(), err);
}
END_TEST

/* Its schema of that number is another kind of thing. */
START_TEST(the_schema_below_the_number_must_be_ours)
{
    static const char other[] =
        "{\"type\":\"record\",\"name\":\"Prediction\",\"fields\":[{\"name\":"
        "\"id\",\"type\":\"long\"}]}";

    registry_stub_say(registry_world.stub, 200, "{\"id\":8}");
    registry_stub_put(registry_world.stub, 8, "JSON", "{}");
    check_refused(ERROR_UNAVAILABLE, "another schema");
    registry_stub_put(registry_world.stub, 8, NULL, "no schema");
    check_refused(ERROR_UNAVAILABLE, "another schema");
    registry_stub_put(registry_world.stub, 8, NULL, other);
    check_refused(ERROR_UNAVAILABLE, "another schema");
}
END_TEST

/* Registries write schemas anew: without blanks, with other docs and names. */
START_TEST(a_schema_in_other_words_is_the_same)
{
    static char schema[8192];
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++)
        if (text.bytes[i] != ' ' && text.bytes[i] != '\n')
            schema[size++] = (char)text.bytes[i];
    registry_stub_put(registry_world.stub, 8, "AVRO", schema);
    registry_stub_say(registry_world.stub, 200, "{\"id\":8,\"version\":3}");
    ck_assert_ok(ask(), err);
    ck_assert_uint_eq(number, 8);
}
END_TEST

/* One change of the text, by which records would be read otherwise. */
static const struct {
    const char *was, *is;
} changes[] = {
    {"\"name\": \"p\", \"type\": \"double\"",
     "\"name\": \"q\", \"type\": \"double\""},
    {"\"name\": \"p\", \"type\": \"double\"",
     "\"name\": \"p\", \"type\": \"float\" "},
    {"\"learned\", \"partial\"", "\"partial\", \"learned\""},
    {"[\"long\", \"string\", \"bytes\"]", "[\"string\", \"long\", \"bytes\"]"},
    {"\"size\": 8", "\"size\": 9"},
    {"[\"null\", \"Hash\"]", "[\"Hash\", \"null\"]"},
    {"timestamp-millis", "timestamp-micros"},
};

START_TEST(a_schema_that_reads_otherwise_is_another)
{
    static char schema[8192];

    memcpy(schema, text.bytes, text.size);
    schema[text.size] = '\0';
    char *at = strstr(schema, changes[_i].was);
    ck_assert_ptr_nonnull(at);
    ck_assert_uint_eq(strlen(changes[_i].was), strlen(changes[_i].is));
    memcpy(at, changes[_i].is, strlen(changes[_i].is));
    registry_stub_put(registry_world.stub, 8, NULL, schema);
    registry_stub_say(registry_world.stub, 200, "{\"id\":8}");
    check_refused(ERROR_UNAVAILABLE, "another schema");
}
END_TEST

/* --- A registry that is away ------------------------------------------ */

START_TEST(a_copy_serves_while_the_registry_is_away)
{
    put(42);
    ck_assert_ok(ask(), err);
    registry_stub_hang_up(registry_world.stub);
    number = NONE;
    ck_assert_ok(ask(), err);
    ck_assert_uint_eq(number, 42);
    number = NONE; /* of another subject and of another text there is none */
    ck_assert_refused(ask_about(&text, "others"), err, ERROR_UNAVAILABLE,
                      "'others-value'");
    struct buffer other = {0};
    event_avro_evaluation_schema(&other);
    ck_assert_refused(ask_about(&other, "clicks.predictions"), err,
                      ERROR_UNAVAILABLE, "");
    buffer_free(&other);
    ck_assert_uint_eq(number, NONE);
    settings.url[strlen(settings.url) - 1] = 'x'; /* nor of another registry */
    check_refused(ERROR_UNAVAILABLE, "");
    registry_stub_listen(registry_world.stub);
}
END_TEST

START_TEST(the_word_of_the_registry_counts_before_that_of_a_copy)
{
    put(42);
    ck_assert_ok(ask(), err);
    number = NONE;
    registry_stub_say(registry_world.stub, 404, "{\"error_code\":40403}");
    check_refused(ERROR_CONFIG, "");
    registry_stub_say(registry_world.stub, 200, "{\"id\":7}");
    check_refused(ERROR_UNAVAILABLE, "another schema");
    registry_stub_say(registry_world.stub, 401, "");
    check_refused(ERROR_AUTH, "");
}
END_TEST

/* Of the line behind the one that names the registry. */
static const char *const damages[] = {
    "s/ 42$/ 0042/",
    "s/ 42$/ 42x/",
    "s/ 42$/ +42/",
    "s/ 42$/  42/",
    "s/ 42$/ -1/",
    "s/ 42$//",
    "s/ 42$/ 99999999999/",
    "s/^./z/",
    "s/^.//",
    "d",
};

START_TEST(a_damaged_copy_is_none)
{
    char command[256];

    put(42);
    ck_assert_ok(ask(), err);
    number = NONE;
    registry_stub_hang_up(registry_world.stub);
    snprintf(command, sizeof(command), "sed -i '2%s' %s/schemas/of-*",
             damages[_i], registry_world.folder);
    ck_assert_int_eq(system(command), 0);
    check_refused(ERROR_UNAVAILABLE, "");
    registry_stub_listen(registry_world.stub);
}
END_TEST

static void *listen_later(void *context)
{
    (void)context;
    usleep(400000);
    registry_stub_listen(registry_world.stub);
    return NULL;
}

START_TEST(a_registry_that_comes_back_is_asked_again)
{
    pthread_t thread;

    put(42);
    settings.wait_ms = REGISTRY_LONG_MS;
    registry_stub_hang_up(registry_world.stub);
    ck_assert_int_eq(pthread_create(&thread, NULL, listen_later, NULL), 0);
    ck_assert_ok(ask(), err);
    ck_assert_uint_eq(number, 42);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_slow_answer_is_one_and_one_too_slow_is_none)
{
    put(42);
    settings.timeout_ms = 300;
    registry_stub_set_delay(registry_world.stub, 60);
    ck_assert_ok(ask(), err);
    number = NONE;
    registry_stub_set_delay(registry_world.stub, 1200);
    const int64_t start_ms = clock_monotonic_ms();
    ck_assert_ok(ask(), err); /* by the copy */
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, 30000);
    ck_assert_refused(ask_about(&text, "others"), err, ERROR_UNAVAILABLE, "");
}
END_TEST

static void *stop_later(void *context)
{
    (void)context;
    usleep(300000);
    stop_request();
    return NULL;
}

START_TEST(a_stop_ends_the_wait)
{
    pthread_t thread;
    const int64_t start_ms = clock_monotonic_ms();

    settings.wait_ms = REGISTRY_LONG_MS;
    settings.timeout_ms = REGISTRY_LONG_MS;
    registry_stub_set_mood(registry_world.stub,
                           _i == 0 ? STUB_FAILS : STUB_GOOD);
    registry_stub_set_delay(registry_world.stub, _i == 0 ? 0 : 3000);
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_later, NULL), 0);
    check_refused(ERROR_STOPPED, "");
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, 2500);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(without_a_folder_there_is_no_copy)
{
    put(42);
    registry_world.folder[0] = '\0';
    ck_assert_ok(ask(), err);
    registry_stub_hang_up(registry_world.stub);
    number = NONE;
    check_refused(ERROR_UNAVAILABLE, "");
    registry_stub_listen(registry_world.stub);
    strcpy(registry_world.folder, "/tmp/pctr-schemas-none");
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("published_schema");
    TCase *tests = tcase_create("registry");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_schema_that_is_there_is_found);
    tcase_add_test(tests, what_is_not_there_is_registered_where_that_is_wished);
    tcase_add_loop_test(tests, no_other_answer_gives_a_number, 0,
                        COUNT(answers));
    tcase_add_loop_test(tests, a_registry_in_a_bad_mood_gives_no_number, 0,
                        COUNT(moods));
    tcase_add_test(tests, the_schema_below_the_number_must_be_ours);
    tcase_add_test(tests, a_schema_in_other_words_is_the_same);
    tcase_add_loop_test(tests, a_schema_that_reads_otherwise_is_another, 0,
                        COUNT(changes));
    tcase_add_test(tests, a_copy_serves_while_the_registry_is_away);
    tcase_add_test(tests,
                   the_word_of_the_registry_counts_before_that_of_a_copy);
    tcase_add_loop_test(tests, a_damaged_copy_is_none, 0, COUNT(damages));
    tcase_add_test(tests, a_registry_that_comes_back_is_asked_again);
    tcase_add_test(tests, a_slow_answer_is_one_and_one_too_slow_is_none);
    tcase_add_loop_test(tests, a_stop_ends_the_wait, 0, 2);
    tcase_add_test(tests, without_a_folder_there_is_no_copy);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
