#include "model/rows/implicit_lists.h"

#include <stdlib.h>

struct entry {
    uint32_t item, times;
};

static int by_item(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    return (left->item > right->item) - (left->item < right->item);
}

static int by_times(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    if (left->times != right->times)
        return left->times > right->times ? 1 : -1;
    return by_item(a, b);
}

/* Makes n entries of one row each into fewer; returns how many. */
static size_t merge(struct entry *entries, size_t n)
{
    size_t kept = 0;

    qsort(entries, n, sizeof(*entries), by_item);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && entries[kept - 1].item == entries[i].item)
            entries[kept - 1].times++;
        else
            entries[kept++] = entries[i];
    }
    if (kept < n)
        qsort(entries, kept, sizeof(*entries), by_times);
    return kept;
}

/* Appends a user's n entries; returns how many groups they are in. */
static size_t append(struct implicit_lists *lists, uint32_t user,
                     const struct entry *entries, size_t n)
{
    struct implicit_group *groups = lists->groups + lists->group_first[user];
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || entries[i].times != entries[i - 1].times)
            groups[count++].times = entries[i].times;
        groups[count - 1].count++;
        lists->items[lists->item_first[user] + i] = entries[i].item;
    }
    return count;
}

static void fill(struct implicit_lists *lists, const struct ratings *train,
                 struct entry *entries)
{
    lists->groups_max = 1;
    for (uint32_t u = 0; u < train->users; u++) {
        const struct rated *rows = train->by_user + train->user_first[u];
        size_t n = train->user_first[u + 1] - train->user_first[u];
        for (size_t i = 0; i < n; i++)
            entries[i] = (struct entry){rows[i].other, 1};
        n = merge(entries, n);
        size_t groups = append(lists, u, entries, n);
        lists->item_first[u + 1] = lists->item_first[u] + n;
        lists->group_first[u + 1] = lists->group_first[u] + groups;
        if (groups > lists->groups_max)
            lists->groups_max = groups;
    }
}

/* Groups of one user have different numbers of occurrences: m of them take at
 * least m (m + 1) / 2 rows, so that room for one group a row is always enough.
 */
static struct implicit_lists *reserve(const struct ratings *train)
{
    struct implicit_lists *lists = calloc(1, sizeof(*lists));
    const size_t users = (size_t)train->users + 1, rows = train->count + 1;

    if (!lists)
        return NULL;
    lists->item_first = calloc(users, sizeof(*lists->item_first));
    lists->group_first = calloc(users, sizeof(*lists->group_first));
    lists->items = calloc(rows, sizeof(*lists->items));
    lists->groups = calloc(rows, sizeof(*lists->groups));
    if (lists->item_first && lists->group_first && lists->items &&
        lists->groups)
        return lists;
    implicit_lists_free(lists);
    return NULL;
}

int implicit_lists_make(const struct ratings *train,
                        struct implicit_lists **out, struct error *err)
{
    struct implicit_lists *lists = reserve(train);
    struct entry *entries = calloc(train->count + 1, sizeof(*entries));

    if (!lists || !entries) {
        implicit_lists_free(lists);
        free(entries);
        return error_no_memory(err, "the implicit lists");
    }
    fill(lists, train, entries);
    free(entries);
    *out = lists;
    return 0;
}

void implicit_lists_free(struct implicit_lists *lists)
{
    if (!lists)
        return;
    free(lists->item_first);
    free(lists->group_first);
    free(lists->items);
    free(lists->groups);
    free(lists);
}
