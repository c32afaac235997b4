/*
 * check_join_random.c - random stories end as in a slow second join, and the
 * books of a join that is always full balance.
 */
#include "support/join_outcomes.h"
#include "support/run_suite.h"
#include "support/slow_join.h"

#include "consumer/learn/join.h"

#include <math.h>
#include <stdio.h>

static struct error err;

enum { WINDOW = 100, LATE = 200, PENDING_MAX = 1000 };

static const struct join_config usual = {WINDOW, LATE, PENDING_MAX};

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % limit;
}

/* Numbers, and texts that would collide with them if types were confused. */
static struct id random_id(char text[32])
{
    uint32_t which = random_below(600);
    int size = snprintf(text, 32, which % 3 ? "%u" : "id-%u", which);

    return id_from_text(text, (size_t)size);
}

static void random_step(struct join *join, struct slow_join *slow, int64_t now)
{
    static const double clicks[] = {0, 1, 1, 0.5};
    char text[32];
    struct id id = random_id(text);
    int64_t ts = now - 60 + random_below(120);
    uint32_t kind = random_below(10);
    struct join_place place = {0};
    uint64_t slow_sequence = 0;

    if (random_below(20) == 0)
        ts += (int64_t)random_below(1000) - 500;
    if (kind < 5) {
        ck_assert_ok(join_impression(join, &id, ts, &place, &err), err);
        ck_assert(place.is_new ==
                  slow_impression(slow, &id, ts, &slow_sequence));
        ck_assert_uint_eq(place.sequence, slow_sequence);
    } else if (kind < 8) {
        double click = clicks[random_below(4)];
        ck_assert_ok(join_label(join, &id, ts, click, &err), err);
        slow_label(slow, &id, ts, (float)click);
    } else {
        join_advance(join, now);
        slow_advance(slow, now);
    }
}

START_TEST(random_stories_end_as_in_the_slow_join)
{
    enum { STEPS = 6000 };
    static float labels[STEPS];
    struct join *join = NULL;
    struct slow_join *slow = slow_new(WINDOW, LATE);

    random_state = (uint64_t)_i;
    for (size_t i = 0; i < STEPS; i++)
        labels[i] = -1;
    ck_assert_ok(join_new(&usual, &join, &err), err);
    for (int64_t step = 0; step < STEPS; step++) {
        random_step(join, slow, 1000 + step / 2);
        join_outcomes_take(join, labels, STEPS);
        struct join_books books = join_books(join);
        slow_assert_books(slow, &books);
    }
    ck_assert_uint_gt(join_books(join).unknown, 0);
    for (uint64_t i = 0; i < join_books(join).impressions; i++)
        ck_assert(isnan(labels[i]) ? isnan(slow_outcome(slow, i))
                                   : labels[i] == slow_outcome(slow, i));
    slow_free(slow);
    join_free(join);
}
END_TEST

START_TEST(books_balance_in_a_join_that_is_always_full)
{
    const struct join_config tiny = {WINDOW, LATE, 7};
    static float labels[20000];
    struct join *join = NULL;
    struct join_place place;

    random_state = 42;
    ck_assert_ok(join_new(&tiny, &join, &err), err);
    for (int step = 0; step < 20000; step++) {
        char text[32];
        struct id id = random_id(text);
        if (random_below(2))
            ck_assert_ok(join_impression(join, &id, step, &place, &err), err);
        else
            ck_assert_ok(join_label(join, &id, step, 1, &err), err);
        join_outcomes_take(join, labels, 20000);
        join_advance(join, step - 3);
        join_outcomes_take(join, labels, 20000);
    }
    struct join_books books = join_books(join);
    ck_assert_uint_le(books.open + books.waiting, 7);
    ck_assert_uint_gt(books.given_up, 0);
    ck_assert_uint_gt(books.labels_given_up, 0);
    ck_assert_uint_gt(books.forgotten, 0);
    join_free(join);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random joins");
    TCase *tests = tcase_create("slow join");

    tcase_add_loop_test(tests, random_stories_end_as_in_the_slow_join, 1, 6);
    tcase_add_test(tests, books_balance_in_a_join_that_is_always_full);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
