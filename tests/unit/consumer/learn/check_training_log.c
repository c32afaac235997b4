/*
 * check_training_log.c - rows in, labels later, and what is learned from.
 */
#include "support/run_suite.h"

#include "consumer/learn/training_log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct error err;

enum { OPEN_ROW = -9 };

static struct training_log *new_log_of(const struct training_log_config *config)
{
    struct training_log *log = NULL;

    ck_assert_ok(training_log_new(config, &log, &err), err);
    return log;
}

static struct training_log *new_log(uint64_t rows_max, int64_t age_ms)
{
    return new_log_of(&(struct training_log_config){rows_max, age_ms, 0});
}

static struct training_log *new_bounded_log(uint64_t ids_max)
{
    return new_log_of(&(struct training_log_config){10000, 0, ids_max});
}

/* user 0 is nobody. */
static void append(struct training_log *log, int user, int ad, int64_t ts_ms,
                   double label)
{
    char name[32];
    int size = snprintf(name, sizeof(name), "ad-%d", ad);
    struct id user_id = id_from_number(user);
    struct id ad_id = id_from_text(name, (size_t)size);
    struct training_row row = {.user = user ? &user_id : NULL,
                               .ad = &ad_id,
                               .ts_ms = ts_ms,
                               .counts_ms = ts_ms,
                               .tie = (uint32_t)(user * 1000 + ad),
                               .label = label < 0 ? NAN : (float)label};

    ck_assert_ok(training_log_append(log, &row, &err), err);
}

static struct training_set *select_final(const struct training_log *log,
                                         double holdout, int64_t final_ms)
{
    struct training_set *set = NULL;

    ck_assert_ok(training_log_select(log, holdout, final_ms, &set, &err), err);
    return set;
}

static struct training_set *select_rows(const struct training_log *log,
                                        double holdout)
{
    return select_final(log, holdout, INT64_MAX);
}

/* "1:1=0 2:1=1" the user's and the ad's numbers, and the label. */
static void assert_rows(const struct training_set *set, const char *expected)
{
    char text[256] = "";

    for (size_t i = 0; i < set->count; i++) {
        const struct rating *row = &set->rows[i];
        struct id ad = id_map_id(set->ads, row->item);
        int64_t user = row->user == INDEX_UNKNOWN
                           ? 0
                           : id_map_id(set->users, row->user).number;
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s%d:%.*s=%g", i ? " " : "",
                 (int)user, (int)ad.size - 3, ad.text + 3, row->value);
    }
    ck_assert_str_eq(text, expected);
}

static void assert_selected(const struct training_log *log,
                            const char *expected)
{
    struct training_set *set = select_rows(log, 0);

    assert_rows(set, expected);
    training_set_free(set);
}

START_TEST(labelled_rows_are_selected_in_the_order_of_time)
{
    struct training_log *log = new_log(100, 0);

    append(log, 1, 7, 30, 1);
    append(log, 2, 8, 10, 0);
    append(log, 1, 8, 20, 0.5);
    assert_selected(log, "2:8=0 1:8=0.5 1:7=1");
    training_log_free(log);
}
END_TEST

START_TEST(equal_times_are_ordered_whatever_came_first)
{
    struct training_log *log = new_log(100, 0);

    append(log, 2, 8, 10, 0);
    append(log, 1, 7, 10, 1);
    assert_selected(log, "1:7=1 2:8=0");
    training_log_free(log);
}
END_TEST

START_TEST(nothing_behind_an_open_row_is_selected)
{
    struct training_log *log = new_log(100, 0);

    append(log, 1, 1, 10, 0);
    append(log, 1, 2, 20, OPEN_ROW);
    append(log, 1, 3, 30, 1);
    append(log, 1, 4, 15, 1);
    assert_selected(log, "1:1=0 1:4=1");
    training_log_label(log, 1, 0);
    assert_selected(log, "1:1=0 1:4=1 1:2=0 1:3=1");
    training_log_free(log);
}
END_TEST

START_TEST(a_label_changes_and_a_withdrawn_row_stays_away)
{
    struct training_log *log = new_log(100, 0);

    append(log, 1, 1, 10, OPEN_ROW);
    append(log, 1, 2, 20, OPEN_ROW);
    training_log_label(log, 0, 0);
    training_log_label(log, 0, 1);
    training_log_label(log, 1, NAN);
    training_log_label(log, 1, 1);
    assert_selected(log, "1:1=1");
    struct training_log_counts counts = training_log_counts(log);
    ck_assert_uint_eq(counts.open, 0);
    ck_assert_uint_eq(counts.withdrawn, 1);
    ck_assert_uint_eq(counts.answered, 1);
    ck_assert_uint_eq(counts.rows, 2);
    training_log_free(log);
}
END_TEST

START_TEST(ids_are_numbered_by_first_appearance_and_nobody_has_none)
{
    struct training_log *log = new_log(100, 0);

    append(log, 9, 5, 20, 1);
    append(log, 0, 6, 10, 0);
    append(log, 4, 6, 15, 0);
    struct training_set *set = select_rows(log, 0);
    ck_assert_uint_eq(set->rows[0].user, INDEX_UNKNOWN);
    ck_assert_uint_eq(set->rows[0].item, 0);
    ck_assert_uint_eq(set->rows[1].user, 0);
    ck_assert_uint_eq(set->rows[2].user, 1);
    ck_assert_uint_eq(set->rows[2].item, 1);
    ck_assert_uint_eq(id_map_count(set->users), 2);
    ck_assert_int_eq(set->first_ms, 10);
    ck_assert_int_eq(set->last_ms, 20);
    training_set_free(set);
    training_log_free(log);
}
END_TEST

START_TEST(the_newest_rows_are_held_out)
{
    struct training_log *log = new_log(100, 0);

    append(log, 1, 1, 10, 0);
    append(log, 2, 2, 20, 1);
    append(log, 1, 2, 30, 1);
    append(log, 3, 9, 40, 0);
    append(log, 0, 1, 50, 0.5);
    struct training_set *set = select_rows(log, 0.6);
    assert_rows(set, "1:1=0 2:2=1");
    ck_assert_uint_eq(set->held_count, 3);
    ck_assert_uint_eq(set->held[0].user, 0);
    ck_assert_uint_eq(set->held[0].item, 1);
    ck_assert_uint_eq(set->users_fit, 2);
    ck_assert_uint_eq(set->ads_fit, 2);
    ck_assert_uint_eq(set->held[1].user, 2); /* unknown to what is fit */
    ck_assert_uint_eq(set->held[1].item, 2);
    ck_assert_uint_eq(id_map_count(set->users), 3);
    ck_assert_uint_eq(set->all_count, 5);
    ck_assert_double_eq(set->rows[3].value, 0);
    ck_assert_uint_eq(set->rows[4].user, INDEX_UNKNOWN);
    ck_assert_uint_eq(set->held_final, 3);
    ck_assert_uint_eq(set->held[2].user, INDEX_UNKNOWN);
    ck_assert_uint_eq(set->held[2].item, 0);
    ck_assert_double_eq(set->labels[2], 0.5);
    training_set_free(set);
    training_log_free(log);
}
END_TEST

/* Ten rows of the times 10, 20, ... 100, of which the newest third of those
 * that are final is held out. */
START_TEST(rows_whose_labels_may_change_are_not_held_out)
{
    static const struct {
        int64_t final_ms;
        size_t fit, held, held_final;
    } rows[] = {
        {INT64_MAX, 7, 3, 3}, {100, 6, 3, 3},       {99, 6, 3, 3},
        {60, 4, 1, 1},        {51, 4, 1, 1},        {50, 7, 3, 0},
        {10, 7, 3, 0},        {INT64_MIN, 7, 3, 0},
    };
    struct training_log *log = new_log(100, 0);

    for (int i = 1; i <= 10; i++)
        append(log, i, 1, 10 * i, i % 2);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct training_set *set = select_final(log, 0.34, rows[i].final_ms);
        ck_assert_uint_eq(set->count, rows[i].fit);
        ck_assert_uint_eq(set->held_count, rows[i].held);
        ck_assert_uint_eq(set->held_final, rows[i].held_final);
        ck_assert_uint_eq(set->all_count, 10);
        ck_assert_uint_eq(set->users_fit, rows[i].fit);
        for (size_t h = 0; h < set->held_count; h++)
            ck_assert_uint_eq(set->held[h].user, set->count + h);
        training_set_free(set);
    }
    struct training_set *set = select_final(log, 0, 50);
    ck_assert_uint_eq(set->count, 10);
    training_set_free(set);
    training_log_free(log);
}
END_TEST

START_TEST(ratings_have_the_rows_of_the_set)
{
    struct training_log *log = new_log(100, 0);
    struct ratings *ratings = NULL;

    append(log, 1, 1, 10, 0);
    append(log, 0, 1, 20, 1);
    append(log, 2, 2, 30, 0.5);
    struct training_set *set = select_rows(log, 0);
    ck_assert_ok(training_set_ratings(set, TRAINING_ALL, (struct scale){0, 1},
                                      &ratings, &err),
                 err);
    ck_assert_uint_eq(ratings->users, 2);
    ck_assert_uint_eq(ratings->items, 2);
    ck_assert_uint_eq(ratings->count, 3);
    ck_assert_uint_eq(ratings->nobody_count, 1);
    ck_assert_double_eq(ratings->mean, 0.5);
    ratings_free(ratings);
    training_set_free(set);
    training_log_free(log);
}
END_TEST

START_TEST(an_empty_log_selects_nothing)
{
    struct training_log *log = new_log(100, 0);

    assert_selected(log, "");
    append(log, 1, 1, 10, OPEN_ROW);
    assert_selected(log, "");
    training_log_free(log);
}
END_TEST

/* --- Bounds ----------------------------------------------------------- */

START_TEST(the_oldest_rows_make_room)
{
    struct training_log *log = new_log(3, 0);

    append(log, 1, 1, 1, OPEN_ROW);
    append(log, 1, 2, 2, OPEN_ROW);
    training_log_label(log, 1, NAN);
    for (int i = 3; i <= 5; i++)
        append(log, 1, i, i, 1);
    assert_selected(log, "1:3=1 1:4=1 1:5=1");
    training_log_label(log, 0, 1); /* gone: nobody's business */
    training_log_label(log, 99, 1);
    struct training_log_counts counts = training_log_counts(log);
    ck_assert_uint_eq(counts.rows, 3);
    ck_assert_uint_eq(counts.dropped, 2);
    ck_assert_uint_eq(counts.open, 0);
    ck_assert_uint_eq(counts.withdrawn, 0);
    ck_assert_uint_eq(counts.appended, 5);
    training_log_free(log);
}
END_TEST

START_TEST(rows_that_are_too_old_are_gone)
{
    struct training_log *log = new_log(100, 50);

    append(log, 1, 1, 100, 1);
    append(log, 1, 2, 120, 1);
    append(log, 1, 3, 150, 1);
    assert_selected(log, "1:1=1 1:2=1 1:3=1");
    append(log, 1, 4, 171, 1);
    assert_selected(log, "1:3=1 1:4=1");
    training_log_free(log);
}
END_TEST

/* Rows far beyond every first guess of the log, against a plain list. */
START_TEST(a_turning_ring_keeps_the_newest_rows_and_only_their_ids)
{
    enum { ROWS = 20000, KEPT = 3000 };
    struct training_log *log = new_log(KEPT, 0);
    size_t bytes = 0;

    for (int i = 0; i < ROWS; i++) {
        append(log, 1 + i, 1 + i / 2, i, OPEN_ROW);
        if (i >= 5)
            training_log_label(log, (uint64_t)i - 5, (float)(i % 2));
        ck_assert_uint_le(training_log_counts(log).users, 2 * KEPT + 1);
        if (i < ROWS / 2 && training_log_bytes(log) > bytes)
            bytes = training_log_bytes(log);
        if (i >= ROWS / 2)
            ck_assert_uint_le(training_log_bytes(log), bytes);
    }

    struct training_set *set = select_rows(log, 0);
    ck_assert_uint_eq(set->count, KEPT - 5);
    for (int i = 0; i < (int)set->count; i++) {
        int number = ROWS - KEPT + i;
        char name[32];
        int size = snprintf(name, sizeof(name), "ad-%d", 1 + number / 2);
        struct id user = id_map_id(set->users, set->rows[i].user);
        struct id ad = id_map_id(set->ads, set->rows[i].item);
        struct id expected = id_from_text(name, (size_t)size);
        ck_assert_int_eq(user.number, 1 + number);
        ck_assert(id_equal(&ad, &expected));
        ck_assert_double_eq(set->rows[i].value, (number + 5) % 2);
    }
    training_set_free(set);
    training_log_free(log);
}
END_TEST

START_TEST(a_row_takes_24_bytes)
{
    struct training_log *log = new_log(1 << 16, 0);
    size_t before = 0;

    append(log, 1, 1, 0, 1); /* the ids' own first room */
    before = training_log_bytes(log);
    for (int i = 1; i < 1 << 16; i++)
        append(log, 1, 1, i, 1);
    ck_assert_uint_eq(training_log_bytes(log) - before,
                      ((1u << 16) - 1024) * 24);
    training_log_free(log);
}
END_TEST

/* --- More ids than the bound ------------------------------------------ */

enum { ONE_TIME_USERS = 5000, REGULARS = 5 };

START_TEST(users_of_one_row_become_nobody_before_regular_ones)
{
    struct training_log *log = new_bounded_log(REGULARS + 1);
    double sum = 0;

    for (int i = 0; i < ONE_TIME_USERS; i++) {
        append(log, 1000 + i, 1, 2 * i, i % 2);
        append(log, 1 + i % REGULARS, 1, 2 * i + 1, i % 4 == 0);
    }
    struct training_set *set = select_rows(log, 0.1);
    ck_assert_uint_eq(id_map_count(set->users), REGULARS);
    ck_assert_uint_eq(id_map_count(set->ads), 1);
    ck_assert_uint_eq(set->users_unknown, ONE_TIME_USERS);
    ck_assert_uint_eq(set->ads_unknown, 0);
    ck_assert_uint_eq(set->rows_left_out, 0);
    ck_assert_uint_eq(set->count, 2 * ONE_TIME_USERS * 9 / 10);
    for (size_t i = 0; i < set->count; i++) {
        sum += set->rows[i].value;
        if (i % 2 == 0)
            ck_assert_uint_eq(set->rows[i].user, INDEX_UNKNOWN);
        else
            ck_assert_int_eq(id_map_id(set->users, set->rows[i].user).number,
                             1 + (int64_t)(i / 2) % REGULARS);
    }
    ck_assert_double_eq(sum, ONE_TIME_USERS * 0.9 * 0.75);
    for (size_t i = 0; i < set->held_count; i++)
        ck_assert((set->held[i].user == INDEX_UNKNOWN) == (i % 2 == 0));
    training_set_free(set);
    training_log_free(log);
}
END_TEST

START_TEST(as_many_ids_as_the_bound_change_nothing)
{
    struct training_log *log = new_bounded_log(4);

    append(log, 1, 7, 10, 1);
    append(log, 2, 8, 20, 0);
    append(log, 0, 8, 30, 0);
    struct training_set *set = select_rows(log, 0);
    assert_rows(set, "1:7=1 2:8=0 0:8=0");
    ck_assert_uint_eq(set->users_unknown, 0);
    training_set_free(set);
    training_log_free(log);
}
END_TEST

START_TEST(of_equals_ads_stay_before_users_and_newer_before_older_ones)
{
    struct training_log *log = new_bounded_log(3);

    append(log, 3, 9, 30, 1);
    append(log, 1, 7, 10, 1);
    append(log, 2, 8, 20, 0);
    assert_selected(log, "0:7=1 0:8=0 0:9=1");
    append(log, 2, 9, 40, 0);
    assert_selected(log, "2:8=0 0:9=1 2:9=0");
    training_log_free(log);
}
END_TEST

START_TEST(rows_of_an_ad_beyond_the_bound_are_left_out_and_counted)
{
    struct training_log *log = new_bounded_log(2);

    append(log, 1, 5, 5, 1);
    for (int i = 0; i < 3; i++)
        append(log, 1, 7, 10 + i, 0);
    append(log, 4, 6, 20, 1);
    append(log, 1, 5, 30, 1);
    struct training_set *set = select_rows(log, 0.2);
    assert_rows(set, "1:7=0 1:7=0 1:7=0");
    ck_assert_uint_eq(set->users_unknown, 1);
    ck_assert_uint_eq(set->ads_unknown, 2);
    ck_assert_uint_eq(set->rows_left_out, 3);
    ck_assert_uint_eq(set->all_count, 3);
    ck_assert_uint_eq(set->held_count, 1);
    ck_assert_uint_eq(set->held[0].user, 0);
    ck_assert_uint_eq(set->held[0].item, INDEX_UNKNOWN);
    training_set_free(set);
    training_log_free(log);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("training log");
    TCase *tests = tcase_create("rows");

    tcase_add_test(tests, labelled_rows_are_selected_in_the_order_of_time);
    tcase_add_test(tests, equal_times_are_ordered_whatever_came_first);
    tcase_add_test(tests, nothing_behind_an_open_row_is_selected);
    tcase_add_test(tests, a_label_changes_and_a_withdrawn_row_stays_away);
    tcase_add_test(tests,
                   ids_are_numbered_by_first_appearance_and_nobody_has_none);
    tcase_add_test(tests, the_newest_rows_are_held_out);
    tcase_add_test(tests, rows_whose_labels_may_change_are_not_held_out);
    tcase_add_test(tests, ratings_have_the_rows_of_the_set);
    tcase_add_test(tests, an_empty_log_selects_nothing);
    tcase_add_test(tests, the_oldest_rows_make_room);
    tcase_add_test(tests, rows_that_are_too_old_are_gone);
    tcase_add_test(tests,
                   a_turning_ring_keeps_the_newest_rows_and_only_their_ids);
    tcase_add_test(tests, a_row_takes_24_bytes);
    tcase_add_test(tests, users_of_one_row_become_nobody_before_regular_ones);
    tcase_add_test(tests, as_many_ids_as_the_bound_change_nothing);
    tcase_add_test(tests,
                   of_equals_ads_stay_before_users_and_newer_before_older_ones);
    tcase_add_test(tests,
                   rows_of_an_ad_beyond_the_bound_are_left_out_and_counted);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
