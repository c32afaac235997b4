/*
 * memory_limit.h - how much memory this process may have, as far as the system
 * says so. Any thread.
 */
#ifndef COMMON_MEMORY_LIMIT_H
#define COMMON_MEMORY_LIMIT_H

#include <stdint.h>

/* The least of the machine's memory, the limit of address space (ulimit -v) and
 * those of the control groups that the process is in; UINT64_MAX: none is
 * known. */
uint64_t memory_limit(void);

/* Those of the control groups alone. `list` is a file like /proc/self/cgroup,
 * and `root` a folder like /sys/fs/cgroup. */
uint64_t memory_limit_of_groups(const char *list, const char *root);

#endif
