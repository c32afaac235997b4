#include "common/base/log.h"

#include "common/base/clock.h"
#include "common/base/utf8.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A longest escape, a quote, and the end of the object find room at the end of
 * a line, and so does any number. */
enum { LINE_SIZE = 2048, ROOM_AT_END = 32 };

static _Atomic int log_level = LOG_INFO;
static _Atomic int log_format = LOG_LOGFMT;

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

void log_set_format(enum log_format format)
{
    log_format = (int)format;
}

/* --- A line as JSON --------------------------------------------------- */

/* A line that grows up to its room; what is beyond is cut off. */
struct line {
    char text[LINE_SIZE];
    size_t size;
};

static void put(struct line *line, const char *bytes, size_t size)
{
    size_t room = sizeof(line->text) - 2 - line->size; /* for "}\n" */

    size = size < room ? size : room;
    memcpy(line->text + line->size, bytes, size);
    line->size += size;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* A string that does not fit is cut, and closed: the line stays JSON. */
static void put_string(struct line *line, const char *text, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *bytes = (const uint8_t *)text;
    char *to = line->text;
    size_t at = line->size;

    to[at++] = '"';
    for (size_t i = 0, step; i < size && at + ROOM_AT_END < sizeof(line->text);
         i += step) {
        step = utf8_sequence(bytes + i, size - i);
        int control = step > 0 ? utf8_control(bytes + i, step) : bytes[i];
        if (control >= 0) {
            static const char start[] = {'\\', 'u', '0', '0'};
            memcpy(to + at, start, sizeof(start));
            to[at + 4] = hex[control >> 4];
            to[at + 5] = hex[control & 15];
            at += 6;
            step = step > 0 ? step : 1;
            continue;
        }
        if (text[i] == '"' || text[i] == '\\')
            to[at++] = '\\';
        memcpy(to + at, text + i, step);
        at += step;
    }
    to[at++] = '"';
    line->size = at;
}

/* true, false, and the numbers of JSON, which know no leading zeros, no sign
 * plus, no hexadecimal, no NaN. */
static bool is_json_word(const char *text, size_t size)
{
    size_t i = text[0] == '-';
    size_t digits = strspn(text + i, "0123456789");

    if ((size == 4 && strncmp(text, "true", 4) == 0) ||
        (size == 5 && strncmp(text, "false", 5) == 0))
        return true;
    if (digits == 0 || (digits > 1 && text[i] == '0'))
        return false;
    i += digits;
    if (text[i] == '.') {
        digits = strspn(text + i + 1, "0123456789");
        if (digits == 0)
            return false;
        i += 1 + digits;
    }
    if (text[i] == 'e' || text[i] == 'E') {
        i += text[i + 1] == '-' || text[i + 1] == '+' ? 2 : 1;
        digits = strspn(text + i, "0123456789");
        if (digits == 0)
            return false;
        i += digits;
    }
    return i == size;
}

/* Turns key=value and key="quoted text" into members of the object. Where the
 * line is full, the rest is left out. */
static void put_fields(struct line *line, const char *fields)
{
    while (*fields) {
        size_t key = strcspn(fields, "= ");
        if (fields[key] != '=') { /* no pair */
            fields += key + (fields[key] == ' ');
            continue;
        }
        bool is_quoted = fields[key + 1] == '"';
        const char *value = fields + key + 1 + is_quoted;
        size_t size = strcspn(value, is_quoted ? "\"" : " ");
        if (line->size + key + 2 * ROOM_AT_END > sizeof(line->text))
            return;
        put_text(line, ",");
        put_string(line, fields, key);
        put_text(line, ":");
        if (!is_quoted && size < ROOM_AT_END && is_json_word(value, size))
            put(line, value, size);
        else
            put_string(line, value, size);
        fields = value + size + (is_quoted && value[size]);
        fields += strspn(fields, " ");
    }
}

static void write_json(const char *priority, const char *time,
                       const char *level, const char *msg, const char *fields)
{
    struct line line = {.size = 0};

    put_text(&line, priority);
    put_text(&line, "{\"ts\":\"");
    put_text(&line, time);
    put_text(&line, "\",\"level\":\"");
    put_text(&line, level);
    put_text(&line, "\",\"msg\":");
    put_string(&line, msg, strlen(msg));
    put_fields(&line, fields);
    line.text[line.size++] = '}';
    line.text[line.size++] = '\n';
    if (write(STDERR_FILENO, line.text, line.size) < 0)
        return; /* a closed stderr is nobody's business */
}

/* --- A line as logfmt ------------------------------------------------- */

static void write_logfmt(const char *priority, const char *time,
                         const char *level, const char *msg, const char *fields)
{
    char line[LINE_SIZE], safe[UTF8_PRINT_SIZE(LINE_SIZE)];
    char safe_msg[UTF8_PRINT_SIZE(LINE_SIZE)];
    size_t room = sizeof(line) - 1; /* one byte for the newline */

    utf8_print(fields, strlen(fields), safe);
    utf8_print(msg, strnlen(msg, LINE_SIZE - 1), safe_msg);
    int size = snprintf(line, room, "%sts=%s level=%s msg=\"%s\"%s%s", priority,
                        time, level, safe_msg, *fields ? " " : "", safe);

    if (size < 0)
        return;
    size_t end = (size_t)size < room ? (size_t)size : room - 1;
    line[end++] = '\n';
    if (write(STDERR_FILENO, line, end) < 0)
        return; /* a closed stderr is nobody's business */
}

void log_write(enum log_level level, const char *msg, const char *format, ...)
{
    char fields[LINE_SIZE], time[CLOCK_TEXT_SIZE];

    if ((int)level > log_level)
        return;

    va_list args;
    va_start(args, format);
    if (vsnprintf(fields, sizeof(fields), format, args) < 0)
        *fields = '\0';
    va_end(args);

    (log_format == LOG_JSON ? write_json : write_logfmt)(
        getenv("JOURNAL_STREAM") ? levels[level].priority : "",
        clock_format(clock_wall_ms(), time), levels[level].name, msg, fields);
}
