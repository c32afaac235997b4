#include "consumer/learn/click_delays.h"

#include <stddef.h>

enum { CLICKS_LEAST = 1000, SHARE_ONE_IN = 20 };

void click_delays_add(struct click_delays *delays, int64_t delay_ms,
                      int64_t reach_ms)
{
    const double seconds = delay_ms > 0 ? (double)delay_ms / 1e3 : 0;
    size_t bucket = 0;

    while (bucket < METRIC_DELAY_BOUNDS &&
           seconds > metric_delay_bounds[bucket])
        bucket++;
    delays->counts[bucket]++;
    delays->sum_s += seconds;
    delays->clicks++;
    delays->long_after += delay_ms > reach_ms / 2;
}

bool click_delays_are_long(const struct click_delays *delays)
{
    return delays->clicks >= CLICKS_LEAST &&
           delays->long_after * SHARE_ONE_IN > delays->clicks;
}
