#include "support/clock_skew.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void clock_skew_open(struct clock_skew *skew, int64_t ms)
{
    strcpy(skew->path, "/tmp/pctr-skew.XXXXXX");
    int fd = mkstemp(skew->path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof(*skew->ms)), 0);
    void *file = mmap(NULL, sizeof(*skew->ms), PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);
    ck_assert(file != MAP_FAILED);
    close(fd);
    skew->ms = file;
    *skew->ms = ms;
}

void clock_skew_begin(const struct clock_skew *skew)
{
    ck_assert_int_eq(setenv("SKEWED_CLOCK", skew->path, 1), 0);
    ck_assert_int_eq(setenv("LD_PRELOAD", SKEWED_CLOCK, 1), 0);
}

void clock_skew_rest(void)
{
    unsetenv("LD_PRELOAD");
    unsetenv("SKEWED_CLOCK");
}

void clock_skew_set(struct clock_skew *skew, int64_t ms)
{
    *skew->ms = ms;
}

void clock_skew_close(struct clock_skew *skew)
{
    clock_skew_rest();
    if (!skew->ms)
        return;
    munmap(skew->ms, sizeof(*skew->ms));
    skew->ms = NULL;
    unlink(skew->path);
}
