#include "consumer/replay/recorded_versions.h"

#include "common/base/array.h"

#include "common/event/manifest.h"

#include <stdbool.h>
#include <stdlib.h>

/* Output partitions are those of the impressions where the counts match, so
 * most pairs of the two never occur; their memory is never touched. */
struct recorded_versions {
    struct recorded_run *runs;
    size_t count, room;
    uint32_t *current; /* (PARTITIONS_MAX, PARTITIONS_MAX) output, input: the
                          run that grows, plus 1 */
    int64_t *last;     /* (PARTITIONS_MAX) highest offset recorded, plus 1 */
};

int recorded_versions_new(struct recorded_versions **out, struct error *err)
{
    struct recorded_versions *versions = calloc(1, sizeof(*versions));

    if (versions) {
        versions->current = calloc((size_t)PARTITIONS_MAX * PARTITIONS_MAX,
                                   sizeof(*versions->current));
        versions->last = calloc(PARTITIONS_MAX, sizeof(*versions->last));
    }
    if (!versions || !versions->current || !versions->last) {
        recorded_versions_free(versions);
        return error_no_memory(err, "recorded versions");
    }
    *out = versions;
    return 0;
}

static int add_run(struct recorded_versions *versions,
                   const struct recorded_run *run, struct error *err)
{
    struct recorded_run *runs =
        versions->count < UINT32_MAX
            ? array_with_room(versions->runs, versions->count, &versions->room,
                              sizeof(*runs))
            : NULL;

    if (!runs)
        return error_no_memory(err, "%zu model swaps", versions->count);
    versions->runs = runs;
    versions->runs[versions->count++] = *run;
    return 0;
}

static bool continues(const struct recorded_run *run,
                      const struct prediction_event *event)
{
    const struct model_state model = prediction_model(event);

    return event->src_offset >= run->first &&
           model_state_order(&run->model, &model) == 0;
}

int recorded_versions_add(struct recorded_versions *versions,
                          int32_t output_partition,
                          const struct prediction_event *event,
                          struct error *err)
{
    if (output_partition >= PARTITIONS_MAX ||
        event->src_partition >= PARTITIONS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "a prediction of partition %d: more "
                         "than %d partitions",
                         (int)event->src_partition, PARTITIONS_MAX);
    uint32_t *current =
        &versions->current[(size_t)output_partition * PARTITIONS_MAX +
                           (size_t)event->src_partition];
    int64_t *last = &versions->last[event->src_partition];
    if (event->src_offset >= *last)
        *last = event->src_offset + 1;
    if (*current > 0 && continues(&versions->runs[*current - 1], event)) {
        struct recorded_run *run = &versions->runs[*current - 1];
        if (event->src_offset > run->last)
            run->last = event->src_offset;
        return 0;
    }
    const struct recorded_run run = {event->src_partition, event->src_offset,
                                     event->src_offset,
                                     prediction_model(event)};
    if (add_run(versions, &run, err) < 0)
        return -1;
    *current = (uint32_t)versions->count;
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct recorded_run *x = a, *y = b;

    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

void recorded_versions_sort(struct recorded_versions *versions)
{
    if (versions->count > 0)
        qsort(versions->runs, versions->count, sizeof(*versions->runs),
              by_place);
}

const struct recorded_run *
recorded_versions_find(const struct recorded_versions *versions,
                       int32_t partition, int64_t offset)
{
    const struct recorded_run wanted = {.partition = partition,
                                        .first = offset};
    size_t low = 0, high = versions->count;

    if (partition >= PARTITIONS_MAX || offset >= versions->last[partition])
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_place(&versions->runs[middle], &wanted) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || versions->runs[low - 1].partition != partition)
        return NULL;
    return &versions->runs[low - 1];
}

size_t recorded_versions_count(const struct recorded_versions *versions)
{
    return versions->count;
}

void recorded_versions_free(struct recorded_versions *versions)
{
    if (!versions)
        return;
    free(versions->runs);
    free(versions->current);
    free(versions->last);
    free(versions);
}
