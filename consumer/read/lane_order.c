#include "consumer/read/lane_order.h"

static int64_t before(int64_t ms)
{
    return ms < INT64_MIN + LANE_AHEAD_MS ? INT64_MIN : ms - LANE_AHEAD_MS;
}

bool lane_order_is_near(int64_t ms, int64_t now_ms)
{
    return now_ms != INT64_MIN && before(ms) <= now_ms;
}

enum lane_place lane_order_look(const struct lane_record *records, size_t count,
                                int64_t now_ms, size_t *low)
{
    const int64_t lowest_ms = before(now_ms), highest_ms = before(records->ms);

    if (lane_order_is_near(records->ms, now_ms))
        return LANE_OWN;
    for (size_t i = 1; i < count && i < LANE_WINDOW; i++)
        if (records[i].ms >= lowest_ms && records[i].ms < highest_ms) {
            *low = i;
            return LANE_AHEAD;
        }
    return count < LANE_WINDOW ? LANE_OPEN : LANE_OWN;
}
