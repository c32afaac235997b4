#include "consumer/read/merge_heap.h"

#include "common/base/heap.h"

static bool comes_before(const void *context, const void *a, const void *b)
{
    const struct merge_lane *lanes = context;
    size_t left = *(const size_t *)a, right = *(const size_t *)b;

    if (lanes[left].head_ms != lanes[right].head_ms)
        return lanes[left].head_ms < lanes[right].head_ms;
    return left < right; /* lanes are in the order of topics and partitions */
}

static struct heap heap_of(const struct merge_heap *heap)
{
    return (struct heap){.items = heap->order,
                         .item_size = sizeof(*heap->order),
                         .comes_before = comes_before,
                         .context = heap->lanes};
}

void merge_heap_push(struct merge_heap *heap, size_t lane)
{
    const struct heap order = heap_of(heap);

    heap_rise(&order, heap->count++, &lane);
}

size_t merge_heap_pop(struct merge_heap *heap)
{
    const struct heap order = heap_of(heap);
    size_t first = heap->order[0];
    size_t last = heap->order[--heap->count];

    heap_sink(&order, heap->count, 0, &last);
    return first;
}
