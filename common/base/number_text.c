/*
 * number_text.c - digits of integers by pairs, digits of reals by arithmetic
 * that is exact.
 *
 * A real v = m 2^e, with m of 53 bits, becomes v 10^k = m 5^k 2^(e+k), where k
 * is such that the whole part has 17 digits. From 10^-10 to below 10^15 k is 2
 * to 27: 5^k has fewer than 64 bits, so the product fits into 128 bits, and
 * e + k is negative. The whole part and what is left of it are thus known
 * exactly; 15, 16 and 17 digits are this whole part rounded. A rounded number
 * leads back to v where it is less than half a step of m away from it, which is
 * 5^k / 2 in units of the product (and 5^k / 4 below a power of two, where the
 * steps are half as long). printf and strtod do what is outside these bounds.
 */
#include "common/base/number_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIGITS_LEAST = 15, /* any number of so many digits survives a double */
    DIGITS_MOST = 17,  /* any double survives so many digits */
    POWERS = 28,
};

static const char pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334"
    "3536373839404142434445464748495051525354555657585960616263646566676869"
    "707172737475767778798081828384858687888990919293949596979899";

static const uint64_t powers_of_five[POWERS] = {
    UINT64_C(1),
    UINT64_C(5),
    UINT64_C(25),
    UINT64_C(125),
    UINT64_C(625),
    UINT64_C(3125),
    UINT64_C(15625),
    UINT64_C(78125),
    UINT64_C(390625),
    UINT64_C(1953125),
    UINT64_C(9765625),
    UINT64_C(48828125),
    UINT64_C(244140625),
    UINT64_C(1220703125),
    UINT64_C(6103515625),
    UINT64_C(30517578125),
    UINT64_C(152587890625),
    UINT64_C(762939453125),
    UINT64_C(3814697265625),
    UINT64_C(19073486328125),
    UINT64_C(95367431640625),
    UINT64_C(476837158203125),
    UINT64_C(2384185791015625),
    UINT64_C(11920928955078125),
    UINT64_C(59604644775390625),
    UINT64_C(298023223876953125),
    UINT64_C(1490116119384765625),
    UINT64_C(7450580596923828125),
};

/* --- Integers --------------------------------------------------------- */

/* Writes the digits so that they end before `end`; returns their begin. */
static char *digits_before(char *end, uint64_t value)
{
    while (value >= 100) {
        end -= 2;
        memcpy(end, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value < 10) {
        *--end = (char)('0' + value);
    } else {
        end -= 2;
        memcpy(end, pairs + 2 * value, 2);
    }
    return end;
}

/* Returns the number of digits. */
static size_t put_digits(uint64_t value, char *out)
{
    char digits[NUMBER_TEXT_SIZE];
    char *const end = digits + sizeof(digits);
    const char *const begin = digits_before(end, value);
    const size_t size = (size_t)(end - begin);

    memcpy(out, begin, size);
    return size;
}

size_t number_text_unsigned(uint64_t value, char out[NUMBER_TEXT_SIZE])
{
    return put_digits(value, out);
}

size_t number_text_integer(int64_t value, char out[NUMBER_TEXT_SIZE])
{
    if (value >= 0)
        return put_digits((uint64_t)value, out);
    *out = '-';
    return 1 + put_digits(0 - (uint64_t)value, out + 1);
}

/* --- Reals ------------------------------------------------------------ */

struct wide {
    uint64_t high, low;
};

static struct wide product(uint64_t a, uint64_t b)
{
    const uint64_t half = UINT32_MAX;
    const uint64_t low = (a & half) * (b & half);
    const uint64_t cross = (a >> 32) * (b & half) + (low >> 32);
    const uint64_t other = (a & half) * (b >> 32) + (cross & half);

    return (struct wide){(a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32),
                         other << 32 | (low & half)};
}

/* A real times a power of ten: whole + left / 2^shift, of 17 digits. */
struct scaled {
    uint64_t whole, left;
    unsigned shift; /* 1 to 62 */
    uint64_t step;  /* one more in m, in units of left */
    bool is_power;  /* m is the least there is: a power of two */
    int exponent;   /* of ten, of the first digit */
};

/* A number of digits, and the exponent of ten of the first one. */
struct decimal {
    uint64_t digits;
    int count, exponent;
};

static struct scaled scale_by(uint64_t m, int e, int k)
{
    const struct wide n = product(m, powers_of_five[k]);
    const unsigned shift = (unsigned)-(e + k);

    return (struct scaled){
        .whole = n.high << (64 - shift) | n.low >> shift,
        .left = n.low & ((UINT64_C(1) << shift) - 1),
        .shift = shift,
        .step = powers_of_five[k],
        .is_power = m == UINT64_C(1) << 52,
        .exponent = DIGITS_MOST - 1 - k,
    };
}

/* `value` is from 10^-10 to below 10^15. */
static struct scaled scale(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    const int binary = (int)(bits >> 52) - 1023;
    const uint64_t m = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    /* floor(binary log10(2)); the exponent of ten is that or one more. */
    const int decimal = (binary * 1233 - (binary < 0 ? 4095 : 0)) / 4096;
    const int k = DIGITS_MOST - 2 - decimal;
    const struct scaled scaled = scale_by(m, binary - 52, k);

    return scaled.whole < UINT64_C(10000000000000000)
               ? scale_by(m, binary - 52, k + 1)
               : scaled;
}

/* Rounds to the nearest, and a tie to even. */
static uint64_t round_to(const struct scaled *from, uint64_t unit)
{
    const uint64_t digits = from->whole / unit, rest = from->whole % unit;
    const uint64_t half = UINT64_C(1) << (from->shift - 1);
    bool is_above, is_tie;

    if (unit == 1) {
        is_above = from->left > half;
        is_tie = from->left == half;
    } else {
        is_above = 2 * rest > unit || (2 * rest == unit && from->left > 0);
        is_tie = 2 * rest == unit && from->left == 0;
    }
    return digits + (is_above || (is_tie && digits % 2 == 1));
}

/* Is `whole` so near to the number that it is read as that? */
static bool leads_back(const struct scaled *from, uint64_t whole)
{
    const bool is_above = whole > from->whole;
    const uint64_t apart = is_above ? whole - from->whole : from->whole - whole;

    if (apart > (from->step >> from->shift) + 1)
        return false;
    const uint64_t distance =
        (apart << from->shift) + (is_above ? 0 - from->left : from->left);
    /* 5^k is odd, so that no number is in the middle between two. */
    return distance <= from->step / (from->is_power && !is_above ? 4 : 2);
}

static struct decimal shortest(double value)
{
    const struct scaled from = scale(value);
    struct decimal to = {.exponent = from.exponent};
    uint64_t unit = 100, limit = UINT64_C(1000000000000000);

    for (to.count = DIGITS_LEAST;; to.count++, unit /= 10, limit *= 10) {
        to.digits = round_to(&from, unit);
        if (unit == 1 || leads_back(&from, to.digits * unit))
            break;
    }
    if (to.digits == limit) {
        to.digits /= 10;
        to.exponent++;
    }
    return to;
}

/* d.ddde-XX */
static size_t put_scientific(const char *digits, size_t count, int exponent,
                             char *out)
{
    char *at = out;
    const unsigned power = (unsigned)abs(exponent);

    *at++ = digits[0];
    if (count > 1) {
        *at++ = '.';
        memcpy(at, digits + 1, count - 1);
        at += count - 1;
    }
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    memcpy(at, pairs + 2 * power, 2);
    return (size_t)(at + 2 - out);
}

/* 0.00ddd, dd.ddd or dd000 */
static size_t put_plain(const char *digits, size_t count, int exponent,
                        char *out)
{
    if (exponent < 0) {
        const size_t zeros = (size_t)(-exponent - 1);
        out[0] = '0';
        out[1] = '.';
        memset(out + 2, '0', zeros);
        memcpy(out + 2 + zeros, digits, count);
        return 2 + zeros + count;
    }
    const size_t whole = (size_t)exponent + 1;
    if (count <= whole) {
        memcpy(out, digits, count);
        memset(out + count, '0', whole - count);
        return whole;
    }
    memcpy(out, digits, whole);
    out[whole] = '.';
    memcpy(out + whole + 1, digits + whole, count - whole);
    return count + 1;
}

/* As %g does: no zeros at the end, and an exponent for what is small or has
 * more digits before the point than were asked for. */
static size_t put_decimal(const struct decimal *decimal, char *out)
{
    char digits[NUMBER_TEXT_SIZE];
    char *const end = digits + sizeof(digits);
    const char *const begin = digits_before(end, decimal->digits);
    size_t count = (size_t)decimal->count;

    while (begin[count - 1] == '0')
        count--;
    return decimal->exponent < -4 || decimal->exponent >= decimal->count
               ? put_scientific(begin, count, decimal->exponent, out)
               : put_plain(begin, count, decimal->exponent, out);
}

static size_t print_real(double value, char out[NUMBER_TEXT_SIZE])
{
    int size = 0;

    for (int digits = DIGITS_LEAST; digits <= DIGITS_MOST; digits++) {
        size = snprintf(out, NUMBER_TEXT_SIZE, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            break;
    }
    return (size_t)size;
}

size_t number_text_real(double value, char out[NUMBER_TEXT_SIZE])
{
    const double size = fabs(value);
    const size_t sign = value < 0;

    if (!(size >= 1e-10 && size < 1e15))
        return print_real(value, out);
    if (sign)
        *out = '-';
    if (size == (double)(uint64_t)size)
        return sign + put_digits((uint64_t)size, out + sign);
    const struct decimal decimal = shortest(size);
    return sign + put_decimal(&decimal, out + sign);
}
