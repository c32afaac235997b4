/*
 * html_text.h - text of strangers in a page.
 */
#ifndef CLI_HTML_TEXT_H
#define CLI_HTML_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Writes text that stands for itself between tags and within quotes: &, <, >
 * and both quotes are escaped. A byte that is not UTF-8, and a control
 * character other than a tab or the end of a line, becomes U+FFFD. */
void html_text(FILE *out, const char *text);
void html_text_sized(FILE *out, const char *text, size_t size);

#endif
