#include "common/event/event_order.h"

void event_known_set(struct event_known *known, uint8_t place,
                     const uint8_t *at, size_t size, unsigned paths)
{
    if (size == 0 || size > EVENT_ORDER_BYTES_MAX) {
        known->place = 0;
        return;
    }
    *known = (struct event_known){
        .mask = UINT64_MAX,
        .paths = paths,
        .place = place,
        .size = (uint8_t)size,
        .offset = (uint8_t)(size < 8 ? 0 : size - 8),
    };
    if (size >= 8) {
        known->first = word_at(at);
        known->last = word_at(at + size - 8);
        return;
    }
    known->first = word_within(at, size);
    known->last = known->first;
    known->mask = (UINT64_C(1) << (8 * size)) - 1;
}
