/*
 * check_online_restart.c - a model that learns at once, with kills: a trainer
 * that is killed again and again comes to the bytes of one that is not, does
 * not read the whole past for it, and every prediction can be made again.
 */
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/event/manifest.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTITIONS = 4,
    PARTS = 4,
    ROWS = 5000,   /* of a part, 100 ms apart */
    PART_S = 3600, /* so that all labels of a part come before the next one */
    WAIT_MS = 60000,
};

static struct pipeline line;
static struct child_process trainer, scorer;
static char path[] = "/tmp/pctr-online-XXXXXX";

static void stop(void)
{
    child_end(&trainer);
    child_end(&scorer);
    unlink(path);
}

/* --- Clicks ----------------------------------------------------------- */

static uint32_t draw(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* A click depends on the ad and on the position; user 0 is nobody. */
static void write_part(uint32_t seed)
{
    FILE *file = fopen(path, "w");
    uint32_t state = seed;

    ck_assert_ptr_nonnull(file);
    fprintf(file, "user,ad,position,click\n");
    for (int row = 0; row < ROWS; row++) {
        uint32_t user = draw(&state, 300), ad = draw(&state, 40);
        uint32_t position = 1 + draw(&state, 3);
        uint32_t odds = 2 + ad % 5 + 4 * (3 - position);
        fprintf(file, "%u,%u,%u,%d\n", user, ad, position,
                draw(&state, 40) < odds);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static void feed_part(int part)
{
    char id_option[32], start_option[64], seed_option[32];
    const char *more[] = {path,
                          "--format=csv",
                          id_option,
                          start_option,
                          seed_option,
                          "--clock.step_ms=100",
                          "--label.delay_ms=200000",
                          NULL};

    write_part((uint32_t)part + 1);
    snprintf(id_option, sizeof(id_option), "--id.start=%d", 1 + part * ROWS);
    snprintf(start_option, sizeof(start_option),
             "--clock.start=2026-11-24T%02d:00:00Z", 1 + part * PART_S / 3600);
    snprintf(seed_option, sizeof(seed_option), "--seed=%d", part + 1);
    free(pipeline_run(&line, "feed", more, WAIT_MS));
}

/* --- Trainers --------------------------------------------------------- */

#define FIELDS "--model.params=fields=user+ad+position+ad*position bits=14"

static void start_trainer(const struct pipeline *at, const char *end)
{
    const char *more[] = {"--http.port=0",
                          "--model.algorithm=fields",
                          FIELDS,
                          "--retrain.every_ms=500",
                          "--evaluation.window_ms=600000",
                          end,
                          NULL};

    child_end(&trainer);
    pipeline_start(at, "train", more, &trainer);
}

/* The newest manifest of the topic; the caller frees it. *count says how many
 * there are. */
static struct manifest newest(const struct pipeline *at, size_t *count)
{
    struct fixture_records records = kafka_fixture_read(at->names[PIPE_MODELS]);
    struct error err = {ERROR_NONE, ""};
    struct manifest manifest = {0};

    *count = records.count;
    if (records.count > 0) {
        const struct fixture_record *last = &records.at[records.count - 1];
        ck_assert_ok(
            manifest_decode(last->value, last->value_size, &manifest, &err),
            err);
    }
    fixture_records_free(&records);
    return manifest;
}

/* Until the trainer has published, and then no further. */
static void kill_once_published(size_t before)
{
    int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;
    size_t count = before;

    start_trainer(&line, NULL);
    while (count <= before) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms, "no new version");
        ck_assert(child_is_running(&trainer));
        clock_sleep_ms(50);
        struct manifest manifest = newest(&line, &count);
        manifest_free(&manifest);
    }
    child_signal(&trainer, SIGKILL);
    child_wait(&trainer, WAIT_MS);
}

/* `field` of the line that says `words`. */
static uint64_t log_number(const char *words, const char *field)
{
    char *log = child_errors(&trainer), name[64];

    snprintf(name, sizeof(name), " %s=", field);
    const char *at = strstr(log, words);
    ck_assert_msg(at != NULL, "it did not say %s: %s", words, log);
    at = strstr(at, name);
    ck_assert_msg(at != NULL, "no %s: %s", field, log);
    uint64_t number = strtoull(at + strlen(name), NULL, 10);
    free(log);
    return number;
}

/* To the end of what is there; returns how many impressions it read. */
static uint64_t train_to_the_end(const struct pipeline *at)
{
    start_trainer(at, "--exit.at_end");
    int status = child_wait(&trainer, WAIT_MS);
    char *log = child_errors(&trainer);
    ck_assert_msg(status == 0, "status %d: %s", status, log);
    free(log);
    return log_number("msg=\"learned\"", "impressions");
}

static void start_scorer(void)
{
    const char *more[] = {"--workers=2", "--http.port=0",
                          /* A killed one is missed soon. */
                          "-Xconsumer.session.timeout.ms=6000",
                          "-Xconsumer.heartbeat.interval.ms=500", NULL};

    child_end(&scorer);
    pipeline_start(&line, "score", more, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
}

/* --- The story -------------------------------------------------------- */

static void compare_with_one_that_was_not_killed(uint64_t again)
{
    struct pipeline other;
    size_t versions = 0, one = 0;

    pipeline_create_beside(&line, &other);
    uint64_t all = train_to_the_end(&other);
    struct manifest killed = newest(&line, &versions);
    struct manifest whole = newest(&other, &one);
    printf("online: versions=%zu rows=%" PRIu64
           " impressions read at last=%" PRIu64 " of %" PRIu64
           " logloss=%.5f auc=%.5f\n",
           versions, whole.rows, again, all, whole.metrics.logloss,
           whole.metrics.auc);
    ck_assert_uint_eq(all, PARTS * ROWS);
    ck_assert_uint_lt(again, 2 * ROWS + ROWS / 2);
    ck_assert_uint_eq(killed.rows, whole.rows);
    ck_assert_mem_eq(&killed.sha256, &whole.sha256, sizeof(whole.sha256));
    ck_assert_uint_eq(killed.range_count, whole.range_count);
    ck_assert_mem_eq(killed.ranges, whole.ranges,
                     whole.range_count * sizeof(*whole.ranges));
    ck_assert(whole.metrics.auc > 0.6);
    manifest_free(&killed);
    manifest_free(&whole);
}

START_TEST(kills_leave_no_trace_in_the_model)
{
    const char *none[] = {NULL};
    size_t count = 0;

    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    pipeline_create(&line, PARTITIONS);
    start_scorer();
    for (int part = 0; part < PARTS - 1; part++) {
        feed_part(part);
        struct manifest manifest = newest(&line, &count);
        manifest_free(&manifest);
        child_signal(&scorer, SIGKILL);
        child_wait(&scorer, WAIT_MS);
        start_scorer();
        kill_once_published(count);
        pipeline_await_scored(&line, WAIT_MS);
    }
    feed_part(PARTS - 1);
    uint64_t again = train_to_the_end(&line);
    pipeline_await_scored(&line, WAIT_MS);
    pipeline_stop(&scorer, WAIT_MS);
    compare_with_one_that_was_not_killed(again);
    char *verified = pipeline_run(&line, "verify", none, WAIT_MS);
    printf("%s", verified);
    free(verified);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("online_restart");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests, kills_leave_no_trace_in_the_model);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite,
                              "a trainer that goes on from its newest model");
}
