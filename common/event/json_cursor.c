#include "common/event/json_cursor.h"

#include "common/base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* --- Texts ------------------------------------------------------------ */

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The number in the four hexadecimal digits at `at`; -1 where there are other
 * bytes. */
static int32_t hex_unit(const uint8_t *at)
{
    int32_t unit = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high_surrogate(int32_t unit)
{
    return (unit & ~0x3ff) == 0xd800;
}
static bool is_low_surrogate(int32_t unit)
{
    return (unit & ~0x3ff) == 0xdc00;
}

/* Takes the escape behind a backslash that has been taken. */
static enum cursor_fault take_escape(struct json_cursor *cursor)
{
    const uint8_t *at = cursor->at;

    if (at == cursor->end)
        return CURSOR_TRUNCATED;
    if (*at != 'u') {
        cursor->at++;
        return *at != '\0' && strchr("\"\\/bfnrt", *at) ? CURSOR_OK
                                                        : CURSOR_INVALID;
    }
    for (size_t i = 1; i < 5; i++) {
        if (at + i == cursor->end)
            return CURSOR_TRUNCATED;
        if (hex_digit(at[i]) < 0)
            return CURSOR_INVALID;
    }
    int32_t unit = hex_unit(at + 1);
    cursor->at += 5;
    if (is_low_surrogate(unit))
        return CURSOR_INVALID;
    if (!is_high_surrogate(unit))
        return CURSOR_OK;
    const size_t left = (size_t)(cursor->end - cursor->at);
    if ((left > 0 && at[5] != '\\') || (left > 1 && at[6] != 'u'))
        return CURSOR_INVALID;
    if (left < 6)
        return CURSOR_TRUNCATED;
    if (!is_low_surrogate(hex_unit(at + 7)))
        return CURSOR_INVALID;
    cursor->at += 6;
    return CURSOR_OK;
}

enum cursor_fault json_take_hard_text(struct json_cursor *cursor,
                                      const uint8_t *start,
                                      struct json_text *out)
{
    bool has_escapes = false;

    while (cursor->at < cursor->end) {
        const uint8_t byte = *cursor->at;
        if (byte == '"') {
            *out = (struct json_text){start, (uint32_t)(cursor->at - start),
                                      has_escapes};
            cursor->at++;
            return CURSOR_OK;
        }
        if (byte < ' ')
            return CURSOR_INVALID;
        if (byte == '\\') {
            has_escapes = true;
            cursor->at++;
            enum cursor_fault fault = take_escape(cursor);
            if (fault != CURSOR_OK)
                return fault;
            continue;
        }
        const size_t length =
            utf8_sequence(cursor->at, (size_t)(cursor->end - cursor->at));
        if (length == 0)
            return CURSOR_INVALID;
        cursor->at += length;
    }
    return CURSOR_TRUNCATED;
}

/* Returns the number of bytes. */
static size_t put_utf8(uint32_t character, uint8_t out[4])
{
    if (character < 0x80) {
        out[0] = (uint8_t)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (uint8_t)(0xc0 | character >> 6);
        out[1] = (uint8_t)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (uint8_t)(0xe0 | character >> 12);
        out[1] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (character & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | character >> 18);
    out[1] = (uint8_t)(0x80 | (character >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (character & 0x3f));
    return 4;
}

/* What the escape at `at` (its backslash) means; returns the bytes that it
 * takes up. */
static size_t read_escape(const uint8_t *at, uint32_t *character)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";

    if (at[1] != 'u') {
        const char *letter = strchr(letters, at[1]);
        *character =
            letter ? (uint32_t)meanings[letter - letters] : (uint32_t)at[1];
        return 2;
    }
    int32_t unit = hex_unit(at + 2);
    if (!is_high_surrogate(unit)) {
        *character = (uint32_t)unit;
        return 6;
    }
    *character = 0x10000 + ((uint32_t)(unit & 0x3ff) << 10 |
                            (uint32_t)(hex_unit(at + 8) & 0x3ff));
    return 12;
}

size_t json_unescape(const uint8_t *bytes, size_t size, uint8_t *out,
                     size_t room)
{
    size_t written = 0;

    for (size_t at = 0; at < size;) {
        uint8_t character[4] = {bytes[at]};
        size_t length = 1;
        if (bytes[at] == '\\') {
            uint32_t meant;
            at += read_escape(bytes + at, &meant);
            length = put_utf8(meant, character);
        } else {
            at++;
        }
        for (size_t i = 0; i < length; i++, written++)
            if (written < room)
                out[written] = character[i];
    }
    return written;
}

/* --- Words and numbers ------------------------------------------------ */

enum cursor_fault json_take_word(struct json_cursor *cursor,
                                 struct cursor_value *out)
{
    static const struct {
        const char *word;
        size_t size;
        struct cursor_value value;
    } words[] = {{"true", 4, {.type = CURSOR_BOOL, .boolean = true}},
                 {"false", 5, {.type = CURSOR_BOOL, .boolean = false}},
                 {"null", 4, {.type = CURSOR_NIL}}};
    const size_t left = (size_t)(cursor->end - cursor->at);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const size_t size = words[i].size < left ? words[i].size : left;
        if (memcmp(cursor->at, words[i].word, size) != 0)
            continue;
        if (size < words[i].size)
            return CURSOR_TRUNCATED;
        cursor->at += size;
        *out = words[i].value;
        return CURSOR_OK;
    }
    return CURSOR_INVALID;
}

/* A number as it is read: (-1)^is_negative * mantissa * 10^exponent, where
 * mantissa holds the first 19 digits. */
struct decimal {
    bool is_negative;
    bool is_cut; /* digits other than 0 are not in the mantissa */
    uint64_t mantissa;
    int64_t exponent;
};

enum { MANTISSA_DIGITS = 19, EXPONENT_MAX = 100000, FLOAT_TEXT_MAX = 400 };

static bool is_digit(const struct json_cursor *cursor)
{
    return cursor->at < cursor->end && (uint8_t)(*cursor->at - '0') < 10;
}

/* Takes digits, of which there must be one. `is_fraction`: they stand behind
 * the point. */
static enum cursor_fault take_digits(struct json_cursor *cursor,
                                     struct decimal *number, unsigned *count,
                                     bool is_fraction)
{
    if (cursor->at == cursor->end)
        return CURSOR_TRUNCATED;
    if (!is_digit(cursor))
        return CURSOR_INVALID;
    for (; is_digit(cursor); cursor->at++) {
        const unsigned digit = *cursor->at - '0';
        if (*count < MANTISSA_DIGITS) {
            number->mantissa = number->mantissa * 10 + digit;
            *count += number->mantissa != 0;
            number->exponent -= is_fraction;
        } else {
            number->is_cut |= digit != 0;
            number->exponent += !is_fraction;
        }
    }
    return CURSOR_OK;
}

static enum cursor_fault take_exponent(struct json_cursor *cursor,
                                       struct decimal *number)
{
    int64_t exponent = 0;
    bool is_negative = false;

    if (cursor->at < cursor->end && (*cursor->at == '+' || *cursor->at == '-'))
        is_negative = *cursor->at++ == '-';
    if (cursor->at == cursor->end)
        return CURSOR_TRUNCATED;
    if (!is_digit(cursor))
        return CURSOR_INVALID;
    for (; is_digit(cursor); cursor->at++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*cursor->at - '0');
    number->exponent += is_negative ? -exponent : exponent;
    return CURSOR_OK;
}

static enum cursor_fault take_decimal(struct json_cursor *cursor,
                                      struct decimal *number)
{
    unsigned count = 0; /* digits of the mantissa */
    enum cursor_fault fault = CURSOR_OK;

    *number = (struct decimal){.is_negative = *cursor->at == '-'};
    cursor->at += number->is_negative;
    if (is_digit(cursor) && *cursor->at == '0') {
        cursor->at++;
        if (is_digit(cursor))
            return CURSOR_INVALID;
    } else {
        fault = take_digits(cursor, number, &count, false);
    }
    if (fault == CURSOR_OK && cursor->at < cursor->end && *cursor->at == '.') {
        cursor->at++;
        fault = take_digits(cursor, number, &count, true);
    }
    if (fault == CURSOR_OK && cursor->at < cursor->end &&
        (*cursor->at | 0x20) == 'e') {
        cursor->at++;
        fault = take_exponent(cursor, number);
    }
    return fault;
}

/* The whole number that it is, unless it has a fraction. */
static bool to_whole(struct decimal number, struct cursor_value *out)
{
    if (number.mantissa == 0) { /* of any sign and exponent */
        out->type = CURSOR_INTEGER;
        out->integer = 0;
        return true;
    }
    while (number.exponent < 0 && number.mantissa % 10 == 0 && !number.is_cut) {
        number.mantissa /= 10;
        number.exponent++;
    }
    if (number.exponent < 0 || (number.is_cut && number.exponent == 0))
        return false;
    bool is_huge = number.is_cut; /* 20 digits and more before the point */
    for (; number.exponent > 0 && !is_huge; number.exponent--) {
        is_huge = number.mantissa > UINT64_MAX / 10;
        number.mantissa *= 10;
    }
    const uint64_t most = (uint64_t)INT64_MAX + number.is_negative;
    if (is_huge || number.mantissa > most) {
        out->type = CURSOR_HUGE;
        out->huge =
            is_huge || number.is_negative ? UINT64_MAX : number.mantissa;
        return true;
    }
    out->type = CURSOR_INTEGER;
    out->integer = number.is_negative ? (int64_t)(~number.mantissa + 1)
                                      : (int64_t)number.mantissa;
    return true;
}

/* Dividing an exact double by an exact power of ten rounds once. Other
 * numbers, and they are rare, go to the C library. A text longer than any that
 * a program writes is cut to its first 19 digits. */
static double to_double(const struct decimal *number, const uint8_t *text,
                        size_t size)
{
    static const double powers[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    char copy[FLOAT_TEXT_MAX + 1];

    if (!number->is_cut && number->mantissa <= UINT64_C(1) << 53 &&
        number->exponent < 0 && number->exponent >= -22) {
        double value = (double)number->mantissa / powers[-number->exponent];
        return number->is_negative ? -value : value;
    }
    if (size <= FLOAT_TEXT_MAX) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    } else {
        snprintf(copy, sizeof(copy), "%s%" PRIu64 "e%" PRId64,
                 number->is_negative ? "-" : "", number->mantissa,
                 number->exponent);
    }
    return strtod(copy, NULL);
}

enum cursor_fault json_take_number(struct json_cursor *cursor,
                                   struct cursor_value *out)
{
    const uint8_t *const start = cursor->at;
    struct decimal number;

    enum cursor_fault fault = take_decimal(cursor, &number);
    if (fault != CURSOR_OK)
        return fault;
    if (to_whole(number, out))
        return CURSOR_OK;
    out->type = CURSOR_FLOAT;
    out->real = to_double(&number, start, (size_t)(cursor->at - start));
    return CURSOR_OK;
}

/* --- Passing over ----------------------------------------------------- */

enum cursor_fault json_skip_contents(struct json_cursor *cursor,
                                     enum cursor_type container, unsigned depth)
{
    enum cursor_type open[CURSOR_DEPTH_MAX];
    bool is_first = true;
    unsigned inner = 0; /* index of the innermost container */

    assert(container >= CURSOR_ARRAY);
    if (depth > CURSOR_DEPTH_MAX)
        return CURSOR_TOO_DEEP;
    open[0] = container;
    for (;;) {
        enum cursor_fault fault = CURSOR_OK;
        struct cursor_value value;
        struct json_text name;
        bool has_escapes;

        switch (json_next(cursor, open[inner], is_first, &fault)) {
        case JSON_FAULT:
            return fault;
        case JSON_CLOSED:
            if (inner == 0)
                return CURSOR_OK;
            inner--;
            is_first = false;
            continue;
        case JSON_ENTRY:
            break;
        }
        if (open[inner] == CURSOR_MAP)
            fault = json_take_name(cursor, &name);
        if (fault == CURSOR_OK)
            fault = json_take(cursor, &value, &has_escapes);
        if (fault != CURSOR_OK)
            return fault;
        is_first = cursor_is_container(&value);
        if (!is_first)
            continue;
        if (depth + inner + 1 > CURSOR_DEPTH_MAX)
            return CURSOR_TOO_DEEP;
        open[++inner] = value.type;
    }
}
