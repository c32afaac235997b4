/*
 * check_whole_way.c - clicks in, predictions out, better models on the way:
 * every impression is scored once, by the model its prediction names, and no
 * partition's model ever goes back.
 */
#include "support/run_suite.h"
#include "support/truth.h"
#include "support/whole_run.h"

#include "common/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PARTITIONS = 8, EPOCHS_MIN = 5, WAIT_MS = 60000 };
#define NO_MODEL_P 0.05 /* the setting's default */

static struct whole_run run;
static struct proceedings proceedings;

static void stop(void)
{
    proceedings_free(&proceedings);
    whole_run_end(&run);
}

/* Waits for the feed and counts what was published until then. */
static size_t published_while_feeding(void)
{
    whole_run_await_feed(&run, WAIT_MS);
    struct fixture_records manifests =
        kafka_fixture_read(run.pipe.names[PIPE_MODELS]);
    size_t count = manifests.count;
    fixture_records_free(&manifests);
    return count;
}

/* One bit of p: would it be noticed? */
static void spoil(struct fixture_record *prediction)
{
    const size_t size = 10; /* of "p" and a float64 */

    for (size_t i = 0; i + size <= prediction->value_size; i++)
        if (memcmp(prediction->value + i, "p\xcb", 2) == 0) {
            prediction->value[i + size - 1] ^= 1;
            return;
        }
    ck_abort_msg("no field p");
}

static struct truth compare(const struct fixture_records *predictions)
{
    return truth_of(&run.pipe, predictions, run.anonymous, NO_MODEL_P);
}

static void check_truth(void)
{
    struct fixture_records *all = &proceedings.predictions;
    struct truth truth = compare(all);
    size_t priors = all->count - truth.compared;

    printf("truth: compared=%" PRIu64 " without_model=%zu mismatched=%" PRIu64
           "\n",
           truth.compared, priors, truth.mismatched);
    ck_assert_uint_eq(truth.mismatched, 0);
    ck_assert_uint_gt(truth.compared, 0);
    ck_assert_uint_gt(priors, 0);

    struct fixture_records last = {&all->at[all->count - 1], 1};
    spoil(last.at);
    ck_assert_uint_eq(compare(&last).mismatched, 1);
}

START_TEST(every_impression_is_scored_once_by_the_model_it_names)
{
    int64_t start_ms = clock_monotonic_ms();

    whole_run_start(&run, PARTITIONS, 3000);
    size_t published = published_while_feeding();
    printf("fed in %d ms, %zu models published meanwhile\n",
           (int)(clock_monotonic_ms() - start_ms), published);
    ck_assert_uint_ge(published, EPOCHS_MIN);
    whole_run_finish(&run, WAIT_MS);

    struct verdict verdict =
        pipeline_judge(&run.pipe, "whole way", &proceedings);
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.predictions, verdict.impressions);
    ck_assert_uint_eq(verdict.dead_letters, 0);
    ck_assert_uint_ge(verdict.versions, EPOCHS_MIN);
    check_truth();
    printf("took %d ms\n", (int)(clock_monotonic_ms() - start_ms));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("whole_way");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests,
                   every_impression_is_scored_once_by_the_model_it_names);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "every impression scored once, by the model it names");
}
