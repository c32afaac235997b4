/*
 * replay_page_tables.h - the tables of a replay's page, and how numbers and
 * names look on it.
 */
#ifndef CLI_REPLAY_PAGE_TABLES_H
#define CLI_REPLAY_PAGE_TABLES_H

#include "cli/replay/replay_view.h"

void page_totals(const struct replay_view *view, FILE *out);
void page_differences(const struct replay_view *view, FILE *out);
void page_slices(const struct replay_view *view, FILE *out);

/* With its colour. */
void page_name(const struct replay_view *view, size_t contender, FILE *out);
void page_number(FILE *out, double value, int decimals);
void page_count(FILE *out, uint64_t count); /* 100,835 */

/* "3 Nov 2026, 14:00"; returns out. */
const char *page_time(int64_t ts_ms, char out[32]);
/* "12 hours", for the length of a window; returns out. */
const char *page_length(int64_t ms, char out[32]);

#endif
