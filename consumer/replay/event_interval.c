#include "consumer/replay/event_interval.h"

struct event_interval event_interval_of(int64_t every_ms)
{
    return (struct event_interval){.every_ms = every_ms, .due_ms = INT64_MIN};
}

bool event_interval_is_over(struct event_interval *interval, int64_t ts_ms)
{
    const bool is_first = interval->due_ms == INT64_MIN;

    if (interval->every_ms == 0)
        return true;
    if (ts_ms < interval->due_ms)
        return false;
    interval->due_ms = (ts_ms / interval->every_ms + 1) * interval->every_ms;
    return !is_first;
}
