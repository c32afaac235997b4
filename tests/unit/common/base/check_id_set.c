#include "common/base/id_set.h"

#include "support/run_suite.h"

#include <string.h>

static struct error err;

static struct id text(const char *s)
{
    return id_from_text(s, strlen(s));
}

/* A list, an id, and whether the list names it. */
static const struct {
    const char *list, *id;
    bool has;
} rows[] = {
    {"0", "0", true},
    {"unknown,0", "0", true},
    {"0,unknown", "unknown", true},
    {",,unknown,", "unknown", true},
    {"0,unknown", "7", false},
    {"77", "7", false},
    {"7", "77", false},
    {"", "0", false},
    {"00", "0", false},
    {",,", "", false},
};

START_TEST(a_list_is_searched_by_meaning)
{
    struct id_set *set = NULL;
    struct id id = text(rows[_i].id);

    ck_assert_ok(id_set_new(rows[_i].list, &set, &err), err);
    ck_assert_int_eq(id_set_has(set, &id), rows[_i].has);
    id_set_free(set);
}
END_TEST

START_TEST(the_set_outlives_the_list)
{
    char list[] = "guest,0";
    struct id_set *set = NULL;
    struct id guest = text("guest");

    ck_assert_ok(id_set_new(list, &set, &err), err);
    memset(list, 'x', sizeof(list) - 1);
    ck_assert(id_set_has(set, &guest));
    id_set_free(set);
}
END_TEST

START_TEST(no_set_has_nothing)
{
    struct id zero = id_from_number(0);

    ck_assert(!id_set_has(NULL, &zero));
    id_set_free(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("id set");
    TCase *tests = tcase_create("membership");

    tcase_add_loop_test(tests, a_list_is_searched_by_meaning, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, the_set_outlives_the_list);
    tcase_add_test(tests, no_set_has_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
