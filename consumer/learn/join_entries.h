/*
 * join_entries.h - what the join remembers, found by id and by deadline.
 *
 * A pool of entries, an open-addressing table of their ids (load at most one
 * half) and a heap of the deadlines of those that wait. A number is kept
 * inline, a text in one arena that is packed when half of it is dead: about
 * 72 bytes an entry, plus its text. One thread.
 */
#ifndef CONSUMER_JOIN_ENTRIES_H
#define CONSUMER_JOIN_ENTRIES_H

#include "common/base/error.h"
#include "common/base/id.h"

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

struct join_wait {
    int64_t deadline_ms;
    uint32_t order; /* of arrival: ties end in that order */
    uint32_t slot;
};

/* Zeroed is empty and valid. */
struct join_entries {
    struct join_entry *pool;
    uint32_t room, used, count; /* entries: allocated, ever used, in use */
    uint32_t spare;             /* first of the free list, plus one */
    struct id_key key;          /* of the table's hash */
    uint32_t *table;            /* slot + 1; 0 is empty */
    uint32_t mask;
    char *texts;
    size_t texts_room, texts_used, texts_dead;
    struct join_wait *heap; /* (room) */
    uint32_t waits, order;
};

void join_entries_free(struct join_entries *entries);

/* JOIN_NO_ENTRY when it is not there. */
uint32_t join_entries_find(const struct join_entries *entries,
                           const struct id *id);

/* The id must not be there yet. The entry is zero but for its id. */
int join_entries_add(struct join_entries *entries, const struct id *id,
                     uint32_t *slot, struct error *err) MUST_CHECK;

/* It must not be in the heap any more. */
void join_entries_remove(struct join_entries *entries, uint32_t slot);

/* Puts the entry into the heap of deadlines; uses its link. */
void join_entries_wait(struct join_entries *entries, uint32_t slot,
                       int64_t deadline_ms);

/* Out of the heap, wherever it is in there. */
void join_entries_unwait(struct join_entries *entries, uint32_t slot);

/* The earliest deadline; NULL when nothing waits. */
static inline const struct join_wait *
join_entries_earliest(const struct join_entries *entries)
{
    return entries->waits ? &entries->heap[0] : NULL;
}

size_t join_entries_bytes(const struct join_entries *entries);

#endif
