/*
 * replay_view.h - a replay's report, for people and for programs.
 *
 * The same report gives the same bytes: nothing here asks for the time.
 */
#ifndef CLI_REPLAY_VIEW_H
#define CLI_REPLAY_VIEW_H

#include "consumer/replay/replay.h"
#include "consumer/report/replay_report.h"

#include <stdio.h>

struct replay_view {
    const struct replay_config *config;
    const struct replay *replay;
    const struct replay_report *report;
};

static inline const char *replay_name(const struct replay_view *view,
                                      size_t contender)
{
    return view->config->contenders[contender].name;
}

/* Tables for a terminal. */
void replay_print_tables(const struct replay_view *view, FILE *out);

/* One JSON object a line: kinds replay, total, reliability, difference, window,
 * slice and swap. NaN is null. */
int replay_print_json(const struct replay_view *view, FILE *out,
                      struct error *err) MUST_CHECK;

/* One HTML page that loads nothing. */
void replay_print_page(const struct replay_view *view, FILE *out);

/* Writes "2026-11-24", with hours and minutes where windows are shorter than a
 * day; returns out. */
const char *replay_time(int64_t ts_ms, int64_t window_ms, char out[32]);

/* Records of the topic of rows that are not events. */
uint64_t replay_bad_rows(const struct replay_view *view);

/* Is figure `a` better than `b`? */
bool replay_is_better(enum figure figure, double a, double b);

/* Contenders by normalised entropy, the best first. (contenders) */
void replay_rank(const struct replay_report *report,
                 size_t order[CONTENDERS_MAX]);

/* The contender with the best figure among the totals; SIZE_MAX: none. */
size_t replay_best(const struct replay_report *report, enum figure figure);

#endif
