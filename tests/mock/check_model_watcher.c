/*
 * check_model_watcher.c - what is published comes to serve, byte for byte;
 * what is broken on the way is refused by name and the old model stays.
 */
#include "support/mock_cluster.h"
#include "support/run_suite.h"
#include "support/small_snapshot.h"

#include "common/clock.h"

#include "consumer/model_watcher.h"
#include "producer/publisher.h"
#include "producer/snapshot_publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { TIMEOUT_MS = 10000, CHUNK_BYTES = 1000, CHUNKS_MAX = 16 };

static struct error err;
static struct mock_cluster *cluster;
static struct snapshot_publisher *publisher;
static struct model_board *board;
static struct model_watcher *watcher;
static struct model_watcher_config config;

static void start(void)
{
    cluster = mock_cluster_new();
    mock_cluster_add_topic(cluster, "models", 1);
    mock_cluster_add_topic(cluster, "chunks", 1);
    const struct snapshot_publisher_config to = {
        .kafka = mock_cluster_settings(cluster),
        .name = "click",
        .models = "models",
        .chunks = "chunks",
        .chunk_bytes = CHUNK_BYTES,
    };
    config = (struct model_watcher_config){
        .reader = {.kafka = mock_cluster_settings(cluster),
                   .name = "click",
                   .models = "models",
                   .chunks = "chunks"},
    };
    ck_assert_ok(snapshot_publisher_open(&to, &publisher, &err), err);
    ck_assert_ok(model_board_new(&board, &err), err);
}

static void stop(void)
{
    model_watcher_stop(watcher);
    watcher = NULL;
    model_board_free(board);
    snapshot_publisher_close(publisher);
    mock_cluster_free(cluster);
}

static void watch(void)
{
    ck_assert_ok(model_watcher_start(&config, board, &watcher, &err), err);
    ck_assert_ok(model_watcher_catch_up(watcher, TIMEOUT_MS, &err), err);
}

static struct manifest a_manifest(uint64_t epoch)
{
    return (struct manifest){.format = MANIFEST_FORMAT,
                             .name = "click",
                             .epoch = epoch,
                             .algorithm = "popular",
                             .users = SMALL_SNAPSHOT_IDS,
                             .ads = SMALL_SNAPSHOT_IDS};
}

static struct manifest publish(uint64_t epoch)
{
    struct buffer bytes = {0};
    struct manifest manifest = a_manifest(epoch);

    small_snapshot(epoch, &bytes);
    ck_assert_ok(snapshot_publisher_publish(publisher, bytes.bytes, bytes.size,
                                            &manifest, &err),
                 err);
    buffer_free(&bytes);
    return manifest;
}

static void assert_serves(uint64_t epoch)
{
    ck_assert_ok(model_watcher_catch_up(watcher, TIMEOUT_MS, &err), err);
    ck_assert_uint_eq(model_board_epoch(board), epoch);
}

static void assert_refused(enum snapshot_refusal why)
{
    struct model_watcher_counts counts;

    model_watcher_count(watcher, &counts);
    for (int i = 0; i < REFUSED_COUNT; i++)
        ck_assert_msg(counts.refused[i] == (i == (int)why), "refusal %d: %u", i,
                      (unsigned)counts.refused[i]);
}

/* --- The good way -----------------------------------------------------------
 */

START_TEST(what_is_published_is_read_byte_for_byte)
{
    struct snapshot_reader *reader = NULL;
    struct buffer sent = {0}, got = {0};
    enum snapshot_refusal why;

    publish(1);
    small_snapshot(1, &sent);
    ck_assert_ok(snapshot_reader_open(&config.reader, &reader, &err), err);
    ck_assert_ok(snapshot_reader_catch_up(reader, TIMEOUT_MS, NULL, &err), err);
    const struct manifest *wanted = snapshot_reader_wanted(reader);
    ck_assert_ptr_nonnull(wanted);
    ck_assert_uint_ge(wanted->chunk_count, 3);
    for (int again = 0; again < 2; again++) {
        buffer_clear(&got);
        ck_assert_ok(
            snapshot_reader_fetch(reader, wanted, TIMEOUT_MS, &got, &why, &err),
            err);
        ck_assert_uint_eq(sent.size, got.size);
        ck_assert_mem_eq(sent.bytes, got.bytes, got.size);
    }
    buffer_free(&sent);
    buffer_free(&got);
    snapshot_reader_close(reader);
}
END_TEST

START_TEST(an_empty_topic_is_caught_up_with)
{
    watch();
    ck_assert_uint_eq(model_board_epoch(board), 0);
}
END_TEST

START_TEST(a_new_snapshot_is_active_within_a_second)
{
    watch();
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        publish(epoch);
        int64_t start_ms = clock_monotonic_ms();
        while (model_board_epoch(board) != epoch) {
            ck_assert_int_lt(clock_monotonic_ms() - start_ms, 1000);
            clock_sleep_ms(1);
        }
    }
}
END_TEST

START_TEST(the_newest_serves_and_a_pin_leads_back_and_forth)
{
    publish(1);
    publish(2);
    watch();
    assert_serves(2);
    ck_assert_ok(snapshot_publisher_pin(publisher, 1, &err), err);
    assert_serves(1);
    publish(3);
    assert_serves(1);
    ck_assert_ok(snapshot_publisher_pin(publisher, 0, &err), err);
    assert_serves(3);
}
END_TEST

START_TEST(an_old_manifest_with_a_new_epoch_is_a_rollback)
{
    struct manifest old = publish(1);

    publish(2);
    watch();
    old.epoch = 3;
    ck_assert_ok(snapshot_publisher_announce(publisher, &old, &err), err);
    assert_serves(3);
    const struct served_model *served = model_board_take(board);
    ck_assert_mem_eq(served->manifest.sha256.bytes, old.sha256.bytes,
                     DIGEST_SIZE);
    ck_assert_mem_eq(served->snapshot->sha256.bytes, old.sha256.bytes,
                     DIGEST_SIZE);
    model_board_put(board, served);
}
END_TEST

START_TEST(catching_up_gives_up_in_time)
{
    watch();
    mock_cluster_set_up(cluster, false);
    int64_t start_ms = clock_monotonic_ms();
    ck_assert_refused(model_watcher_catch_up(watcher, 300, &err), err,
                      ERROR_UNAVAILABLE, "300 ms");
    ck_assert_int_lt(clock_monotonic_ms() - start_ms, 2000);
}
END_TEST

/* --- The local copy ---------------------------------------------------------
 */

START_TEST(a_local_copy_serves_without_the_history)
{
    char folder[] = "/tmp/pctr-check-XXXXXX";

    ck_assert_ptr_nonnull(mkdtemp(folder));
    strcpy(config.state_dir, folder);
    publish(4);
    watch();
    assert_serves(4);
    model_watcher_stop(watcher);
    watcher = NULL;
    model_board_free(board);

    /* Other topics: as after a retention that took everything. */
    mock_cluster_add_topic(cluster, "models2", 1);
    strcpy(config.reader.models, "models2");
    ck_assert_ok(model_board_new(&board, &err), err);
    ck_assert_ok(model_watcher_start(&config, board, &watcher, &err), err);
    ck_assert_uint_eq(model_board_epoch(board), 4);

    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* --- Broken on the way ------------------------------------------------------
 */

/* A publication by hand, each part of which can be spoiled. */
struct parts {
    struct manifest manifest;
    struct buffer snapshot; /* as encoded */
    struct buffer packed;
    uint32_t order[CHUNKS_MAX]; /* numbers of the chunks, as they are sent */
    size_t order_count;
    uint32_t wrong_crc; /* is added to the first one's */
    uint32_t wrong_count;
    const char *dropped_header;
    char key[64];
};

static void pack(struct parts *parts)
{
    const struct buffer *from = &parts->snapshot;
    uint8_t *to =
        buffer_reserve(&parts->packed, ZSTD_compressBound(from->size));

    parts->packed.size = ZSTD_compress(to, ZSTD_compressBound(from->size),
                                       from->bytes, from->size, 1);
    ck_assert(!ZSTD_isError(parts->packed.size));
    parts->manifest.size = from->size;
    parts->manifest.sha256 = digest_of(from->bytes, from->size);
}

static void cut(struct parts *parts)
{
    struct manifest *manifest = &parts->manifest;

    memcpy(manifest->snapshot_id, "handmade sixteen", SNAPSHOT_ID_SIZE);
    manifest->packed_size = parts->packed.size;
    manifest->chunk_size = CHUNK_BYTES;
    manifest->chunk_count =
        (uint32_t)((parts->packed.size - 1) / CHUNK_BYTES + 1);
    ck_assert_uint_ge(manifest->chunk_count, 3);
    ck_assert_uint_lt(manifest->chunk_count, CHUNKS_MAX);
    parts->order_count = manifest->chunk_count;
    for (uint32_t i = 0; i < manifest->chunk_count; i++)
        parts->order[i] = i;
}

static void put_u32(uint8_t out[4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static void send_chunk(struct publisher *to, const struct parts *parts,
                       size_t at)
{
    uint32_t seq = parts->order[at];
    size_t start = (size_t)seq * CHUNK_BYTES;
    size_t size = parts->packed.size - start;
    uint8_t numbers[4][4];

    size = size < CHUNK_BYTES ? size : CHUNK_BYTES;
    const uint8_t *bytes = parts->packed.bytes + start;
    put_u32(numbers[0], seq);
    put_u32(numbers[1], parts->manifest.chunk_count + parts->wrong_count);
    put_u32(numbers[2], (uint32_t)size);
    put_u32(numbers[3], (uint32_t)crc32(0, bytes, (uInt)size) +
                            (at == 0 ? parts->wrong_crc : 0));
    const struct message_header all[] = {
        {"snap-id", parts->manifest.snapshot_id, SNAPSHOT_ID_SIZE},
        {"seq", numbers[0], 4},
        {"count", numbers[1], 4},
        {"size", numbers[2], 4},
        {"crc32", numbers[3], 4},
    };
    struct message_header headers[5];
    size_t count = 0;
    for (size_t i = 0; i < 5; i++)
        if (!parts->dropped_header ||
            strcmp(parts->dropped_header, all[i].name) != 0)
            headers[count++] = all[i];
    const struct outgoing chunk = {.topic = 1,
                                   .key = numbers[0],
                                   .key_size = 4,
                                   .value = bytes,
                                   .value_size = size,
                                   .headers = headers,
                                   .header_count = count};
    ck_assert_ok(publisher_send(to, &chunk, &err), err);
}

static void send_parts(struct parts *parts)
{
    struct publisher *to = NULL;
    struct buffer bytes = {0};
    const struct publisher_config by_hand = {
        .wants_offsets = true,
        .kafka = mock_cluster_settings(cluster),
        .compression = "none",
        .topics = {"models", "chunks"},
    };

    ck_assert_ok(publisher_open(&by_hand, &to, &err), err);
    send_chunk(to, parts, 0);
    ck_assert_ok(publisher_flush(to, TIMEOUT_MS, &err), err);
    parts->manifest.first_chunk_offset += publisher_last_offset(to, 1, 0);
    for (size_t at = 1; at < parts->order_count; at++)
        send_chunk(to, parts, at);
    manifest_encode(&parts->manifest, &bytes);
    const struct outgoing manifest = {.key = parts->key,
                                      .key_size = strlen(parts->key),
                                      .value = bytes.bytes,
                                      .value_size = bytes.size};
    ck_assert_ok(publisher_send(to, &manifest, &err), err);
    ck_assert_ok(publisher_flush(to, TIMEOUT_MS, &err), err);
    publisher_close(to);
    buffer_free(&bytes);
}

static void nothing(struct parts *parts)
{
    (void)parts;
}

static void missing(struct parts *parts)
{
    parts->order[1] = 2;
    parts->order_count = 2;
}

static void missing_at_the_end(struct parts *parts)
{
    parts->order_count--;
}

static void doubled(struct parts *parts)
{
    memmove(parts->order + 1, parts->order,
            parts->order_count * sizeof(parts->order[0]));
    parts->order_count++;
}

static void reordered(struct parts *parts)
{
    parts->order[1] = 2;
    parts->order[2] = 1;
}

static void wrong_checksum(struct parts *parts)
{
    parts->wrong_crc = 1;
}

static void wrong_count(struct parts *parts)
{
    parts->wrong_count = 1;
}

static void no_sequence(struct parts *parts)
{
    parts->dropped_header = "seq";
}

static void no_checksum(struct parts *parts)
{
    parts->dropped_header = "crc32";
}

static void beyond(struct parts *parts)
{
    parts->manifest.first_chunk_offset = 1000;
}

static void bytes_changed(struct parts *parts)
{
    parts->packed.bytes[parts->packed.size / 2] ^= 0x40;
}

static void wrong_digest(struct parts *parts)
{
    parts->manifest.sha256.bytes[0] ^= 1;
}

static void smaller(struct parts *parts)
{
    parts->manifest.size--;
}

static void frame_truncated(struct parts *parts)
{
    parts->packed.size -= 5;
    parts->manifest.packed_size -= 5;
}

static void two_frames(struct parts *parts)
{
    uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};

    buffer_append(&parts->packed, skippable, sizeof(skippable));
    parts->manifest.packed_size += sizeof(skippable);
}

static void newer_format(struct parts *parts)
{
    parts->manifest.format++;
}

static void another_key(struct parts *parts)
{
    strcpy(parts->key, "click@9");
}

static void old_epoch(struct parts *parts)
{
    parts->manifest.epoch = 1;
    strcpy(parts->key, "click@1");
}

/* The snapshot itself: spoiled before it is packed. */
static void not_finite(struct buffer *snapshot)
{
    buffer_clear(snapshot);
    small_snapshot_not_finite(1, snapshot);
}

static void no_snapshot(struct buffer *snapshot)
{
    snapshot->bytes[0] ^= 1;
}

static void bit_flipped(struct buffer *snapshot)
{
    snapshot->bytes[snapshot->size / 2] ^= 1;
}

static const struct {
    void (*spoil)(struct parts *);
    void (*spoil_snapshot)(struct buffer *);
    enum snapshot_refusal why; /* REFUSED_COUNT: none */
} publications[] = {
    {nothing, NULL, REFUSED_COUNT},
    {missing, NULL, REFUSED_CHUNKS},
    {missing_at_the_end, NULL, REFUSED_CHUNKS},
    {doubled, NULL, REFUSED_CHUNKS},
    {reordered, NULL, REFUSED_CHUNKS},
    {wrong_checksum, NULL, REFUSED_CHUNKS},
    {wrong_count, NULL, REFUSED_CHUNKS},
    {no_sequence, NULL, REFUSED_CHUNKS},
    {no_checksum, NULL, REFUSED_CHUNKS},
    {beyond, NULL, REFUSED_CHUNKS},
    {wrong_digest, NULL, REFUSED_DIGEST},
    {smaller, NULL, REFUSED_FORMAT},
    {frame_truncated, NULL, REFUSED_FORMAT},
    {two_frames, NULL, REFUSED_FORMAT},
    {newer_format, NULL, REFUSED_MANIFEST},
    {another_key, NULL, REFUSED_MANIFEST},
    {old_epoch, NULL, REFUSED_EPOCH},
    {nothing, not_finite, REFUSED_FORMAT},
    {nothing, no_snapshot, REFUSED_FORMAT},
    {nothing, bit_flipped, REFUSED_FORMAT},
};

START_TEST(a_broken_publication_is_refused_and_the_old_model_stays)
{
    struct parts parts = {.manifest = a_manifest(2), .key = "click@2"};

    publish(1);
    watch();
    small_snapshot(2, &parts.snapshot);
    if (publications[_i].spoil_snapshot)
        publications[_i].spoil_snapshot(&parts.snapshot);
    pack(&parts);
    cut(&parts);
    publications[_i].spoil(&parts);
    send_parts(&parts);
    assert_serves(publications[_i].why == REFUSED_COUNT ? 2 : 1);
    assert_refused(publications[_i].why);

    publish(3);
    assert_serves(3);
    buffer_free(&parts.snapshot);
    buffer_free(&parts.packed);
}
END_TEST

/* What zstd itself may or may not notice. */
START_TEST(changed_bytes_never_serve)
{
    struct parts parts = {.manifest = a_manifest(2), .key = "click@2"};
    struct model_watcher_counts counts;

    publish(1);
    watch();
    small_snapshot(2, &parts.snapshot);
    pack(&parts);
    cut(&parts);
    bytes_changed(&parts);
    send_parts(&parts);
    assert_serves(1);
    model_watcher_count(watcher, &counts);
    ck_assert_uint_eq(
        counts.refused[REFUSED_FORMAT] + counts.refused[REFUSED_DIGEST], 1);
    buffer_free(&parts.snapshot);
    buffer_free(&parts.packed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model_watcher");
    TCase *tests = tcase_create("mock brokers");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, what_is_published_is_read_byte_for_byte);
    tcase_add_test(tests, an_empty_topic_is_caught_up_with);
    tcase_add_test(tests, a_new_snapshot_is_active_within_a_second);
    tcase_add_test(tests, the_newest_serves_and_a_pin_leads_back_and_forth);
    tcase_add_test(tests, an_old_manifest_with_a_new_epoch_is_a_rollback);
    tcase_add_test(tests, catching_up_gives_up_in_time);
    tcase_add_test(tests, a_local_copy_serves_without_the_history);
    tcase_add_loop_test(tests,
                        a_broken_publication_is_refused_and_the_old_model_stays,
                        0, sizeof(publications) / sizeof(publications[0]));
    tcase_add_test(tests, changed_bytes_never_serve);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
