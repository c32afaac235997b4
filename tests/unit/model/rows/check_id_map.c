/*
 * check_id_map.c - ids to indices and back.
 */
#include "support/chosen_id.h"
#include "support/run_suite.h"

#include "common/base/bytes_reader.h"
#include "model/rows/id_map.h"
#include "model/rows/ratings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 2000000, BATCH = 1000 };

static struct error err;
static struct id_map *map;

static void open_map(void)
{
    ck_assert_ok(id_map_new(&map, &err), err);
}

static void close_map(void)
{
    id_map_free(map);
}

static uint32_t add_text(const char *text)
{
    struct id id = id_from_text(text, strlen(text));
    uint32_t index;

    ck_assert_ok(id_map_add(map, &id, &index, &err), err);
    return index;
}

static uint32_t find_text(const struct id_map *in, const char *text)
{
    struct id id = id_from_text(text, strlen(text));

    return id_map_find(in, &id);
}

START_TEST(indices_follow_first_appearance)
{
    ck_assert_uint_eq(add_text("b"), 0);
    ck_assert_uint_eq(add_text("a"), 1);
    ck_assert_uint_eq(add_text("b"), 0);
    ck_assert_uint_eq(add_text(""), 2);
    ck_assert_uint_eq(id_map_count(map), 3);
    ck_assert_uint_eq(find_text(map, "c"), INDEX_UNKNOWN);
    ck_assert_uint_eq(find_text(map, ""), 2);
}
END_TEST

START_TEST(an_empty_id_may_be_the_first)
{
    ck_assert_uint_eq(add_text(""), 0);
    ck_assert_uint_eq(find_text(map, ""), 0);
    ck_assert_uint_eq(id_map_id(map, 0).size, 0);
    ck_assert_ptr_nonnull(id_map_id(map, 0).text);
}
END_TEST

START_TEST(a_number_and_its_text_are_one_id)
{
    struct id number = id_from_number(42);

    ck_assert_uint_eq(add_text("42"), 0);
    ck_assert_uint_eq(add_text("042"), 1);
    ck_assert_uint_eq(id_map_find(map, &number), 0);
    ck_assert_ptr_null(id_map_id(map, 0).text);
    ck_assert_int_eq(id_map_id(map, 0).number, 42);
}
END_TEST

START_TEST(texts_that_share_a_beginning_differ)
{
    static const char *const names[] = {
        "user", "user\1", "userA", "userAB", "user-0000001", "user-0000002"};

    for (uint32_t i = 0; i < 6; i++)
        ck_assert_uint_eq(add_text(names[i]), i);
    for (uint32_t i = 0; i < 6; i++)
        ck_assert_uint_eq(find_text(map, names[i]), i);
}
END_TEST

/* 32 ids in 64 slots: whatever the key of the hash, some want the same slot. */
START_TEST(collisions_are_told_apart)
{
    enum { IDS = 32, MAPS = 50 };
    struct id_map *maps[MAPS];

    for (int m = 0; m < MAPS; m++) {
        ck_assert_ok(id_map_new(&maps[m], &err), err);
        for (uint32_t i = 0; i < IDS; i++) {
            struct id id = id_from_number(i);
            uint32_t index;
            ck_assert_ok(id_map_add(maps[m], &id, &index, &err), err);
            ck_assert_uint_eq(index, i);
        }
        for (uint32_t i = 0; i < IDS; i++) {
            struct id id = id_from_number(i);
            ck_assert_uint_eq(id_map_find(maps[m], &id), i);
        }
        id_map_free(maps[m]);
    }
}
END_TEST

START_TEST(chosen_ids_cost_no_more_than_others)
{
    enum { FLOOD = 20000 };
    struct id_map *chosen = NULL;

    ck_assert_ok(id_map_new(&chosen, &err), err);
    for (uint32_t i = 0; i < FLOOD; i++) {
        struct id plain = id_from_number(i), bad = chosen_id(i);
        uint32_t index;
        ck_assert_ok(id_map_add(map, &plain, &index, &err), err);
        ck_assert_ok(id_map_add(chosen, &bad, &index, &err), err);
    }
    size_t usual = id_map_longest_probe(map);
    ck_assert_uint_le(id_map_longest_probe(chosen), 8 * usual + 64);
    id_map_free(chosen);
}
END_TEST

static struct id nth(uint32_t i, char text[32])
{
    if (i % 4)
        return id_from_number((int64_t)i * 7919 - 1000000);
    int length = snprintf(text, 32, "user-%u", i);
    return id_from_text(text, (size_t)length);
}

/* Check notes every assertion in a file: with millions of them, count. */
START_TEST(two_million_ids_are_found_again)
{
    char text[32];
    uint32_t index, added = 0, found = 0;

    for (uint32_t i = 0; i < MANY; i++) {
        struct id id = nth(i, text);
        added += id_map_add(map, &id, &index, &err) == 0 && index == i;
    }
    ck_assert_uint_eq(added, MANY);
    ck_assert_uint_eq(id_map_count(map), MANY);
    ck_assert_uint_lt(id_map_bytes(map), (size_t)MANY * 80);
    for (uint32_t i = 0; i < MANY; i++) {
        struct id id = nth(i, text), back = id_map_id(map, i);
        found += id_map_find(map, &id) == i && id_equal(&id, &back);
    }
    ck_assert_uint_eq(found, MANY);
}
END_TEST

START_TEST(a_batch_finds_what_single_lookups_find)
{
    static char texts[BATCH][32];
    static struct id ids[BATCH];
    static uint32_t batch[BATCH];
    uint32_t index;

    for (uint32_t i = 0; i < BATCH; i++) {
        ids[i] = nth(i, texts[i]);
        if (i % 3)
            ck_assert_ok(id_map_add(map, &ids[i], &index, &err), err);
    }
    for (size_t n = 0; n <= 100; n++) {
        memset(batch, 0x55, sizeof(batch));
        id_map_find_batch(map, ids, n, batch);
        for (size_t i = 0; i < n; i++)
            ck_assert_uint_eq(batch[i], id_map_find(map, &ids[i]));
        ck_assert_uint_eq(batch[n], 0x55555555); /* nothing behind them */
    }
    ck_assert_uint_eq(batch[0], INDEX_UNKNOWN);
}
END_TEST

START_TEST(a_loaded_map_is_the_saved_one)
{
    struct buffer bytes = {0}, again = {0};
    struct id_map *loaded = NULL;

    add_text("u1");
    add_text("-9223372036854775808");
    add_text("");
    id_map_save(map, &bytes);
    struct bytes_reader from = {bytes.bytes, bytes.size, false};
    ck_assert_ok(id_map_load(&from, &loaded, &err), err);
    ck_assert_uint_eq(from.left, 0);
    ck_assert_uint_eq(find_text(loaded, "u1"), 0);
    ck_assert_uint_eq(find_text(loaded, "-9223372036854775808"), 1);
    ck_assert_uint_eq(find_text(loaded, ""), 2);
    id_map_save(loaded, &again);
    ck_assert_uint_eq(again.size, bytes.size);
    ck_assert_mem_eq(again.bytes, bytes.bytes, bytes.size);
    id_map_free(loaded);
    buffer_free(&bytes);
    buffer_free(&again);
}
END_TEST

static void check_refused(const struct buffer *bytes, size_t size,
                          const char *why)
{
    struct id_map *loaded = NULL;
    uint8_t *exact = malloc(size ? size : 1);

    ck_assert_ptr_nonnull(exact);
    if (size > 0)
        memcpy(exact, bytes->bytes, size);
    struct bytes_reader from = {exact, size, false};
    ck_assert_refused(id_map_load(&from, &loaded, &err), err, ERROR_FORMAT,
                      why);
    ck_assert_ptr_null(loaded);
    free(exact);
}

START_TEST(a_copy_is_its_own)
{
    struct id_map *copy = NULL;

    add_text("u1");
    add_text("7");
    add_text("");
    ck_assert_ok(id_map_copy(map, &copy, &err), err);
    add_text("later");
    ck_assert_uint_eq(id_map_count(copy), 3);
    ck_assert_uint_eq(find_text(copy, "7"), 1);
    ck_assert_uint_eq(find_text(copy, ""), 2);
    ck_assert_uint_eq(find_text(copy, "later"), INDEX_UNKNOWN);
    for (int i = 0; i < 1000; i++) {
        const struct id id = id_from_number(i);
        uint32_t index;
        ck_assert_ok(id_map_add(copy, &id, &index, &err), err);
    }
    ck_assert_uint_eq(find_text(copy, "u1"), 0);
    ck_assert_uint_eq(id_map_count(copy), 1002);
    ck_assert_uint_eq(id_map_count(map), 4);
    id_map_free(copy);
}
END_TEST

START_TEST(the_newest_ids_can_be_saved_alone)
{
    struct buffer bytes = {0};
    struct id_map *newest = NULL;

    add_text("u1");
    add_text("u2");
    add_text("7");
    id_map_save_from(map, 1, &bytes);
    struct bytes_reader from = {bytes.bytes, bytes.size, false};
    ck_assert_ok(id_map_load(&from, &newest, &err), err);
    ck_assert_uint_eq(from.left, 0);
    ck_assert_uint_eq(id_map_count(newest), 2);
    ck_assert_uint_eq(find_text(newest, "u2"), 0);
    ck_assert_uint_eq(find_text(newest, "7"), 1);
    id_map_free(newest);
    buffer_free(&bytes);
}
END_TEST

START_TEST(a_cut_map_is_refused_at_every_length)
{
    struct buffer bytes = {0};

    add_text("user");
    add_text("7");
    id_map_save(map, &bytes);
    for (size_t size = 0; size < bytes.size; size++)
        check_refused(&bytes, size, "cut short");
    buffer_free(&bytes);
}
END_TEST

START_TEST(a_count_beyond_the_bytes_is_refused_quickly)
{
    struct buffer bytes = {0};

    buffer_append_u32(&bytes, INT32_MAX);
    check_refused(&bytes, bytes.size, "cut short");
    buffer_free(&bytes);
}
END_TEST

START_TEST(more_than_2_31_ids_are_refused)
{
    struct buffer bytes = {0};
    struct id_map *loaded = NULL;

    buffer_append_u32(&bytes, (uint32_t)INT32_MAX + 1);
    struct bytes_reader from = {bytes.bytes, bytes.size, false};
    ck_assert_refused(id_map_load(&from, &loaded, &err), err, ERROR_LIMIT,
                      "2147483648 of them, at most 2147483647");
    ck_assert_ptr_null(loaded);
    buffer_free(&bytes);
}
END_TEST

START_TEST(an_id_that_is_there_twice_is_refused)
{
    struct buffer bytes = {0};

    buffer_append_u32(&bytes, 2);
    for (int i = 0; i < 2; i++) {
        buffer_append_u32(&bytes, 1);
        buffer_append(&bytes, "x", 1);
    }
    check_refused(&bytes, bytes.size, "twice");
    buffer_free(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("id map");
    TCase *tests = tcase_create("look-ups");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, open_map, close_map);
    tcase_add_test(tests, indices_follow_first_appearance);
    tcase_add_test(tests, an_empty_id_may_be_the_first);
    tcase_add_test(tests, a_number_and_its_text_are_one_id);
    tcase_add_test(tests, texts_that_share_a_beginning_differ);
    tcase_add_test(tests, collisions_are_told_apart);
    tcase_add_test(tests, chosen_ids_cost_no_more_than_others);
    tcase_add_test(tests, two_million_ids_are_found_again);
    tcase_add_test(tests, a_batch_finds_what_single_lookups_find);
    tcase_add_test(tests, a_loaded_map_is_the_saved_one);
    tcase_add_test(tests, a_copy_is_its_own);
    tcase_add_test(tests, the_newest_ids_can_be_saved_alone);
    tcase_add_test(tests, a_cut_map_is_refused_at_every_length);
    tcase_add_test(tests, a_count_beyond_the_bytes_is_refused_quickly);
    tcase_add_test(tests, more_than_2_31_ids_are_refused);
    tcase_add_test(tests, an_id_that_is_there_twice_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
