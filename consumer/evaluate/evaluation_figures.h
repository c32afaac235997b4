/*
 * evaluation_figures.h - the figures of a window, for all model versions
 * together and for each.
 */
#ifndef CONSUMER_EVALUATION_FIGURES_H
#define CONSUMER_EVALUATION_FIGURES_H

#include "common/base/error.h"

#include "model/measure/evaluation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evaluation_version {
    uint64_t version;
    size_t left_out; /* predicted by it, without a label */
    struct evaluation figures;
};

/* What became of a window. */
struct evaluation_window {
    int64_t start_ms;
    bool is_early;
    size_t left_out; /* impressions without a prediction or a label */
    struct evaluation all;
    struct evaluation_version *versions; /* in their order; owned */
    size_t version_count;
};

struct judged {
    uint64_t version;
    double p;
    double label; /* NaN: not known */
};

/* Sorts the rows. Fills in all but start_ms, is_early and left_out. On failure
 * `out` owns nothing. */
int evaluation_figures_make(struct judged *rows, size_t count,
                            struct evaluation_window *out,
                            struct error *err) MUST_CHECK;

/* What it owns, not the struct. */
void evaluation_window_free(struct evaluation_window *window);

/* Windows that wait to be taken, the oldest first. Zeroed is empty. */
struct evaluation_results {
    struct evaluation_window *list;
    size_t count, room;
};

/* Takes what the window owns, whatever happens. */
int evaluation_results_push(struct evaluation_results *results,
                            struct evaluation_window *window,
                            struct error *err) MUST_CHECK;

/* Gives the oldest away; false when there is none. */
bool evaluation_results_shift(struct evaluation_results *results,
                              struct evaluation_window *out);

/* What it owns, not the struct. */
void evaluation_results_free(struct evaluation_results *results);

#endif
