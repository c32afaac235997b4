/*
 * page_tables.h - the tables of a replay's page.
 */
#ifndef CLI_PAGE_TABLES_H
#define CLI_PAGE_TABLES_H

#include "cli/replay/replay_view.h"

void page_totals(const struct replay_view *view, FILE *out);
void page_differences(const struct replay_view *view, FILE *out);
void page_slices(const struct replay_view *view, FILE *out);

#endif
