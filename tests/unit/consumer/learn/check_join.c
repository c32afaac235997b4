/*
 * check_join.c - what becomes of each impression and each label: a table of
 * stories, and what a full join gives up.
 */
#include "support/join_outcomes.h"
#include "support/run_suite.h"

#include "consumer/learn/join.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error err;

enum { WINDOW = 100, LATE = 200, PENDING_MAX = 1000 };

static const struct join_config usual = {WINDOW, LATE, PENDING_MAX};

/* --- Stories ---------------------------------------------------------- */

/* One impression "a" at 1000 unless the story says otherwise. A story is a
 * list of steps: i = impression, + = click, - = label 0, ~ = label 0.5 (each
 * with id and time), @ = the stream's time. */
static const struct {
    const char *name, *steps;
    const char *label; /* of the impression at the end; ? while open, n: none */
    const char *books; /* what is not 0 */
} stories[] = {
    {"nothing yet", "ia1000", "?", "open=1"},
    {"the window's last moment", "ia1000 @1100", "?", "open=1"},
    {"the window closes", "ia1000 @1101", "0", "negative=1"},
    {"a click", "ia1000 +a1050", "1", "positive=1 joined=1"},
    {"a click at the very end", "ia1000 +a1100", "1", "positive=1 joined=1"},
    {"a click after the window", "ia1000 +a1101", "1", "positive=1 late=1"},
    {"a click after it was closed", "ia1000 @1150 +a1060", "1",
     "positive=1 late=1"},
    {"a click at the end of the grace", "ia1000 @1200 +a1300", "1",
     "positive=1 late=1"},
    {"a click after the grace", "ia1000 @1200 +a1301", "0",
     "negative=1 orphan=1"},
    {"a click out of reach", "ia1000 +a1301", "?", "open=1 orphan=1"},
    {"a click when all is forgotten", "ia1000 @1301 @1302 +a1200 @9999", "0",
     "negative=1 orphan=1"},
    {"a click that comes before", "+a1050 ia1000", "1", "positive=1 joined=1"},
    {"a click from before", "+a950 ia1000", "1", "positive=1 joined=1"},
    {"a click from long before", "+a899 ia1000", "?", "open=1 orphan=1"},
    {"an early label, too late", "+a1150 ia1000", "1", "positive=1 late=1"},
    {"an early label, out of reach", "+a1301 ia1000", "?", "open=1 orphan=1"},
    {"two early labels", "-a1010 +a1020 ia1000", "1",
     "positive=1 corrected=1 joined=1"},
    {"the same early label twice", "+a1010 +a1020 ia1000", "1",
     "positive=1 duplicate=1 joined=1"},
    {"early click, then unclick", "+a1010 -a1020 ia1000", "1",
     "positive=1 contradicted=1 joined=1"},
    {"a label in vain", "+b1000 @1101", "", "orphan=1"},
    {"a label that waits", "+b1000 @1100", "", "waiting=1"},
    {"twice the same click", "ia1000 +a1010 +a1020", "1",
     "positive=1 joined=1 duplicate=1"},
    {"click, then unclick", "ia1000 +a1010 -a1020", "1",
     "positive=1 joined=1 contradicted=1"},
    {"unclick, then click", "ia1000 -a1010 +a1020", "1",
     "positive=1 joined=1 corrected=1"},
    {"an explicit negative", "ia1000 -a1010", "0", "negative=1 joined=1"},
    {"an explicit negative, late", "ia1000 @1101 -a1010", "0",
     "negative=1 late=1"},
    {"an explicit negative, then the window ends", "ia1000 -a1010 @1101", "0",
     "negative=1 joined=1"},
    {"half a click", "ia1000 ~a1010", "0.5", "positive=1 joined=1"},
    {"half a click, then a whole", "ia1000 ~a1010 +a1011", "1",
     "positive=1 joined=1 corrected=1"},
    {"the impression twice", "ia1000 ia1005 +a1010", "1",
     "positive=1 joined=1 repeated=1"},
    {"the impression again, closed", "ia1000 @1150 ia1005", "0",
     "negative=1 repeated=1"},
    {"an impression from the past", "@5000 ia1000", "n", "unknown=1"},
    {"an impression at the end of its reach", "@1300 ia1000", "0",
     "negative=1"},
    {"an impression just after its reach", "@1301 ia1000", "n", "unknown=1"},
    {"an unknown impression and its click", "@1301 ia1000 +a1001 @1302", "n",
     "unknown=1 orphan=1"},
    {"an unknown impression of a waiting click", "+a1290 @1350 ia1000", "1",
     "positive=1 late=1"},
    {"an unknown impression and a click of another", "+a1350 @1351 ia1000", "n",
     "unknown=1 orphan=1"},
    {"a future one holds nobody up", "ib9000 ia1000 @1101", "?0",
     "open=1 negative=1"},
    {"time does not go back", "@1200 @900 ia1050", "0", "negative=1"},
};

static const struct {
    const char *name;
    size_t offset;
} lines[] = {
#define LINE(field)                                                            \
    {                                                                          \
#field, offsetof(struct join_books, field)                             \
    }
    LINE(open),      LINE(positive),        LINE(negative),  LINE(unknown),
    LINE(given_up),  LINE(repeated),        LINE(joined),    LINE(late),
    LINE(duplicate), LINE(contradicted),    LINE(corrected), LINE(orphan),
    LINE(waiting),   LINE(labels_given_up), LINE(forgotten),
#undef LINE
};

/* "open=1 late=2": exactly these, all others 0. */
static void assert_books(const struct join *join, const char *name,
                         const char *expected)
{
    struct join_books books = join_books(join);

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char key[32];
        unsigned long long wanted = 0;
        uint64_t value;
        snprintf(key, sizeof(key), " %s=", lines[i].name);
        char text[256];
        snprintf(text, sizeof(text), " %s", expected);
        const char *at = strstr(text, key);
        if (at)
            sscanf(at + strlen(key), "%llu", &wanted);
        memcpy(&value, (const char *)&books + lines[i].offset, sizeof(value));
        ck_assert_msg(value == wanted, "%s: %s is %llu, not %llu", name,
                      lines[i].name, (unsigned long long)value, wanted);
    }
}

static void take_step(struct join *join, const char *step)
{
    const char *at = strpbrk(step, "0123456789");
    int64_t ts = strtoll(at, NULL, 10);
    struct id id = id_from_text(step + 1, (size_t)(at - step - 1));
    double click = *step == '+' ? 1 : *step == '~' ? 0.5 : 0;
    struct join_place place;

    if (*step == '@')
        join_advance(join, ts);
    else if (*step == 'i')
        ck_assert_ok(join_impression(join, &id, ts, &place, &err), err);
    else
        ck_assert_ok(join_label(join, &id, ts, click, &err), err);
}

START_TEST(each_story_ends_as_told)
{
    float labels[8];
    struct join *join = NULL;
    char steps[256], *rest = steps;

    for (size_t i = 0; i < 8; i++)
        labels[i] = -1;
    snprintf(steps, sizeof(steps), "%s", stories[_i].steps);
    ck_assert_ok(join_new(&usual, &join, &err), err);
    for (char *step; (step = strsep(&rest, " "));) {
        take_step(join, step);
        join_outcomes_take(join, labels, 8);
    }
    char text[64] = "";
    for (size_t i = 0; i < join_books(join).impressions; i++) {
        size_t used = strlen(text);
        if (labels[i] < 0 || isnan(labels[i]))
            snprintf(text + used, sizeof(text) - used,
                     labels[i] < 0 ? "?" : "n");
        else
            snprintf(text + used, sizeof(text) - used, "%g", (double)labels[i]);
    }
    ck_assert_msg(strcmp(text, stories[_i].label) == 0, "%s: %s, not %s",
                  stories[_i].name, text, stories[_i].label);
    assert_books(join, stories[_i].name, stories[_i].books);
    join_free(join);
}
END_TEST

/* --- Bounds ----------------------------------------------------------- */

static struct join *full_of_impressions(uint32_t count, float labels[])
{
    const struct join_config small = {WINDOW, LATE, count};
    struct join *join = NULL;
    struct join_place place;

    ck_assert_ok(join_new(&small, &join, &err), err);
    for (uint32_t i = 0; i < count; i++) {
        struct id id = id_from_number(i);
        labels[i] = -1;
        ck_assert_ok(join_impression(join, &id, 1000 + i, &place, &err), err);
        ck_assert_uint_eq(place.sequence, i);
        join_outcomes_take(join, labels, count);
    }
    return join;
}

START_TEST(a_full_join_gives_up_the_oldest_open_impression)
{
    float labels[5] = {0, 0, 0, 0, -1};
    struct join *join = full_of_impressions(4, labels);
    struct id id = id_from_number(77);
    struct join_place place;

    ck_assert_ok(join_impression(join, &id, 2000, &place, &err), err);
    join_outcomes_take(join, labels, 5);
    ck_assert(isnan(labels[0]));
    ck_assert_float_eq(labels[1], -1);
    assert_books(join, "full", "open=4 unknown=1 given_up=1");
    join_free(join);
}
END_TEST

/* A flood of labels that nobody waits for costs no impression its own. */
START_TEST(labels_do_not_take_the_place_of_impressions)
{
    float labels[8];
    struct join *join = full_of_impressions(8, labels);

    for (int i = 0; i < 1000; i++) {
        struct id id = id_from_number(1000 + i);
        ck_assert_ok(join_label(join, &id, 1000, 1, &err), err);
        join_outcomes_take(join, labels, 8);
    }
    for (int i = 0; i < 8; i++) {
        struct id id = id_from_number(i);
        ck_assert_ok(join_label(join, &id, 1001 + i, 1, &err), err);
        join_outcomes_take(join, labels, 8);
        ck_assert_float_eq(labels[i], 1);
    }
    assert_books(join, "flood", "positive=8 joined=8 labels_given_up=1000");
    join_free(join);
}
END_TEST

START_TEST(labels_wait_in_a_quarter_of_the_room)
{
    const struct join_config small = {WINDOW, LATE, 8};
    struct join_place place;
    struct join *join = NULL;
    float labels[7];

    ck_assert_ok(join_new(&small, &join, &err), err);
    for (int i = 0; i < 20; i++) {
        struct id id = id_from_number(1000 + i);
        ck_assert_ok(join_label(join, &id, 1000, 1, &err), err);
        join_outcomes_take(join, labels, 0);
    }
    assert_books(join, "labels", "waiting=2 labels_given_up=18");
    for (int i = 0; i < 7; i++) {
        struct id id = id_from_number(i);
        ck_assert_ok(join_impression(join, &id, 1000, &place, &err), err);
        join_outcomes_take(join, labels, 7);
    }
    assert_books(join, "both",
                 "open=6 unknown=1 given_up=1 waiting=2 labels_given_up=18");
    join_free(join);
}
END_TEST

START_TEST(a_full_join_forgets_closed_impressions_first)
{
    float labels[5];
    struct join *join = full_of_impressions(4, labels);
    struct join_place place;

    join_advance(join, 1102); /* closes 0 and 1 */
    join_outcomes_take(join, labels, 4);
    for (int i = 0; i < 2; i++) {
        struct id id = id_from_number(70 + i);
        ck_assert_ok(join_impression(join, &id, 1102, &place, &err), err);
        join_outcomes_take(join, labels, 4);
    }
    assert_books(join, "forgotten", "open=4 negative=2 forgotten=2");
    join_free(join);
}
END_TEST

START_TEST(a_full_join_gives_up_waiting_labels_too)
{
    const struct join_config small = {WINDOW, LATE, 2};
    struct join *join = NULL;

    ck_assert_ok(join_new(&small, &join, &err), err);
    for (int i = 0; i < 5; i++) {
        struct id id = id_from_number(i);
        ck_assert_ok(join_label(join, &id, 1000, 1, &err), err);
        join_outcomes_take(join, NULL, 0);
    }
    assert_books(join, "labels", "waiting=1 labels_given_up=4");
    join_free(join);
}
END_TEST

START_TEST(memory_stays_flat_when_what_is_pending_does)
{
    struct join *join = NULL;
    static float labels[400000];
    struct join_place place;
    size_t bytes = 0;

    ck_assert_ok(join_new(&usual, &join, &err), err);
    for (int i = 0; i < 400000; i++) {
        char text[32];
        int size = snprintf(text, sizeof(text), "impression-%d", i);
        struct id id = id_from_text(text, (size_t)size);
        ck_assert_ok(join_impression(join, &id, i, &place, &err), err);
        join_advance(join, i);
        join_outcomes_take(join, labels, 400000);
        if (i == 100000)
            bytes = join_bytes(join);
    }
    ck_assert_uint_le(join_bytes(join), bytes + bytes / 10);
    ck_assert_uint_lt(bytes, 200 * 1000);
    join_free(join);
}
END_TEST

START_TEST(the_last_time_there_is_does_not_wrap)
{
    float labels[1] = {-1};
    struct join *join = NULL;

    ck_assert_ok(join_new(&usual, &join, &err), err);
    take_step(join, "ia9223372036854775807");
    take_step(join, "@9223372036854775807");
    join_outcomes_take(join, labels, 1);
    assert_books(join, "end of time", "open=1");
    join_free(join);
}
END_TEST

/* --- Delays of clicks ------------------------------------------------- */

static void show_and_click(struct join *join, int64_t number, int64_t delay_ms,
                           double click)
{
    const struct id id = id_from_number(number);
    const int64_t ts_ms = 1000000 + number;
    struct join_place place;
    struct join_outcome outcome;

    ck_assert_ok(join_impression(join, &id, ts_ms, &place, &err), err);
    while (join_next(join, &outcome))
        ;
    ck_assert_ok(join_label(join, &id, ts_ms + delay_ms, click, &err), err);
    while (join_next(join, &outcome))
        ;
}

START_TEST(clicks_are_counted_by_their_delay)
{
    const struct join_config config = {60000, 60000, 10};
    struct join *join = NULL;
    const struct id again = id_from_number(4);

    ck_assert_ok(join_new(&config, &join, &err), err);
    show_and_click(join, 1, -20, 1);
    show_and_click(join, 2, 1001, 1);
    show_and_click(join, 3, 60001, 0.5);
    show_and_click(join, 4, 2000, 0); /* no click yet */
    ck_assert_uint_eq(join_delays(join)->clicks, 3);
    ck_assert_ok(join_label(join, &again, 1000004 + 70000, 1, &err), err);
    show_and_click(join, 5, 120001, 1); /* an orphan */
    const struct click_delays *delays = join_delays(join);
    ck_assert_uint_eq(delays->clicks, 4);
    ck_assert_uint_eq(delays->counts[0], 1); /* to 1 s */
    ck_assert_uint_eq(delays->counts[1], 1); /* to 5 s */
    ck_assert_uint_eq(delays->counts[4], 2); /* to 5 min */
    ck_assert_uint_eq(delays->long_after, 2);
    ck_assert_double_eq_tol(delays->sum_s, 1.001 + 60.001 + 70, 1e-9);
    join_free(join);
}
END_TEST

START_TEST(many_clicks_in_the_second_half_of_the_reach_are_noticed)
{
    struct click_delays delays = {0};

    for (int i = 0; i < 49; i++)
        click_delays_add(&delays, 101, 200);
    for (int i = 0; i < 950; i++)
        click_delays_add(&delays, 100, 200);
    ck_assert(!click_delays_are_long(&delays)); /* 49 of 999: too few */
    click_delays_add(&delays, 150, 200);
    ck_assert(!click_delays_are_long(&delays)); /* 50 of 1,000 */
    click_delays_add(&delays, 199, 200);
    ck_assert(click_delays_are_long(&delays)); /* 51 of 1,001 */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("join");
    TCase *tests = tcase_create("stories");

    tcase_add_test(tests, clicks_are_counted_by_their_delay);
    tcase_add_test(tests,
                   many_clicks_in_the_second_half_of_the_reach_are_noticed);
    tcase_add_loop_test(tests, each_story_ends_as_told, 0,
                        sizeof(stories) / sizeof(stories[0]));
    tcase_add_test(tests, a_full_join_gives_up_the_oldest_open_impression);
    tcase_add_test(tests, labels_do_not_take_the_place_of_impressions);
    tcase_add_test(tests, labels_wait_in_a_quarter_of_the_room);
    tcase_add_test(tests, a_full_join_forgets_closed_impressions_first);
    tcase_add_test(tests, a_full_join_gives_up_waiting_labels_too);
    tcase_add_test(tests, memory_stays_flat_when_what_is_pending_does);
    tcase_add_test(tests, the_last_time_there_is_does_not_wrap);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
