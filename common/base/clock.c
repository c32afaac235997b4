#include "common/base/clock.h"

#include "common/base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MS_PER_DAY = 86400000 };

int64_t clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_ns() / 1000000;
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_sleep_ms(int64_t wait_ms)
{
    if (wait_ms <= 0)
        return;
    struct timespec left = {.tv_sec = (time_t)(wait_ms / 1000),
                            .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    nanosleep(&left, NULL); /* a signal may cut it short: that is wanted */
}

/* Civil date from days since 1970-01-01 (Howard Hinnant's algorithm). */
static void civil_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t in_era = days - era * 146097;
    int64_t year_of_era =
        (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t day_of_year =
        in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t shifted = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * shifted + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 -
           year_of_era / 100 + day_of_year - 719468;
}

/* The 31st of April would be the 1st of May. */
static bool is_date(int year, int month, int day)
{
    int64_t same_year;
    int same_month, same_day;

    if (month < 1 || month > 12 || day < 1)
        return false;
    civil_from_days(days_from_civil(year, month, day), &same_year, &same_month,
                    &same_day);
    return same_year == year && same_month == month && same_day == day;
}

const char *clock_format(int64_t wall_ms, char out[CLOCK_TEXT_SIZE])
{
    int64_t days = wall_ms / MS_PER_DAY;
    int64_t in_day = wall_ms % MS_PER_DAY;
    int64_t year;
    int month, day;

    if (in_day < 0) {
        in_day += MS_PER_DAY;
        days--;
    }
    civil_from_days(days, &year, &month, &day);
    int length =
        snprintf(out, CLOCK_TEXT_SIZE, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ",
                 (long long)year, month, day, (int)(in_day / 3600000),
                 (int)(in_day / 60000 % 60), (int)(in_day / 1000 % 60),
                 (int)(in_day % 1000));
    if (length < 0 || length >= CLOCK_TEXT_SIZE)
        text_copy(out, CLOCK_TEXT_SIZE, "?");
    return out;
}

static int parse_milliseconds(const char *text, int64_t *wall_ms)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return -1;
    *wall_ms = number;
    return 0;
}

/* ".250" -> 250; at most three digits. */
static const char *parse_fraction(const char *text, int *ms)
{
    int scale = 100;

    for (text++; *text >= '0' && *text <= '9' && scale > 0; text++) {
        *ms += (*text - '0') * scale;
        scale /= 10;
    }
    return text;
}

int clock_parse(const char *text, int64_t *wall_ms, struct error *err)
{
    int year, month, day, hour = 0, minute = 0, second = 0, ms = 0;
    int date_end = 0, time_end = 0, second_end = 0;

    if (parse_milliseconds(text, wall_ms) == 0)
        return 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &date_end) != 3)
        goto refuse;

    const char *rest = text + date_end;
    if (*rest == 'T') {
        if (sscanf(rest, "T%2d:%2d%n", &hour, &minute, &time_end) != 2)
            goto refuse;
        rest += time_end;
        if (sscanf(rest, ":%2d%n", &second, &second_end) == 1)
            rest += second_end;
        if (*rest == '.')
            rest = parse_fraction(rest, &ms);
        if (*rest != 'Z')
            goto refuse;
        rest++;
    }
    if (*rest || !is_date(year, month, day) || hour > 23 || minute > 59 ||
        second > 60 || hour < 0 || minute < 0 || second < 0)
        goto refuse;

    *wall_ms = days_from_civil(year, month, day) * MS_PER_DAY +
               (int64_t)hour * 3600000 + (int64_t)minute * 60000 +
               (int64_t)second * 1000 + ms;
    return 0;

refuse:
    return error_set(err, ERROR_CONFIG,
                     "'%s' is not a time: write 2026-11-24T12:20Z (UTC) or "
                     "milliseconds since 1970",
                     text);
}
