/*
 * check_snapshot.c - a model and its ids as one file.
 */
#include "support/run_suite.h"

#include "common/base/file.h"

#include "model/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 16, ENTRY = 24, SECTIONS = 4, VERSION_AT = 8 };

static struct error err;
static struct snapshot *snapshot;
static struct buffer bytes;

static struct id_map *ids(const char *const *names, size_t n)
{
    struct id_map *map = NULL;
    uint32_t index;

    ck_assert_ok(id_map_new(&map, &err), err);
    for (size_t i = 0; i < n; i++) {
        struct id id = id_from_text(names[i], strlen(names[i]));
        ck_assert_ok(id_map_add(map, &id, &index, &err), err);
    }
    return map;
}

/* The example of docs/snapshot-format.md. */
static void fit(void)
{
    static const char *const users[] = {"u1", "7"}, *const ads[] = {"ad"};
    static const struct rating rows[] = {{0, 0, 1}, {1, 0, 0}};
    struct ratings *train = NULL;
    const struct model_ops *ops;
    struct model_params params;

    bytes = (struct buffer){0};
    snapshot = calloc(1, sizeof(*snapshot));
    ck_assert_ptr_nonnull(snapshot);
    snapshot->users = ids(users, 2);
    snapshot->ads = ids(ads, 1);
    snapshot->rows = 2;
    ck_assert_ok(ratings_build(&(struct numbered_rows){rows, 2, 2, 1, {0, 1}},
                               &train, &err),
                 err);
    ck_assert_ok(model_find("baseline", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &snapshot->model, &err),
                 err);
    ratings_free(train);
    ck_assert_ok(snapshot_encode(snapshot, &bytes, &err), err);
}

static void drop(void)
{
    snapshot_free(snapshot);
    buffer_free(&bytes);
}

/* Makes the digest fit again, as a forger would. */
static void seal(void)
{
    struct digest digest = digest_of(bytes.bytes, bytes.size - DIGEST_SIZE);

    memcpy(bytes.bytes + bytes.size - DIGEST_SIZE, digest.bytes, DIGEST_SIZE);
}

static uint64_t u64_at(size_t at)
{
    uint64_t value = 0;

    for (size_t i = 8; i-- > 0;)
        value = value << 8 | bytes.bytes[at + i];
    return value;
}

static void put_u64_at(size_t at, uint64_t value)
{
    for (size_t i = 0; i < 8; i++)
        bytes.bytes[at + i] = (uint8_t)(value >> (8 * i));
}

static void check_refused(enum error_code code, const char *why)
{
    struct snapshot *out = NULL;

    ck_assert_refused(snapshot_decode(bytes.bytes, bytes.size, &out, &err), err,
                      code, why);
    ck_assert_ptr_null(out);
}

START_TEST(what_was_encoded_is_decoded)
{
    struct snapshot *out = NULL;
    struct prediction before, after;
    struct digest digest = digest_of(bytes.bytes, bytes.size);

    ck_assert_ok(snapshot_decode(bytes.bytes, bytes.size, &out, &err), err);
    ck_assert_uint_eq(out->rows, 2);
    ck_assert_uint_eq(id_map_count(out->users), 2);
    ck_assert_uint_eq(id_map_count(out->ads), 1);
    ck_assert_mem_eq(out->sha256.bytes, digest.bytes, DIGEST_SIZE);
    struct pair pair = {0, 0};
    model_predict(snapshot->model, &pair, 1, &before);
    model_predict(out->model, &pair, 1, &after);
    ck_assert_mem_eq(&before.value, &after.value, sizeof(double));
    snapshot_free(out);
}
END_TEST

/* A file that format 1 wrote: later programs must read it, and a change of
 * what is written must be a decision. */
START_TEST(the_file_of_format_1_is_read_and_written)
{
    uint8_t *golden = NULL;
    struct snapshot *out = NULL;
    struct prediction answer;
    struct pair pair = {0, INDEX_UNKNOWN};
    size_t size;

    ck_assert_ok(
        file_read(GOLDEN_DIR "/snapshot_1.snap", 4096, &golden, &size, &err),
        err);
    ck_assert_ok(snapshot_decode(golden, size, &out, &err), err);
    model_predict(out->model, &pair, 1, &answer);
    ck_assert_double_eq(answer.value, 0.53125);
    ck_assert_uint_eq(size, bytes.size);
    ck_assert_mem_eq(golden, bytes.bytes, size);
    snapshot_free(out);
    free(golden);
}
END_TEST

/* A model without a seed is one whose decoder no fuzzer reaches. */
START_TEST(the_fuzzer_has_a_seed_of_every_model)
{
    for (size_t i = 0; model_registry[i]; i++) {
        struct snapshot *out = NULL;
        char path[512];
        snprintf(path, sizeof(path), "%s/../fuzz/corpus/fuzz_snapshot/%s",
                 GOLDEN_DIR, model_registry[i]->name);
        ck_assert_ok(snapshot_read(path, &out, &err), err);
        ck_assert_str_eq(out->model->ops->name, model_registry[i]->name);
        snapshot_free(out);
    }
}
END_TEST

START_TEST(the_same_model_gives_the_same_bytes)
{
    struct snapshot *out = NULL;
    struct buffer again = {0};

    ck_assert_ok(snapshot_decode(bytes.bytes, bytes.size, &out, &err), err);
    ck_assert_ok(snapshot_encode(out, &again, &err), err);
    ck_assert_uint_eq(again.size, bytes.size);
    ck_assert_mem_eq(again.bytes, bytes.bytes, bytes.size);
    buffer_free(&again);
    snapshot_free(out);
}
END_TEST

START_TEST(encoding_appends)
{
    struct buffer both = {0};
    struct snapshot *out = NULL;

    buffer_append(&both, "before", 6);
    ck_assert_ok(snapshot_encode(snapshot, &both, &err), err);
    ck_assert_uint_eq(both.size, bytes.size + 6);
    ck_assert_ok(snapshot_decode(both.bytes + 6, both.size - 6, &out, &err),
                 err);
    snapshot_free(out);
    buffer_free(&both);
}
END_TEST

START_TEST(a_flipped_bit_anywhere_is_refused)
{
    for (size_t at = 0; at < bytes.size; at++) {
        struct snapshot *out = NULL;
        bytes.bytes[at] ^= 1;
        ck_assert_msg(snapshot_decode(bytes.bytes, bytes.size, &out, &err) <
                              0 &&
                          err.code == ERROR_FORMAT,
                      "byte %zu", at);
        bytes.bytes[at] ^= 1;
    }
}
END_TEST

START_TEST(a_cut_file_is_refused_at_every_length)
{
    for (size_t size = 0; size < bytes.size; size++) {
        struct snapshot *out = NULL;
        uint8_t *cut = malloc(size + 1);
        ck_assert_ptr_nonnull(cut);
        memcpy(cut, bytes.bytes, size);
        ck_assert_int_lt(snapshot_decode(cut, size, &out, &err), 0);
        ck_assert_int_eq(err.code, ERROR_FORMAT);
        free(cut);
    }
}
END_TEST

START_TEST(a_newer_format_asks_for_an_upgrade)
{
    bytes.bytes[VERSION_AT] = 2;
    check_refused(ERROR_FORMAT, "snapshot format 2 is newer than this program "
                                "reads (1): upgrade pctr");
}
END_TEST

START_TEST(another_file_is_told_so)
{
    memcpy(bytes.bytes, "\x1f\x8b\x08", 3);
    check_refused(ERROR_FORMAT, "not a pctr snapshot");
}
END_TEST

/* With a digest that fits: each section's offset and size, one off. */
START_TEST(a_forged_table_is_refused)
{
    size_t entry = HEAD + (size_t)(_i / 2) * ENTRY;
    size_t at = entry + (_i % 2 ? 16 : 8);
    static const uint64_t wrong[] = {1, (uint64_t)-1, UINT64_MAX / 2};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint64_t before = u64_at(at);
        put_u64_at(at, before + wrong[i]);
        seal();
        check_refused(ERROR_FORMAT, "snapshot");
        put_u64_at(at, before);
    }
}
END_TEST

/* With a digest that fits: one byte of each section's beginning. */
START_TEST(a_forged_section_is_refused)
{
    size_t offset = (size_t)u64_at(HEAD + (size_t)_i * ENTRY + 8);

    bytes.bytes[offset] ^= 0x40;
    seal();
    check_refused(ERROR_FORMAT, "");
}
END_TEST

/* The last digit of a line of the meta section, such as "users=2". */
static uint8_t *meta_count(const char *line)
{
    uint8_t *meta = bytes.bytes + u64_at(HEAD + 8);
    size_t size = (size_t)u64_at(HEAD + 16), length = strlen(line);

    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(meta + i, line, length) == 0)
            return meta + i + length - 1;
    ck_abort_msg("the meta section has no '%s'", line);
}

START_TEST(counts_that_differ_are_refused)
{
    *meta_count("users=2") = '3';
    seal();
    check_refused(ERROR_FORMAT, "meta and ids differ in users");
    *meta_count("users=3") = '2';
    *meta_count("ads=1") = '2';
    seal();
    check_refused(ERROR_FORMAT, "meta and ids differ in ads");
    *meta_count("ads=2") = 'x';
    seal();
    check_refused(ERROR_FORMAT, "its meta section makes no sense");
}
END_TEST

START_TEST(bytes_behind_the_model_are_refused)
{
    size_t entry = HEAD + (SECTIONS - 1) * (size_t)ENTRY + 16;
    const uint8_t one = 0;

    put_u64_at(entry, u64_at(entry) + 1);
    buffer_append(&bytes, &one, 1);
    seal();
    check_refused(ERROR_FORMAT, "bytes left over in a section");
}
END_TEST

/* Told before a byte is looked at: there are only a few. */
START_TEST(more_than_a_gibibyte_is_refused)
{
    struct snapshot *out = NULL;

    ck_assert_refused(
        snapshot_decode(bytes.bytes, SNAPSHOT_BYTES_MAX + 1, &out, &err), err,
        ERROR_LIMIT, "1073741825 bytes, at most 1073741824");
    ck_assert_ptr_null(out);
}
END_TEST

START_TEST(a_file_keeps_it)
{
    char path[] = "/tmp/check_snapshot.XXXXXX";
    struct snapshot *out = NULL;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_ok(snapshot_write(path, snapshot, &err), err);
    ck_assert_ok(snapshot_read(path, &out, &err), err);
    ck_assert_uint_eq(out->rows, 2);
    snapshot_free(out);

    ck_assert_ok(file_replace(path, bytes.bytes, bytes.size - 1, &err), err);
    ck_assert_refused(snapshot_read(path, &out, &err), err, ERROR_FORMAT, path);
    unlink(path);
    ck_assert_refused(snapshot_read(path, &out, &err), err, ERROR_INPUT, path);
}
END_TEST

START_TEST(a_good_model_passes_the_probe)
{
    ck_assert_ok(snapshot_probe(snapshot, &err), err);
}
END_TEST

static void estimate_nothing(const struct model *model,
                             const struct pair *pairs, size_t n,
                             struct prediction *out)
{
    (void)model;
    for (size_t i = 0; i < n; i++)
        out[i].value = pairs[i].user == 1 ? NAN : 0.5;
}

START_TEST(a_model_that_estimates_no_number_fails_the_probe)
{
    const struct model_ops *ops = snapshot->model->ops;
    struct model_ops broken = *ops;

    broken.predict = estimate_nothing;
    snapshot->model->ops = &broken;
    ck_assert_refused(snapshot_probe(snapshot, &err), err, ERROR_FORMAT,
                      "user 1");
    snapshot->model->ops = ops;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tests = tcase_create("file format");

    tcase_add_checked_fixture(tests, fit, drop);
    tcase_add_test(tests, what_was_encoded_is_decoded);
    tcase_add_test(tests, the_file_of_format_1_is_read_and_written);
    tcase_add_test(tests, the_fuzzer_has_a_seed_of_every_model);
    tcase_add_test(tests, the_same_model_gives_the_same_bytes);
    tcase_add_test(tests, encoding_appends);
    tcase_add_test(tests, a_flipped_bit_anywhere_is_refused);
    tcase_add_test(tests, a_cut_file_is_refused_at_every_length);
    tcase_add_test(tests, a_newer_format_asks_for_an_upgrade);
    tcase_add_test(tests, another_file_is_told_so);
    tcase_add_loop_test(tests, a_forged_table_is_refused, 0, 2 * SECTIONS);
    tcase_add_loop_test(tests, a_forged_section_is_refused, 0, SECTIONS);
    tcase_add_test(tests, counts_that_differ_are_refused);
    tcase_add_test(tests, bytes_behind_the_model_are_refused);
    tcase_add_test(tests, more_than_a_gibibyte_is_refused);
    tcase_add_test(tests, a_file_keeps_it);
    tcase_add_test(tests, a_good_model_passes_the_probe);
    tcase_add_test(tests, a_model_that_estimates_no_number_fails_the_probe);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
