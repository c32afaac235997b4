/*
 * text.h - texts that have a place of a fixed size.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* For a text that fits because its setting, its reader or a check before this
 * call saw to it. One that does not fit is a mistake of the program. */
static inline void text_copy(char *to, size_t to_size, const char *from)
{
    size_t size = strlen(from) + 1;

    assert(size <= to_size);
    if (size > to_size) /* without assert() it is cut rather than spilled */
        size = to_size;
    memcpy(to, from, size);
    to[to_size - 1] = '\0';
}

#endif
