/*
 * table_guess.h - what the first line of a file of rows tells about the file.
 *
 * `line` is terminated and without a byte order mark. Any thread.
 */
#ifndef COMMON_TABLE_GUESS_H
#define COMMON_TABLE_GUESS_H

#include "common/base/table.h"

#include <stdbool.h>

/* Is the whole text a number? */
bool table_is_number(const char *text);

/* Of which format the file is. `header` is an enum table_header. */
enum table_format table_guess_format(const char *line, int header);

/* The separator that the line holds most of, outside of quotes; "," where it
 * holds none. */
const char *table_guess_separator(const char *line);

#endif
