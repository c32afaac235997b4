/*
 * metrics.h - counters, gauges and histograms, described once.
 *
 * A program has one table of struct metric_family; its index is the handle.
 * The table renders Prometheus text (format 0.0.4) and docs/metrics.md.
 * Any thread may add and set; rendering sees each value whole. Values of
 * labels are a fixed list or small numbers, so that memory is bounded.
 */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_DELAYS, /* a histogram of longer times, which is set as a whole */
    METRIC_TIME,   /* a counter of time: nanoseconds are added, seconds shown */
};

/* `labels` says what the second argument of metrics_add() means. */
struct metric_family {
    const char *name; /* "pctr_dead_letters_total"; NULL ends a table */
    enum metric_kind kind;
    const char *label; /* "reason"; NULL for a single series */
    const char *words; /* "too_long|truncated": the label's values by index;
                          an empty word is an index that has no series.
                          NULL with a label: the index itself is the value
                          ("partition") and only series that were set show */
    size_t series_max; /* number of series when `words` is NULL */
    const char *help;
};

struct metrics;

/* The table must outlive the metrics. */
int metrics_new(const struct metric_family *families, struct metrics **out,
                struct error *err) MUST_CHECK;
void metrics_free(struct metrics *metrics);

/* `series` is 0 where the family has no label. A series out of range is
 * ignored. NULL metrics are fine: nothing is counted. */
void metrics_add(struct metrics *metrics, int family, int series,
                 uint64_t amount);
void metrics_set(struct metrics *metrics, int family, int series, double value);

/* Histograms: seconds, in buckets 1-2.5-5 from 10 us to 100 s. The second one
 * is `count` times the first. Less than nothing counts as nothing. */
void metrics_observe(struct metrics *metrics, int family, double seconds);
void metrics_observe_many(struct metrics *metrics, int family, double seconds,
                          uint64_t count);

/* Seconds from 1 s to a day. */
enum { METRIC_DELAY_BOUNDS = 12 };
extern const double metric_delay_bounds[METRIC_DELAY_BOUNDS];

/* Sets all of a histogram of delays: counts (METRIC_DELAY_BOUNDS + 1) by
 * bucket, the last one of those beyond all bounds, and the sum of the seconds.
 */
void metrics_set_delays(struct metrics *metrics, int family,
                        const uint64_t *counts, double sum);

/* The value of a counter or gauge (a time in seconds), or the number of a
 * histogram's observations; 0 where nothing was counted. */
double metrics_value(const struct metrics *metrics, int family, int series);

/* A label of an info gauge and its value, which may be any bytes. */
struct metric_label {
    const char *name, *value;
};

/* Replaces the labels of an info gauge; a label without a name ends them.
 * Values are escaped as Prometheus reads them. A label that finds no room in
 * METRIC_INFO_MAX bytes is left out whole. */
enum { METRIC_INFO_MAX = 1024 };
void metrics_set_info(struct metrics *metrics, int family,
                      const struct metric_label *labels);

/* Locks the info texts meanwhile: therefore not const. */
void metrics_render(struct metrics *metrics, FILE *out);

/* One family without labels, whose value is kept elsewhere. */
void metrics_render_value(const struct metric_family *family, double value,
                          FILE *out);

/* The Markdown table of docs/metrics.md. */
void metrics_describe(const struct metric_family *families, FILE *out);

#endif
