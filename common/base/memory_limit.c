#include "common/base/memory_limit.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* "max", and what is no number, is no limit. */
static uint64_t read_limit(const char *path)
{
    char text[32] = "";
    FILE *file = fopen(path, "r");

    if (!file)
        return UINT64_MAX;
    if (!fgets(text, sizeof(text), file))
        text[0] = '\0';
    fclose(file);
    return isdigit((unsigned char)text[0]) ? strtoull(text, NULL, 10)
                                           : UINT64_MAX;
}

/* Of the group and of all that it is in. `folder` is cut short on the way. */
static uint64_t limit_upwards(char *folder, size_t root_size, const char *name)
{
    uint64_t limit = UINT64_MAX;
    char path[PATH_MAX];

    for (;;) {
        if (snprintf(path, sizeof(path), "%s/%s", folder, name) <
            (int)sizeof(path))
            limit = least(limit, read_limit(path));
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < root_size)
            return limit;
        *slash = '\0';
    }
}

/* "0::/a/b" of version 2, "9:memory:/a/b" of version 1. */
static uint64_t limit_of_line(char *line, const char *root)
{
    char folder[PATH_MAX];
    char *kind = strchr(line, ':');
    char *group = kind ? strchr(kind + 1, ':') : NULL;
    const char *name = NULL, *below = "";

    if (!group)
        return UINT64_MAX;
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (kind[1] == '\0') {
        name = "memory.max";
    } else if (strcmp(kind + 1, "memory") == 0) {
        name = "memory.limit_in_bytes";
        below = "/memory";
    }
    if (!name ||
        snprintf(folder, sizeof(folder), "%s%s%s", root, below,
                 strcmp(group, "/") == 0 ? "" : group) >= (int)sizeof(folder))
        return UINT64_MAX;
    return limit_upwards(folder, strlen(root) + strlen(below), name);
}

uint64_t memory_limit_of_groups(const char *list, const char *root)
{
    uint64_t limit = UINT64_MAX;
    char line[PATH_MAX];
    FILE *file = fopen(list, "r");

    if (!file)
        return UINT64_MAX;
    while (fgets(line, sizeof(line), file))
        limit = least(limit, limit_of_line(line, root));
    fclose(file);
    return limit;
}

uint64_t memory_limit(void)
{
    uint64_t limit =
        memory_limit_of_groups("/proc/self/cgroup", "/sys/fs/cgroup");
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    struct rlimit space;

    if (pages > 0 && page_bytes > 0)
        limit = least(limit, (uint64_t)pages * (uint64_t)page_bytes);
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        limit = least(limit, space.rlim_cur);
    return limit;
}
