/*
 * check_positions.c - where a member of a group goes on when the group has no
 * usable offset, and that no choice is made twice.
 */
#include "support/run_suite.h"

#include "consumer/read/positions.h"

enum { PARTITIONS = 3 };

static struct error err;
static struct positions positions;
static struct offset_gap gap;

static void set_up(void)
{
    positions = (struct positions){.count = 0};
    ck_assert_ok(positions_reserve(&positions, PARTITIONS, &err), err);
}

static void tear_down(void)
{
    positions_free(&positions);
}

/* One row for each way in which an offset and the records that are there can
 * lie: the committed offset is 5000. */
static const struct {
    struct partition_bounds there;
    enum subscriber_start policy;
    enum position_fate fate;
    int64_t to;
    uint64_t skipped;
} lost[] = {
    /* The offset is there, at the first or behind the last record, too. */
    {{0, 9000}, START_EARLIEST, POSITION_FOUND, 5000, 0},
    {{5000, 9000}, START_FAIL, POSITION_FOUND, 5000, 0},
    {{0, 5000}, START_LATEST, POSITION_FOUND, 5000, 0},
    /* Retention took the records from 5000 to 5999. */
    {{6000, 9000}, START_EARLIEST, POSITION_MOVED, 6000, 1000},
    {{6000, 9000}, START_LATEST, POSITION_MOVED, 9000, 4000},
    {{6000, 9000}, START_FAIL, POSITION_REFUSED, 5000, 0},
    /* The topic was made anew, or lost its end. */
    {{0, 1000}, START_EARLIEST, POSITION_MOVED, 0, 0},
    {{0, 1000}, START_LATEST, POSITION_MOVED, 1000, 1000},
    {{0, 1000}, START_FAIL, POSITION_REFUSED, 5000, 0},
    {{0, 0}, START_EARLIEST, POSITION_MOVED, 0, 0},
};
enum { LOST = sizeof(lost) / sizeof(lost[0]) };

START_TEST(a_lost_offset_goes_on_where_the_policy_says)
{
    positions_assign(&positions, 1, 5000);
    ck_assert_int_eq(
        positions_move(&positions, 1, lost[_i].there, lost[_i].policy, &gap),
        lost[_i].fate);
    ck_assert_int_eq(positions.list[1].next, lost[_i].to);
    ck_assert_int_eq(positions.list[1].committed, 5000);
    ck_assert_int_eq(positions_have_choices(&positions),
                     lost[_i].fate == POSITION_MOVED);
    if (lost[_i].fate != POSITION_FOUND)
        ck_assert_int_eq(gap.from, 5000);
    if (lost[_i].fate == POSITION_MOVED) {
        ck_assert_int_eq(gap.partition, 1);
        ck_assert_int_eq(gap.to, lost[_i].to);
        ck_assert_uint_eq(gap.skipped, lost[_i].skipped);
    }
}
END_TEST

/* The broker has forgotten that the group was at 5000. */
START_TEST(a_forgotten_offset_goes_on_where_the_policy_says)
{
    const struct partition_bounds there = {10, 900};

    positions_assign(&positions, 1, 5000);
    positions_clear(&positions, POSITIONS_FORGET_CHOICES);
    ck_assert(positions_know_group(&positions));

    ck_assert_int_eq(
        positions_move_forgotten(&positions, 1, there, START_FAIL, &gap),
        POSITION_REFUSED);
    ck_assert_int_eq(gap.from, 5000);
    ck_assert(!positions_have_choices(&positions));
    ck_assert_int_eq(
        positions_move_forgotten(&positions, 1, there, START_LATEST, &gap),
        POSITION_MOVED);
    ck_assert_int_eq(gap.to, 900);
    ck_assert_uint_eq(gap.skipped, 890);
    ck_assert_int_eq(
        positions_move_forgotten(&positions, 1, there, START_EARLIEST, &gap),
        POSITION_MOVED);
    ck_assert_int_eq(gap.to, 10);
    ck_assert_uint_eq(gap.skipped, 0);
    positions_assign(&positions, 1, OFFSET_UNKNOWN);
    ck_assert_int_eq(positions.list[1].next, 10);
}
END_TEST

START_TEST(a_group_is_known_by_what_was_committed)
{
    ck_assert(!positions_know_group(&positions));
    positions_choose_start(&positions, 0, 7);
    positions_assign(&positions, 0, OFFSET_UNKNOWN);
    ck_assert(!positions_know_group(&positions));
    positions_mark_committed(&positions);
    positions_clear(&positions, POSITIONS_FORGET_CHOICES);
    ck_assert(positions_know_group(&positions));
}
END_TEST

START_TEST(records_below_a_lost_offset_are_taken_after_the_move)
{
    positions_assign(&positions, 0, 5000);
    ck_assert(!positions_take(&positions, 0, 7));
    ck_assert_int_eq(positions_move(&positions, 0,
                                    (struct partition_bounds){0, 1000},
                                    START_EARLIEST, &gap),
                     POSITION_MOVED);
    positions_mark_committed(&positions);
    ck_assert(positions_take(&positions, 0, 0));
    ck_assert_int_eq(positions.list[0].next, 1);
}
END_TEST

START_TEST(a_choice_is_the_same_after_an_abort)
{
    positions_choose_start(&positions, 2, 70);
    positions_assign(&positions, 2, OFFSET_UNKNOWN);
    ck_assert_int_eq(positions.list[2].next, 70);
    ck_assert(positions_have_choices(&positions));
    ck_assert(positions_is_due(&positions.list[2]));

    positions_clear(&positions, POSITIONS_KEEP_CHOICES);
    ck_assert(positions_has_choice(&positions, 2));
    positions_assign(&positions, 2, OFFSET_UNKNOWN);
    ck_assert_int_eq(positions.list[2].next, 70);

    /* Retention moves the end of a lost offset, and the choice stays. */
    positions_assign(&positions, 1, 5000);
    ck_assert_int_eq(positions_move(&positions, 1,
                                    (struct partition_bounds){0, 10},
                                    START_LATEST, &gap),
                     POSITION_MOVED);
    positions_clear(&positions, POSITIONS_KEEP_CHOICES);
    ck_assert(!positions_has_choice(&positions, 1));
    positions_assign(&positions, 1, 5000);
    ck_assert_int_eq(positions.list[1].next, 10);
}
END_TEST

START_TEST(what_is_committed_meanwhile_beats_a_choice)
{
    positions_choose_start(&positions, 0, 70);
    positions_assign(&positions, 0, 75);
    ck_assert_int_eq(positions.list[0].next, 75);
    ck_assert(!positions_have_choices(&positions));
    ck_assert(!positions_is_due(&positions.list[0]));
}
END_TEST

START_TEST(a_choice_is_forgotten_with_its_partition_and_when_committed)
{
    positions_choose_start(&positions, 0, 70);
    positions_clear(&positions, POSITIONS_FORGET_CHOICES);
    ck_assert(!positions_have_choices(&positions));

    positions_choose_start(&positions, 0, 70);
    positions_assign(&positions, 0, OFFSET_UNKNOWN);
    positions_mark_committed(&positions);
    ck_assert(!positions_have_choices(&positions));
    ck_assert(!positions_is_due(&positions.list[0]));
    ck_assert_int_eq(positions.list[0].committed, 70);
}
END_TEST

START_TEST(choices_for_other_members_are_committed_once)
{
    for (int32_t p = 0; p < PARTITIONS; p++)
        positions_choose_start(&positions, p, 70 + p);
    positions_assign(&positions, 0, OFFSET_UNKNOWN);
    ck_assert(positions_is_due(&positions.list[2]));
    ck_assert_int_eq(positions.list[2].chosen, 72);
    ck_assert(!positions.list[2].is_assigned);

    /* The commit's outcome was unknown, and it was one. */
    positions_clear(&positions, POSITIONS_KEEP_CHOICES);
    positions_assign(&positions, 0, 70);
    positions_forget_others(&positions);
    ck_assert(!positions_have_choices(&positions));
    ck_assert(!positions_is_due(&positions.list[2]));
}
END_TEST

START_TEST(old_and_foreign_records_are_dropped)
{
    positions_assign(&positions, 0, 10);
    ck_assert(!positions_take(&positions, 0, 9));
    ck_assert(positions_take(&positions, 0, 10));
    ck_assert(!positions_take(&positions, 0, 10));
    ck_assert(positions_take(&positions, 0, 12)); /* a mark lies between */
    ck_assert(!positions_take(&positions, 1, 0));
    ck_assert(!positions_take(&positions, PARTITIONS, 0));
}
END_TEST

START_TEST(the_end_is_reached_when_each_partition_of_ours_is_there)
{
    ck_assert(positions_are_at_end(&positions)); /* nothing is ours */
    positions_assign(&positions, 0, 10);
    positions_assign(&positions, 1, 10);
    positions_note_end(&positions, 0);
    positions_note_end(&positions, 2); /* another member's */
    positions_note_end(&positions, -1);
    ck_assert(!positions_are_at_end(&positions));
    positions_note_end(&positions, 1);
    ck_assert(positions_are_at_end(&positions));
    ck_assert(positions_take(&positions, 0, 10));
    ck_assert(!positions_are_at_end(&positions));
}
END_TEST

START_TEST(only_an_offset_of_ours_can_be_lost_and_a_move_finds_it)
{
    positions_note_lost(&positions, 0);
    positions_note_lost(&positions, PARTITIONS);
    ck_assert(!positions_have_lost(&positions));
    positions_assign(&positions, 0, 10);
    positions_note_lost(&positions, 0);
    ck_assert(positions_have_lost(&positions));
    positions_move(&positions, 0, (struct partition_bounds){20, 30},
                   START_EARLIEST, &gap);
    ck_assert(!positions_have_lost(&positions));
}
END_TEST

START_TEST(a_commit_that_failed_later_is_due_again)
{
    positions_assign(&positions, 0, 10);
    ck_assert(positions_take(&positions, 0, 10));
    positions_mark_committed(&positions);
    ck_assert(!positions_is_due(&positions.list[0]));
    positions_unmark_committed(&positions, PARTITIONS);
    positions_unmark_committed(&positions, 0);
    ck_assert(positions_is_due(&positions.list[0]));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("positions");
    TCase *tests = tcase_create("positions");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_lost_offset_goes_on_where_the_policy_says, 0,
                        LOST);
    tcase_add_test(tests, a_forgotten_offset_goes_on_where_the_policy_says);
    tcase_add_test(tests, a_group_is_known_by_what_was_committed);
    tcase_add_test(tests, records_below_a_lost_offset_are_taken_after_the_move);
    tcase_add_test(tests, a_choice_is_the_same_after_an_abort);
    tcase_add_test(tests, what_is_committed_meanwhile_beats_a_choice);
    tcase_add_test(tests,
                   a_choice_is_forgotten_with_its_partition_and_when_committed);
    tcase_add_test(tests, choices_for_other_members_are_committed_once);
    tcase_add_test(tests, old_and_foreign_records_are_dropped);
    tcase_add_test(tests,
                   the_end_is_reached_when_each_partition_of_ours_is_there);
    tcase_add_test(tests,
                   only_an_offset_of_ours_can_be_lost_and_a_move_finds_it);
    tcase_add_test(tests, a_commit_that_failed_later_is_due_again);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
