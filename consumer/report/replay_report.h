/*
 * replay_report.h - the figures of a replay: in total, by window of event
 * time, by slice, and between contenders.
 *
 * The report counts rows whose label is settled (their attribution window is
 * over) and that every contender answered, so that all figures of a line are
 * about the same rows. It reads the log once for each contender and sorts the
 * rows outside of memory (row_sorter.h), so that memory does not grow with
 * their number.
 */
#ifndef CONSUMER_REPLAY_REPORT_H
#define CONSUMER_REPLAY_REPORT_H

#include "common/base/error.h"

#include "consumer/report/replay_groups.h"
#include "consumer/report/replay_log.h"

#include "model/measure/bootstrap.h"
#include "model/measure/curves.h"
#include "model/measure/evaluation.h"

#include <stddef.h>
#include <stdint.h>

struct replay_report_config {
    int64_t window_ms; /* 0: a round length that gives about 50 windows */
    int64_t settled_before_ms; /* event time: labels of later rows may come */
    struct bootstrap_config bootstrap;
    size_t slices_max;   /* values of a field: those with most rows */
    uint64_t sort_bytes; /* memory for sorting; more rows go to a file */
};

struct replay_report {
    size_t contenders, rows;
    size_t open, gone; /* rows that are not counted, since their label is not
                          settled, or a contender did not answer */
    int64_t first_ms, last_ms; /* event times of the rows counted */
    int64_t window_ms;
    struct evaluation *totals; /* (contenders) */
    struct bootstrap *bootstrap;
    struct curves *curves; /* (contenders) */
    const struct replay_window *windows;
    size_t window_count;
    const struct replay_slice *slices;
    size_t slice_count;
    struct replay_groups groups; /* owns windows and slices */
};

/* `log` is settled to its end and must outlive the report. ERROR_LIMIT: too
 * many windows; ERROR_IO: the folder of the log is full; ERROR_MEMORY. */
int replay_report_make(const struct replay_log *log,
                       const struct replay_report_config *config,
                       struct replay_report **out,
                       struct error *err) MUST_CHECK;

/* NULL is fine. */
void replay_report_free(struct replay_report *report);

#endif
