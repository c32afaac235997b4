#include "consumer/row_groups.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
    const struct keyed_row *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_size(const void *a, const void *b)
{
    const struct row_group *x = a, *y = b;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

int row_groups_make(struct keyed_row *keyed, size_t n, struct row_groups *out,
                    struct error *err)
{
    struct row_groups made = {calloc(n + 1, sizeof(*made.rows)),
                              calloc(n + 1, sizeof(*made.groups)), 0};

    if (!made.rows || !made.groups) {
        row_groups_free(&made);
        return error_set(err, ERROR_LIMIT, "no memory to group %zu rows", n);
    }
    if (n > 0)
        qsort(keyed, n, sizeof(*keyed), by_key);
    for (size_t i = 0; i < n; i++) {
        made.rows[i] = keyed[i].row;
        if (i == 0 || keyed[i].key != keyed[i - 1].key)
            made.groups[made.count++] = (struct row_group){keyed[i].key, i, 0};
        made.groups[made.count - 1].count++;
    }
    *out = made;
    return 0;
}

void row_groups_free(struct row_groups *groups)
{
    free(groups->rows);
    free(groups->groups);
}

void row_groups_sort_by_size(struct row_groups *groups)
{
    if (groups->count > 0)
        qsort(groups->groups, groups->count, sizeof(*groups->groups), by_size);
}
