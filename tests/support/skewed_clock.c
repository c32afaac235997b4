/*
 * skewed_clock.c - preloaded into a program, it puts its wall clock wrong: by
 * as many milliseconds as the file says that SKEWED_CLOCK names, at each look
 * (clock_skew.h). Clocks that only count stay right, as on a machine whose
 * clock is set.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static const volatile int64_t *skew_ms; /* NULL: none */

__attribute__((constructor)) static void find_skew(void)
{
    const char *path = getenv("SKEWED_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    void *file = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (file != MAP_FAILED)
        skew_ms = file;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (syscall(SYS_clock_gettime, clock, now) != 0)
        return -1;
    if (!skew_ms || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return 0;
    int64_t ms = *skew_ms;
    int64_t ns = now->tv_nsec + ms % MS_PER_S * NS_PER_MS;
    now->tv_sec += (time_t)(ms / MS_PER_S);
    if (ns < 0) {
        now->tv_sec--;
        ns += NS_PER_S;
    } else if (ns >= NS_PER_S) {
        now->tv_sec++;
        ns -= NS_PER_S;
    }
    now->tv_nsec = (long)ns;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
        return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = (suseconds_t)(exact.tv_nsec / 1000);
    return 0;
}

time_t time(time_t *out)
{
    struct timespec exact;

    if (clock_gettime(CLOCK_REALTIME, &exact) != 0)
        return (time_t)-1;
    if (out)
        *out = exact.tv_sec;
    return exact.tv_sec;
}
