#include "common/base/id_set.h"

#include <stdlib.h>
#include <string.h>

struct id_set {
    struct id *ids; /* (count); their texts point into `text` */
    size_t count;
    char *text;
};

int id_set_new(const char *list, struct id_set **out, struct error *err)
{
    struct id_set *set = calloc(1, sizeof(*set));
    size_t parts = 1;

    for (const char *at = list; *at; at++)
        parts += *at == ',';
    if (set) {
        set->text = strdup(list);
        set->ids = calloc(parts, sizeof(*set->ids));
    }
    if (!set || !set->text || !set->ids) {
        id_set_free(set);
        return error_no_memory(err, "a set of %zu ids", parts);
    }
    for (const char *at = set->text; *at;) {
        size_t size = strcspn(at, ",");
        if (size > 0 && size <= ID_TEXT_MAX)
            set->ids[set->count++] = id_from_text(at, size);
        at += size + (at[size] == ',');
    }
    *out = set;
    return 0;
}

bool id_set_has(const struct id_set *set, const struct id *id)
{
    for (size_t i = 0; set && i < set->count; i++)
        if (id_equal(&set->ids[i], id))
            return true;
    return false;
}

void id_set_free(struct id_set *set)
{
    if (!set)
        return;
    free(set->ids);
    free(set->text);
    free(set);
}
