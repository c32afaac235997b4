/*
 * quoted.h - the text between quotes of CSV and of ARFF.
 */
#ifndef COMMON_QUOTED_H
#define COMMON_QUOTED_H

/* What stands for a character that the text cannot hold: CSV doubles its
 * quotes, and ARFF has backslashes too. */
enum quoted_escapes { QUOTED_DOUBLED, QUOTED_BACKSLASHES };

/* Takes the text that begins with the quote at `at` and writes it, unescaped,
 * to *to, which may be `at` itself: a text only ever gets shorter. Returns what
 * follows the closing quote, or NULL where there is none. A doubled quote is a
 * quote; with QUOTED_BACKSLASHES a backslash stands before quotes, backslashes,
 * n, t, r, b, f, % and uXXXX. */
char *quoted_take(char *at, enum quoted_escapes escapes, char **to);

#endif
