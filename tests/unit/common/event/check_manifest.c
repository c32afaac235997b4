/*
 * check_manifest.c - a manifest survives its bytes, and what does not hold
 * together is refused with the field's name.
 */
#include "support/run_suite.h"

#include "common/event/manifest.h"
#include "common/event/packer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct error err;
static struct buffer bytes;
static struct manifest in, out;
static struct offset_range ranges[PARTITIONS_MAX + 1];

static void make(void)
{
    in = (struct manifest){
        .format = MANIFEST_FORMAT,
        .name = "click",
        .epoch = 7,
        .created_ms = 1700000000000,
        .trainer = "0.1.0",
        .algorithm = "svd",
        .params = "factors=100 epochs=20",
        .seed = UINT64_MAX,
        .users = 145000,
        .ads = 5000,
        .rows = 1000000,
        .metrics = {.rmse = 0.27,
                    .mae = 0.125,
                    .logloss = (double)NAN,
                    .auc = 0.75,
                    .normalised_entropy = 1,
                    .rows = 100},
        .parent_epoch = 6,
        .parent_sha256 = {{1, 2, 3}},
        .snapshot_id = "0123456789abcde",
        .size = 2000000,
        .packed_size = 1500000,
        .chunk_count = 3,
        .chunk_size = 524288,
        .first_chunk_offset = 12,
        .sha256 = {{9, 8, 7}},
        .ranges = ranges,
        .range_count = 2,
    };
    for (int i = 0; i <= PARTITIONS_MAX; i++)
        ranges[i] = (struct offset_range){"pctr.labels", i, 0, INT64_MAX};
}

static void clean(void)
{
    buffer_free(&bytes);
}

static int decode(void)
{
    buffer_clear(&bytes);
    manifest_encode(&in, &bytes);
    return manifest_decode(bytes.bytes, bytes.size, &out, &err);
}

static void assert_same(const struct manifest *a, const struct manifest *b)
{
    struct buffer x = {0}, y = {0};

    manifest_encode(a, &x);
    manifest_encode(b, &y);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_mem_eq(x.bytes, y.bytes, x.size);
    buffer_free(&x);
    buffer_free(&y);
}

START_TEST(a_manifest_survives)
{
    ck_assert_ok(decode(), err);
    ck_assert_str_eq(out.name, "click");
    ck_assert_uint_eq(out.epoch, 7);
    ck_assert_uint_eq(out.seed, UINT64_MAX);
    ck_assert(isnan(out.metrics.logloss));
    ck_assert(out.metrics.auc == 0.75);
    ck_assert_mem_eq(out.snapshot_id, in.snapshot_id, SNAPSHOT_ID_SIZE);
    ck_assert_uint_eq(out.range_count, 2);
    ck_assert_str_eq(out.ranges[1].topic, "pctr.labels");
    ck_assert_int_eq(out.ranges[1].partition, 1);
    ck_assert_int_eq(out.ranges[1].next, INT64_MAX);
    assert_same(&in, &out);
    manifest_free(&out);
}
END_TEST

/* A model that goes on learning. */
static void add_resume(void)
{
    static uint8_t clock[] = "tick";

    in.resume = ranges + 3;
    in.resume_count = 4;
    in.resume_clock = clock;
    in.resume_clock_size = sizeof(clock);
}

START_TEST(what_to_resume_from_survives)
{
    add_resume();
    ck_assert_ok(decode(), err);
    ck_assert(manifest_has_resume(&out));
    ck_assert_uint_eq(out.resume_count, 4);
    ck_assert_int_eq(out.resume[0].partition, 3);
    ck_assert_uint_eq(out.resume_clock_size, 5);
    ck_assert_mem_eq(out.resume_clock, "tick", 5);
    ck_assert_uint_eq(out.range_count, 2);
    assert_same(&in, &out);
    manifest_free(&out);
    ck_assert(!manifest_has_resume(&out));
}
END_TEST

START_TEST(a_copy_is_its_own)
{
    add_resume();
    ck_assert_ok(manifest_copy(&in, &out, &err), err);
    assert_same(&in, &out);
    ck_assert_ptr_ne(in.ranges, out.ranges);
    ck_assert_ptr_ne(in.resume, out.resume);
    ck_assert_ptr_ne(in.resume_clock, out.resume_clock);
    manifest_free(&out);
    manifest_free(&out);
}
END_TEST

START_TEST(a_cut_manifest_is_refused_at_every_byte)
{
    in.range_count = 1;
    add_resume();
    in.resume_count = 1;
    ck_assert_ok(decode(), err);
    manifest_free(&out);
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, bytes.bytes, size);
        ck_assert_refused(manifest_decode(cut, size, &out, &err), err,
                          ERROR_FORMAT, "cut short");
        free(cut);
    }
}
END_TEST

/* Each spoils one thing. */
static void no_epoch(void)
{
    in.epoch = 0;
}
static void no_name(void)
{
    in.name[0] = '\0';
}
static void odd_name(void)
{
    in.name[1] = '\n';
}
static void quoted(void)
{
    in.params[1] = '"';
}
static void no_size(void)
{
    in.size = 0;
}
static void huge(void)
{
    in.size = (uint64_t)MANIFEST_SNAPSHOT_MAX + 1;
}
static void no_packed(void)
{
    in.packed_size = 0;
}
static void bomb(void)
{
    in.packed_size = 2 * in.size;
}
static void more(void)
{
    in.chunk_count = 4;
}
static void fewer(void)
{
    in.chunk_count = 2;
}
static void no_chunks(void)
{
    in.chunk_count = 0;
}
static void no_chunk(void)
{
    in.chunk_size = 0;
}
static void wide(void)
{
    in.chunk_size = MANIFEST_CHUNK_MAX + 1;
}
static void before(void)
{
    in.first_chunk_offset = -1;
}
static void past(void)
{
    in.created_ms = -1;
}
static void back(void)
{
    ranges[1].first = 5;
    ranges[1].next = 4;
}
static void minus(void)
{
    ranges[0].partition = -1;
}
static void many(void)
{
    in.range_count = PARTITIONS_MAX + 1;
}
static void many_resume(void)
{
    add_resume();
    in.resume_count = PARTITIONS_MAX + 1;
    in.resume = ranges;
}
static void back_resume(void)
{
    add_resume();
    ranges[4].next = -1;
    ranges[4].first = 0;
}
static void long_clock(void)
{
    static uint8_t clock[MANIFEST_CLOCK_MAX + 1];

    add_resume();
    in.resume_clock = clock;
    in.resume_clock_size = sizeof(clock);
}
static void newer(void)
{
    in.format = MANIFEST_FORMAT + 1;
}
static void none(void)
{
    in.format = 0;
}

static const struct {
    void (*spoil)(void);
    enum error_code code;
    const char *text;
} mistakes[] = {
    {no_epoch, ERROR_FORMAT, "epoch"},
    {no_name, ERROR_FORMAT, "name: empty"},
    {odd_name, ERROR_FORMAT, "name: has an unprintable byte"},
    {quoted, ERROR_FORMAT, "params: has an unprintable byte"},
    {no_size, ERROR_LIMIT, "size: 0"},
    {huge, ERROR_LIMIT, "size: 1073741825"},
    {no_packed, ERROR_FORMAT, "packed_size"},
    {bomb, ERROR_FORMAT, "packed_size"},
    {more, ERROR_FORMAT, "chunk_count"},
    {fewer, ERROR_FORMAT, "chunk_count"},
    {no_chunks, ERROR_FORMAT, "chunk_count"},
    {no_chunk, ERROR_LIMIT, "chunk_size: 0"},
    {wide, ERROR_LIMIT, "chunk_size: 900001"},
    {before, ERROR_FORMAT, "first_chunk_offset: not a natural number"},
    {past, ERROR_FORMAT, "created: not a natural number"},
    {back, ERROR_FORMAT, "ranges: one ends before it starts"},
    {minus, ERROR_FORMAT, "ranges: not a natural number"},
    {many, ERROR_LIMIT, "1025 ranges"},
    {many_resume, ERROR_LIMIT, "1025 resume"},
    {back_resume, ERROR_FORMAT, "resume: not a natural number"},
    {long_clock, ERROR_FORMAT, "resume_clock: not bytes"},
    {newer, ERROR_FORMAT, "newer than this program's 1"},
    {none, ERROR_FORMAT, "format: missing"},
};

START_TEST(what_does_not_hold_together_is_refused)
{
    memset(&out, 0x5a, sizeof(out));
    struct manifest untouched = out;

    mistakes[_i].spoil();
    ck_assert_refused(decode(), err, mistakes[_i].code, mistakes[_i].text);
    ck_assert_mem_eq(&out, &untouched, sizeof(out));
}
END_TEST

START_TEST(the_most_ranges_are_accepted)
{
    in.range_count = PARTITIONS_MAX;
    ck_assert_ok(decode(), err);
    ck_assert_uint_eq(out.range_count, PARTITIONS_MAX);
    manifest_free(&out);
}
END_TEST

/* The map head is fixed at three bytes: more than 15 fields. */
static void add_field(const char *name)
{
    buffer_clear(&bytes);
    manifest_encode(&in, &bytes);
    ck_assert_uint_eq(bytes.bytes[0], 0xde);
    bytes.bytes[2]++;
    msgpack_packer packer = packer_into(&bytes);
    packer_text(&packer, name, strlen(name));
    msgpack_pack_array(&packer, 1);
    msgpack_pack_nil(&packer);
}

START_TEST(a_field_of_a_later_version_is_ignored)
{
    add_field("flavour");
    ck_assert_ok(manifest_decode(bytes.bytes, bytes.size, &out, &err), err);
    assert_same(&in, &out);
    manifest_free(&out);
}
END_TEST

START_TEST(a_repeated_field_is_refused)
{
    add_field("ranges");
    ck_assert_refused(manifest_decode(bytes.bytes, bytes.size, &out, &err), err,
                      ERROR_FORMAT, "ranges: occurs twice");
}
END_TEST

START_TEST(a_newer_format_may_look_like_anything)
{
    static const uint8_t newer_bytes[] = "\x82\xa6"
                                         "format\x02\xa4name\x90";
    static const uint8_t mapless[] = "\x91\xc0";
    static const uint8_t typed[] = "\x81\xa6"
                                   "format\xc3";

    ck_assert_refused(
        manifest_decode(newer_bytes, sizeof(newer_bytes) - 1, &out, &err), err,
        ERROR_FORMAT, "update the program");
    ck_assert_refused(manifest_decode(mapless, 2, &out, &err), err,
                      ERROR_FORMAT, "not a map");
    ck_assert_refused(manifest_decode(typed, sizeof(typed) - 1, &out, &err),
                      err, ERROR_FORMAT, "format: not a natural number");
}
END_TEST

START_TEST(what_follows_is_refused)
{
    ck_assert_ok(decode(), err);
    manifest_free(&out);
    buffer_append(&bytes, "", 1);
    ck_assert_refused(manifest_decode(bytes.bytes, bytes.size, &out, &err), err,
                      ERROR_FORMAT, "goes on behind its end");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manifest");
    TCase *tests = tcase_create("bytes");

    tcase_add_checked_fixture(tests, make, clean);
    tcase_add_test(tests, a_manifest_survives);
    tcase_add_test(tests, what_to_resume_from_survives);
    tcase_add_test(tests, a_copy_is_its_own);
    tcase_add_test(tests, a_cut_manifest_is_refused_at_every_byte);
    tcase_add_loop_test(tests, what_does_not_hold_together_is_refused, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_test(tests, the_most_ranges_are_accepted);
    tcase_add_test(tests, a_field_of_a_later_version_is_ignored);
    tcase_add_test(tests, a_repeated_field_is_refused);
    tcase_add_test(tests, a_newer_format_may_look_like_anything);
    tcase_add_test(tests, what_follows_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
