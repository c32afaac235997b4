/*
 * check_certificates.c - a client's certificate is renewed while a scorer
 * works with it, before and after the old one has expired, and after the broker
 * was restarted meanwhile: the scorer ends to be started again, and all that
 * was fed is scored once.
 */
#include "support/child_process.h"
#include "support/metrics_page.h"
#include "support/own_broker.h"
#include "support/pipeline.h"
#include "support/rights.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include "common/base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = 2,
    RUN_MS = 120000,
    SHORT_S = 60, /* a certificate that will expire */
    AN_HOUR_S = 3600,
    PROGRESS = 100, /* records */
    START_AGAIN = 75,
};

static struct pipeline pipe;
static struct proceedings proceedings;
static struct child_process feed, scorer;
static unsigned port;                           /* of the scorer's probes */
static char user_file[512], operator_file[512]; /* settings for -F */

static void start_broker(void)
{
    char secrets[400];

    own_broker_start_secure("certificates", secrets, sizeof(secrets));
    snprintf(user_file, sizeof(user_file), "%s/short-tls.conf", secrets);
    snprintf(operator_file, sizeof(operator_file), "%s/admin-plain.conf",
             secrets);
}

static void start(void)
{
    struct child_process topics = {.pid = 0};
    const char *const create[] = {"topics", "--partitions=2", "-F",
                                  operator_file, NULL};
    const char *const stream[] = {"feed",       "--world", "--world.rows=60000",
                                  "--rate=100", "-F",      operator_file,
                                  NULL};
    size_t count;

    pipeline_name_defaults(&pipe, PARTITIONS);
    rights_connect();
    (void)rights_read(&count);
    rights_give_all("score");
    int status = 69;
    /* A broker on a busy machine takes its time for the first TLS client. */
    for (int i = 0; i < 10 && status == 69; i++) {
        child_start_pctr(&topics, create);
        status = child_wait(&topics, RUN_MS);
        child_end(&topics);
    }
    ck_assert_int_eq(status, 0);
    child_start_pctr(&feed, stream);
}

static void stop(void)
{
    child_end(&feed);
    child_end(&scorer);
    rights_disconnect();
}

static void await_more(void)
{
    topic_ends_await_more("pctr.predictions", PROGRESS, RUN_MS);
}

static void start_scorer(void)
{
    char port_option[32];
    const char *const words[] = {"score", port_option, "-F", user_file, NULL};

    port = metrics_page_free_port();
    snprintf(port_option, sizeof(port_option), "--http.port=%u", port);
    child_start_pctr(&scorer, words);
    child_await_error(&scorer, "msg=\"scoring\"", RUN_MS);
    await_more();
}

/* It ends with this status, and its log says these words. */
static void await_end(const char *after, int status, const char *words)
{
    int64_t start_ms = clock_monotonic_ms();
    int found = child_wait(&scorer, RUN_MS);
    char *errors = child_errors(&scorer);

    printf("%s: %d after %d ms\n", after, found,
           (int)(clock_monotonic_ms() - start_ms));
    fflush(stdout);
    ck_assert_msg(found == status && strstr(errors, words), "%d: %s", found,
                  child_last_words(errors));
    free(errors);
    child_end(&scorer);
}

/* A scorer that is started now gets through, and all is scored once. */
static void assert_account(const char *run)
{
    start_scorer();
    pipeline_stop(&feed, RUN_MS);
    pipeline_await_scored(&pipe, RUN_MS);
    pipeline_stop(&scorer, RUN_MS);
    struct verdict verdict = pipeline_judge(&pipe, run, &proceedings);
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.predictions, verdict.impressions);
    proceedings_free(&proceedings);
}

START_TEST(a_renewed_one_is_taken_before_and_after_the_old_one_expires)
{
    own_broker_renew("short", AN_HOUR_S);
    start_scorer();
    own_broker_renew("short", SHORT_S);
    int64_t expires_ms = clock_monotonic_ms() + SHORT_S * 1000;
    await_end("renewed", START_AGAIN, "was renewed");

    start_scorer();
    while (clock_monotonic_ms() < expires_ms + 2000)
        clock_sleep_ms(100);
    await_more(); /* connections that are open stay */
    printf("expired: what is connected goes on\n");
    fflush(stdout);
    own_broker_renew("short", AN_HOUR_S);
    await_end("expired and renewed", START_AGAIN, "was renewed");

    assert_account("certificates renewed and expired");
}
END_TEST

/* What /readyz answers begins like this. */
static void await_readiness(const char *status)
{
    int64_t deadline_ms = clock_monotonic_ms() + RUN_MS;

    for (bool is_found = false; !is_found; clock_sleep_ms(200)) {
        char *answer = metrics_page_get(port, "/readyz");
        is_found = answer && strstr(answer, status);
        free(answer);
        ck_assert_msg(clock_monotonic_ms() < deadline_ms, "never %s", status);
    }
}

/* Every connection is made anew, and none can be. */
START_TEST(one_that_expires_before_the_broker_restarts_is_told_and_replaced)
{
    own_broker_renew("short", SHORT_S);
    int64_t expires_ms = clock_monotonic_ms() + SHORT_S * 1000;
    start_scorer();
    while (clock_monotonic_ms() < expires_ms + 2000)
        clock_sleep_ms(100);
    own_broker_do("stop", 0);
    own_broker_do("revive", 0);
    child_await_error(&scorer, "certificate", RUN_MS);
    await_readiness(" 503 ");
    ck_assert(child_is_running(&scorer));
    own_broker_renew("short", AN_HOUR_S);
    await_end("expired, broker restarted, renewed", START_AGAIN, "was renewed");
    assert_account("certificates expired before a restart");
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test)
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 850);
    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, test);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    Suite *suite = suite_create("certificates");

    add(suite, "renewed",
        a_renewed_one_is_taken_before_and_after_the_old_one_expires);
    add(suite, "restarted",
        one_that_expires_before_the_broker_restarts_is_told_and_replaced);
    return kafka_fixture_main(suite, "certificates renewed at work");
}
