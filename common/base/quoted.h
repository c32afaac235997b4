/*
 * quoted.h - the text between quotes of CSV and of ARFF.
 */
#ifndef COMMON_QUOTED_H
#define COMMON_QUOTED_H

#include <stdbool.h>

/* Takes the text that begins with the quote at `at` and writes it, unescaped,
 * to *to, which may be `at` itself: a text only ever gets shorter. Returns what
 * follows the closing quote, or NULL where there is none. A doubled quote is a
 * quote; with `escapes`, as ARFF has them, a backslash stands before quotes,
 * backslashes, n, t, r, b, f, % and uXXXX. */
char *quoted_take(char *at, bool escapes, char **to);

#endif
