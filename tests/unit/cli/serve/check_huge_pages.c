/*
 * check_huge_pages.c - the program starts itself again, once, with its
 * arguments as they were.
 */
#include "support/run_suite.h"

#include "cli/serve/huge_pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char child[] = "child";

/* What a child prints: its process, what it was told to do about malloc, and
 * its arguments. */
static int report(int count, char **arguments)
{
    huge_pages_use();
    const char *told = getenv("GLIBC_TUNABLES");
    printf("%d %s", (int)getpid(), told ? told : "nothing");
    for (int i = 2; i < count; i++)
        printf(" [%s]", arguments[i]);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Runs this program as a child with those arguments; what it prints, behind
 * its number, must be `expected` or begin so. */
static void check_child(char *const arguments[], const char *expected)
{
    static char text[8192];
    int ends[2], status = 0;
    size_t used = 0;
    ssize_t got;

    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv("/proc/self/exe", arguments);
        _exit(127);
    }
    ck_assert_int_gt(pid, 0);
    close(ends[1]);
    while ((got = read(ends[0], text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);

    char *end;
    ck_assert_int_eq(strtol(text, &end, 10), pid); /* replaced, not a child */
    ck_assert_msg(strncmp(end, expected, strlen(expected)) == 0, "%s", text);
}

START_TEST(it_starts_again_with_the_same_arguments)
{
    char *const arguments[] = {(char *)"pctr",        (char *)child,
                               (char *)"a b",         (char *)"",
                               (char *)"--x=\"y\"\n", NULL};

    ck_assert_int_eq(unsetenv("GLIBC_TUNABLES"), 0);
    check_child(arguments, " glibc.malloc.hugetlb=1 [a b] [] [--x=\"y\"\n]");
}
END_TEST

START_TEST(what_somebody_else_set_stays)
{
    char *const arguments[] = {(char *)"pctr", (char *)child, (char *)"a",
                               NULL};

    ck_assert_int_eq(setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=2", 1),
                     0);
    check_child(arguments, " glibc.malloc.arena_max=2 [a]");
}
END_TEST

/* More than are kept: it goes on as it is, and says so on stderr. */
START_TEST(too_many_arguments_are_no_reason_to_fail)
{
    enum { MANY = 1100 };
    static char *arguments[MANY + 1];

    ck_assert_int_eq(unsetenv("GLIBC_TUNABLES"), 0);
    for (int i = 0; i < MANY; i++)
        arguments[i] = i == 1 ? (char *)child : (char *)"x";
    check_child(arguments, " nothing [x] [x]");
}
END_TEST

int main(int count, char **arguments)
{
    if (count > 1 && strcmp(arguments[1], child) == 0)
        return report(count, arguments);

    Suite *suite = suite_create("huge pages");
    TCase *tests = tcase_create("start");
    tcase_add_test(tests, it_starts_again_with_the_same_arguments);
    tcase_add_test(tests, what_somebody_else_set_stays);
    tcase_add_test(tests, too_many_arguments_are_no_reason_to_fail);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
