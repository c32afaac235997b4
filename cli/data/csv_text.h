/*
 * csv_text.h - an id as a field of a CSV line (RFC 4180).
 */
#ifndef CLI_CSV_TEXT_H
#define CLI_CSV_TEXT_H

#include "common/base/id.h"

/* To standard output, quoted where it has to be. */
void csv_print_text(const char *text);
void csv_print_id(const struct id *id);

#endif
