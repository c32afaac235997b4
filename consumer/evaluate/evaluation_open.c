#include "consumer/evaluate/evaluation_open.h"

#include "common/base/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- Doubt ------------------------------------------------------------ */

void evaluation_doubt_raise(struct evaluation_doubt *doubt,
                            const int64_t *scored, enum evaluation_gap gap)
{
    doubt->is_unreadable = doubt->is_unreadable || gap == EVALUATION_UNREADABLE;
    for (int32_t p = 0; p < EVALUATION_PARTITIONS_MAX; p++) {
        if (!doubt->is_open[p] && doubt->from[p] >= doubt->to[p])
            doubt->from[p] = scored[p];
        doubt->is_open[p] = true;
    }
}

void evaluation_doubt_settle(struct evaluation_doubt *doubt, int32_t partition,
                             int64_t offset)
{
    if (!doubt->is_open[partition])
        return;
    doubt->is_open[partition] = false;
    if (offset > doubt->to[partition])
        doubt->to[partition] = offset;
}

static bool is_in_doubt(const struct evaluation_doubt *doubt, uint64_t source)
{
    bool has_no_end = doubt->is_open[source >> EVALUATION_OFFSET_BITS] &&
                      doubt->is_unreadable;

    return !evaluation_is_before(source, doubt->from) &&
           (has_no_end || evaluation_is_before(source, doubt->to));
}

/* --- Windows ---------------------------------------------------------- */

static int insert(struct evaluation_open *open, size_t at, int64_t start_ms,
                  struct error *err)
{
    struct open_window *list =
        array_with_room(open->list, open->count, &open->room, sizeof(*list));

    if (!list)
        return error_no_memory(err, "%zu windows", open->count);
    open->list = list;
    memmove(open->list + at + 1, open->list + at,
            (open->count - at) * sizeof(*open->list));
    open->count++;
    open->list[at] = (struct open_window){.start_ms = start_ms,
                                          .first = EVALUATION_NO_ROW,
                                          .last = EVALUATION_NO_ROW,
                                          .answered = EVALUATION_NO_ROW};
    return 0;
}

/* Most rows belong to the newest one. NULL: no memory. */
static struct open_window *window_at(struct evaluation_open *open,
                                     int64_t start_ms, struct error *err)
{
    size_t at = open->count;

    while (at > 0 && open->list[at - 1].start_ms > start_ms)
        at--;
    if (at > 0 && open->list[at - 1].start_ms == start_ms)
        return &open->list[at - 1];
    return insert(open, at, start_ms, err) < 0 ? NULL : &open->list[at];
}

int evaluation_open_add(struct evaluation_open *open,
                        struct evaluation_rows *rows, int64_t start_ms,
                        uint32_t slot, struct error *err)
{
    struct open_window *window = window_at(open, start_ms, err);

    if (!window)
        return -1;
    rows->pool[slot].next = EVALUATION_NO_ROW;
    if (window->last == EVALUATION_NO_ROW)
        window->first = slot;
    else
        rows->pool[window->last].next = slot;
    window->last = slot;
    window->count++;
    return 0;
}

void evaluation_open_drop(struct evaluation_open *open,
                          struct evaluation_rows *rows)
{
    uint32_t slot = open->list[0].first;

    while (slot != EVALUATION_NO_ROW) {
        uint32_t next = rows->pool[slot].next;
        evaluation_rows_remove(rows, slot);
        slot = next;
    }
    open->count--;
    memmove(open->list, open->list + 1, open->count * sizeof(*open->list));
}

bool evaluation_open_is_answered(struct open_window *window,
                                 const struct evaluation_rows *rows,
                                 const int64_t *scored)
{
    uint32_t slot = window->answered == EVALUATION_NO_ROW
                        ? window->first
                        : rows->pool[window->answered].next;

    while (slot != EVALUATION_NO_ROW) {
        const struct evaluation_row *row = &rows->pool[slot];
        if (isnan(row->p) && !evaluation_is_before(row->source, scored))
            return false;
        window->answered = slot;
        slot = row->next;
    }
    return true;
}

bool evaluation_open_is_doubtful(const struct open_window *window,
                                 const struct evaluation_rows *rows,
                                 const struct evaluation_doubt *doubt)
{
    for (uint32_t slot = window->first; slot != EVALUATION_NO_ROW;
         slot = rows->pool[slot].next) {
        const struct evaluation_row *row = &rows->pool[slot];
        if (isnan(row->p) && is_in_doubt(doubt, row->source))
            return true;
    }
    return false;
}

size_t evaluation_open_judged(const struct open_window *window,
                              const struct evaluation_rows *rows,
                              int64_t settled_ms, struct judged *to)
{
    size_t n = 0;

    for (uint32_t slot = window->first; slot != EVALUATION_NO_ROW;
         slot = rows->pool[slot].next) {
        const struct evaluation_row *row = &rows->pool[slot];
        bool is_settled = row->ts_ms < settled_ms;
        if (!isnan(row->p))
            to[n++] =
                (struct judged){row->version, row->p,
                                is_settled ? (double)row->label : (double)NAN};
    }
    return n;
}

void evaluation_open_free(struct evaluation_open *open)
{
    free(open->list);
    *open = (struct evaluation_open){.count = 0};
}
