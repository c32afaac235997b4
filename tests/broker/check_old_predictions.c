/*
 * check_old_predictions.c - predictions that an earlier version of the program
 * wrote are verified bit for bit by this one.
 *
 * tests/golden/topics_1.bin holds a small run of version 0.1.0 at commit
 * c9abb03: 450 impressions in two partitions, of which 60 were scored without
 * a model and 390 by three models (baseline, svd and nmf), and the manifests
 * and chunks of those models.
 */
#include "support/golden_topics.h"
#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS = 2, WAIT_MS = 60000 };

START_TEST(predictions_of_an_earlier_version_are_verified_bit_for_bit)
{
    const char *more[] = {"--json", "--field.anonymous=0", "--model.name=click",
                          NULL};
    struct pipeline pipe;
    char wanted[96];

    pipeline_create(&pipe, PARTITIONS);
    size_t count = golden_topics_restore(GOLDEN_DIR "/topics_1.bin", &pipe);
    ck_assert_uint_eq(count, 450);
    char *account = pipeline_run(&pipe, "verify", more, WAIT_MS);
    snprintf(wanted, sizeof(wanted),
             "{\"read\":%zu,\"predictions\":%zu,\"verified\":%zu,", count,
             count, count);
    ck_assert_msg(strncmp(account, wanted, strlen(wanted)) == 0, "%s", account);
    ck_assert_ptr_nonnull(strstr(account, "\"models\":3,"));
    free(account);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("old_predictions");
    TCase *tests = tcase_create("verify");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests,
                   predictions_of_an_earlier_version_are_verified_bit_for_bit);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "that predictions of an earlier version are verified");
}
