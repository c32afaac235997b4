/*
 * check_advertised.c - a broker that answers, and says that it is somewhere
 * where nobody answers, as one in a container often does: a command says both
 * addresses, and whose setting it is, instead of asking whether Kafka runs.
 */
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/own_broker.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 60000, UNAVAILABLE = 69 };

static struct child_process child;

/* Creates the topics on the listener that tells the truth. */
static void start(void)
{
    const char *arguments[] = {"topics", "-b", NULL, NULL};

    own_broker_start_detour("advertised", 1);
    arguments[2] = getenv("PCTR_KAFKA");
    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);
}

static void stop(void)
{
    child_end(&child);
    own_broker_end();
}

START_TEST(both_addresses_are_said)
{
    const unsigned listens = own_broker_detour(1), says = listens + 1;
    char broker[32], expected[256];
    const char *const arguments[] = {"score", "--http.port=0", "-b", broker,
                                     NULL};

    snprintf(broker, sizeof(broker), "127.0.0.1:%u", listens);
    snprintf(expected, sizeof(expected),
             "the broker at %s answers and says that it is to be reached at "
             "127.0.0.1:%u, which fails from here: connection refused; see its "
             "advertised.listeners",
             broker, says);
    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), UNAVAILABLE);
    char *errors = child_errors(&child);
    ck_assert_msg(strstr(errors, expected) != NULL, "%s", errors);
    free(errors);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("advertised");
    TCase *tests = tcase_create("own broker");

    tcase_set_timeout(tests, 170);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, both_addresses_are_said);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "an address that fails is said");
}
