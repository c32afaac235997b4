#include "common/event/event_scratch.h"

#include <stdlib.h>

struct event_scratch_block {
    struct event_scratch_block *next;
    uint8_t bytes[16 * EVENT_SCRATCH_ROOM];
};

static void use(struct event_scratch *scratch,
                struct event_scratch_block *block)
{
    scratch->current = block;
    scratch->at = block ? block->bytes : NULL;
    scratch->end = block ? block->bytes + sizeof(block->bytes) : NULL;
}

int event_scratch_grow(struct event_scratch *scratch, struct error *err)
{
    struct event_scratch_block **next =
        scratch->current ? &scratch->current->next : &scratch->first;

    if (!*next) {
        *next = malloc(sizeof(**next));
        if (!*next)
            return error_no_memory(err, "the texts of events");
        (*next)->next = NULL;
    }
    use(scratch, *next);
    return 0;
}

void event_scratch_clear(struct event_scratch *scratch)
{
    use(scratch, scratch->first);
}

void event_scratch_free(struct event_scratch *scratch)
{
    while (scratch->first) {
        struct event_scratch_block *block = scratch->first;
        scratch->first = block->next;
        free(block);
    }
    use(scratch, NULL);
}
