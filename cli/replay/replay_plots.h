/*
 * replay_plots.h - the plots of a replay's page, as inline SVG.
 */
#ifndef CLI_REPLAY_PLOTS_H
#define CLI_REPLAY_PLOTS_H

#include "cli/replay/replay_view.h"

/* One figure of all contenders over event time, swaps marked below. */
void replay_plot_time(const struct replay_view *view, enum figure figure,
                      FILE *out);

/* The line at a window is the mean over this many windows on each side of it;
 * 0: each window stands by itself. */
size_t replay_plot_reach(const struct replay_view *view);

/* Impressions and click rate of the same windows. */
void replay_plot_traffic(const struct replay_view *view, FILE *out);

/* Plots of one contender stand beside each other: two in a row where that
 * comes out even, else three. */
bool replay_plots_are_wide(const struct replay_view *view);

/* Plots of one contender. */
void replay_plot_reliability(const struct replay_view *view, size_t contender,
                             FILE *out);
void replay_plot_scores(const struct replay_view *view, size_t contender,
                        FILE *out);

void replay_plot_roc(const struct replay_view *view, FILE *out);

/* One contender's figure and interval, on a scale that all share. */
void replay_plot_interval(const struct replay_view *view, enum figure figure,
                          size_t contender, FILE *out);

/* The first's figure minus the second's, on a scale that all differences to
 * the first share. */
void replay_plot_difference(const struct replay_view *view, enum figure figure,
                            size_t first, size_t second, FILE *out);

#endif
