/*
 * check_model_board.c - models are swapped under the hands of those who use
 * them, and no thread is left holding freed memory.
 */
#include "support/run_suite.h"

#include "consumer/models/model_board.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { TAKERS = 4, POSTS = 300 };

static struct error err;
static struct model_board *board;

/* `rows` says the epoch again, so that a mix of two posts would show. */
static int post(uint64_t epoch)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    struct manifest manifest = {.epoch = epoch};

    ck_assert_ptr_nonnull(snapshot);
    snapshot->rows = epoch;
    return model_board_post(board, snapshot, &manifest, &err);
}

static void open_board(void)
{
    ck_assert_ok(model_board_new(&board, &err), err);
}

static void close_board(void)
{
    model_board_free(board);
}

START_TEST(an_empty_board_has_epoch_zero_and_no_model)
{
    ck_assert_uint_eq(model_board_epoch(board), 0);
    ck_assert_ptr_null(model_board_take(board));
    model_board_put(board, NULL);
}
END_TEST

START_TEST(what_was_taken_stays_whole_after_the_next_post)
{
    ck_assert_ok(post(1), err);
    const struct served_model *old = model_board_take(board);
    ck_assert_ok(post(2), err);
    const struct served_model *new = model_board_take(board);

    ck_assert_uint_eq(old->snapshot->rows, 1);
    ck_assert_uint_eq(old->manifest.epoch, 1);
    ck_assert_uint_eq(new->snapshot->rows, 2);
    model_board_put(board, old);
    model_board_put(board, new);
}
END_TEST

START_TEST(the_newest_post_serves_whatever_its_epoch)
{
    ck_assert_ok(post(5), err);
    ck_assert_ok(post(4), err);
    ck_assert_uint_eq(model_board_epoch(board), 4);
    const struct served_model *model = model_board_take(board);
    ck_assert_uint_eq(model->snapshot->rows, 4);
    model_board_put(board, model);
}
END_TEST

START_TEST(a_snapshot_that_nobody_uses_is_reclaimed)
{
    ck_assert_ok(post(1), err);
    const struct served_model *mine = model_board_take(board);
    const struct served_model *other = model_board_take(board);

    model_board_put(board, other);
    ck_assert_ptr_null(model_board_reclaim(board, mine)); /* it serves */
    other = model_board_take(board);
    ck_assert_ok(post(2), err);
    ck_assert_ptr_null(model_board_reclaim(board, mine)); /* it is held */
    ck_assert_uint_eq(other->snapshot->rows, 1);
    model_board_put(board, other);
    struct snapshot *snapshot = model_board_reclaim(board, mine);
    ck_assert_ptr_nonnull(snapshot);
    ck_assert_uint_eq(snapshot->rows, 1);
    snapshot_free(snapshot);
}
END_TEST

struct takers {
    atomic_bool stop;
    atomic_uint mixed, backwards, taken;
};

static void *take_again_and_again(void *context)
{
    struct takers *takers = context;
    uint64_t last = 0;

    while (!atomic_load(&takers->stop)) {
        const struct served_model *model = model_board_take(board);
        if (!model)
            continue;
        atomic_fetch_add(&takers->taken, 1);
        if (model->snapshot->rows != model->manifest.epoch)
            atomic_fetch_add(&takers->mixed, 1);
        if (model->manifest.epoch < last)
            atomic_fetch_add(&takers->backwards, 1);
        last = model->manifest.epoch;
        model_board_put(board, model);
    }
    return NULL;
}

START_TEST(many_takers_and_one_poster_agree)
{
    struct takers takers = {.stop = false};
    pthread_t threads[TAKERS];

    for (int i = 0; i < TAKERS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, take_again_and_again, &takers),
            0);
    /* Each post is seen by a taker before the next one comes. */
    for (uint64_t epoch = 1; epoch <= POSTS; epoch++) {
        unsigned before = atomic_load(&takers.taken);
        ck_assert_ok(post(epoch), err);
        while (atomic_load(&takers.taken) == before)
            sched_yield();
    }
    atomic_store(&takers.stop, true);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_ge(atomic_load(&takers.taken), POSTS);
    ck_assert_uint_eq(atomic_load(&takers.mixed), 0);
    ck_assert_uint_eq(atomic_load(&takers.backwards), 0);
    ck_assert_uint_eq(model_board_epoch(board), POSTS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model_board");
    TCase *tests = tcase_create("swaps");

    tcase_add_checked_fixture(tests, open_board, close_board);
    tcase_add_test(tests, an_empty_board_has_epoch_zero_and_no_model);
    tcase_add_test(tests, what_was_taken_stays_whole_after_the_next_post);
    tcase_add_test(tests, the_newest_post_serves_whatever_its_epoch);
    tcase_add_test(tests, a_snapshot_that_nobody_uses_is_reclaimed);
    tcase_add_test(tests, many_takers_and_one_poster_agree);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
