#include "common/base/offset_range.h"

#include <stdlib.h>
#include <string.h>

int offset_ranges_copy(const struct offset_range *from, size_t count,
                       struct offset_range **out, struct error *err)
{
    struct offset_range *copy = malloc((count + 1) * sizeof(*copy));

    if (!copy)
        return error_no_memory(err, "%zu ranges", count);
    if (count > 0)
        memcpy(copy, from, count * sizeof(*copy));
    *out = copy;
    return 0;
}
