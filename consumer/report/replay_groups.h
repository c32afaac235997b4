/*
 * replay_groups.h - the windows and slices of a replay, and the ones that a row
 * belongs to.
 *
 * Groups are numbered: the windows first, then the slices in the order of the
 * report. All are laid out before the first row is measured; groups without
 * rows are dropped at the end.
 */
#ifndef CONSUMER_REPLAY_GROUPS_H
#define CONSUMER_REPLAY_GROUPS_H

#include "common/base/error.h"
#include "common/base/id.h"

#include "consumer/report/replay_census.h"
#include "consumer/report/replay_log.h"
#include "consumer/report/row_sorter.h"

#include "model/measure/evaluation.h"

#include <stddef.h>
#include <stdint.h>

struct replay_window {
    int64_t start_ms;
    size_t rows;
    struct evaluation *figures; /* (contenders) */
};

struct replay_slice {
    const char *by; /* "basis", "support", "version", or a field:
                           borrowed */
    char value[ID_PRINT_SIZE];
    size_t value_size; /* a field's value may hold any bytes, zeros too */
    size_t contender;  /* whose basis, support or version it is; SIZE_MAX: a
                          field's */
    size_t rows;
    struct evaluation *figures; /* (contenders); for these three only
                                   those of its contender are set */
};

struct version_list {
    uint64_t *versions; /* (count) ascending; slices in that order */
    size_t count, first;
};

struct replay_groups {
    const struct replay_log *log;
    size_t contenders;
    int64_t window_ms, first_window;
    struct replay_window *windows;
    size_t window_count;
    struct replay_slice *slices;
    size_t slice_count, slice_room;
    size_t first_support;                /* slice, of the first contender */
    struct version_list *lists;          /* (contenders) */
    uint32_t *places[REPLAY_SLICES_MAX]; /* (names) group of a value */
};

/* Lays out windows of window_ms, or, where that is 0, of a round length that
 * gives about 50 windows, and slices of the slices_max values of each field
 * with most rows. `log` must outlive the groups. ERROR_LIMIT: too many windows;
 * ERROR_MEMORY. The caller frees *out, also after a failure. */
int replay_groups_make(const struct replay_log *log,
                       const struct replay_census *census, int64_t window_ms,
                       size_t slices_max, struct replay_groups *out,
                       struct error *err) MUST_CHECK;

/* The groups that one contender's answer to a row belongs to. */
#define NO_GROUP UINT32_MAX
void replay_groups_of(const struct replay_groups *groups,
                      const struct replay_row *row, size_t contender,
                      uint32_t out[ROW_GROUPS_MAX]);

size_t replay_groups_count(const struct replay_groups *groups);

/* Turns the sums of one contender into figures. (windows, then slices) */
void replay_groups_measure(struct replay_groups *groups, size_t contender,
                           const struct evaluation_sums *sums);

/* Call it after all contenders were measured. */
void replay_groups_drop_empty(struct replay_groups *groups);

void replay_groups_free(struct replay_groups *groups);

#endif
