/*
 * page_text.h - names, numbers and times as a replay's page writes them.
 */
#ifndef CLI_PAGE_TEXT_H
#define CLI_PAGE_TEXT_H

#include "cli/replay/replay_view.h"

/* The contender's name behind a chip of its colour. */
void page_name(const struct replay_view *view, size_t contender, FILE *out);

/* A dash where the value is not finite. */
void page_number(FILE *out, double value, int decimals);
void page_count(FILE *out, uint64_t count); /* 100,835 */

/* "3 Nov 2026, 14:00"; returns out. */
const char *page_time(int64_t ts_ms, char out[32]);
/* The length of a window, "12 hours"; returns out. */
const char *page_length(int64_t ms, char out[32]);

#endif
