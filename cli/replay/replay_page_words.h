/*
 * replay_page_words.h - what a replay's page says in sentences.
 */
#ifndef CLI_REPLAY_PAGE_WORDS_H
#define CLI_REPLAY_PAGE_WORDS_H

#include "cli/replay/replay_view.h"

/* Which contender is best, and how far ahead of which others. */
void page_verdict(const struct replay_view *view, FILE *out);

/* Why there are no figures. */
void page_absence(const struct replay_view *view, FILE *out);

/* What was left out, and what became of labels. */
void page_account(const struct replay_view *view, FILE *out);

/* Contenders by normalised entropy, the best first. (contenders) */
void page_rank(const struct replay_report *report,
               size_t order[CONTENDERS_MAX]);

#endif
