/*
 * time_plots.h - the plots of a replay's page over event time, as inline SVG.
 */
#ifndef CLI_TIME_PLOTS_H
#define CLI_TIME_PLOTS_H

#include "cli/replay/replay_view.h"

/* One figure of all contenders; their swaps are marked below. */
void time_plot_figure(const struct replay_view *view, enum figure figure,
                      FILE *out);

/* The line at a window is the mean over this many windows on each side of it;
 * 0: each window stands by itself. */
size_t time_plot_reach(const struct replay_view *view);

/* Impressions and click rate of the same windows. */
void time_plot_traffic(const struct replay_view *view, FILE *out);

#endif
