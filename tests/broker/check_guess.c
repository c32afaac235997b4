/*
 * check_guess.c - a stranger's topic, from `cat --guess` to predictions: what
 * the guess writes is the file of settings that the scorer reads, unchanged.
 */
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

static void start(void)
{
    pipeline_create(&pipe_, PARTITIONS);
    producer = test_producer_new(pipe_.brokers);
    int fd = mkstemp(file);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void stop(void)
{
    test_producer_free(producer);
    unlink(file);
}

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

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");

    ck_assert_ptr_nonnull(out);
    ck_assert_int_ge(fputs(text, out), 0);
    ck_assert_int_eq(fclose(out), 0);
}

/* Without -b and without a field: the file has them. */
static void score(void)
{
    const char *const arguments[] = {"score",
                                     "-F",
                                     file,
                                     pipe_.options[PIPE_PREDICTIONS],
                                     pipe_.options[PIPE_DEAD_LETTERS],
                                     pipe_.options[PIPE_MODELS],
                                     pipe_.options[PIPE_CHUNKS],
                                     pipe_.options[PIPE_GROUP],
                                     "--offset.start=earliest",
                                     "--exit.at_end",
                                     "--http.port=0",
                                     NULL};
    struct child_process child;

    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);
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
        ck_assert_int_eq(event_decode_prediction(predictions.at[i].value,
                                                 predictions.at[i].value_size,
                                                 &event, NULL),
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
    write_file(text);
    score();
    check_predictions();
    free(text);
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
    tcase_add_test(tests, a_guess_looks_where_it_is_told);
    tcase_add_test(tests, an_empty_topic_is_no_mistake);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "a stranger's topic, guessed and scored");
}
