/*
 * check_version_race.c - writers of manifests that meet publish each version
 * once.
 */
#include "support/kafka_fixture.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/event/manifest.h"

#include "consumer/train/model_publication.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { WRITERS = 3, VERSIONS = 6 };

static char models[FIXTURE_NAME_SIZE], chunks[FIXTURE_NAME_SIZE];

struct writer {
    pthread_t thread;
    struct snapshot_reader *reader;
    uint64_t epochs[VERSIONS];
    struct error err;
    int status;
};

static struct snapshot_publisher_config publisher_of(void)
{
    struct snapshot_publisher_config config = {
        .kafka = kafka_fixture_settings(), .name = "click"};

    strcpy(config.models, models);
    strcpy(config.chunks, chunks);
    return config;
}

static void *write_versions(void *context)
{
    const struct snapshot_publisher_config config = publisher_of();
    struct writer *writer = context;

    for (int i = 0; i < VERSIONS && writer->status == 0; i++) {
        struct manifest manifest = {.format = MANIFEST_FORMAT,
                                    .name = "click",
                                    .created_ms = clock_wall_ms(),
                                    .algorithm = "popular",
                                    .size = 1,
                                    .packed_size = 1,
                                    .chunk_size = 1,
                                    .chunk_count = 1};
        writer->status = publication_announce(&config, writer->reader,
                                              &manifest, &writer->err);
        writer->epochs[i] = manifest.epoch;
    }
    return NULL;
}

static void start(struct writer *writer)
{
    struct snapshot_reader_config from = {.kafka = kafka_fixture_settings(),
                                          .name = "click"};

    strcpy(from.models, models);
    strcpy(from.chunks, chunks);
    ck_assert_ok(snapshot_reader_open(&from, &writer->reader, &writer->err),
                 writer->err);
    ck_assert_int_eq(
        pthread_create(&writer->thread, NULL, write_versions, writer), 0);
}

START_TEST(writers_that_meet_never_give_one_epoch_twice)
{
    static struct writer writers[WRITERS];
    bool is_given[WRITERS * VERSIONS + 1] = {false};

    kafka_fixture_name("models", models);
    kafka_fixture_name("chunks", chunks);
    kafka_fixture_create(models, 1, NULL);
    kafka_fixture_create(chunks, 1, NULL);
    for (int w = 0; w < WRITERS; w++)
        start(&writers[w]);
    for (int w = 0; w < WRITERS; w++)
        pthread_join(writers[w].thread, NULL);
    for (int w = 0; w < WRITERS; w++) {
        ck_assert_ok(writers[w].status, writers[w].err);
        for (int i = 0; i < VERSIONS; i++) {
            uint64_t epoch = writers[w].epochs[i];
            ck_assert_uint_ge(epoch, 1);
            ck_assert_uint_le(epoch, WRITERS * VERSIONS);
            ck_assert(!is_given[epoch]);
            is_given[epoch] = true;
        }
        snapshot_reader_close(writers[w].reader);
    }
    struct fixture_records records = kafka_fixture_read(models);
    ck_assert_uint_eq(records.count, WRITERS * VERSIONS);
    fixture_records_free(&records);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("version_race");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, writers_that_meet_never_give_one_epoch_twice);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "one fence for all writers of versions");
}
