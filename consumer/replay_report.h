/*
 * replay_report.h - the figures of a replay: in total, by window of event
 * time, by slice, and between contenders.
 *
 * Counts the rows whose label is settled (their attribution window is over)
 * and that every contender answered, so that all figures of a line are about
 * the same rows.
 */
#ifndef CONSUMER_REPLAY_REPORT_H
#define CONSUMER_REPLAY_REPORT_H

#include "common/error.h"
#include "common/id.h"

#include "consumer/replay_log.h"

#include "model/bootstrap.h"
#include "model/curves.h"
#include "model/evaluation.h"

#include <stddef.h>
#include <stdint.h>

struct replay_report_config {
    int64_t window_ms; /* 0: of a round length that gives some 50 of them */
    int64_t settled_before_ms; /* event time: labels of later rows may come */
    struct bootstrap_config bootstrap;
    size_t slices_max; /* of a field: those with most rows */
};

struct replay_window {
    int64_t start_ms;
    size_t rows;
    struct evaluation *figures; /* (contenders) */
};

struct replay_slice {
    const char *by; /* "basis", "version", or a field: borrowed */
    char value[ID_PRINT_SIZE];
    size_t contender; /* whose basis or version it is; SIZE_MAX: a field's */
    size_t rows;
    struct evaluation *figures; /* (contenders); of a basis or a
                                   version only that contender's is set */
};

struct replay_report {
    const struct replay_log *log;
    size_t contenders, rows;
    size_t open, gone; /* rows that are not counted: without a settled label;
                          not answered by all */
    int64_t first_ms, last_ms; /* event times of the rows counted */
    int64_t window_ms;
    size_t *order;             /* (rows) of the log, by event time */
    double *labels;            /* (rows) */
    double **predictions;      /* (contenders, rows) */
    struct evaluation *totals; /* (contenders) */
    struct bootstrap *bootstrap;
    struct curves *curves; /* (contenders) */
    struct replay_window *windows;
    size_t window_count;
    struct replay_slice *slices;
    size_t slice_count;
};

/* `log` must outlive the report. */
int replay_report_make(const struct replay_log *log,
                       const struct replay_report_config *config,
                       struct replay_report **out,
                       struct error *err) MUST_CHECK;

/* NULL is fine. */
void replay_report_free(struct replay_report *report);

#endif
