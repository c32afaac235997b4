/*
 * event_source.h - where a feed's impressions come from: a table or the
 * synthetic world. One thread.
 */
#ifndef PRODUCER_EVENT_SOURCE_H
#define PRODUCER_EVENT_SOURCE_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/base/table.h"
#include "common/event/event_codec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed: valid until the next row. */
struct source_row {
    struct id id; /* of the impression */
    struct id user, ad;
    double click;  /* 0 to 1 */
    bool has_time; /* else the feed's clock gives one */
    int64_t ts_ms;
    const struct event_extra *extras;
    size_t extra_count;
};

enum { SOURCE_EXTRAS_MAX = TABLE_COLUMNS_MAX };

enum source_result { SOURCE_ROW, SOURCE_REJECTED, SOURCE_END };

struct event_source;

struct event_source_ops {
    /* SOURCE_REJECTED: *line and `why` say what was wrong with which row. */
    int (*next)(struct event_source *source, enum source_result *result,
                struct source_row *row, uint64_t *line, struct error *why,
                struct error *err);

    /* Names of the extras that each row has, in their order; at most
     * SOURCE_EXTRAS_MAX, valid as long as the source. Returns how many. */
    size_t (*extras)(const struct event_source *source, const char **names);

    /* How many rows there are; 0 when that is not known. */
    int (*count)(struct event_source *source, uint64_t *rows,
                 struct error *err);

    void (*close)(struct event_source *source);
};

/* First member of every concrete source. */
struct event_source {
    const struct event_source_ops *ops;
};

/* What a number in the column of the time counts. */
enum time_unit {
    TIME_AUTO, /* s, ms, us or ns since 1970, by the size of the number */
    TIME_S,
    TIME_MS,
    TIME_US,
    TIME_NS,
    TIME_YYMMDDHH, /* 14102100 is 2014-10-21, 00:00 to 00:59 UTC */
};
#define TIME_UNIT_WORDS "auto|s|ms|us|ns|yymmddhh"

/* A row's columns become events: which ones, and what counts as a click. */
struct table_source_config {
    const char *path; /* "-": standard input */
    struct table_options table;
    /* Names of columns. Empty: the first of the usual names that is there;
     * for `id` and `ts`, empty may also mean none, and "none" always does. */
    char id[64], ts[64], user[64], ad[64], click[64];
    char extras[512];  /* "all", "none" or a list of columns; never the label */
    char without[512]; /* columns that "all" leaves out, a list */
    bool any_label;    /* labels are any finite number: ratings to learn from */
    double click_min;  /* a value from here on is a click; 0: it is the weight
                          itself, 0 to 1 */
    uint64_t id_start; /* number of the first row where there is no id */
    int ts_unit;       /* enum time_unit */
};

int table_source_open(const struct table_source_config *config,
                      struct event_source **out, struct error *err) MUST_CHECK;

/* The rows of `inner` in the order of their times, where they have some; rows
 * without pass as they come. Rows of the same time keep their order. They wait
 * in memory_bytes and, beyond that, in nameless files of `folder` (empty:
 * $TMPDIR, or /tmp). A stop that comes before the last row was read gives none.
 * Takes `inner` over, also where it fails. */
int sorted_source_open(struct event_source *inner, const char *folder,
                       size_t memory_bytes, struct event_source **out,
                       struct error *err) MUST_CHECK;

/*
 * A world with a truth: users and ads with long tails, and a true click
 * probability for each pair at each time,
 *
 *   p = 1 / (1 + exp(-(base + b_user + b_ad(t) + user . ad)))
 *
 * b_ad drifts by `drift` radians over the whole run between two draws.
 */
struct world_config {
    uint64_t seed;
    uint64_t rows;
    uint32_t users, ads, rank;
    double click_rate; /* of an average pair */
    double spread;     /* standard deviation of the biases */
    double affinity;   /* and of user . ad */
    double zipf;       /* exponent of the activity: 0 is even */
    double drift;
    const char *truth;       /* file for "id,p" lines; NULL: none */
    const char *truth_field; /* of the impression, for p itself; NULL: none */
};

int world_open(const struct world_config *config, struct event_source **out,
               struct error *err) MUST_CHECK;

/* NULL is fine. */
void event_source_close(struct event_source *source);

#endif
