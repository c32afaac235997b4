/*
 * utf8.h - which bytes are UTF-8, and which of them control a terminal.
 *
 * Ids, field values and names of topics come from strangers. Nothing of theirs
 * may reach a terminal as a control character: C0 (U+0000 to U+001F), DEL or C1
 * (U+0080 to U+009F, of which U+009B begins an escape sequence as ESC [ does).
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the UTF-8 sequence that begins at `at`; 0: it is not one. A
 * sequence is neither longer than needed, nor half of a surrogate pair, nor
 * above U+10FFFF. `left` is at least 1. */
size_t utf8_sequence(const uint8_t *at, size_t left);

/* Are all bytes UTF-8? */
bool utf8_is_valid(const uint8_t *bytes, size_t size);

/* The control character that the sequence at `at` is, or -1. */
int utf8_control(const uint8_t *at, size_t size);

/* Room for utf8_print() of `size` bytes. */
#define UTF8_PRINT_SIZE(size) (4 * (size) + 1)

/* Writes the bytes as terminated text that is safe on a terminal, and returns
 * its length: a control character as \xHH (C1 as \u00HH), a byte that is not
 * UTF-8 as \xHH, a backslash as two. `out` has UTF8_PRINT_SIZE(size) bytes. */
size_t utf8_print(const void *bytes, size_t size, char *out);

#endif
