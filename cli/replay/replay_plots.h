/*
 * replay_plots.h - the plots of a replay's page that sum up the whole range, as
 * inline SVG. Those over event time are in time_plots.h.
 */
#ifndef CLI_REPLAY_PLOTS_H
#define CLI_REPLAY_PLOTS_H

#include "cli/replay/replay_view.h"

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
