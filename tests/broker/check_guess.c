/*
 * check_guess.c - a stranger's topic, from `cat --guess` to predictions: what
 * the guess writes is the file of settings that the scorer reads, unchanged.
 */
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"
#include "support/test_producer.h"

#include "common/event/event_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PARTITIONS = 2, ROWS = 400, USERS = 17, WAIT_MS = 60000 };

static struct pipeline pipe_;
static struct test_producer *producer;
static char file[] = "/tmp/pctr-guess-XXXXXX";
static char topics_file[] = "/tmp/pctr-topics-XXXXXX";

static void send(const char *key, const char *value)
{
    test_producer_send_text(producer, pipe_.names[PIPE_IMPRESSIONS], key,
                            value);
}

/* Nested JSON, times as text, the user in the key, and a name and a value that
 * would clear the screen. */
static void send_strange_impressions(void)
{
    for (int i = 0; i < ROWS; i++) {
        char key[32], value[512];
        snprintf(key, sizeof(key), "user-%d", i % USERS);
        snprintf(
            value, sizeof(value),
            "{\"event\": {\"uuid\": \"e-%d\", \"occurredAt\": "
            "\"2023-11-14T%02d:%02d:20.5+01:00\"}, \"page\": {\"url\": "
            "\"\\u001b[2J/%d\", \"\\u001b[31m\": 1}, \"slots\": [{\"pos\": "
            "1, \"creative\": {\"id\": %d}}]}",
            i, i / 60, i % 60, i, i % 7);
        send(key, value);
    }
    test_producer_flush(producer);
}

static char *guess(const char *more)
{
    char topic[PIPELINE_OPTION_SIZE];
    const char *const arguments[] = {"cat",         "--guess", topic, "-b",
                                     pipe_.brokers, more,      NULL};
    struct child_process child;

    snprintf(topic, sizeof(topic), "--topic=%s", pipe_.names[PIPE_IMPRESSIONS]);
    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    char *text = child_output(&child);
    child_end(&child);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    ck_assert_int_eq(fclose(out), 0);
}

/* The topics of this run, in a file of their own: the guess stays as it is. */
static void write_topics(void)
{
    static const enum pipeline_name of[] = {
        PIPE_PREDICTIONS, PIPE_DEAD_LETTERS, PIPE_MODELS, PIPE_CHUNKS,
        PIPE_EVALUATIONS, PIPE_GROUP,        PIPE_MODEL};
    char text[2048];
    size_t size = 0;

    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s\n",
                                 pipe_.options[of[i]] + strlen("--"));
    write_file(topics_file, text);
}

static void make_file(char *path)
{
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void start(void)
{
    pipeline_create(&pipe_, PARTITIONS);
    producer = test_producer_new(pipe_.brokers);
    make_file(file);
    make_file(topics_file);
    write_topics();
}

static void stop(void)
{
    test_producer_free(producer);
    unlink(file);
    unlink(topics_file);
}

/* Without -b and without a field: the file has them. */
static void run(const char *command, const char *more)
{
    const char *const arguments[] = {
        command,         "-F", file, "-F", topics_file, "--exit.at_end",
        "--http.port=0", more, NULL};
    struct child_process child;

    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);
}

static void score(void)
{
    run("score", "--workers=2");
}

static void check_predictions(void)
{
    struct fixture_records predictions =
        kafka_fixture_read(pipe_.names[PIPE_PREDICTIONS]);
    struct fixture_records letters =
        kafka_fixture_read(pipe_.names[PIPE_DEAD_LETTERS]);
    int of_a_user = 0;

    ck_assert_uint_eq(letters.count, 0);
    ck_assert_uint_eq(predictions.count, ROWS);
    for (size_t i = 0; i < predictions.count; i++) {
        struct prediction_event event;
        char text[ID_PRINT_SIZE];
        ck_assert_int_eq(one_prediction(predictions.at[i].value,
                                        predictions.at[i].value_size, &event,
                                        NULL),
                         EVENT_OK);
        struct id user = event_span_id(event.raw_user);
        id_print(&user, text);
        ck_assert_int_eq(strncmp(text, "user-", 5), 0);
        of_a_user += strcmp(text, "user-3") == 0;
        ck_assert_int_eq(event_span_ms(event.raw_ts) % 60000, 20500);
    }
    ck_assert_int_eq(of_a_user, (ROWS - 4) / USERS + 1);
    fixture_records_free(&predictions);
    fixture_records_free(&letters);
}

START_TEST(a_guess_is_a_file_that_scores_a_strangers_topic)
{
    send_strange_impressions();
    char *text = guess("--last=300");
    for (const char *at = text; *at; at++)
        ck_assert_msg((unsigned char)*at >= ' ' || *at == '\n',
                      "a control character: %s", at);
    ck_assert_msg(strstr(text, "\nfield.user=@key\n") != NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "\nfield.id=event.uuid\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nfield.ts=event.occurredAt\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nfield.ad=slots[0].creative.id\n"));
    write_file(file, text);
    score();
    check_predictions();
    free(text);
}
END_TEST

/* Views and clicks in one topic: it is learned from and scored by the file. */
START_TEST(a_guess_reads_a_topic_of_views_and_clicks)
{
    for (int i = 0; i < ROWS; i++) {
        char key[32], value[256];
        for (int click = 0; click < (i % 3 == 0 ? 2 : 1); click++) {
            snprintf(key, sizeof(key), "%d", i % USERS);
            snprintf(value, sizeof(value),
                     "{\"type\": \"%s\", \"impression_id\": %d, \"time\": "
                     "%d, \"user\": %d, \"ad\": %d}",
                     click ? "click" : "view", i, 1700000000 + i, i % USERS,
                     i % 7);
            send(key, value);
        }
    }
    test_producer_flush(producer);
    char *text = guess("--last=1000");
    ck_assert_msg(strstr(text, "\nfilter.labels=type==click\n") != NULL, "%s",
                  text);
    ck_assert_ptr_nonnull(strstr(text, "\nfield.ts.unit=s\n"));
    write_file(file, text);
    free(text);
    run("train", "--join.window_ms=0");
    score();

    struct fixture_records predictions =
        kafka_fixture_read(pipe_.names[PIPE_PREDICTIONS]);
    struct fixture_records letters =
        kafka_fixture_read(pipe_.names[PIPE_DEAD_LETTERS]);
    ck_assert_uint_eq(letters.count, 0);
    ck_assert_uint_eq(predictions.count, ROWS);
    for (size_t i = 0; i < predictions.count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(one_prediction(predictions.at[i].value,
                                        predictions.at[i].value_size, &event,
                                        NULL),
                         EVENT_OK);
        ck_assert_int_eq(event.basis, BASIS_LEARNED);
    }
    fixture_records_free(&predictions);
    fixture_records_free(&letters);
}
END_TEST

/* --count looks at the oldest records, --last at the newest. */
START_TEST(a_guess_looks_where_it_is_told)
{
    send_strange_impressions();
    for (int i = 0; i < 200; i++)
        send("k", "a,b,c");
    test_producer_flush(producer);
    char *oldest = guess("--count=100"), *newest = guess("--last=50");
    ck_assert_msg(strstr(oldest, "100  a JSON object") != NULL, "%s", oldest);
    ck_assert_ptr_null(strstr(oldest, "CSV"));
    ck_assert_msg(strstr(newest, "a line of CSV; let the producer") != NULL,
                  "%s", newest);
    free(oldest);
    free(newest);
}
END_TEST

START_TEST(an_empty_topic_is_no_mistake)
{
    char *text = guess("--last=10");

    ck_assert_msg(strstr(text, "0 records were looked at") != NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "there is nothing to set"));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guess");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 180);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, a_guess_is_a_file_that_scores_a_strangers_topic);
    tcase_add_test(tests, a_guess_reads_a_topic_of_views_and_clicks);
    tcase_add_test(tests, a_guess_looks_where_it_is_told);
    tcase_add_test(tests, an_empty_topic_is_no_mistake);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "a stranger's topic, guessed and scored");
}
