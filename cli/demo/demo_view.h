/*
 * demo_view.h - what `pctr demo` shows: a table that redraws itself on a
 * terminal, plain lines elsewhere.
 */
#ifndef CLI_DEMO_VIEW_H
#define CLI_DEMO_VIEW_H

#include "model/measure/evaluation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEMO_VERSIONS_MAX = 64 };

struct demo_version {
    uint64_t version; /* 0: no model yet */
    struct evaluation evaluation;
};

/* One moment. */
struct demo_moment {
    double seconds;
    uint64_t impressions, predictions, dead_letters, labels;
    double rate;           /* predictions a second, since the last moment */
    double p50_ms, p99_ms; /* impression to prediction, since then; NaN */
    uint64_t serving;      /* model version on the board */
    const struct demo_version *versions;
    size_t version_count;
};

struct demo_view {
    bool terminal;
    size_t drawn; /* lines of the table on the terminal */
};

void demo_view_start(struct demo_view *view);
void demo_view_show(struct demo_view *view, const struct demo_moment *moment);

/* Goes to standard output: what every model was worth on the rows that it
 * scored. */
void demo_view_versions(const struct demo_version *versions, size_t count);

#endif
