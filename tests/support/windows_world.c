#include "support/windows_world.h"

#include "support/run_suite.h"

#include <string.h>

struct error world_err;
struct evaluation_windows *world_windows;
static struct join *join;
int64_t world_offsets[4]; /* of the next impression, by partition */

void world_open_from(int64_t from_ms, uint32_t rows_max)
{
    const struct join_config reach = {CLICK_MS, LATE_MS, 1000};
    const struct evaluation_windows_config config = {.window_ms = WINDOW_MS,
                                                     .join = reach,
                                                     .rows_max = rows_max,
                                                     .from_ms = from_ms};

    ck_assert_ok(evaluation_windows_new(&config, &world_windows, &world_err),
                 world_err);
    ck_assert_ok(join_new(&reach, &join, &world_err), world_err);
    memset(world_offsets, 0, sizeof(world_offsets));
}

void world_close_all(void)
{
    evaluation_windows_free(world_windows);
    join_free(join);
    world_windows = NULL;
    join = NULL;
}

void world_set_up(void)
{
    world_open_from(0, ROWS_MAX);
}

/* --- As the trainer does it ------------------------------------------- */

void world_pass_time(int64_t ts_ms)
{
    struct join_outcome outcome;

    join_advance(join, ts_ms);
    while (join_next(join, &outcome))
        evaluation_windows_label(world_windows, &outcome);
    ck_assert_ok(evaluation_windows_advance(world_windows, ts_ms, &world_err),
                 world_err);
}

void world_show_at(int64_t number, int64_t ts_ms, int32_t partition)
{
    struct id id = id_from_number(number);
    struct intake_row row = {.ts_ms = ts_ms};

    struct join_place place;

    ck_assert_ok(join_impression(join, &id, ts_ms, &place, &world_err),
                 world_err);
    row.sequence = place.sequence;
    row.is_new = place.is_new;
    row.is_unknown = place.is_unknown;
    ck_assert_ok(evaluation_windows_impression(world_windows, &row, partition,
                                               world_offsets[partition]++,
                                               &world_err),
                 world_err);
    world_pass_time(ts_ms);
}

void world_show(int64_t number, int64_t ts_ms)
{
    world_show_at(number, ts_ms, 0);
}

void world_click(int64_t number, int64_t ts_ms)
{
    struct id id = id_from_number(number);

    ck_assert_ok(join_label(join, &id, ts_ms, 1, &world_err), world_err);
    world_pass_time(ts_ms);
}

void world_predict_at(int32_t partition, int64_t offset, double p,
                      uint64_t version)
{
    const struct prediction_event event = {.src_partition = partition,
                                           .src_offset = offset,
                                           .p = p,
                                           .model_version = version};

    ck_assert_ok(
        evaluation_windows_prediction(world_windows, &event, &world_err),
        world_err);
}

void world_predict(int64_t offset, double p, uint64_t version)
{
    world_predict_at(0, offset, p, version);
}

struct evaluation_window world_next_window(void)
{
    struct evaluation_window window;

    ck_assert(evaluation_windows_next(world_windows, &window));
    return window;
}

void world_assert_none(void)
{
    struct evaluation_window window;

    ck_assert(!evaluation_windows_next(world_windows, &window));
}

struct evaluation_counts world_counts(void)
{
    return evaluation_windows_counts(world_windows);
}
