/*
 * check_broken_publication.c - what is broken on its way to a model watcher is
 * refused by name, and the old model stays.
 */
#include "support/run_suite.h"
#include "support/small_snapshot.h"
#include "support/watcher_world.h"

#include "producer/publisher.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum { CHUNKS_MAX = 16 };

static struct error err;
static struct watcher_world world;

static void start(void)
{
    watcher_world_open(&world);
}

static void stop(void)
{
    watcher_world_close(&world);
}

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
    manifest->chunk_size = WATCHER_WORLD_CHUNK_BYTES;
    manifest->chunk_count =
        (uint32_t)((parts->packed.size - 1) / WATCHER_WORLD_CHUNK_BYTES + 1);
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
    size_t start = (size_t)seq * WATCHER_WORLD_CHUNK_BYTES;
    size_t size = parts->packed.size - start;
    uint8_t numbers[4][4];

    size = size < WATCHER_WORLD_CHUNK_BYTES ? size : WATCHER_WORLD_CHUNK_BYTES;
    const uint8_t *bytes = parts->packed.bytes + start;
    put_u32(numbers[0], seq);
    put_u32(numbers[1], parts->manifest.chunk_count + parts->wrong_count);
    put_u32(numbers[2], (uint32_t)size);
    put_u32(numbers[3], (uint32_t)crc32(0, bytes, (uInt)size) +
                            (at == 0 ? parts->wrong_crc : 0));
    const struct record_header all[] = {
        {"snap-id", parts->manifest.snapshot_id, SNAPSHOT_ID_SIZE},
        {"seq", numbers[0], 4},
        {"count", numbers[1], 4},
        {"size", numbers[2], 4},
        {"crc32", numbers[3], 4},
    };
    struct record_header headers[5];
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

static struct publisher *open_publisher(void)
{
    struct publisher *to = NULL;
    const struct publisher_config by_hand = {
        .wants_offsets = true,
        .kafka = mock_cluster_settings(world.cluster),
        .compression = "none",
        .topics = {"models", "chunks"},
    };

    ck_assert_ok(publisher_open(&by_hand, &to, &err), err);
    return to;
}

static void send_parts(struct parts *parts)
{
    struct publisher *to = open_publisher();
    struct buffer bytes = {0};

    send_chunk(to, parts, 0);
    ck_assert_ok(publisher_flush(to, WATCHER_WORLD_WAIT_MS, &err), err);
    parts->manifest.first_chunk_offset += publisher_last_offset(to, 1, 0);
    for (size_t at = 1; at < parts->order_count; at++)
        send_chunk(to, parts, at);
    manifest_encode(&parts->manifest, &bytes);
    const struct outgoing manifest = {.key = parts->key,
                                      .key_size = strlen(parts->key),
                                      .value = bytes.bytes,
                                      .value_size = bytes.size};
    ck_assert_ok(publisher_send(to, &manifest, &err), err);
    ck_assert_ok(publisher_flush(to, WATCHER_WORLD_WAIT_MS, &err), err);
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
    {doubled, NULL, REFUSED_CHUNKS},
    {reordered, NULL, REFUSED_CHUNKS},
    {wrong_checksum, NULL, REFUSED_CHUNKS},
    {wrong_count, NULL, REFUSED_CHUNKS},
    {no_sequence, NULL, REFUSED_CHUNKS},
    {no_checksum, NULL, REFUSED_CHUNKS},
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
    struct parts parts = {.manifest = watcher_world_manifest(2),
                          .key = "click@2"};

    watcher_world_publish(&world, 1);
    watcher_world_watch(&world);
    small_snapshot(2, &parts.snapshot);
    if (publications[_i].spoil_snapshot)
        publications[_i].spoil_snapshot(&parts.snapshot);
    pack(&parts);
    cut(&parts);
    publications[_i].spoil(&parts);
    send_parts(&parts);
    watcher_world_check_serves(&world,
                               publications[_i].why == REFUSED_COUNT ? 2 : 1);
    watcher_world_check_refused(&world, publications[_i].why);

    watcher_world_publish(&world, 3);
    watcher_world_check_serves(&world, 3);
    buffer_free(&parts.snapshot);
    buffer_free(&parts.packed);
}
END_TEST

/* Publishes epoch 1, watches, and sends epoch 2 spoiled like this. */
static void publish_spoiled(void (*spoil)(struct parts *), struct parts *parts)
{
    *parts =
        (struct parts){.manifest = watcher_world_manifest(2), .key = "click@2"};
    watcher_world_publish(&world, 1);
    watcher_world_watch(&world);
    small_snapshot(2, &parts->snapshot);
    pack(parts);
    cut(parts);
    spoil(parts);
    send_parts(parts);
}

static void free_parts(struct parts *parts)
{
    buffer_free(&parts->snapshot);
    buffer_free(&parts->packed);
}

/* The commit of the chunks may become visible after that of the manifest. */
START_TEST(chunks_that_are_not_there_yet_are_waited_for)
{
    struct parts parts;
    struct model_watch watch;

    publish_spoiled(missing_at_the_end, &parts);
    ck_assert_refused(model_watcher_catch_up(world.watcher, 2500, &err), err,
                      ERROR_INPUT, "the topic ends at chunk");
    ck_assert_uint_eq(model_board_epoch(world.board), 1);
    watcher_world_check_refused(&world, REFUSED_COUNT);
    model_watcher_look(world.watcher, &watch);
    ck_assert_uint_eq(watch.wanted, 2);
    ck_assert_int_gt(watch.waiting_ms, 0);

    struct publisher *to = open_publisher();
    parts.order[0] = parts.manifest.chunk_count - 1;
    send_chunk(to, &parts, 0);
    ck_assert_ok(publisher_flush(to, WATCHER_WORLD_WAIT_MS, &err), err);
    publisher_close(to);
    watcher_world_check_serves(&world, 2);
    watcher_world_check_refused(&world, REFUSED_COUNT);
    model_watcher_look(world.watcher, &watch);
    ck_assert_int_eq(watch.waiting_ms, 0);
    free_parts(&parts);
}
END_TEST

static void (*const absences[])(struct parts *) = {missing_at_the_end, beyond};

START_TEST(chunks_that_never_come_are_refused_in_the_end)
{
    struct parts parts;

    world.config.load_deadline_ms = 1500;
    publish_spoiled(absences[_i], &parts);
    watcher_world_check_serves(&world, 1); /* caught up: it was refused */
    watcher_world_check_refused(&world, REFUSED_CHUNKS);
    watcher_world_publish(&world, 3);
    watcher_world_check_serves(&world, 3);
    free_parts(&parts);
}
END_TEST

START_TEST(no_older_model_serves_while_the_newest_is_on_its_way)
{
    struct parts parts;

    publish_spoiled(missing_at_the_end, &parts);
    model_watcher_stop(world.watcher);
    world.watcher = NULL;
    model_board_free(world.board);

    ck_assert_ok(model_board_new(&world.board, &err), err);
    ck_assert_ok(
        model_watcher_start(&world.config, world.board, &world.watcher, &err),
        err);
    ck_assert_refused(model_watcher_catch_up(world.watcher, 2500, &err), err,
                      ERROR_INPUT, "the topic ends at chunk");
    ck_assert_uint_eq(model_board_epoch(world.board), 0);
    free_parts(&parts);
}
END_TEST

START_TEST(the_newest_that_is_left_serves_when_one_is_retired)
{
    watcher_world_publish(&world, 1);
    watcher_world_publish(&world, 2);
    watcher_world_watch(&world);
    watcher_world_check_serves(&world, 2);

    struct publisher *to = open_publisher();
    const struct outgoing tombstone = {.key = "click@2", .key_size = 7};
    ck_assert_ok(publisher_send(to, &tombstone, &err), err);
    ck_assert_ok(publisher_flush(to, WATCHER_WORLD_WAIT_MS, &err), err);
    publisher_close(to);
    watcher_world_check_serves(&world, 1);
    watcher_world_publish(&world, 3);
    watcher_world_check_serves(&world, 3);
    watcher_world_check_refused(&world, REFUSED_COUNT);
}
END_TEST

/* zstd itself may or may not notice it. */
START_TEST(changed_bytes_never_serve)
{
    struct parts parts = {.manifest = watcher_world_manifest(2),
                          .key = "click@2"};
    struct model_watcher_counts counts;

    watcher_world_publish(&world, 1);
    watcher_world_watch(&world);
    small_snapshot(2, &parts.snapshot);
    pack(&parts);
    cut(&parts);
    bytes_changed(&parts);
    send_parts(&parts);
    watcher_world_check_serves(&world, 1);
    model_watcher_count(world.watcher, &counts);
    ck_assert_uint_eq(
        counts.refused[REFUSED_FORMAT] + counts.refused[REFUSED_DIGEST], 1);
    buffer_free(&parts.snapshot);
    buffer_free(&parts.packed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("broken publication");
    TCase *tests = tcase_create("mock brokers");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests,
                        a_broken_publication_is_refused_and_the_old_model_stays,
                        0, sizeof(publications) / sizeof(publications[0]));
    tcase_add_test(tests, changed_bytes_never_serve);
    tcase_add_test(tests, chunks_that_are_not_there_yet_are_waited_for);
    tcase_add_loop_test(tests, chunks_that_never_come_are_refused_in_the_end, 0,
                        sizeof(absences) / sizeof(absences[0]));
    tcase_add_test(tests, no_older_model_serves_while_the_newest_is_on_its_way);
    tcase_add_test(tests, the_newest_that_is_left_serves_when_one_is_retired);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
