#include "model/rows/numbering.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int numbering_start(uint32_t outer_count, struct numbering *out,
                    struct error *err)
{
    size_t size = ((size_t)outer_count + 1) * sizeof(uint32_t);
    struct numbering numbering = {.inner = malloc(size), .outer = malloc(size)};

    if (!numbering.inner || !numbering.outer) {
        numbering_free(&numbering);
        return error_no_memory(err, "numbering %u ids", outer_count);
    }
    memset(numbering.inner, 0xff, size); /* all of them INDEX_UNKNOWN */
    *out = numbering;
    return 0;
}

int numbering_ids(const struct numbering *numbering, const struct id_map *from,
                  struct id_map *to, struct error *err)
{
    assert(id_map_count(to) == 0);
    for (uint32_t i = 0; i < numbering->count; i++) {
        struct id id = id_map_id(from, numbering->outer[i]);
        uint32_t index;
        if (id_map_add(to, &id, &index, err) < 0)
            return -1;
    }
    return 0;
}

void numbering_free(struct numbering *numbering)
{
    free(numbering->inner);
    free(numbering->outer);
    *numbering = (struct numbering){0};
}
