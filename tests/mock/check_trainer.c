/*
 * check_trainer.c - impressions and labels in, models out, on the mock
 * brokers.
 */
#include "support/run_suite.h"
#include "support/trainer_world.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include "consumer/models/snapshot_reader.h"
#include "consumer/train/trainer.h"

#include <string.h>

static struct error err;
static struct trainer_world world;

static void set_up(void)
{
    trainer_world_open(&world);
}

static void tear_down(void)
{
    trainer_world_close(&world);
}

/* --- What was published ----------------------------------------------- */

static const struct manifest *manifest_of(struct snapshot_reader *reader,
                                          uint64_t epoch)
{
    const struct manifest *manifest = snapshot_reader_find(reader, epoch);

    ck_assert_msg(manifest != NULL, "no manifest of epoch %d", (int)epoch);
    return manifest;
}

static void assert_published(struct snapshot_reader *reader, uint64_t epoch,
                             const struct buffer *expected)
{
    struct buffer bytes = {0};
    enum snapshot_refusal why;

    ck_assert_ok(snapshot_reader_fetch(reader, manifest_of(reader, epoch),
                                       TRAINER_WORLD_WAIT_MS, &bytes, &why,
                                       &err),
                 err);
    ck_assert_uint_eq(bytes.size, expected->size);
    ck_assert_mem_eq(bytes.bytes, expected->bytes, bytes.size);
    buffer_free(&bytes);
}

static int64_t records_in(const struct manifest *manifest, const char *topic)
{
    int64_t records = 0;

    for (size_t i = 0; i < manifest->range_count; i++)
        if (strcmp(manifest->ranges[i].topic, topic) == 0) {
            ck_assert_int_eq(manifest->ranges[i].first, 0);
            records += manifest->ranges[i].next;
        }
    return records;
}

/* --- Running ---------------------------------------------------------- */

static struct trainer *start_trainer(void)
{
    struct trainer *trainer = NULL;

    ck_assert_ok(trainer_start(&world.config, NULL, &trainer, &err), err);
    return trainer;
}

static struct trainer_counts train_once(void)
{
    struct trainer_counts counts;

    world.config.once = true;
    ck_assert_ok(trainer_join(start_trainer(), &counts, &err), err);
    ck_assert(join_books_balance(&counts.books));
    return counts;
}

static void wait_for_models(struct trainer *trainer, uint64_t published)
{
    int64_t deadline_ms = clock_monotonic_ms() + TRAINER_WORLD_WAIT_MS;

    while (trainer_counts(trainer).models.published < published) {
        ck_assert(trainer_is_running(trainer));
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(20);
    }
}

START_TEST(a_published_model_is_the_fit_of_the_same_rows)
{
    struct buffer expected = {0};
    int settled = trainer_world_settled(TRAINER_WORLD_EVENTS);
    int final = trainer_world_final(TRAINER_WORLD_EVENTS);
    int held = final / 10;

    trainer_world_send(&world, 0, TRAINER_WORLD_EVENTS);
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.models.published, 1);
    ck_assert_uint_eq(counts.books.impressions, TRAINER_WORLD_EVENTS);
    ck_assert_uint_eq(counts.books.positive, TRAINER_WORLD_EVENTS / 5);
    ck_assert_uint_eq(counts.books.joined, TRAINER_WORLD_EVENTS / 5);
    ck_assert_uint_eq(counts.models.holdout.rows, (size_t)held);

    struct snapshot_reader *reader = trainer_world_models(&world);
    const struct manifest *manifest = manifest_of(reader, 1);
    ck_assert_uint_eq(manifest->parent_epoch, 0);
    ck_assert_uint_eq(manifest->rows, (uint64_t)settled);
    ck_assert_uint_eq(manifest->measured_rows, (uint64_t)(final - held));
    ck_assert_uint_eq(manifest->users, TRAINER_WORLD_USERS);
    ck_assert_uint_eq(manifest->ads, TRAINER_WORLD_ADS);
    ck_assert_str_eq(manifest->algorithm, "baseline");
    ck_assert_uint_eq(manifest->range_count, 4);
    ck_assert_int_eq(records_in(manifest, "impressions"), TRAINER_WORLD_EVENTS);
    ck_assert_int_eq(records_in(manifest, "labels"), TRAINER_WORLD_EVENTS / 5);
    ck_assert_double_eq(manifest->metrics.logloss,
                        counts.models.holdout.logloss);

    trainer_world_fit(&world, settled, &expected);
    assert_published(reader, 1, &expected);
    buffer_free(&expected);
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(the_same_records_give_the_same_bytes_again)
{
    trainer_world_send(&world, 0, TRAINER_WORLD_EVENTS);
    train_once();
    train_once();

    struct snapshot_reader *reader = trainer_world_models(&world);
    ck_assert_mem_eq(&manifest_of(reader, 1)->sha256,
                     &manifest_of(reader, 2)->sha256, sizeof(struct digest));
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(a_second_model_follows_new_rows_and_names_its_parent)
{
    struct trainer_counts counts;

    trainer_world_send(&world, 0, 200);
    struct trainer *trainer = start_trainer();
    wait_for_models(trainer, 1);
    trainer_world_send(&world, 200, TRAINER_WORLD_EVENTS);
    wait_for_models(trainer, 2);
    trainer_stop(trainer);
    ck_assert_ok(trainer_join(trainer, &counts, &err), err);
    ck_assert(join_books_balance(&counts.books));
    ck_assert_uint_eq(counts.models.epoch, counts.models.published);

    struct snapshot_reader *reader = trainer_world_models(&world);
    const struct manifest *first = manifest_of(reader, 1);
    const struct manifest *second = manifest_of(reader, 2);
    ck_assert_uint_eq(second->parent_epoch, 1);
    ck_assert_mem_eq(&second->parent_sha256, &first->sha256,
                     sizeof(struct digest));
    ck_assert_int_eq(records_in(first, "impressions"), 200);
    ck_assert_int_gt(records_in(second, "impressions"), 200);
    ck_assert_uint_gt(second->rows, first->rows);
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(a_request_is_a_reason_to_learn)
{
    world.config.retrain_rows = 0;
    trainer_world_send(&world, 0, 200);
    struct trainer *trainer = start_trainer();
    wait_for_models(trainer, 1);
    trainer_request(trainer);
    wait_for_models(trainer, 2);
    trainer_stop(trainer);
    ck_assert_ok(trainer_join(trainer, NULL, &err), err);
}
END_TEST

START_TEST(labels_with_user_and_ad_are_rows_of_their_own)
{
    world.config.intake.mode = JOIN_LABELS;
    for (int i = 0; i < 100; i++) {
        struct buffer bytes = {0};
        struct label event = {
            .id = id_from_number(i),
            .ts_ms = trainer_world_time(i),
            .click = trainer_world_is_clicked(i),
            .has_pair = true,
            .user = id_from_number(100 + i % TRAINER_WORLD_USERS),
            .ad = id_from_number(200 + i % TRAINER_WORLD_ADS)};
        event_encode_label(&world.config.intake.fields, &event, &bytes);
        test_producer_send(world.producer, "labels",
                           &(struct outgoing){.partition = i % 2,
                                              .value = bytes.bytes,
                                              .value_size = bytes.size,
                                              .timestamp_ms = event.ts_ms});
        buffer_free(&bytes);
    }
    trainer_world_click(&world, 7); /* has no pair */
    test_producer_flush(world.producer);
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.bad, 1);

    struct buffer expected = {0};
    struct snapshot_reader *reader = trainer_world_models(&world);
    ck_assert_uint_eq(manifest_of(reader, 1)->range_count, 2);
    trainer_world_fit(&world, 100, &expected);
    assert_published(reader, 1, &expected);
    buffer_free(&expected);
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(a_bad_label_becomes_one_dead_letter_over_restarts)
{
    trainer_world_send(&world, 0, 200);
    test_producer_send(
        world.producer, "labels",
        &(struct outgoing){.value = "\xc1",
                           .value_size = 1,
                           .timestamp_ms = TRAINER_WORLD_START_MS});
    test_producer_send(
        world.producer, "impressions",
        &(struct outgoing){.value = "\xc1",
                           .value_size = 1,
                           .timestamp_ms = TRAINER_WORLD_START_MS});
    test_producer_flush(world.producer);
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.bad, 2);
    ck_assert_uint_eq(counts.letters.sent, 1);
    counts = train_once();
    ck_assert_uint_eq(counts.bad, 2);
    ck_assert_uint_eq(counts.letters.sent, 0);
}
END_TEST

/* No model was published that would cover the label. */
START_TEST(a_bad_label_has_one_letter_before_the_first_model)
{
    struct trainer_counts counts;

    world.config.once = true;
    trainer_world_send(&world, 0, 15);
    for (int i = 0; i < 3; i++)
        test_producer_send(
            world.producer, "labels",
            &(struct outgoing){.partition = i % 2,
                               .value = "\xc1",
                               .value_size = 1,
                               .timestamp_ms = TRAINER_WORLD_START_MS});
    test_producer_flush(world.producer);
    for (int start = 0; start < 3; start++) {
        ck_assert_refused(trainer_join(start_trainer(), &counts, &err), err,
                          ERROR_UNAVAILABLE, "too little to learn from");
        ck_assert_uint_eq(counts.bad, 3);
        ck_assert_uint_eq(counts.letters.sent, start == 0 ? 3 : 0);
        ck_assert_uint_eq(counts.letters.known, start == 0 ? 0 : 3);
    }
}
END_TEST

START_TEST(a_bad_record_is_skipped_or_fatal_as_told)
{
    trainer_world_send(&world, 0, 200);
    test_producer_send(
        world.producer, "labels",
        &(struct outgoing){.partition = 1,
                           .value = "\xc1",
                           .value_size = 1,
                           .timestamp_ms = TRAINER_WORLD_START_MS});
    test_producer_flush(world.producer);
    world.config.bad_records = BAD_SKIP;
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.bad, 1);
    ck_assert_uint_eq(counts.letters.sent, 0);

    world.config.bad_records = BAD_FAIL;
    ck_assert_refused(trainer_join(start_trainer(), NULL, &err), err,
                      ERROR_FORMAT, "labels/1 offset ");
}
END_TEST

START_TEST(a_model_of_one_class_does_not_replace_another)
{
    world.config.intake.log.rows_max = 60;
    trainer_world_send(&world, 0, 200);
    ck_assert_uint_eq(train_once().models.published, 1);
    for (int i = 200; i < 300; i++)
        trainer_world_show(&world, i);
    test_producer_flush(world.producer);
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.fits.started, 1);
    ck_assert_uint_eq(counts.models.published, 0);
    ck_assert_uint_eq(counts.fits.refused, 1);
}
END_TEST

static void wait_for_skipped(struct trainer *trainer, uint64_t skipped)
{
    int64_t deadline_ms = clock_monotonic_ms() + TRAINER_WORLD_WAIT_MS;

    while (trainer_counts(trainer).fits.skipped < skipped) {
        ck_assert(trainer_is_running(trainer));
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(20);
    }
}

START_TEST(a_model_that_would_not_fit_is_not_fit_and_the_trainer_goes_on)
{
    struct trainer_counts counts;

    world.config.limits = (struct fit_need){100, UINT64_MAX};
    trainer_world_send(&world, 0, 200);
    struct trainer *trainer = start_trainer();
    wait_for_skipped(trainer, 1);
    trainer_world_send(&world, 200, TRAINER_WORLD_EVENTS);
    wait_for_skipped(trainer, 2);
    trainer_stop(trainer);
    ck_assert_ok(trainer_join(trainer, &counts, &err), err);
    ck_assert_uint_eq(counts.fits.started, 0);
    ck_assert_uint_eq(counts.models.published, 0);

    world.config.once = true;
    ck_assert_refused(trainer_join(start_trainer(), NULL, &err), err,
                      ERROR_LIMIT, "100 is the most: lower training.max_ids");
}
END_TEST

START_TEST(a_model_knows_no_more_ids_than_it_may)
{
    world.config.intake.log.ids_max = 6;
    trainer_world_send(&world, 0, 200);
    struct trainer_counts counts = train_once();
    ck_assert_uint_eq(counts.models.published, 1);
    ck_assert_uint_gt(counts.fits.ids_unknown, 0);
}
END_TEST

START_TEST(once_with_too_little_says_so)
{
    world.config.once = true;
    trainer_world_send(&world, 0, 15);
    ck_assert_refused(trainer_join(start_trainer(), NULL, &err), err,
                      ERROR_UNAVAILABLE, "too little to learn from");
}
END_TEST

START_TEST(a_stop_cancels_the_fit)
{
    struct trainer_counts counts;

    /* takes hours, far longer than this test may */
    strcpy(world.config.algorithm, "svd");
    strcpy(world.config.params, "factors=1000 epochs=100000");
    trainer_world_send(&world, 0, TRAINER_WORLD_EVENTS);
    struct trainer *trainer = start_trainer();
    const int64_t deadline_ms = clock_monotonic_ms() + TRAINER_WORLD_WAIT_MS;
    while (trainer_counts(trainer).fits.started == 0 &&
           clock_monotonic_ms() < deadline_ms)
        clock_sleep_ms(10);
    trainer_stop(trainer);
    ck_assert_ok(trainer_join(trainer, &counts, &err), err);
    ck_assert_uint_eq(counts.fits.cancelled, 1);
    ck_assert_uint_eq(counts.models.published, 0);
}
END_TEST

START_TEST(what_cannot_work_is_told_at_the_start)
{
    struct trainer *trainer = NULL;

    strcpy(world.config.algorithm, "magic");
    ck_assert_refused(trainer_start(&world.config, NULL, &trainer, &err), err,
                      ERROR_CONFIG, "no model 'magic'");
    strcpy(world.config.algorithm, "baseline");
    strcpy(world.config.params, "bsl_magic=1");
    ck_assert_refused(trainer_start(&world.config, NULL, &trainer, &err), err,
                      ERROR_CONFIG, "bsl_magic");
    strcpy(world.config.params, "");
    strcpy(world.config.kafka.brokers, "127.0.0.1:1");
    ck_assert_refused(trainer_start(&world.config, NULL, &trainer, &err), err,
                      ERROR_UNAVAILABLE, "no broker at 127.0.0.1:1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer");
    TCase *tests = tcase_create("models");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_published_model_is_the_fit_of_the_same_rows);
    tcase_add_test(tests, the_same_records_give_the_same_bytes_again);
    tcase_add_test(tests, a_second_model_follows_new_rows_and_names_its_parent);
    tcase_add_test(tests, a_request_is_a_reason_to_learn);
    tcase_add_test(tests, labels_with_user_and_ad_are_rows_of_their_own);
    tcase_add_test(tests, a_bad_label_becomes_one_dead_letter_over_restarts);
    tcase_add_test(tests, a_bad_label_has_one_letter_before_the_first_model);
    tcase_add_test(tests, a_bad_record_is_skipped_or_fatal_as_told);
    tcase_add_test(tests, a_model_of_one_class_does_not_replace_another);
    tcase_add_test(tests, once_with_too_little_says_so);
    tcase_add_test(
        tests, a_model_that_would_not_fit_is_not_fit_and_the_trainer_goes_on);
    tcase_add_test(tests, a_model_knows_no_more_ids_than_it_may);
    tcase_add_test(tests, a_stop_cancels_the_fit);
    tcase_add_test(tests, what_cannot_work_is_told_at_the_start);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
