/*
 * check_two_trainers.c - of two trainers of one name the younger stays, and
 * versions never repeat or go back.
 */
#include "support/allowance.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/event/manifest.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 30000, FENCED = 79 };

static struct pipeline pipe;
static struct child_process older, younger;

static void start_trainer(struct child_process *trainer)
{
    /* Only when asked to, after the first. */
    const char *more[] = {"--http.port=0", "--model.algorithm=baseline",
                          "--retrain.every_ms=0", "--retrain.rows=5000", NULL};

    pipeline_start(&pipe, "train", more, trainer);
    child_await_error(trainer, "\"training\"", WAIT_MS);
}

/* All versions published so far, strictly rising. */
static size_t count_versions(void)
{
    struct fixture_records records =
        kafka_fixture_read(pipe.names[PIPE_MODELS]);
    struct error err = {ERROR_NONE, ""};
    uint64_t last = 0;
    size_t count = records.count;

    for (size_t i = 0; i < count; i++) {
        struct manifest manifest = {0};
        ck_assert_ok(manifest_decode(records.at[i].value,
                                     records.at[i].value_size, &manifest, &err),
                     err);
        ck_assert_uint_gt(manifest.epoch, last);
        last = manifest.epoch;
        manifest_free(&manifest);
    }
    fixture_records_free(&records);
    return count;
}

/* Asks for one more model, and again where the request came too early. */
static void await_another(struct child_process *trainer, size_t versions)
{
    int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(WAIT_MS);

    while (count_versions() <= versions) {
        ck_assert(child_is_running(trainer));
        ck_assert_msg(clock_monotonic_ms() < deadline_ms, "no new version");
        child_signal(trainer, SIGUSR1);
        clock_sleep_ms(200);
    }
}

static void stop(void)
{
    child_end(&older);
    child_end(&younger);
}

START_TEST(the_older_is_fenced_and_the_younger_goes_on)
{
    const char *more[] = {"--world", "--world.rows=6000", NULL};

    pipeline_create(&pipe, 2);
    free(pipeline_run(&pipe, "feed", more, WAIT_MS));
    start_trainer(&older);
    await_another(&older, 0);
    start_trainer(&younger);
    size_t before = count_versions();
    await_another(&younger, before);

    child_signal(&older, SIGUSR1);
    int status = child_wait(&older, WAIT_MS);
    char *errors = child_errors(&older);
    ck_assert_msg(status == FENCED, "status %d: %s", status, errors);
    ck_assert_ptr_nonnull(strstr(errors, "code=fenced"));
    free(errors);

    before = count_versions();
    await_another(&younger, before);
    pipeline_stop(&younger, WAIT_MS);
    printf("two trainers: versions=%zu, the older ended with %d\n",
           count_versions(), status);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("two_trainers");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests, the_older_is_fenced_and_the_younger_goes_on);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "one trainer a model name");
}
