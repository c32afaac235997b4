/*
 * table_input.h - the lines of a file, plain or gzip, or of standard input.
 * Private to table.h's readers.
 */
#ifndef COMMON_TABLE_INPUT_H
#define COMMON_TABLE_INPUT_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_input;

/* Refuses what is packed in another way than gzip, and UTF-16, by its name
 * (ERROR_FORMAT). */
int table_input_open(const char *path, struct table_input **out,
                     struct error *err) MUST_CHECK;

/* Appends the next line, without its end (LF or CRLF), to `line`. *more is
 * false at the end of the input. A line over TABLE_LINE_MAX is read to its end
 * and cut: *cut says so. Fails as unpacked_file_next() does. */
int table_input_line(struct table_input *input, struct buffer *line, bool *more,
                     bool *cut, struct error *err) MUST_CHECK;

uint64_t table_input_line_number(const struct table_input *input);
double table_input_progress(const struct table_input *input);
void table_input_close(struct table_input *input);

#endif
