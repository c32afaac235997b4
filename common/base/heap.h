/*
 * heap.h - a binary heap in an array of its user's.
 *
 * The array belongs to the user, who makes room in it and counts its items.
 * The first item comes before all others. Everything is inline: with a heap
 * that is described at the call, compilers see the item's size and inline the
 * comparison.
 */
#ifndef COMMON_HEAP_H
#define COMMON_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct heap {
    void *items; /* (the user's room) */
    size_t item_size;
    bool (*comes_before)(const void *context, const void *a, const void *b);
    /* Tells where an item stands now. NULL: nobody wants to know. */
    void (*is_at)(void *context, const void *item, size_t at);
    void *context;
};

static inline char *heap_item(const struct heap *heap, size_t at)
{
    return (char *)heap->items + at * heap->item_size;
}

static inline void heap_set(const struct heap *heap, size_t at,
                            const void *item)
{
    memcpy(heap_item(heap, at), item, heap->item_size);
    if (heap->is_at)
        heap->is_at(heap->context, heap_item(heap, at), at);
}

/* Puts the item at `at` or above. The item is not one of the array. */
static inline void heap_rise(const struct heap *heap, size_t at,
                             const void *item)
{
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (!heap->comes_before(heap->context, item, heap_item(heap, parent)))
            break;
        heap_set(heap, at, heap_item(heap, parent));
        at = parent;
    }
    heap_set(heap, at, item);
}

/* Puts the item at `at` or below. The item is not one of the array. */
static inline void heap_sink(const struct heap *heap, size_t count, size_t at,
                             const void *item)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count &&
            heap->comes_before(heap->context, heap_item(heap, child + 1),
                               heap_item(heap, child)))
            child++;
        if (!heap->comes_before(heap->context, heap_item(heap, child), item))
            break;
        heap_set(heap, at, heap_item(heap, child));
    }
    heap_set(heap, at, item);
}

/* Closes the gap at `at` with `last`, which was the last of count + 1 items. */
static inline void heap_close(const struct heap *heap, size_t count, size_t at,
                              const void *last)
{
    if (at > 0 &&
        heap->comes_before(heap->context, last, heap_item(heap, (at - 1) / 2)))
        heap_rise(heap, at, last);
    else
        heap_sink(heap, count, at, last);
}

#endif
