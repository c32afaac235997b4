/*
 * windows_world.h - impressions, clicks and predictions for the windows of the
 * live evaluation, given to them as the trainer does.
 *
 * Times are in ms; predictions name the place of an impression, which counts
 * from 0 in each partition.
 */
#ifndef SUPPORT_WINDOWS_WORLD_H
#define SUPPORT_WINDOWS_WORLD_H

#include "consumer/evaluate/evaluation_windows.h"

enum {
    WINDOW_MS = 1000, /* of the evaluation */
    CLICK_MS = 100,   /* in which a click is expected */
    LATE_MS = 200,    /* after that */
    OVER_MS = CLICK_MS + LATE_MS,
    ROWS_MAX = 64,
};

extern struct error world_err;
extern struct evaluation_windows *world_windows;
extern int64_t world_offsets[4]; /* of the next impression, by partition */

void world_open_from(int64_t from_ms, uint32_t rows_max);
void world_close_all(void);
void world_set_up(void);
void world_pass_time(int64_t ts_ms);
void world_show_at(int64_t number, int64_t ts_ms, int32_t partition);
void world_show(int64_t number, int64_t ts_ms);
void world_click(int64_t number, int64_t ts_ms);
void world_predict_at(int32_t partition, int64_t offset, double p,
                      uint64_t version);
void world_predict(int64_t offset, double p, uint64_t version);
struct evaluation_window world_next_window(void);
void world_assert_none(void);
struct evaluation_counts world_counts(void);

#endif
