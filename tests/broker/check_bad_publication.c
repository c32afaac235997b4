/*
 * check_bad_publication.c - a model that was published wrong is refused and
 * counted by its reason, and the one before serves on.
 */
#include "support/metrics_page.h"
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/publish_snapshot.h"
#include "support/run_suite.h"
#include "support/small_snapshot.h"
#include "support/truth.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include "producer/publisher.h"
#include "producer/snapshot_publisher.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_BYTES = 1000,
    HEADERS_MAX = 8,
    WAIT_MS = 30000,
    FED = 500,
};

static struct error err;
static struct pipeline pipe;
static struct child_process scorer;
static unsigned port;

/* --- Publishing right ------------------------------------------------- */

static void publish(const char *models, const char *chunks, uint64_t epoch,
                    const struct buffer *snapshot)
{
    struct snapshot_publisher_config to = {.kafka = kafka_fixture_settings(),
                                           .chunk_bytes = CHUNK_BYTES};
    struct snapshot_publisher *publisher = NULL;
    struct manifest manifest = {.format = MANIFEST_FORMAT,
                                .epoch = epoch,
                                .created_ms = clock_wall_ms(),
                                .algorithm = "popular",
                                .users = SMALL_SNAPSHOT_IDS,
                                .ads = SMALL_SNAPSHOT_IDS};

    snprintf(to.name, sizeof(to.name), "%.63s", pipe.names[PIPE_MODEL]);
    strcpy(to.models, models);
    strcpy(to.chunks, chunks);
    ck_assert_ok(snapshot_publisher_open(&to, &publisher, &err), err);
    ck_assert_ok(publish_snapshot(publisher, snapshot, &manifest, &err), err);
    snapshot_publisher_close(publisher);
}

static void publish_good(uint64_t epoch)
{
    struct buffer snapshot = {0};

    small_snapshot(epoch, &snapshot);
    publish(pipe.names[PIPE_MODELS], pipe.names[PIPE_CHUNKS], epoch, &snapshot);
    buffer_free(&snapshot);
}

/* --- A good publication, spoiled on its way --------------------------- */

struct parcel {
    struct fixture_records chunks; /* in the order in which they will go */
    struct manifest manifest;
};

/* From topics that nobody follows. */
static void take_parcel(uint64_t epoch, struct parcel *parcel)
{
    struct buffer snapshot = {0};
    char models[FIXTURE_NAME_SIZE], chunks[FIXTURE_NAME_SIZE];

    kafka_fixture_name("models", models);
    kafka_fixture_name("chunks", chunks);
    kafka_fixture_create(models, 1, NULL);
    kafka_fixture_create(chunks, 1, NULL);
    small_snapshot(epoch, &snapshot);
    publish(models, chunks, epoch, &snapshot);
    buffer_free(&snapshot);

    struct fixture_records all = kafka_fixture_read(models);
    ck_assert_uint_eq(all.count, 1);
    ck_assert_ok(manifest_decode(all.at[0].value, all.at[0].value_size,
                                 &parcel->manifest, &err),
                 err);
    fixture_records_free(&all);
    parcel->chunks = kafka_fixture_read(chunks);
    ck_assert_uint_ge(parcel->chunks.count, 3);
}

static void send_chunk(struct publisher *to,
                       const struct fixture_record *record)
{
    struct record_header headers[HEADERS_MAX];

    ck_assert_uint_le(record->header_count, HEADERS_MAX);
    for (size_t i = 0; i < record->header_count; i++)
        headers[i] = (struct record_header){record->headers[i].name,
                                            record->headers[i].value,
                                            record->headers[i].size};
    struct outgoing chunk = {.topic = 1,
                             .key = record->key,
                             .key_size = record->key_size,
                             .value = record->value,
                             .value_size = record->value_size,
                             .headers = headers,
                             .header_count = record->header_count};
    ck_assert_ok(publisher_send(to, &chunk, &err), err);
    ck_assert_ok(publisher_flush(to, WAIT_MS, &err), err);
}

static void send_manifest(struct publisher *to, const struct manifest *manifest)
{
    struct buffer bytes = {0};
    char key[96];

    snprintf(key, sizeof(key), "%s@%" PRIu64, manifest->name, manifest->epoch);
    manifest_encode(manifest, &bytes);
    struct outgoing record = {.key = key,
                              .key_size = strlen(key),
                              .value = bytes.bytes,
                              .value_size = bytes.size};
    ck_assert_ok(publisher_send(to, &record, &err), err);
    ck_assert_ok(publisher_flush(to, WAIT_MS, &err), err);
    buffer_free(&bytes);
}

static void send_parcel(struct parcel *parcel)
{
    struct publisher_config by_hand = {
        .kafka = kafka_fixture_settings(),
        .wants_offsets = true,
        .topics = {pipe.names[PIPE_MODELS], pipe.names[PIPE_CHUNKS], NULL},
    };
    struct publisher *to = NULL;

    ck_assert_ok(publisher_open(&by_hand, &to, &err), err);
    for (size_t i = 0; i < parcel->chunks.count; i++) {
        send_chunk(to, &parcel->chunks.at[i]);
        if (i == 0)
            parcel->manifest.first_chunk_offset =
                publisher_last_offset(to, 1, 0);
    }
    send_manifest(to, &parcel->manifest);
    publisher_close(to);
}

static void nothing(struct parcel *parcel)
{
    (void)parcel;
}

static void corrupted(struct parcel *parcel)
{
    parcel->chunks.at[1].value[7] ^= 1;
}

static struct fixture_record take_out(struct fixture_records *records,
                                      size_t at)
{
    struct fixture_record taken = records->at[at];

    memmove(&records->at[at], &records->at[at + 1],
            (records->count - at - 1) * sizeof(taken));
    records->count--;
    return taken;
}

static void missing(struct parcel *parcel)
{
    struct fixture_records one = {malloc(sizeof(*one.at)),
                                  1}; /* to be freed as any other */

    ck_assert_ptr_nonnull(one.at);
    one.at[0] = take_out(&parcel->chunks, 1);
    fixture_records_free(&one);
}

static void reordered(struct parcel *parcel)
{
    struct fixture_record second = parcel->chunks.at[1];

    parcel->chunks.at[1] = parcel->chunks.at[2];
    parcel->chunks.at[2] = second;
}

/* By its number: the first chunk's headers and bytes once more. */
static void doubled(struct parcel *parcel)
{
    struct fixture_record *from = &parcel->chunks.at[0];
    struct fixture_record *to = &parcel->chunks.at[1];

    ck_assert_uint_eq(from->value_size, to->value_size);
    ck_assert_uint_eq(from->header_count, to->header_count);
    memcpy(to->value, from->value, from->value_size);
    for (size_t i = 0; i < from->header_count; i++)
        memcpy(to->headers[i].value, from->headers[i].value,
               from->headers[i].size);
}

static void an_old_epoch(struct parcel *parcel)
{
    parcel->manifest.epoch = 1;
}

static void a_newer_format(struct parcel *parcel)
{
    parcel->manifest.format++;
}

static void another_digest(struct parcel *parcel)
{
    parcel->manifest.sha256.bytes[0] ^= 1;
}

static const struct {
    void (*spoil)(struct parcel *parcel);
    const char *reason; /* NULL: it serves */
} parcels[] = {
    {corrupted, "chunks"},      {missing, "chunks"},
    {doubled, "chunks"},        {reordered, "chunks"},
    {an_old_epoch, "epoch"},    {a_newer_format, "manifest"},
    {another_digest, "digest"}, {nothing, NULL},
};

/* --- Watching the scorer ---------------------------------------------- */

static double refused(const char *reason)
{
    char series[80];

    snprintf(series, sizeof(series), "pctr_model_rejected_total{reason=\"%s\"}",
             reason);
    return metrics_page_read(port, series, WAIT_MS);
}

static void await_refused(const char *reason, double count)
{
    char series[80];

    snprintf(series, sizeof(series), "pctr_model_rejected_total{reason=\"%s\"}",
             reason);
    metrics_page_await(port, series, count, WAIT_MS);
}

/* "model active" of exactly this version. */
static void await_active(uint64_t version)
{
    char words[64];

    snprintf(words, sizeof(words), "msg=\"model active\" version=%" PRIu64 " ",
             version);
    child_await_error(&scorer, words, WAIT_MS);
}

/* Feeds a little: all of it is scored by this version, as it predicts. */
static void assert_serves(uint64_t version)
{
    const char *more[] = {"--world", "--world.rows=500", NULL};
    struct proceedings proceedings;
    uint64_t others = 0;

    free(pipeline_run(&pipe, "feed", more, WAIT_MS));
    pipeline_await_scored(&pipe, WAIT_MS);
    struct verdict verdict = pipeline_judge(&pipe, "refusals", &proceedings);
    struct truth truth = truth_of(&pipe, &proceedings.predictions, "", 0);
    for (size_t i = 0; i < proceedings.predictions.count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(
            one_prediction(proceedings.predictions.at[i].value,
                           proceedings.predictions.at[i].value_size, &event,
                           NULL),
            EVENT_OK);
        others += event.model_version != version;
    }
    printf("refusals: predictions=%d other_models=%" PRIu64
           " mismatched=%" PRIu64 "\n",
           (int)proceedings.predictions.count, others, truth.mismatched);
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(proceedings.predictions.count, FED);
    ck_assert_uint_eq(others, 0);
    ck_assert_uint_eq(truth.mismatched, 0);
    proceedings_free(&proceedings);
}

static void start(void)
{
    char http[32];
    const char *more[] = {http, NULL};

    pipeline_create(&pipe, 2);
    publish_good(1);
    port = metrics_page_free_port();
    snprintf(http, sizeof(http), "--http.port=%u", port);
    pipeline_start(&pipe, "score", more, &scorer);
    await_active(1);
}

static void stop(void)
{
    child_end(&scorer);
}

/* --- The tests -------------------------------------------------------- */

START_TEST(a_parcel_that_was_damaged_is_refused)
{
    for (size_t i = 0; i < sizeof(parcels) / sizeof(parcels[0]); i++) {
        struct parcel parcel = {.chunks = {NULL, 0}};
        const char *reason = parcels[i].reason;
        double before = reason ? refused(reason) : 0;
        take_parcel(2 + i, &parcel);
        parcels[i].spoil(&parcel);
        if (!reason)
            assert_serves(1); /* the refused ones changed nothing */
        send_parcel(&parcel);
        if (reason)
            await_refused(reason, before + 1);
        else
            await_active(2 + i);
        fixture_records_free(&parcel.chunks);
        manifest_free(&parcel.manifest);
    }
}
END_TEST

/* Where the sections of a snapshot begin: 24 bytes each in a table at 16. */
static size_t section_at(const struct buffer *snapshot, size_t section)
{
    uint64_t at = 0;

    for (int i = 7; i >= 0; i--)
        at = at << 8 | snapshot->bytes[16 + 24 * section + 8 + (size_t)i];
    return (size_t)at;
}

START_TEST(a_snapshot_with_a_wrong_byte_anywhere_is_refused)
{
    const size_t sections = 4;

    for (size_t i = 0; i < sections + 4; i++) {
        struct buffer snapshot = {0};
        small_snapshot(2 + i, &snapshot);
        const size_t others[] = {0, 8, 20, snapshot.size - 1};
        size_t at =
            i < sections ? section_at(&snapshot, i) + 1 : others[i - sections];
        snapshot.bytes[at] ^= 0x10;
        publish(pipe.names[PIPE_MODELS], pipe.names[PIPE_CHUNKS], 2 + i,
                &snapshot);
        await_refused("format", (double)i + 1);
        buffer_free(&snapshot);
    }
    assert_serves(1);
    publish_good(2 + sections + 4);
    await_active(2 + sections + 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bad_publication");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, a_parcel_that_was_damaged_is_refused);
    tcase_add_test(tests, a_snapshot_with_a_wrong_byte_anywhere_is_refused);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "a bad model is refused, the old serves");
}
