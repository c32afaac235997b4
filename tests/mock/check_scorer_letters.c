/*
 * check_scorer_letters.c - records that are no impressions become dead letters
 * with their reason, and a flood of them slows its partition down.
 */
#include "support/run_suite.h"
#include "support/scorer_world.h"

#include "common/base/clock.h"

#include "consumer/letters/redrive_letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scorer_world world;

static void open_world(void)
{
    scorer_world_open(&world);
}

static void close_world(void)
{
    scorer_world_close(&world);
}

static const struct {
    const char *bytes;
    size_t size;
    const char *reason;
} bad[] = {
    {"\xc1", 1, "invalid"},         {"\x93\x01\x02\x03", 4, "not_a_map"},
    {"\x81\xa2id", 4, "truncated"}, {"\x80", 1, "missing"},
    {"\x80\x80", 2, "trailing"},    {"\xdf\xff\xff\xff\xff", 5, "truncated"},
};
enum { BAD_COUNT = sizeof(bad) / sizeof(bad[0]) };

START_TEST(bad_records_are_kept_with_their_reason_and_neighbours_are_scored)
{
    struct scorer_config config = scorer_world_settings(&world);
    struct record_header own = {"color", "red", 3};

    scorer_world_post(&world, tiny_model(1), 1);
    for (size_t i = 0; i < BAD_COUNT; i++) {
        scorer_world_send(&world, (int64_t)i * 4, 4);
        scorer_world_send_bytes(&world,
                                &(struct outgoing){.value = bad[i].bytes,
                                                   .value_size = bad[i].size,
                                                   .headers = &own,
                                                   .header_count = 1});
    }
    scorer_world_send(&world, BAD_COUNT * 4, 4);
    struct scorer_counts total =
        scorer_world_score(&world, &config, BAD_COUNT + (BAD_COUNT + 1) * 4);

    ck_assert_uint_eq(total.dead_letters, BAD_COUNT);
    scorer_world_check_ids(&world, 0, (BAD_COUNT + 1) * 4);
    ck_assert_uint_eq(world.dead_letters.count, BAD_COUNT);
    for (size_t i = 0; i < BAD_COUNT; i++) {
        const struct copied_record *letter = &world.dead_letters.at[i];
        char offset[16];
        snprintf(offset, sizeof(offset), "%zu", 2 * i + 1);
        ck_assert_uint_eq(letter->value_size, bad[i].size);
        ck_assert_mem_eq(letter->value, bad[i].bytes, bad[i].size);
        ck_assert_mem_eq(letter->key, "key", 3);
        ck_assert_int_eq(letter->partition, 0);
        scorer_world_check_header(letter, "color", "red");
        scorer_world_check_header(letter, "pctr.reason", bad[i].reason);
        scorer_world_check_header(letter, "pctr.topic", "in");
        scorer_world_check_header(letter, "pctr.partition", "0");
        scorer_world_check_header(letter, "pctr.offset", offset);
        scorer_world_check_header(letter, "pctr.stage", "score");
        scorer_world_check_header(letter, "__connect.errors.topic", "in");
        scorer_world_check_header(letter, "__connect.errors.offset", offset);
    }
}
END_TEST

/* Headers of the record's own that are named like a letter's, and many. */
enum { OWN = 104 };

static void own_headers(struct record_header headers[OWN], char names[OWN][16])
{
    for (int i = 0; i < OWN; i++) {
        snprintf(names[i], sizeof(names[i]), "own.%d", i);
        headers[i] = (struct record_header){names[i], "v", 1};
    }
    headers[0] = (struct record_header){"pctr.topic", "mine", 4};
    headers[1] = (struct record_header){"truncated", "no", 2};
    headers[2] = (struct record_header){"original.x", "y", 1};
    headers[3] = (struct record_header){"__connect.errors.topic", "z", 1};
    headers[4] = (struct record_header){"redrive.plan", "q", 1};
}

START_TEST(a_letter_has_all_headers_and_gives_them_back)
{
    struct scorer_config config = scorer_world_settings(&world);
    struct record_header headers[OWN], back[COPIED_HEADERS_MAX];
    char names[OWN][16];
    struct redrive_letter letter;
    const struct message at = {.offset = 5};

    own_headers(headers, names);
    scorer_world_send_bytes(&world, &(struct outgoing){.partition = 1,
                                                       .value = "\xc1",
                                                       .value_size = 1,
                                                       .headers = headers,
                                                       .header_count = OWN});
    scorer_world_send(&world, 0, 4);
    scorer_world_score(&world, &config, 5);
    ck_assert_uint_eq(world.dead_letters.count, 1);
    const struct copied_record *record = &world.dead_letters.at[0];
    ck_assert_ptr_null(copied_record_header(record, "truncated"));
    ck_assert_ptr_null(copied_record_header(record, "pctr.headers_left"));
    scorer_world_check_header(record, "pctr.topic", "in");
    scorer_world_check_header(record, "original.pctr.topic", "mine");
    scorer_world_check_header(record, "pctr.message",
                              "the value is neither msgpack nor JSON");

    for (size_t i = 0; i < record->header_count; i++)
        back[i] = (struct record_header){record->headers[i].name,
                                         record->headers[i].value,
                                         record->headers[i].size};
    redrive_letter_read(&at, "dead", back, record->header_count, &letter);
    ck_assert(!letter.is_cut);
    ck_assert_str_eq(letter.topic, "in");
    for (size_t i = 0; i < OWN; i++) {
        ck_assert_str_eq(letter.headers[i].name, headers[i].name);
        ck_assert_uint_eq(letter.headers[i].size, headers[i].size);
        ck_assert_mem_eq(letter.headers[i].value, headers[i].value,
                         headers[i].size);
    }
}
END_TEST

START_TEST(headers_that_do_not_fit_are_counted)
{
    struct scorer_config config = scorer_world_settings(&world);
    struct record_header headers[] = {{"big", NULL, 0}, {"small", "s", 1}};
    size_t size = 100000;
    char *large = malloc(9 * size);
    struct redrive_letter letter;
    const struct message at = {.offset = 5};
    struct record_header back[COPIED_HEADERS_MAX];

    ck_assert_ptr_nonnull(large);
    memset(large, 0xc1, 9 * size);
    headers[0].value = large;
    headers[0].size = size;
    scorer_world_send_bytes(&world,
                            &(struct outgoing){.partition = 1,
                                               .value = large,
                                               .value_size = 8 * size + 80000,
                                               .headers = headers,
                                               .header_count = 2});
    scorer_world_score(&world, &config, 1);
    ck_assert_uint_eq(world.dead_letters.count, 1);
    const struct copied_record *record = &world.dead_letters.at[0];
    scorer_world_check_header(record, "pctr.headers_left", "1");
    scorer_world_check_header(record, "small", "s");
    for (size_t i = 0; i < record->header_count; i++)
        back[i] = (struct record_header){record->headers[i].name,
                                         record->headers[i].value,
                                         record->headers[i].size};
    redrive_letter_read(&at, "dead", back, record->header_count, &letter);
    ck_assert(letter.is_cut);
    free(large);
}
END_TEST

START_TEST(a_letter_that_is_too_large_is_cut_and_says_so)
{
    struct scorer_config config = scorer_world_settings(&world);
    size_t size = 950000;
    char *large = malloc(size);

    ck_assert_ptr_nonnull(large);
    memset(large, 0xc1, size);
    scorer_world_send_bytes(
        &world,
        &(struct outgoing){.partition = 1, .value = large, .value_size = size});
    scorer_world_send(&world, 0, 4);
    scorer_world_score(&world, &config, 5);
    scorer_world_check_ids(&world, 0, 4);
    ck_assert_uint_eq(world.dead_letters.count, 1);
    ck_assert_uint_eq(world.dead_letters.at[0].value_size, 900000 - 3);
    ck_assert_mem_eq(world.dead_letters.at[0].value, large, 900000 - 3);
    scorer_world_check_header(&world.dead_letters.at[0], "truncated", "1");
    free(large);
}
END_TEST

/* 12,000 records of junk on one partition, with impressions among them: those
 * of the other partitions do not wait for it, and all are scored in the end. */
START_TEST(a_flood_of_bad_records_slows_its_partition_down)
{
    enum { JUNK = 12000, GOOD = 400 };
    struct scorer_config config = scorer_world_settings(&world);

    config.batch_max_events = 1000;
    for (int i = 0; i < JUNK; i++)
        scorer_world_send_bytes(
            &world, &(struct outgoing){.value = "\xc1", .value_size = 1});
    scorer_world_send(&world, 0, GOOD);
    struct scorer *scorer = scorer_world_start(&world, &config);
    int64_t start_ms = clock_monotonic_ms();
    int64_t deadline_ms = start_ms + SCORER_WORLD_WAIT_MS;
    /* Three of four partitions have no junk. */
    while (scorer_counts(scorer).predictions < GOOD * 3 / 4)
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
    ck_assert_uint_lt(scorer_counts(scorer).dead_letters, JUNK);
    /* Perhaps it had hardly begun to be read when those were done. */
    while (metrics_value(world.metrics, SCORER_FLOODED, 0) < 1)
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
    scorer_world_await(scorer, JUNK + GOOD);
    /* The letters beyond the first 5,000, at 5,000 in a second. */
    ck_assert_int_gt(clock_monotonic_ms() - start_ms, 1000);
    scorer_world_finish(&world, scorer);
    scorer_world_check_ids(&world, 0, GOOD);
    ck_assert_uint_eq(world.dead_letters.count, JUNK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scorer letters");
    TCase *tests = tcase_create("mock");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, open_world, close_world);
    tcase_add_test(
        tests,
        bad_records_are_kept_with_their_reason_and_neighbours_are_scored);
    tcase_add_test(tests, a_letter_has_all_headers_and_gives_them_back);
    tcase_add_test(tests, headers_that_do_not_fit_are_counted);
    tcase_add_test(tests, a_letter_that_is_too_large_is_cut_and_says_so);
    tcase_add_test(tests, a_flood_of_bad_records_slows_its_partition_down);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
