#include "consumer/learn/resume_points.h"

#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 64, POINTS_A_MARGIN = 4 };

struct resume_points {
    int64_t margin_ms;
    int64_t added_ms;                     /* stream time of the newest point */
    struct resume_point list[POINTS_MAX]; /* (count) the oldest first */
    size_t count;
};

static void free_point(struct resume_point *point)
{
    free(point->ranges);
    buffer_free(&point->clock);
    *point = (struct resume_point){.count = 0};
}

static void drop(struct resume_points *points, size_t at)
{
    free_point(&points->list[at]);
    points->count--;
    memmove(&points->list[at], &points->list[at + 1],
            (points->count - at) * sizeof(points->list[0]));
}

/* How much later than `from` it is; times may be INT64_MIN: none yet. */
static bool is_later(int64_t from, int64_t to, int64_t by)
{
    if (from == INT64_MIN || to == INT64_MIN)
        return from < to;
    return from <= INT64_MAX - by && from + by < to;
}

/* Everything before the point is out of the join's mind. The first point has
 * nothing before it. */
static bool is_safe(const struct resume_points *points,
                    const struct resume_point *point, int64_t stream_ms)
{
    return point->newest_ms == INT64_MIN ||
           is_later(point->newest_ms, stream_ms, points->margin_ms);
}

bool resume_points_is_due(const struct resume_points *points,
                          const struct intake *intake)
{
    return points->count == 0 ||
           is_later(points->added_ms, intake_stream_ms(intake),
                    points->margin_ms / POINTS_A_MARGIN);
}

/* Drops the points before the latest safe one, which nobody will go on from.
 * Where time stands still, and all are taken, every second point goes. */
static void make_room(struct resume_points *points, int64_t stream_ms)
{
    while (points->count > 1 && is_safe(points, &points->list[1], stream_ms))
        drop(points, 0);
    if (points->count < POINTS_MAX)
        return;
    for (size_t at = 1; at < points->count; at++)
        drop(points, at);
}

int resume_points_add(struct resume_points *points, const struct intake *intake,
                      const struct offset_range *ranges, size_t count,
                      struct error *err)
{
    const int64_t stream_ms = intake_stream_ms(intake);
    struct resume_point point = {.count = count,
                                 .newest_ms = intake_newest_ms(intake)};

    if (offset_ranges_copy(ranges, count, &point.ranges, err) < 0)
        return -1;
    intake_save_clock(intake, &point.clock);
    if (buffer_failed(&point.clock)) {
        free_point(&point);
        return error_no_memory(err, "a point to go on from");
    }
    make_room(points, stream_ms);
    points->list[points->count++] = point;
    points->added_ms = stream_ms;
    return 0;
}

const struct resume_point *
resume_points_find(const struct resume_points *points,
                   const struct intake *intake)
{
    const int64_t stream_ms = intake_stream_ms(intake);

    for (size_t at = points->count; at > 0; at--)
        if (is_safe(points, &points->list[at - 1], stream_ms))
            return &points->list[at - 1];
    return NULL;
}

int resume_points_new(int64_t margin_ms, struct resume_points **out,
                      struct error *err)
{
    struct resume_points *points = calloc(1, sizeof(*points));

    if (!points)
        return error_no_memory(err, "the points to go on from");
    points->margin_ms = margin_ms;
    points->added_ms = INT64_MIN;
    *out = points;
    return 0;
}

void resume_points_free(struct resume_points *points)
{
    if (!points)
        return;
    for (size_t at = 0; at < points->count; at++)
        free_point(&points->list[at]);
    free(points);
}
