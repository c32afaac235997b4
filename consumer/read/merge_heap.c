#include "consumer/read/merge_heap.h"

static bool comes_before(const struct merge_heap *heap, size_t a, size_t b)
{
    const struct merge_lane *left = &heap->lanes[a];
    const struct merge_lane *right = &heap->lanes[b];

    if (left->head_ms != right->head_ms)
        return left->head_ms < right->head_ms;
    return a < b; /* lanes are in the order of topics and partitions */
}

void merge_heap_push(struct merge_heap *heap, size_t lane)
{
    size_t at = heap->count++;

    while (at > 0 && comes_before(heap, lane, heap->order[(at - 1) / 2])) {
        heap->order[at] = heap->order[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->order[at] = lane;
}

size_t merge_heap_pop(struct merge_heap *heap)
{
    size_t first = heap->order[0];
    size_t last = heap->order[--heap->count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < heap->count &&
            comes_before(heap, heap->order[child + 1], heap->order[child]))
            child++;
        if (child >= heap->count ||
            !comes_before(heap, heap->order[child], last))
            break;
        heap->order[at] = heap->order[child];
        at = child;
    }
    heap->order[at] = last;
    return first;
}
