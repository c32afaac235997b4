/*
 * figure_text.h - a figure as people read it: a number, or a dash where there
 * is none.
 */
#ifndef COMMON_FIGURE_TEXT_H
#define COMMON_FIGURE_TEXT_H

enum { FIGURE_TEXT_SIZE = 352 }; /* the largest double has 309 digits */

/* Writes the value with that many decimals, or "-" where it is not finite;
 * returns out. */
const char *figure_text(double value, int decimals, char out[FIGURE_TEXT_SIZE]);

#endif
