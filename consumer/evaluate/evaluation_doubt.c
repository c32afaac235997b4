#include "consumer/evaluate/evaluation_doubt.h"

void evaluation_doubt_raise(struct evaluation_doubt *doubt,
                            const int64_t *scored, bool is_grave)
{
    doubt->is_grave = doubt->is_grave || is_grave;
    for (int32_t p = 0; p < EVALUATION_PARTITIONS_MAX; p++) {
        if (!doubt->is_open[p] && doubt->from[p] >= doubt->to[p])
            doubt->from[p] = scored[p];
        doubt->is_open[p] = true;
    }
}

bool evaluation_doubt_covers(const struct evaluation_doubt *doubt,
                             uint64_t source)
{
    bool is_open =
        doubt->is_open[source >> EVALUATION_OFFSET_BITS] && doubt->is_grave;

    return !evaluation_is_before(source, doubt->from) &&
           (is_open || evaluation_is_before(source, doubt->to));
}
