#include "common/base/descriptors.h"

#include "common/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

uint64_t descriptors_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    return limit.rlim_cur;
}

void descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    uint64_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    int why = setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
    log_debug("file descriptors",
              "soft=%" PRIu64 " hard=%" PRIu64 " limit=%" PRIu64
              " reason=\"%s\"",
              soft, (uint64_t)limit.rlim_max, descriptors_limit(),
              why ? strerror(why) : "");
}

int descriptors_check(uint64_t needed, const char *advice, struct error *err)
{
    uint64_t limit = descriptors_limit();

    if (needed <= limit)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "up to %" PRIu64 " file descriptors are needed, and this "
                     "process may have %" PRIu64
                     ": raise the hard limit (ulimit -Hn, LimitNOFILE= of "
                     "systemd), or %s",
                     needed, limit, advice);
}

#undef error_system

int error_system(struct error *err, enum error_code code, int why,
                 const char *format, ...)
{
    char what[256];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (size < 0)
        what[0] = '\0';
    if (why != EMFILE && why != ENFILE)
        return error_set(err, code, "%s: %s", what, strerror(why));
    return error_set(err, ERROR_TEMPORARY,
                     "%s: no file descriptor is left of %" PRIu64
                     ": raise the hard limit (ulimit -Hn, LimitNOFILE= of "
                     "systemd), or open less",
                     what, descriptors_limit());
}
