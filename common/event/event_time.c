#include "common/event/event_time.h"

#include "common/event/event_value.h"
#include "common/event/json_cursor.h"

#include <math.h>

/* How many of the unit make a second. */
static int64_t per_second(enum event_time_unit unit)
{
    static const int64_t parts[] = {[EVENT_TIME_MS] = 1000,
                                    [EVENT_TIME_S] = 1,
                                    [EVENT_TIME_US] = 1000000,
                                    [EVENT_TIME_NS] = 1000000000};
    return parts[unit];
}

static enum event_time_unit unit_of(double count)
{
    if (count < 1e8)
        return EVENT_TIME_MS;
    if (count < 1e11)
        return EVENT_TIME_S;
    if (count < 1e14)
        return EVENT_TIME_MS;
    return count < 1e17 ? EVENT_TIME_US : EVENT_TIME_NS;
}

static enum event_fault of_integer(int64_t count, enum event_time_unit unit,
                                   struct event_time *out)
{
    bool is_auto = unit == EVENT_TIME_AUTO;
    int64_t ms = count;

    if (count < 0)
        return EVENT_RANGE;
    if (is_auto)
        unit = unit_of((double)count);
    if (unit == EVENT_TIME_S) {
        if (count > EVENT_TIME_MAX_MS / 1000)
            return EVENT_RANGE;
        ms = count * 1000;
    } else {
        ms = count / (per_second(unit) / 1000);
    }
    if (ms > EVENT_TIME_MAX_MS)
        return EVENT_RANGE;
    *out = (struct event_time){.ms = ms,
                               .is_plain = unit == EVENT_TIME_MS,
                               .is_guessed = is_auto && unit != EVENT_TIME_MS};
    return EVENT_OK;
}

static enum event_fault of_float(double count, enum event_time_unit unit,
                                 struct event_time *out)
{
    bool is_auto = unit == EVENT_TIME_AUTO;

    if (is_auto)
        unit = unit_of(count);
    double ms = count * 1000 / (double)per_second(unit);
    if (!(ms >= 0 && ms <= (double)EVENT_TIME_MAX_MS))
        return EVENT_RANGE;
    *out = (struct event_time){.ms = (int64_t)(ms + 0.5),
                               .is_guessed = is_auto && unit != EVENT_TIME_MS};
    return EVENT_OK;
}

/* --- RFC 3339 --------------------------------------------------------- */

struct reading {
    const uint8_t *at, *end;
};

static bool take_digits(struct reading *from, unsigned count, int64_t *out)
{
    int64_t value = 0;

    if ((size_t)(from->end - from->at) < count)
        return false;
    for (unsigned i = 0; i < count; i++) {
        if ((uint8_t)(from->at[i] - '0') > 9)
            return false;
        value = value * 10 + (from->at[i] - '0');
    }
    from->at += count;
    *out = value;
    return true;
}

static bool take_one_of(struct reading *from, const char *letters,
                        uint8_t *taken)
{
    for (; from->at < from->end && *letters; letters++) {
        if (*from->at != (uint8_t)*letters)
            continue;
        *taken = *from->at++;
        return true;
    }
    return false;
}

/* Days since 1970-01-01 in the Gregorian calendar, for any month from March
 * of year 0 (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t of_era = year - era * 400;
    const int64_t of_year =
        (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
           719468;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && is_leap);
}

/* The fraction in ms, rounded down. False where a point has no digits. */
static bool take_fraction(struct reading *from, int64_t *ms)
{
    int64_t unit = 100;
    uint8_t point;

    *ms = 0;
    if (!take_one_of(from, ".", &point))
        return true;
    const uint8_t *first = from->at;
    for (; from->at < from->end && (uint8_t)(*from->at - '0') < 10;
         from->at++, unit /= 10)
        *ms += unit * (*from->at - '0');
    return from->at > first;
}

/* "Z" or "+01:00", in minutes east of Greenwich. */
static bool take_zone(struct reading *from, int64_t *minutes)
{
    int64_t hour, minute;
    uint8_t sign, colon;

    *minutes = 0;
    if (take_one_of(from, "Zz", &sign))
        return true;
    if (!take_one_of(from, "+-", &sign) || !take_digits(from, 2, &hour) ||
        !take_one_of(from, ":", &colon) || !take_digits(from, 2, &minute) ||
        hour > 23 || minute > 59)
        return false;
    *minutes = (sign == '-' ? -1 : 1) * (hour * 60 + minute);
    return true;
}

static enum event_fault of_date(const struct cursor_value *text,
                                struct event_time *out)
{
    struct reading from = {text->bytes, text->bytes + text->size};
    int64_t year, month, day, hour, minute, second, ms, east;
    uint8_t mark;

    if (!take_digits(&from, 4, &year) || !take_one_of(&from, "-", &mark) ||
        !take_digits(&from, 2, &month) || !take_one_of(&from, "-", &mark) ||
        !take_digits(&from, 2, &day) || !take_one_of(&from, "Tt ", &mark) ||
        !take_digits(&from, 2, &hour) || !take_one_of(&from, ":", &mark) ||
        !take_digits(&from, 2, &minute) || !take_one_of(&from, ":", &mark) ||
        !take_digits(&from, 2, &second) || !take_fraction(&from, &ms) ||
        !take_zone(&from, &east) || from.at != from.end)
        return EVENT_TYPE;
    /* A second numbered 60 is a leap second. */
    if (month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 60)
        return EVENT_RANGE;
    int64_t minutes =
        (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - east;
    int64_t since = (minutes * 60 + second) * 1000 + ms;
    if (since < 0 || since > EVENT_TIME_MAX_MS)
        return EVENT_RANGE;
    *out = (struct event_time){.ms = since};
    return EVENT_OK;
}

/* --- Whatever it is --------------------------------------------------- */

/* A text that is a number as JSON writes it. */
static bool is_number(const struct cursor_value *text, struct cursor_value *out)
{
    struct json_cursor cursor = json_cursor_over(text->bytes, text->size, 1);

    return text->size > 0 && text->bytes[0] >= '0' && text->bytes[0] <= '9' &&
           json_take_number(&cursor, out) == CURSOR_OK &&
           cursor.at == cursor.end;
}

enum event_fault event_time_of(const struct cursor_value *value,
                               enum event_time_unit unit,
                               struct event_time *out)
{
    struct cursor_value number;
    struct event_time time = {.is_plain = true};
    enum event_fault fault;

    switch (value->type) {
    case CURSOR_INTEGER:
        return of_integer(value->integer, unit, out);
    case CURSOR_FLOAT:
        return of_float(value->real, unit, out);
    case CURSOR_EXTENSION:
        fault = event_value_ms(value, &time.ms);
        break;
    case CURSOR_TEXT:
        if (!is_number(value, &number))
            return of_date(value, out);
        fault = event_time_of(&number, unit, &time);
        time.is_plain = false;
        break;
    case CURSOR_HUGE:
        return EVENT_RANGE;
    default:
        return EVENT_TYPE;
    }
    if (fault == EVENT_OK)
        *out = time;
    return fault;
}
