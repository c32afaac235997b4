/*
 * check_rights_taken.c - rights that are taken from a scorer or a trainer while
 * it works: it says which one, ends with status 77, and goes on from there once
 * it has the right again. All that was fed is scored once.
 */
#include "support/child_process.h"
#include "support/own_broker.h"
#include "support/pipeline.h"
#include "support/rights.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include "common/base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = 2,
    WORDS_MAX = 16,
    RUN_MS = 60000,
    REFUSED_MS = 180000, /* a busy machine: a try waits for the broker */
    PROGRESS = 100,      /* records */
};

/* What a command loses: nothing is left to it, or DESCRIBE comes from another
 * rule. */
enum loss { LOSS_OF_ALL, LOSS_BUT_DESCRIBE, LOSSES };
static const char *const loss_names[] = {"all of it", "all but Describe"};

static const struct right *rights;
static size_t right_count;
static char user_file[512], operator_file[512]; /* settings for -F */
static struct pipeline pipe;
static struct proceedings proceedings;
static struct child_process feed, worker;

/* --- The world -------------------------------------------------------- */

static void start_as(const char *file, const char *const words[],
                     struct child_process *child)
{
    const char *arguments[WORDS_MAX + 3] = {NULL};
    size_t n = 0;

    for (; words[n]; n++)
        arguments[n] = words[n];
    arguments[n++] = "-F";
    arguments[n++] = file;
    child_start_pctr(child, arguments);
}

static void run_as_operator(const char *const words[])
{
    struct child_process child = {.pid = 0};

    start_as(operator_file, words, &child);
    int status = child_wait(&child, RUN_MS);
    char *errors = child_errors(&child);
    ck_assert_msg(status == 0, "%s: %d: %s", words[0], status,
                  child_last_words(errors));
    free(errors);
    child_end(&child);
}

/* One for each case, since all use the default names. */
static void start_broker(void)
{
    char secrets[400];

    own_broker_start_secure("taken", secrets, sizeof(secrets));
    snprintf(user_file, sizeof(user_file), "%s/pctr-plain.conf", secrets);
    snprintf(operator_file, sizeof(operator_file), "%s/admin-plain.conf",
             secrets);
}

static void start(void)
{
    const char *const topics[] = {"topics", "--partitions=2", NULL};
    const char *const stream[] = {"feed", "--world", "--world.rows=60000",
                                  "--rate=100", NULL};

    pipeline_name_defaults(&pipe, PARTITIONS);
    rights = rights_read(&right_count);
    rights_connect();
    run_as_operator(topics);
    start_as(operator_file, stream, &feed);
}

static void stop(void)
{
    child_end(&feed);
    child_end(&worker);
    rights_disconnect();
}

/* --- Taking one ------------------------------------------------------- */

static void await_more(const char *topic)
{
    topic_ends_await_more(topic, PROGRESS, RUN_MS);
}

/* Dated before all others: a trainer reads in the order of time. */
static void send_junk(const char *topic)
{
    const struct outgoing junk = {
        .value = "junk", .value_size = 4, .timestamp_ms = 1000};

    kafka_fixture_send(topic, &junk);
}

static void take(const struct right *right, enum loss loss)
{
    if (loss == LOSS_BUT_DESCRIBE)
        rights_give_describe(right);
    rights_take(right);
    clock_sleep_ms(RIGHTS_SPREAD_MS);
}

/* The end that must come now, and its words. */
static void assert_refused(const struct right *right, enum loss loss)
{
    int64_t start_ms = clock_monotonic_ms();
    int status = child_wait(&worker, REFUSED_MS);
    int64_t took_ms = clock_monotonic_ms() - start_ms;
    char *errors = child_errors(&worker);

    printf("%s loses %s on %s, %s: %d after %d ms\n", right->command,
           right_operation(right), right->name, loss_names[loss], status,
           (int)took_ms);
    fflush(stdout);
    ck_assert_msg(status == RIGHTS_REFUSED, "%d: %s", status,
                  child_last_words(errors));
    ck_assert_msg(strstr(errors, right->name) != NULL, "not named: %s",
                  child_last_words(errors));
    free(errors);
    child_end(&worker);
}

/* --- The scorer ------------------------------------------------------- */

static void start_scorer(void)
{
    const char *const words[] = {"score", "--http.port=0", NULL};

    rights_give_all("score");
    start_as(user_file, words, &worker);
    child_await_error(&worker, "msg=\"scoring\"", RUN_MS);
    await_more("pctr.predictions");
}

/* Some rights are needed for a bad record, or for a new model, only. */
static void provoke_scorer(const struct right *right)
{
    const char *const train[] = {"train", "--exit.at_end", "--http.port=0",
                                 "--model.algorithm=baseline", NULL};

    if (strcmp(right->name, "pctr.dead-letters") == 0)
        send_junk("pctr.impressions");
    if (strncmp(right->name, "pctr.model", 10) == 0)
        run_as_operator(train);
}

START_TEST(a_scorer_ends_and_goes_on_where_it_was)
{
    for (size_t i = 0; i < right_count * LOSSES; i++) {
        const struct right *right = &rights[i % right_count];
        enum loss loss = (enum loss)(i / right_count);
        if (strcmp(right->command, "score") != 0)
            continue;
        start_scorer();
        take(right, loss);
        provoke_scorer(right);
        assert_refused(right, loss);
    }
    start_scorer();
    pipeline_stop(&feed, RUN_MS);
    pipeline_await_scored(&pipe, RUN_MS);
    pipeline_stop(&worker, RUN_MS);

    struct verdict verdict =
        pipeline_judge(&pipe, "rights taken from a scorer", &proceedings);
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.predictions + verdict.dead_letters,
                      verdict.impressions);
    proceedings_free(&proceedings);
}
END_TEST

/* --- The trainer ------------------------------------------------------ */

static void start_trainer(void)
{
    const char *const words[] = {"train",
                                 "--http.port=0",
                                 "--model.algorithm=baseline",
                                 "--retrain.every_ms=0",
                                 "--retrain.rows=100",
                                 "--retrain.min_rows=100",
                                 NULL};

    rights_give_all("train");
    start_as(user_file, words, &worker);
    child_await_error(&worker, "msg=\"model published\"", RUN_MS);
}

static void provoke_trainer(const struct right *right)
{
    if (strcmp(right->name, "pctr.dead-letters") == 0)
        send_junk("pctr.labels");
    child_signal(&worker, SIGUSR1); /* learn and publish at once */
}

START_TEST(a_trainer_ends_and_publishes_again)
{
    for (size_t i = 0; i < right_count * LOSSES; i++) {
        const struct right *right = &rights[i % right_count];
        enum loss loss = (enum loss)(i / right_count);
        if (strcmp(right->command, "train") != 0)
            continue;
        start_trainer();
        take(right, loss);
        provoke_trainer(right);
        assert_refused(right, loss);
    }
    start_trainer();
    pipeline_stop(&worker, RUN_MS);
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test)
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 900);
    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, test);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    Suite *suite = suite_create("rights taken");

    add(suite, "scorer", a_scorer_ends_and_goes_on_where_it_was);
    add(suite, "trainer", a_trainer_ends_and_publishes_again);
    return kafka_fixture_main(
        suite, "rights that are taken while scorers and trainers work");
}
