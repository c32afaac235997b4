/*
 * check_redrive_account.c - nothing that was done is ever forgotten, nothing
 * that was not is ever taken for done, and it survives its text.
 */
#include "support/run_suite.h"

#include "consumer/letters/redrive_account.h"

#include <stdlib.h>
#include <string.h>

static struct error err;
static struct redrive_account account;

static void start(void)
{
    account = (struct redrive_account){.base = 0};
}

#define ck_add(reason, first, next)                                            \
    ck_assert_ok(redrive_account_add(&account, reason, first, next, &err), err)

static bool is_done(const char *reason, int64_t offset)
{
    return redrive_account_is_done(&account, reason, offset);
}

START_TEST(all_of_it_is_one_number)
{
    char text[REDRIVE_TEXT_SIZE];

    ck_add("", 0, 10);
    ck_add("", 10, 25);
    ck_assert_int_eq(account.base, 25);
    ck_assert_uint_eq(account.count, 0);
    ck_assert_ok(redrive_account_print(&account, text, &err), err);
    ck_assert_str_eq(text, "");
    ck_assert(is_done("missing", 24));
    ck_assert(!is_done("missing", 25));
}
END_TEST

START_TEST(one_reason_leaves_the_others)
{
    ck_add("missing", 0, 100);
    ck_assert(is_done("missing", 99));
    ck_assert(!is_done("type", 99));
    ck_assert_int_eq(account.base, 0);
    ck_add("type", 50, 60);
    ck_assert(is_done("type", 55));
    ck_assert(!is_done("type", 60));
    ck_add("", 0, 70);
    ck_assert_int_eq(account.base, 70);
    ck_assert(is_done("type", 69));
    ck_assert(!is_done("type", 70));
    ck_assert(is_done("missing", 70));
    ck_assert_uint_eq(account.count, 1);
}
END_TEST

START_TEST(a_window_of_time_leaves_what_is_before)
{
    ck_add("", 50, 60);
    ck_assert(!is_done("missing", 49));
    ck_assert(is_done("missing", 50));
    ck_add("", 0, 50);
    ck_assert_int_eq(account.base, 60);
    ck_assert_uint_eq(account.count, 0);
}
END_TEST

START_TEST(it_survives_its_text)
{
    char text[REDRIVE_TEXT_SIZE];
    struct redrive_account again;

    ck_add("", 0, 5);
    ck_add("missing", 10, 20);
    ck_add("", 30, 40);
    ck_assert_ok(redrive_account_print(&account, text, &err), err);
    ck_assert_str_eq(text, "missing 10 20;* 30 40;");
    ck_assert_ok(redrive_account_parse(5, text, strlen(text), &again, &err),
                 err);
    ck_assert_int_eq(again.base, 5);
    ck_assert_uint_eq(again.count, 2);
    ck_assert(redrive_account_is_done(&again, "type", 35));
    ck_assert(!redrive_account_is_done(&again, "type", 15));
}
END_TEST

START_TEST(other_texts_are_refused)
{
    static const char *const texts[] = {
        "x", "missing 5 4;", "missing 1", "missing 1 2", "A 1 2;", "* -1 2;"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_refused(redrive_account_parse(0, texts[i], strlen(texts[i]),
                                                &account, &err),
                          err, ERROR_FORMAT, "no account");
}
END_TEST

START_TEST(too_many_parts_are_refused)
{
    for (int i = 0; i < REDRIVE_PARTS_MAX; i++)
        ck_add("type", 10 * i + 1, 10 * i + 2);
    ck_assert_refused(
        redrive_account_add(&account, "type", 100000, 100001, &err), err,
        ERROR_LIMIT, "without");
    ck_add("", 0, 100000);
    ck_assert_uint_eq(account.count, 0);
}
END_TEST

/* Beside a table with a place for each offset and reason. */
START_TEST(as_a_table_would_have_it)
{
    enum { OFFSETS = 60, REASONS = 3 };
    static const char *const reasons[REASONS + 1] = {"", "a", "b", "c"};

    for (unsigned seed = 0; seed < 300; seed++) {
        bool table[OFFSETS][REASONS + 1] = {{false}};
        start();
        srand(seed);
        for (int step = 0; step < 12; step++) {
            int first = rand() % OFFSETS, size = rand() % 20;
            int reason = rand() % (REASONS + 1);
            int next = first + size > OFFSETS ? OFFSETS : first + size;
            ck_add(reasons[reason], first, next);
            for (int o = first; o < next; o++)
                for (int r = 1; r <= REASONS; r++)
                    table[o][r] = table[o][r] || reason == 0 || reason == r;
        }
        for (int o = 0; o < OFFSETS; o++)
            for (int r = 1; r <= REASONS; r++)
                ck_assert_int_eq(is_done(reasons[r], o), table[o][r]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redrive_account");
    TCase *tests = tcase_create("account");

    tcase_add_checked_fixture(tests, start, NULL);
    tcase_add_test(tests, all_of_it_is_one_number);
    tcase_add_test(tests, one_reason_leaves_the_others);
    tcase_add_test(tests, a_window_of_time_leaves_what_is_before);
    tcase_add_test(tests, it_survives_its_text);
    tcase_add_test(tests, other_texts_are_refused);
    tcase_add_test(tests, too_many_parts_are_refused);
    tcase_add_test(tests, as_a_table_would_have_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
