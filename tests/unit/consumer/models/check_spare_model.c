/*
 * check_spare_model.c - two snapshots take turns to follow deltas, bit for bit;
 * one that somebody scores with is left alone.
 */
#include "support/delta_pupil.h"
#include "support/fold_world.h"
#include "support/run_suite.h"

#include "consumer/models/spare_model.h"

#include <string.h>

static struct error err;
static struct model_board *board;
static struct spare_model spare;
static int learned; /* labels of the row of labels */

static void post(struct snapshot *snapshot, uint64_t epoch)
{
    struct manifest manifest = {.epoch = epoch};

    ck_assert_ok(model_board_post(board, snapshot, &manifest, &err), err);
}

static void start_with(const char *name, const char *params)
{
    struct snapshot *first = NULL;

    fold_world_start(name, params, 0);
    delta_pupil_start(folded.fitted);
    learned = 0;
    ck_assert_ok(model_board_new(&board, &err), err);
    ck_assert_ok(snapshot_copy(folded.fitted, &first, &err), err);
    post(first, PUPIL_EPOCH);
    spare = (struct spare_model){.board = board};
}

static void start(void)
{
    start_with("baseline", "");
}

static void stop(void)
{
    spare_model_forget(&spare);
    model_board_free(board);
    fold_world_stop();
    delta_pupil_stop();
}

static void make_delta(int labels)
{
    for (int i = 0; i < labels; i++) {
        const struct fold_label next = fold_world_label(learned++);
        fold_world_learn(next.user, next.ad, next.label);
    }
    buffer_clear(&pupil.bytes);
    ck_assert_ok(bias_fold_delta(folded.fold, &pupil.next, &pupil.bytes, &err),
                 err);
    bias_fold_forget(folded.fold);
}

static void prepare(const struct served_model *served)
{
    ck_assert_ok(spare_model_prepare(&spare, served, &err), err);
    ck_assert_ptr_ne(spare.snapshot, served->snapshot);
    delta_pupil_assert_same(spare.snapshot, served->snapshot);
}

static void apply(int labels)
{
    make_delta(labels);
    ck_assert_ok(snapshot_delta_apply(spare.snapshot, PUPIL_EPOCH,
                                      pupil.bytes.bytes, pupil.bytes.size,
                                      &err),
                 err);
    spare_model_applied(&spare, &pupil.bytes);
    delta_pupil_go_on();
}

static void assert_serves_the_newest(void)
{
    const struct served_model *served = model_board_take(board);

    ck_assert_uint_eq(served->snapshot->delta, pupil.student->delta);
    delta_pupil_assert_same(served->snapshot, pupil.student);
    model_board_put(board, served);
}

/* So many deltas come at once, and then serve. */
static void follow(int deltas)
{
    const struct served_model *served = model_board_take(board);

    prepare(served);
    for (int i = 0; i < deltas; i++)
        apply(3 * i + 2);
    post(spare_model_take(&spare), PUPIL_EPOCH);
    spare_model_replaced(&spare, served);
    assert_serves_the_newest();
}

START_TEST(two_take_turns)
{
    stop();
    start_with(fold_models[_i][0], fold_models[_i][1]);
    for (int i = 0; i < 12; i++)
        follow(i % 4 + 1);
    ck_assert_uint_eq(spare.copies, 1);
}
END_TEST

START_TEST(one_that_is_held_is_left_alone)
{
    struct snapshot *as_it_was = NULL;

    follow(1);
    const struct served_model *held = model_board_take(board);
    ck_assert_ok(snapshot_copy(held->snapshot, &as_it_was, &err), err);
    follow(1);
    ck_assert_uint_eq(spare.copies, 1);
    follow(1); /* it would be the turn of the one that is held */
    ck_assert_uint_eq(spare.copies, 2);
    follow(1);
    follow(1);
    ck_assert_uint_eq(spare.copies, 2);
    delta_pupil_assert_same(held->snapshot, as_it_was);
    ck_assert_uint_eq(held->snapshot->delta, 1);
    model_board_put(board, held);
    snapshot_free(as_it_was);
}
END_TEST

/* A delta that could not be had leaves the one at hand for the next try. */
START_TEST(one_at_hand_stays_at_hand)
{
    const struct served_model *served = model_board_take(board);

    prepare(served);
    const struct snapshot *first = spare.snapshot;
    prepare(served);
    ck_assert_ptr_eq(spare.snapshot, first);
    ck_assert_uint_eq(spare.copies, 1);
    model_board_put(board, served);
    follow(1);
    ck_assert_uint_eq(spare.copies, 1);
}
END_TEST

START_TEST(another_snapshot_in_service_is_copied)
{
    struct snapshot *other = NULL;

    follow(2);
    ck_assert_ok(snapshot_copy(folded.fitted, &other, &err), err);
    post(other, PUPIL_EPOCH + 1);
    const struct served_model *served = model_board_take(board);
    prepare(served);
    ck_assert_uint_eq(spare.snapshot->delta, 0);
    ck_assert_uint_eq(spare.copies, 2);
    model_board_put(board, served);
}
END_TEST

START_TEST(after_very_large_deltas_it_is_copied)
{
    enum { LARGE = (16 << 20) + 1 };
    struct buffer large = {0};
    const struct served_model *served = model_board_take(board);

    ck_assert_ptr_nonnull(buffer_reserve(&large, LARGE));
    memset(large.bytes, 0, LARGE);
    large.size = LARGE;
    prepare(served);
    apply(2);
    spare_model_applied(&spare, &large);
    post(spare_model_take(&spare), PUPIL_EPOCH);
    spare_model_replaced(&spare, served);
    ck_assert_ptr_null(spare.before);
    ck_assert_uint_eq(spare.missed.room, 0);
    follow(1);
    ck_assert_uint_eq(spare.copies, 2);
    buffer_free(&large);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("spare_model");
    TCase *tests = tcase_create("spare");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, two_take_turns, 0, FOLD_MODELS);
    tcase_add_test(tests, one_that_is_held_is_left_alone);
    tcase_add_test(tests, one_at_hand_stays_at_hand);
    tcase_add_test(tests, another_snapshot_in_service_is_copied);
    tcase_add_test(tests, after_very_large_deltas_it_is_copied);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
