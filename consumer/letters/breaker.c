#include "consumer/letters/breaker.h"

void breaker_note(struct breaker *breaker, bool bad)
{
    breaker->bad_count -= breaker->bad[breaker->at];
    breaker->bad_count += bad;
    breaker->bad[breaker->at] = bad;
    breaker->at = breaker->at + 1 == BREAKER_WINDOW ? 0 : breaker->at + 1;
}

bool breaker_is_open(const struct breaker *breaker, double max_share)
{
    return (double)breaker->bad_count > max_share * BREAKER_WINDOW;
}
