#include "common/base/utf8.h"

#include <stdio.h>
#include <string.h>

size_t utf8_sequence(const uint8_t *at, size_t left)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    if (size == 1)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

bool utf8_is_valid(const uint8_t *bytes, size_t size)
{
    for (size_t at = 0, step; at < size; at += step) {
        step = utf8_sequence(bytes + at, size - at);
        if (step == 0)
            return false;
    }
    return true;
}

int utf8_control(const uint8_t *at, size_t size)
{
    if (size == 1 && (at[0] < 0x20 || at[0] == 0x7f))
        return at[0];
    if (size == 2 && at[0] == 0xc2 && at[1] < 0xa0)
        return at[1];
    return -1;
}

size_t utf8_print(const void *bytes, size_t size, char *out)
{
    const uint8_t *from = bytes;
    char *to = out;

    for (size_t at = 0, step; at < size; at += step) {
        step = utf8_sequence(from + at, size - at);
        int control = step > 0 ? utf8_control(from + at, step) : from[at];
        if (control >= 0) {
            to += sprintf(to, step == 2 ? "\\u%04x" : "\\x%02x",
                          (unsigned)control);
            step = step == 0 ? 1 : step;
            continue;
        }
        if (from[at] == '\\')
            *to++ = '\\';
        memcpy(to, from + at, step);
        to += step;
    }
    *to = '\0';
    return (size_t)(to - out);
}
