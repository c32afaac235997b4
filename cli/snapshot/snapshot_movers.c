#include "cli/snapshot/snapshot_movers.h"

#include <math.h>
#include <stdlib.h>

static const struct id_map *ids_of(const struct snapshot *snapshot,
                                   enum movers_kind kind)
{
    return kind == MOVERS_ADS ? snapshot->ads : snapshot->users;
}

/* For the id and a stranger on the other side. */
static double predict(const struct snapshot *snapshot, enum movers_kind kind,
                      uint32_t index)
{
    struct pair pair = {.user = INDEX_UNKNOWN, .item = INDEX_UNKNOWN};
    struct prediction answer;

    *(kind == MOVERS_ADS ? &pair.item : &pair.user) = index;
    model_predict(snapshot->model, &pair, 1, &answer);
    return answer.value;
}

static int by_size(const void *a, const void *b)
{
    const struct mover *x = a, *y = b;
    double p = fabs(x->after - x->before), q = fabs(y->after - y->before);

    if (p != q)
        return p < q ? 1 : -1;
    uint64_t i = id_hash(&x->id), j = id_hash(&y->id);
    return (i > j) - (i < j); /* the same order everywhere */
}

static struct mover compare(const struct snapshot *before,
                            const struct snapshot *after, enum movers_kind kind,
                            const struct id *id)
{
    uint32_t x = id_map_find(ids_of(before, kind), id);
    uint32_t y = id_map_find(ids_of(after, kind), id);

    return (struct mover){.id = *id,
                          .before = predict(before, kind, x),
                          .after = predict(after, kind, y),
                          .known_before = x != INDEX_UNKNOWN,
                          .known_after = y != INDEX_UNKNOWN};
}

static void note(struct movers *movers, const struct mover *mover)
{
    if (mover->known_before && mover->known_after)
        movers->both++;
    else if (mover->known_before)
        movers->only_before++;
    else
        movers->only_after++;
    if (mover->before != mover->after)
        movers->top[movers->count++] = *mover;
}

int movers_find(const struct snapshot *before, const struct snapshot *after,
                enum movers_kind kind, size_t max, struct movers *out,
                struct error *err)
{
    const struct id_map *old = ids_of(before, kind), *new = ids_of(after, kind);
    uint32_t old_count = id_map_count(old), new_count = id_map_count(new);
    struct movers movers = {.count = 0};

    movers.top = calloc((size_t)old_count + new_count + 1, sizeof(*movers.top));
    if (!movers.top)
        return error_no_memory(err, "the snapshot movers");
    for (uint32_t i = 0; i < old_count; i++) {
        struct id id = id_map_id(old, i);
        struct mover mover = compare(before, after, kind, &id);
        note(&movers, &mover);
    }
    for (uint32_t i = 0; i < new_count; i++) {
        struct id id = id_map_id(new, i);
        struct mover mover = compare(before, after, kind, &id);
        if (!mover.known_before)
            note(&movers, &mover);
    }
    qsort(movers.top, movers.count, sizeof(*movers.top), by_size);
    if (movers.count > max)
        movers.count = max;
    *out = movers;
    return 0;
}

void movers_free(struct movers *movers)
{
    free(movers->top);
    *movers = (struct movers){.count = 0};
}
