/*
 * settings.h - how records become rows: settings that train and replay
 * share. score has the same fields of impressions.
 */
#ifndef CLI_INTAKE_SETTINGS_H
#define CLI_INTAKE_SETTINGS_H

#include "common/base/config.h"

#include "consumer/learn/intake.h"

#include <stdint.h>

/* The longest time of a setting: further than anybody's clicks. */
#define TEN_YEARS_MS 315360000000.0

/* What a table can hold; an intake counts in signed ms. */
struct intake_times {
    uint64_t window_ms, late_ms, age_ms;
};

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): a member's name takes none */
/* Rows of a command's table; FIELD as everywhere. */
#define IMPRESSION_FIELD_KEYS(fields) \
    {"field.id",   CONFIG_TEXT, FIELD(fields.id),   "id",   1, 0, NULL, "event field: unique id of the impression"}, \
    {"field.ts",   CONFIG_TEXT, FIELD(fields.ts),   "ts",   1, 0, NULL, "event field: event time, ms since 1970 or a msgpack timestamp"}, \
    {"field.user", CONFIG_TEXT, FIELD(fields.user), "user", 1, 0, NULL, "event field: who sees the ad"}, \
    {"field.ad",   CONFIG_TEXT, FIELD(fields.ad),   "ad",   1, 0, NULL, "event field: what is seen"}
#define CLICK_FIELD_KEY(fields) \
    {"field.click", CONFIG_TEXT, FIELD(fields.click), "click", 1, 0, NULL, "label field: 0 to 1, above 0 is a click"}
#define ANONYMOUS_FIELD_KEY(fields) \
    {"field.anonymous", CONFIG_TEXT, FIELD(fields.anonymous), "", 0, 0, NULL, "user ids that mean nobody, comma separated"}
#define JOIN_KEYS(intake, times) \
    {"join.window_ms",   CONFIG_U64, FIELD(times.window_ms), "600000",  0, TEN_YEARS_MS, NULL, "ms of event time in which a click belongs to its impression; without one it is a negative then"}, \
    {"join.late_ms",     CONFIG_U64, FIELD(times.late_ms),   "1200000", 0, TEN_YEARS_MS, NULL, "ms after the window in which a click still corrects it"}, \
    {"join.pending_max", CONFIG_U32, FIELD(intake.join.pending_max), "2000000", 1, 500000000, NULL, "impressions and labels remembered by the join; about 72 bytes each"}
#define LOG_KEYS(intake, times) \
    {"log.rows",   CONFIG_U64, FIELD(intake.log.rows_max), "5000000", 1, 2147483647, NULL, "newest rows that are learned from; 24 bytes each"}, \
    {"log.age_ms", CONFIG_U64, FIELD(times.age_ms), "0", 0, TEN_YEARS_MS, NULL, "ms of event time that are learned from; 0: log.rows alone decides"}
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

static inline void intake_times_take(const struct intake_times *times,
                                     struct intake_config *out)
{
    out->join.window_ms = (int64_t)times->window_ms;
    out->join.late_ms = (int64_t)times->late_ms;
    out->log.age_ms = (int64_t)times->age_ms;
}

#endif
