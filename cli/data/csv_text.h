/*
 * csv_text.h - an id of a stranger as a field of a CSV line (RFC 4180).
 *
 * A field is quoted where it has to be. What a terminal would obey is escaped
 * as utf8_print() does: control characters but a tab and the end of a line
 * (within quotes), and the bytes 0x80 to 0x9f outside of UTF-8. All other bytes
 * are those of the id.
 */
#ifndef CLI_CSV_TEXT_H
#define CLI_CSV_TEXT_H

#include "common/base/id.h"

#include <stdbool.h>
#include <stdio.h>

enum csv_cells {
    CSV_PLAIN,
    CSV_SAFE, /* a cell that a spreadsheet would run (it begins with =, +, -, @
                 or a tab, and is no number) gets an apostrophe in front */
};

static inline enum csv_cells csv_cells_of(bool are_safe)
{
    return are_safe ? CSV_SAFE : CSV_PLAIN;
}

void csv_print_id(FILE *out, const struct id *id, enum csv_cells cells);

#endif
