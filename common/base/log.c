#include "common/base/log.h"

#include "common/base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Atomic int log_level = LOG_INFO;

static const struct {
    const char *name, *priority;
} levels[] = {
    [LOG_ERROR] = {"error", "<3>"},
    [LOG_WARN] = {"warn", "<4>"},
    [LOG_INFO] = {"info", "<6>"},
    [LOG_DEBUG] = {"debug", "<7>"},
};

void log_set_level(enum log_level level)
{
    log_level = (int)level;
}

static size_t clamp(int length, size_t room)
{
    if (length < 0)
        return 0;
    return (size_t)length < room ? (size_t)length : room - 1;
}

void log_write(enum log_level level, const char *msg, const char *fields, ...)
{
    if ((int)level > log_level)
        return;

    char line[2048], time[CLOCK_TEXT_SIZE];
    size_t room = sizeof(line) - 1; /* one byte for the newline */
    size_t size =
        clamp(snprintf(line, room, "%sts=%s level=%s msg=\"%s\"%s",
                       getenv("JOURNAL_STREAM") ? levels[level].priority : "",
                       clock_format(clock_wall_ms(), time), levels[level].name,
                       msg, *fields ? " " : ""),
              room);

    va_list args;
    va_start(args, fields);
    size +=
        clamp(vsnprintf(line + size, room - size, fields, args), room - size);
    va_end(args);

    line[size++] = '\n';
    if (write(STDERR_FILENO, line, size) < 0)
        return; /* a closed stderr is nobody's business */
}
