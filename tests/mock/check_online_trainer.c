/*
 * check_online_trainer.c - a trainer whose model learns each outcome at once:
 * one that was stopped and started again publishes the bytes of one that was
 * not, and does not read all of the past for it.
 */
#include "support/run_suite.h"
#include "support/trainer_world.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include "consumer/models/snapshot_reader.h"
#include "consumer/train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST = 230, ALL = TRAINER_WORLD_EVENTS };
enum { CLICK_AFTER = 2, LATE_AFTER = 7 }; /* events; a second each */
enum { LATE_AFTER_MS = 6800 };

static struct error err;
static struct trainer_world world;

static void set_up(void)
{
    trainer_world_open(&world);
    strcpy(world.config.algorithm, "fields");
    strcpy(world.config.params, "bits=12 start=0.2 lambda=2");
}

static void tear_down(void)
{
    trainer_world_close(&world);
}

/* Some impressions are clicked when their window is over. */
static bool is_late(int number)
{
    return number % 9 == 0 && !trainer_world_is_clicked(number);
}

static void click_late(int number)
{
    struct buffer bytes = {0};
    struct label event = {.id = id_from_number(number),
                          .ts_ms = trainer_world_time(number) + LATE_AFTER_MS,
                          .click = 1};

    event_encode_label(&world.config.intake.fields, &event, &bytes);
    test_producer_send(world.producer, "labels",
                       &(struct outgoing){.partition = number % 2,
                                          .value = bytes.bytes,
                                          .value_size = bytes.size,
                                          .timestamp_ms = event.ts_ms});
    buffer_free(&bytes);
}

/* In the order of record time, so that whoever reads a part of it first has
 * read it in the order of who reads all. */
static void send(int from, int to)
{
    for (int i = from; i < to; i++) {
        if (i >= CLICK_AFTER && trainer_world_is_clicked(i - CLICK_AFTER))
            trainer_world_click(&world, i - CLICK_AFTER);
        if (i >= LATE_AFTER && is_late(i - LATE_AFTER))
            click_late(i - LATE_AFTER);
        trainer_world_show(&world, i);
    }
    test_producer_flush(world.producer);
}

/* --- Trainers --------------------------------------------------------- */

static struct trainer *start_trainer(void)
{
    struct trainer *trainer = NULL;

    ck_assert_ok(trainer_start(&world.config, NULL, &trainer, &err), err);
    return trainer;
}

static struct trainer_counts train_once(const char *name)
{
    struct trainer_counts counts;

    snprintf(world.config.name, sizeof(world.config.name), "%s", name);
    world.config.once = true;
    ck_assert_ok(trainer_join(start_trainer(), &counts, &err), err);
    ck_assert(join_books_balance(&counts.books));
    return counts;
}

/* A trainer that runs until it has published, and is then stopped. */
static void train_for_a_while(const char *name)
{
    int64_t deadline_ms = clock_monotonic_ms() + TRAINER_WORLD_WAIT_MS;

    snprintf(world.config.name, sizeof(world.config.name), "%s", name);
    world.config.once = false;
    struct trainer *trainer = start_trainer();
    while (trainer_counts(trainer).models.published < 1) {
        ck_assert(trainer_is_running(trainer));
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(20);
    }
    trainer_stop(trainer);
    ck_assert_ok(trainer_join(trainer, NULL, &err), err);
}

static struct manifest newest_of(const char *name, struct buffer *bytes)
{
    struct snapshot_reader_config from = {
        .kafka = world.config.kafka, .models = "models", .chunks = "chunks"};
    struct snapshot_reader *reader = NULL;
    enum snapshot_refusal why;
    struct manifest manifest;

    snprintf(from.name, sizeof(from.name), "%s", name);
    ck_assert_ok(snapshot_reader_open(&from, &reader, &err), err);
    ck_assert_ok(
        snapshot_reader_catch_up(reader, TRAINER_WORLD_WAIT_MS, NULL, &err),
        err);
    const struct manifest *newest = snapshot_reader_wanted(reader);
    ck_assert_ptr_nonnull(newest);
    ck_assert_ok(snapshot_reader_fetch(reader, newest, TRAINER_WORLD_WAIT_MS,
                                       bytes, &why, &err),
                 err);
    ck_assert_ok(manifest_copy(newest, &manifest, &err), err);
    snapshot_reader_close(reader);
    return manifest;
}

static void assert_same_models(const char *one, const char *other)
{
    struct buffer a = {0}, b = {0};
    struct manifest of_a = newest_of(one, &a), of_b = newest_of(other, &b);

    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.bytes, b.bytes, a.size);
    ck_assert_uint_eq(of_a.rows, of_b.rows);
    ck_assert_uint_eq(of_a.range_count, of_b.range_count);
    ck_assert_mem_eq(of_a.ranges, of_b.ranges,
                     of_a.range_count * sizeof(*of_a.ranges));
    manifest_free(&of_a);
    manifest_free(&of_b);
    buffer_free(&a);
    buffer_free(&b);
}

static uint64_t rows_of(const char *name)
{
    struct buffer bytes = {0};
    struct manifest manifest = newest_of(name, &bytes);
    uint64_t rows = manifest.rows;

    manifest_free(&manifest);
    buffer_free(&bytes);
    return rows;
}

/* --- Stories ---------------------------------------------------------- */

START_TEST(who_was_stopped_publishes_the_bytes_of_who_was_not)
{
    send(0, FIRST);
    train_for_a_while("stopped");
    uint64_t before = rows_of("stopped");
    ck_assert_uint_gt(before, 150);
    send(FIRST, ALL);
    struct trainer_counts resumed = train_once("stopped");
    struct trainer_counts whole = train_once("whole");
    ck_assert_uint_eq(whole.books.impressions, ALL);
    /* The reach and a part of it, and what is new. */
    ck_assert_uint_lt(resumed.books.impressions, ALL - FIRST + 30);
    ck_assert_uint_gt(rows_of("stopped"), before + 100);
    assert_same_models("stopped", "whole");
}
END_TEST

START_TEST(it_goes_on_again_and_again)
{
    for (int at = 0; at < ALL; at += 50) {
        send(at, at + 50);
        train_once("pieces");
    }
    train_once("whole");
    assert_same_models("pieces", "whole");
}
END_TEST

START_TEST(it_is_measured_by_rows_it_has_not_learned)
{
    struct buffer bytes = {0};

    send(0, ALL);
    struct trainer_counts counts = train_once("click");
    struct manifest manifest = newest_of("click", &bytes);
    ck_assert_uint_gt(manifest.rows, ALL - 20);
    ck_assert_uint_eq(manifest.metrics.rows, manifest.rows);
    ck_assert_double_eq(manifest.metrics.logloss,
                        counts.models.holdout.logloss);
    ck_assert(manifest.metrics.auc > 0 && manifest.metrics.auc < 1);
    /* All clicks count, the late ones too. */
    double clicks = counts.models.holdout.click_rate * (double)manifest.rows;
    ck_assert_double_eq_tol(clicks, (double)counts.books.positive, 1e-6);
    ck_assert_uint_gt(counts.books.late, 20);
    manifest_free(&manifest);
    buffer_free(&bytes);
}
END_TEST

START_TEST(where_nothing_is_new_the_newest_model_stays)
{
    send(0, ALL);
    ck_assert_uint_eq(train_once("click").models.published, 1);
    ck_assert_uint_eq(train_once("click").models.published, 0);
    click_late(ALL - 9);
    test_producer_flush(world.producer);
    ck_assert_uint_eq(train_once("click").models.published, 1);
}
END_TEST

START_TEST(other_parameters_begin_anew)
{
    send(0, ALL);
    train_once("click");
    uint64_t rows = rows_of("click");
    strcpy(world.config.params, "bits=12 start=0.2 lambda=3");
    struct trainer_counts counts = train_once("click");
    ck_assert_uint_eq(counts.books.impressions, ALL);
    ck_assert_uint_eq(rows_of("click"), rows);
}
END_TEST

START_TEST(labels_that_are_rows_go_on_as_well)
{
    world.config.intake.mode = JOIN_LABELS;
    for (int i = 0; i < 200; i++) {
        struct buffer bytes = {0};
        struct label event = {.id = id_from_number(i),
                              .ts_ms = trainer_world_time(i),
                              .click = trainer_world_is_clicked(i),
                              .has_pair = true,
                              .user = id_from_number(100 + i % 7),
                              .ad = id_from_number(200 + i % 3)};
        event_encode_label(&world.config.intake.fields, &event, &bytes);
        test_producer_send(world.producer, "labels",
                           &(struct outgoing){.partition = i % 2,
                                              .value = bytes.bytes,
                                              .value_size = bytes.size,
                                              .timestamp_ms = event.ts_ms});
        buffer_free(&bytes);
        if (i == 119) {
            test_producer_flush(world.producer);
            train_for_a_while("stopped");
            ck_assert_uint_eq(rows_of("stopped"), 120);
        }
    }
    test_producer_flush(world.producer);
    struct trainer_counts counts = train_once("stopped");
    ck_assert_uint_lt(counts.events.labels, 120);
    train_once("whole");
    ck_assert_uint_eq(rows_of("whole"), 200);
    assert_same_models("stopped", "whole");
}
END_TEST

START_TEST(what_retention_took_is_not_waited_for)
{
    static const char junk[100000] = {0};

    send(0, FIRST);
    train_for_a_while("click");
    uint64_t rows = rows_of("click");
    /* The mock brokers keep 5 MiB of a partition. */
    for (int i = 0; i < 60; i++) {
        test_producer_send(
            world.producer, "impressions",
            &(struct outgoing){.value = junk,
                               .value_size = sizeof(junk),
                               .timestamp_ms = trainer_world_time(FIRST)});
        test_producer_flush(world.producer);
    }
    send(FIRST, ALL);
    struct trainer_counts counts = train_once("click");
    ck_assert_uint_eq(counts.books.impressions, ALL - FIRST);
    ck_assert_uint_gt(rows_of("click"), rows + 100);
}
END_TEST

START_TEST(without_a_rate_a_thousand_rows_are_awaited)
{
    strcpy(world.config.params, "bits=12");
    send(0, ALL);
    struct trainer_counts counts = train_once("click");
    /* It ends before: the rows that there are say the rate. */
    ck_assert_double_eq_tol(counts.models.holdout.click_rate, 0.3, 0.1);
    ck_assert_uint_gt(rows_of("click"), ALL - 20);
}
END_TEST

START_TEST(what_makes_no_sense_is_told_at_the_start)
{
    struct trainer *trainer = NULL;

    world.config.scale.high = 5;
    ck_assert_refused(trainer_start(&world.config, NULL, &trainer, &err), err,
                      ERROR_CONFIG, "model.high");
    world.config.scale.high = 1;
    strcpy(world.config.params, "fields=user+user");
    ck_assert_refused(trainer_start(&world.config, NULL, &trainer, &err), err,
                      ERROR_CONFIG, "twice");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("online trainer");
    TCase *tests = tcase_create("models");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 90);
    tcase_add_test(tests, who_was_stopped_publishes_the_bytes_of_who_was_not);
    tcase_add_test(tests, it_goes_on_again_and_again);
    tcase_add_test(tests, it_is_measured_by_rows_it_has_not_learned);
    tcase_add_test(tests, where_nothing_is_new_the_newest_model_stays);
    tcase_add_test(tests, other_parameters_begin_anew);
    tcase_add_test(tests, labels_that_are_rows_go_on_as_well);
    tcase_add_test(tests, what_retention_took_is_not_waited_for);
    tcase_add_test(tests, without_a_rate_a_thousand_rows_are_awaited);
    tcase_add_test(tests, what_makes_no_sense_is_told_at_the_start);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
