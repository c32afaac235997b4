/*
 * svg_plot.h - a small writer of plots as inline SVG.
 *
 * Colours are classes, so that the page's style decides about light and dark:
 * series k is drawn with the class "s<k>", and everything of it has "k<k>";
 * where the colours begin again it also has "again".
 * Values map to pixels linearly; marks are cut off at the frame.
 */
#ifndef CLI_SVG_PLOT_H
#define CLI_SVG_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct svg_plot {
    FILE *out;
    const char *id; /* unique on the page */
    int width, height;
    int left, right, top, bottom; /* margins around the frame */
    double x_low, x_high, y_low, y_high;
};

enum { SVG_CLASSES_SIZE = 64, SVG_SERIES_COLOURS = 8 };

/* "s2 k2 more"; returns out. */
const char *svg_series(char out[SVG_CLASSES_SIZE], size_t series,
                       const char *more);

/* `label`: the title, also for those who cannot see it. */
void svg_open(const struct svg_plot *plot, const char *label);
void svg_close(const struct svg_plot *plot);

double svg_x(const struct svg_plot *plot, double x);
double svg_y(const struct svg_plot *plot, double y);

/* Grid lines and numbers at round values. */
void svg_axis_x(const struct svg_plot *plot, const char *title);
void svg_axis_y(const struct svg_plot *plot, const char *title);
/* The same for times in ms. */
void svg_axis_time(const struct svg_plot *plot);

/* In the values of the axes. */
struct svg_point {
    double x, y;
};

/* A line through n points; NaN parts it. */
void svg_line(const struct svg_plot *plot, const double *xs, const double *ys,
              size_t n, const char *classes);
void svg_segment(const struct svg_plot *plot, struct svg_point from,
                 struct svg_point to, const char *classes);
/* `low` is the corner where both values are least. */
void svg_bar(const struct svg_plot *plot, struct svg_point low,
             struct svg_point high, const char *classes);
/* A dot with a text that shows when it is pointed at; NULL: no text. */
void svg_dot(const struct svg_plot *plot, struct svg_point at, double radius,
             const char *classes, const char *tip);

/* From top to bottom of the frame, with a text that shows when pointed at. */
void svg_column(const struct svg_plot *plot, double x1, double x2,
                const char *classes, const char *tip);

/* In the middle of the frame. */
void svg_words(const struct svg_plot *plot, const char *words);

#endif
