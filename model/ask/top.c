#include "model/ask/top.h"

#include "common/base/heap.h"

#include "model/algorithms/factors.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
    USERS = 64,   /* of a block */
    ITEMS = 2048, /* of a block */
};

/* --- The first n so far ------------------------------------------------------
 *
 * A heap in the request's own array, its root the worst that is still in.
 */

static bool is_before(const struct top_entry *a, const struct top_entry *b)
{
    if (a->estimate > b->estimate || a->estimate < b->estimate)
        return a->estimate > b->estimate;
    return a->item < b->item;
}

static bool is_worse(const void *context, const void *a, const void *b)
{
    (void)context;
    return is_before(b, a);
}

static void offer(struct top_request *request, uint32_t n,
                  struct top_entry entry)
{
    const struct heap heap = {.items = request->out,
                              .item_size = sizeof(entry),
                              .comes_before = is_worse};

    if (request->found < n)
        heap_rise(&heap, request->found++, &entry);
    else if (is_before(&entry, &request->out[0]))
        heap_sink(&heap, n, 0, &entry);
}

static int compare_entries(const void *a, const void *b)
{
    return is_before(a, b) ? -1 : 1;
}

/* --- Blocks ----------------------------------------------------------- */

/* Room to work in. */
struct work {
    const struct model *model;
    const struct factors *factors; /* NULL: a model of another kind */
    uint32_t n;
    double *bounds; /* (USERS, ITEMS): no estimate is above its bound */
    void *scratch;  /* for the bounds */
    size_t next_seen[USERS];
    struct pair pairs[ITEMS];
    struct prediction predictions[ITEMS];
};

static bool is_seen(const struct top_request *request, size_t *next,
                    uint32_t item)
{
    while (*next < request->seen_count && request->seen[*next] < item)
        ++*next;
    return *next < request->seen_count && request->seen[*next] == item;
}

/* Items next to each other, as one user is asked about them. */
struct item_block {
    uint32_t first, count;
    const double *bounds; /* (count) of the user's estimates; NULL: none */
};

/* Offers the items of the block that are not seen and whose bounds reach the
 * entries so far. */
static void rank_items(struct work *work, struct top_request *request,
                       size_t *next_seen, const struct item_block *block)
{
    size_t chosen = 0;

    for (uint32_t i = 0; i < block->count; i++) {
        if (block->bounds && request->found == work->n &&
            block->bounds[i] < request->out[0].estimate)
            continue;
        if (!is_seen(request, next_seen, block->first + i))
            work->pairs[chosen++] =
                (struct pair){request->user, block->first + i};
    }
    model_predict_unclipped(work->model, work->pairs, chosen,
                            work->predictions);
    for (size_t i = 0; i < chosen; i++)
        offer(request, work->n,
              (struct top_entry){work->pairs[i].item,
                                 work->predictions[i].value});
}

static void rank_block(struct work *work, struct top_request *requests,
                       size_t users, uint32_t first, uint32_t count)
{
    uint32_t indices[USERS];

    for (size_t r = 0; r < users; r++)
        indices[r] = requests[r].user;
    if (work->factors)
        factors_bounds(work->factors,
                       &(struct factors_block){indices, users, first, count},
                       work->scratch, work->bounds);
    for (size_t r = 0; r < users; r++) {
        const struct item_block block = {
            .first = first,
            .count = count,
            .bounds = work->factors ? work->bounds + r * count : NULL};
        rank_items(work, &requests[r], &work->next_seen[r], &block);
    }
}

static void rank_users(struct work *work, struct top_request *requests,
                       size_t users)
{
    uint32_t items = work->model->items;

    for (size_t r = 0; r < users; r++) {
        requests[r].found = 0;
        work->next_seen[r] = 0;
    }
    for (uint32_t first = 0; first < items; first += ITEMS)
        rank_block(work, requests, users, first,
                   items - first < ITEMS ? items - first : ITEMS);
    for (size_t r = 0; r < users; r++)
        qsort(requests[r].out, requests[r].found, sizeof(struct top_entry),
              compare_entries);
}

static void work_free(struct work *work)
{
    if (!work)
        return;
    free(work->bounds);
    free(work->scratch);
    free(work);
}

static struct work *work_new(const struct model *model, uint32_t n)
{
    struct work *work = calloc(1, sizeof(*work));

    if (!work)
        return NULL;
    work->model = model;
    work->factors = factors_of(model);
    work->n = n;
    if (work->factors) {
        work->bounds = malloc(sizeof(*work->bounds) * USERS * ITEMS);
        work->scratch =
            malloc(factors_bounds_scratch(work->factors, USERS, ITEMS));
        if (!work->bounds || !work->scratch) {
            work_free(work);
            return NULL;
        }
    }
    return work;
}

int top_rank(const struct model *model, struct top_request *requests,
             size_t count, uint32_t n, struct error *err)
{
    struct work *work = work_new(model, n);

    assert(n >= 1 && n <= TOP_MAX);
    if (!work)
        return error_no_memory(err, "the top");
    for (size_t first = 0; first < count; first += USERS)
        rank_users(work, requests + first,
                   count - first < USERS ? count - first : USERS);
    work_free(work);
    return 0;
}
