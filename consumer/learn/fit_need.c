#include "consumer/learn/fit_need.h"

#include "common/event/manifest.h"

#include <inttypes.h>
#include <unistd.h>

/* The fit has the lists of ratings.h, the model, and its bytes. */
struct fit_need fit_need_of(const struct fit_config *config,
                            const struct training_set *set)
{
    struct model_extent extent = {.users = id_map_count(set->users),
                                  .items = id_map_count(set->ads)};
    uint64_t body = 0;

    for (size_t i = 0; i < set->all_count; i++)
        extent.rows += set->rows[i].user != INDEX_UNKNOWN;
    if (config->ops->body_bytes)
        body = config->ops->body_bytes(&extent, &config->params);

    uint64_t snapshot =
        id_map_saved_bytes(set->users) + id_map_saved_bytes(set->ads) + body;
    return (struct fit_need){.snapshot_bytes = snapshot,
                             .memory_bytes = 2 * sizeof(struct rated) *
                                                 (uint64_t)set->all_count +
                                             body + snapshot};
}

struct fit_need fit_need_limits(void)
{
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    bool known = pages > 0 && page_bytes > 0;

    return (struct fit_need){.snapshot_bytes = MANIFEST_SNAPSHOT_MAX,
                             .memory_bytes =
                                 known ? (uint64_t)pages * (uint64_t)page_bytes
                                       : UINT64_MAX};
}

static int refuse(const struct training_set *set, const char *noun,
                  uint64_t need, uint64_t limit, struct error *err)
{
    return error_set(err, ERROR_LIMIT,
                     "%s of a model of %u users and %u ads, learned from %zu "
                     "rows, would be at least %" PRIu64 " bytes, and %" PRIu64
                     " is the most: lower "
                     "training.max_ids, training.max_rows or the model's "
                     "parameters (factors)",
                     noun, id_map_count(set->users), id_map_count(set->ads),
                     set->all_count, need, limit);
}

int fit_need_check(const struct fit_config *config,
                   const struct training_set *set,
                   const struct fit_need *limits, struct error *err)
{
    const struct fit_need need = fit_need_of(config, set);

    if (need.snapshot_bytes > limits->snapshot_bytes)
        return refuse(set, "the snapshot", need.snapshot_bytes,
                      limits->snapshot_bytes, err);
    if (need.memory_bytes > limits->memory_bytes)
        return refuse(set, "the memory", need.memory_bytes,
                      limits->memory_bytes, err);
    return 0;
}
