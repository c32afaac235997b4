#include "common/base/trouble.h"

enum { TOLD_MS = 60000 };

bool trouble_again(struct trouble *trouble, int64_t now_ms)
{
    if (trouble->attempts > 0 && now_ms - trouble->last_ms >= TOLD_MS)
        trouble_end(trouble);
    if (trouble->attempts++ == 0) {
        trouble->since_ms = now_ms;
        trouble->told_ms = now_ms - TOLD_MS;
    }
    trouble->last_ms = now_ms;
    if (now_ms - trouble->told_ms < TOLD_MS)
        return false;
    trouble->told_ms = now_ms;
    return true;
}

void trouble_end(struct trouble *trouble)
{
    *trouble = (struct trouble){.attempts = 0};
}
