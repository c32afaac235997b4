/*
 * check_transactional_id.c - only producers that do the same work have the
 * same name.
 */
#include "support/run_suite.h"

#include "common/kafka/transactional_id.h"

#include <string.h>

static const char *const topics[] = {"pctr.impressions", "pctr.predictions",
                                     NULL};
static const char *const staged[] = {"staging.impressions", "pctr.predictions",
                                     NULL};
static const char *const joined[] = {"pctr.impressionspctr.predictions", NULL};

/* 127 bytes that differ from `other` in the last one only. */
#define LONG_GROUP                                                             \
    "a-group-whose-name-is-as-long-as-a-name-of-a-group-can-be-in-this-"       \
    "program-which-is-127-bytes-and-not-one-more-than-that-in-all"
static const char one_group[] = LONG_GROUP "1", other_group[] = LONG_GROUP "2";

/* No two rows do the same work. */
static const struct transactional_work works[] = {
    {"score", "pctr", "0", 0, topics},
    {"score", "pctr", "0", 1, topics},
    {"score", "pctr", "1", 0, topics},
    {"score", "pctr", "0", 0, staged},
    {"score", "pctr", "0", 0, joined},
    {"score", "a-score", "0", 0, topics},
    {"score", "a", "score-0", 0, topics},
    {"score", "a", "score-score-0", 0, topics},
    {"score", "x", "1-0", 0, topics},
    {"score", "x-1", "0", 0, topics},
    {"score", one_group, "0", 0, topics},
    {"score", other_group, "0", 0, topics},
    {"trainer", "click", NULL, 0, topics},
    {"trainer", "click", NULL, 0, staged},
    {"evaluations", "click", NULL, 0, topics},
    {"redrive", "click", NULL, 0, topics},
};
enum { WORKS = sizeof(works) / sizeof(works[0]) };

START_TEST(different_work_has_different_names)
{
    char mine[TRANSACTIONAL_ID_SIZE], other[TRANSACTIONAL_ID_SIZE];

    transactional_id_of(&works[_i], mine);
    for (int i = 0; i < WORKS; i++)
        ck_assert_int_eq(
            strcmp(mine, transactional_id_of(&works[i], other)) == 0, i == _i);
    ck_assert_uint_lt(strlen(mine), TRANSACTIONAL_ID_SIZE - 1);
}
END_TEST

START_TEST(names_stay_the_same_from_version_to_version)
{
    char id[TRANSACTIONAL_ID_SIZE];

    ck_assert_str_eq(transactional_id_of(&works[0], id),
                     "pctr-score-0-0-d4aafff4876ddc0b");
    ck_assert_str_eq(transactional_id_of(&works[12], id),
                     "click-trainer-b9564babfc93fad6");
}
END_TEST

START_TEST(a_name_is_cut_between_characters)
{
    char id[TRANSACTIONAL_ID_SIZE];
    const struct transactional_work work = {
        "score",
        "1234567890123456789012345678901234567890123456\xe2\x82\xac\xe2\x82"
        "\xac",
        "0", 0, topics};

    transactional_id_of(&work, id);
    ck_assert_ptr_eq(
        strstr(id, "1234567890123456789012345678901234567890123456-score-0-0-"),
        id);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transactional_id");
    TCase *tests = tcase_create("transactional id");

    tcase_add_loop_test(tests, different_work_has_different_names, 0, WORKS);
    tcase_add_test(tests, names_stay_the_same_from_version_to_version);
    tcase_add_test(tests, a_name_is_cut_between_characters);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
