/*
 * join_entries.h - what the join remembers, found by id and by deadline.
 *
 * A pool of entries, an open-addressing table of their ids (load at most one
 * half) and two queues by deadline: of impressions whose window is open, and of
 * labels that wait for their impression. Each queue is a heap. A numeric id is
 * kept inline, a text in one arena that is packed when half of it is dead:
 * about 72 bytes an entry, plus its text, plus 8 bytes for each value that its
 * owner wants to keep beside it. One thread.
 */
#ifndef CONSUMER_JOIN_ENTRIES_H
#define CONSUMER_JOIN_ENTRIES_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/base/slot_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOIN_NO_ENTRY UINT32_MAX

struct join_entry {
    union {
        int64_t number;
        uint64_t text_at; /* in the arena, when text_size > 0 */
    } id;
    int64_t ts_ms;     /* of the impression; of the label while that waits */
    uint64_t sequence; /* of the impression */
    uint32_t hash;
    uint32_t link; /* next in a list, or the place in the heap */
    float label;
    uint16_t text_size; /* 0: the id is a number */
    uint8_t state;      /* the join's own */
    bool labelled;
};

enum join_queue { JOIN_QUEUE_WINDOWS, JOIN_QUEUE_LABELS, JOIN_QUEUES };

struct join_wait {
    int64_t deadline_ms;
    uint32_t order; /* of arrival: ties end in that order */
    uint32_t slot;
};

struct join_heap {
    struct join_wait *list; /* (room) */
    size_t room, count;
};

/* Zeroed is empty and valid. The owner sets `width` before the first entry. */
struct join_entries {
    struct join_entry *pool;
    uint32_t width;             /* values of an entry; 0: none are kept */
    uint64_t *values;           /* (room, width) */
    uint32_t room, used, count; /* entries: allocated, ever used, in use */
    uint32_t spare;             /* first of the free list, plus one */
    struct id_key key;          /* of the table's hash */
    struct slot_table table;
    char *texts;
    size_t texts_room, texts_used, texts_dead;
    struct join_heap queues[JOIN_QUEUES];
    uint32_t order;
};

void join_entries_free(struct join_entries *entries);

/* JOIN_NO_ENTRY when it is not there. */
uint32_t join_entries_find(const struct join_entries *entries,
                           const struct id *id);

/* The id must not be there yet. The entry is zero but for its id.
 * ERROR_MEMORY changes nothing. */
int join_entries_add(struct join_entries *entries, const struct id *id,
                     uint32_t *slot, struct error *err) MUST_CHECK;

/* The values (width) of an entry, which are 0 at first; NULL where the width is
 * 0. Borrowed until the next entry is added. */
static inline uint64_t *join_entries_values(const struct join_entries *entries,
                                            uint32_t slot)
{
    return entries->width ? entries->values + (size_t)slot * entries->width
                          : NULL;
}

/* It must not be in a queue any more. */
void join_entries_remove(struct join_entries *entries, uint32_t slot);

/* Makes room in a queue for one entry more. ERROR_MEMORY changes nothing. */
int join_entries_reserve(struct join_entries *entries, enum join_queue queue,
                         struct error *err) MUST_CHECK;

/* Puts the entry into a queue that has room; uses its link. An entry is in one
 * queue at most. */
void join_entries_wait(struct join_entries *entries, enum join_queue queue,
                       uint32_t slot, int64_t deadline_ms);

/* Out of the queue that it is in, wherever it is in there. */
void join_entries_unwait(struct join_entries *entries, enum join_queue queue,
                         uint32_t slot);

/* The earliest deadline; NULL when nothing waits. */
static inline const struct join_wait *
join_entries_earliest(const struct join_entries *entries, enum join_queue queue)
{
    const struct join_heap *heap = &entries->queues[queue];

    return heap->count ? &heap->list[0] : NULL;
}

size_t join_entries_bytes(const struct join_entries *entries);

#endif
