#include "cli/serve/huge_pages.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 1024 };

static const char variable[] = "GLIBC_TUNABLES";

/* What we were called with, as the kernel keeps it: argv may have been sorted
 * since. Returns how many, 0 when they cannot be had or are too many. */
static size_t read_arguments(char *arguments[ARGUMENTS_MAX + 2])
{
    FILE *file = fopen("/proc/self/cmdline", "r");
    size_t count = 0, room = 0;

    if (!file)
        return 0;
    memset(arguments, 0, (ARGUMENTS_MAX + 2) * sizeof(*arguments));
    while (count <= ARGUMENTS_MAX &&
           getdelim(&arguments[count], &room, '\0', file) > 0) {
        count++;
        room = 0;
    }
    fclose(file);
    free(arguments[count]); /* getdelim allocates even for the end */
    arguments[count] = NULL;
    return count;
}

void huge_pages_use(void)
{
    static char *arguments[ARGUMENTS_MAX + 2];

    if (getenv(variable))
        return;
    size_t count = read_arguments(arguments);
    if (count > 0 && count <= ARGUMENTS_MAX &&
        setenv(variable, "glibc.malloc.hugetlb=1", 0) == 0)
        execv("/proc/self/exe", arguments);
    log_warn("no huge pages: the program could not start itself again",
             "reason=\"%s\"", strerror(errno));
    for (size_t i = 0; i < count; i++)
        free(arguments[i]);
}
