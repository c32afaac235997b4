/*
 * check_memory_limit.c - limits of memory, in folders that look like those of
 * control groups.
 */
#include "support/run_suite.h"

#include "common/base/memory_limit.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char root[64];

static void make_root(void)
{
    char command[128];

    strcpy(root, "/tmp/pctr-groups-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(command, sizeof(command), "mkdir -p %s/a/b %s/memory/c", root,
             root);
    ck_assert_int_eq(system(command), 0);
}

static void remove_root(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", root);
    ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static uint64_t limit_with(const char *list)
{
    char path[128];

    write_file("list", list);
    snprintf(path, sizeof(path), "%s/list", root);
    return memory_limit_of_groups(path, root);
}

START_TEST(the_least_of_a_group_and_those_around_it_counts)
{
    write_file("a/memory.max", "5000\n");
    write_file("a/b/memory.max", "max\n");
    ck_assert_uint_eq(limit_with("0::/a/b\n"), 5000);
    write_file("a/b/memory.max", "4096\n");
    ck_assert_uint_eq(limit_with("0::/a/b\n"), 4096);
    write_file("memory.max", "7\n"); /* the root's own, as in a container */
    ck_assert_uint_eq(limit_with("0::/\n"), 7);
}
END_TEST

START_TEST(the_first_version_of_groups_is_read)
{
    write_file("memory/c/memory.limit_in_bytes", "123456789012\n");
    ck_assert_uint_eq(limit_with("3:cpu,cpuacct:/c\n4:memory:/c\n0::/\n"),
                      123456789012);
}
END_TEST

START_TEST(what_says_nothing_is_no_limit)
{
    ck_assert_uint_eq(limit_with("0::/there/is/none\n"), UINT64_MAX);
    ck_assert_uint_eq(limit_with("no line of it\n\n:\n"), UINT64_MAX);
    ck_assert_uint_eq(memory_limit_of_groups("/no/such/list", root),
                      UINT64_MAX);
}
END_TEST

START_TEST(address_space_and_the_machine_are_limits_too)
{
    struct rlimit before, space;

    ck_assert_uint_lt(memory_limit(), UINT64_MAX);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    space = before;
    space.rlim_cur = UINT64_C(1) << 30;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &space), 0);
    uint64_t limit = memory_limit();
    /* Sanitizers need more than that for all that follows. */
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
    ck_assert_uint_le(limit, UINT64_C(1) << 30);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory limit");
    TCase *tests = tcase_create("limits");

    tcase_add_checked_fixture(tests, make_root, remove_root);
    tcase_add_test(tests, the_least_of_a_group_and_those_around_it_counts);
    tcase_add_test(tests, the_first_version_of_groups_is_read);
    tcase_add_test(tests, what_says_nothing_is_no_limit);
    suite_add_tcase(suite, tests);
    tests = tcase_create("process");
    tcase_add_test(tests, address_space_and_the_machine_are_limits_too);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
