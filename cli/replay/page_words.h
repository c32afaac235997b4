/*
 * page_words.h - the sentences of a replay's page.
 */
#ifndef CLI_PAGE_WORDS_H
#define CLI_PAGE_WORDS_H

#include "cli/replay/replay_view.h"

/* Says which contender is best, and how far ahead of which others. */
void page_verdict(const struct replay_view *view, FILE *out);

/* Says why there are no figures. */
void page_absence(const struct replay_view *view, FILE *out);

/* Counts the impressions that were left out, and the labels by their fates. */
void page_account(const struct replay_view *view, FILE *out);

#endif
