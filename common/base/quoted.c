#include "common/base/quoted.h"

#include <stdbool.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \uXXXX as UTF-8; false where the digits are none. */
static bool take_unicode(const char *digits, char **to)
{
    unsigned code = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(digits[i]);
        if (digit < 0)
            return false;
        code = code * 16 + (unsigned)digit;
    }
    if (code < 0x80) {
        *(*to)++ = (char)code;
    } else if (code < 0x800) {
        *(*to)++ = (char)(0xc0 | code >> 6);
        *(*to)++ = (char)(0x80 | (code & 0x3f));
    } else {
        *(*to)++ = (char)(0xe0 | code >> 12);
        *(*to)++ = (char)(0x80 | (code >> 6 & 0x3f));
        *(*to)++ = (char)(0x80 | (code & 0x3f));
    }
    return code != 0;
}

/* An escape of ARFF, `at` on its backslash. Returns what follows. */
static char *take_escape(char *at, char **to)
{
    static const char letters[] = "ntrbf", meant[] = "\n\t\r\b\f";
    const char *letter = strchr(letters, at[1]);

    if (at[1] == '\0') {
        *(*to)++ = *at;
        return at + 1;
    }
    if (at[1] == 'u' && take_unicode(at + 2, to))
        return at + 6;
    if (letter)
        *(*to)++ = meant[letter - letters];
    else
        *(*to)++ = at[1];
    return at + 2;
}

char *quoted_take(char *at, enum quoted_escapes escapes, char **to)
{
    char quote = *at++;

    while (*at) {
        if (*at == quote && at[1] == quote) {
            *(*to)++ = quote;
            at += 2;
        } else if (escapes == QUOTED_BACKSLASHES && *at == '\\') {
            at = take_escape(at, to);
        } else if (*at == quote) {
            return at + 1;
        } else {
            *(*to)++ = *at++;
        }
    }
    return NULL;
}
