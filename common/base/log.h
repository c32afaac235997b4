/*
 * log.h - one line on stderr for each thing that happens.
 *
 *   ts=2026-11-24T12:20:35.000Z level=info msg="model active" version=3
 *   {"ts":"2026-11-24T12:20:35.000Z","level":"info","msg":"model active",...}
 *
 * Any thread; a line is written with one write(2), so lines never mix. Under
 * systemd the syslog priority is put in front ("<6>"). Only the program's top
 * and the top function of a thread log errors; everyone below returns them.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/base/attributes.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
#define LOG_LEVEL_WORDS "error|warn|info|debug"

enum log_format { LOG_LOGFMT, LOG_JSON };
#define LOG_FORMAT_WORDS "logfmt|json"

/* Level and format are globals of the program (another is the stop flag). */
void log_set_level(enum log_level level);
void log_set_format(enum log_format format);

/* Writes msg="<msg>" and then the fields, a printf format of key=value pairs.
 * Texts with blanks go in as key=\"%s\"; the texts of struct error are safe
 * there. */
void log_write(enum log_level level, const char *msg, const char *fields, ...)
    PRINTF_LIKE(3, 4);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
