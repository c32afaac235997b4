#include "common/base/backoff.h"

int64_t backoff_next(struct backoff *backoff)
{
    if (backoff->pause_ms == 0)
        backoff->pause_ms = backoff->first_ms;
    else if (backoff->pause_ms <= backoff->most_ms / 2)
        backoff->pause_ms *= 2;
    else
        backoff->pause_ms = backoff->most_ms;
    return backoff->pause_ms;
}

void backoff_reset(struct backoff *backoff)
{
    backoff->pause_ms = 0;
}
