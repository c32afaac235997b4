#include "common/event/manifest.h"

#include "common/event/manifest_fields.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(member)                                                             \
    offsetof(struct manifest, member), sizeof(((struct manifest *)0)->member)

const struct manifest_field manifest_fields[MANIFEST_FIELD_COUNT] = {
    {"format", MANIFEST_U32, AT(format)},
    {"name", MANIFEST_TEXT, AT(name)},
    {"epoch", MANIFEST_U64, AT(epoch)},
    {"created", MANIFEST_I64, AT(created_ms)},
    {"trainer", MANIFEST_TEXT, AT(trainer)},
    {"algorithm", MANIFEST_TEXT, AT(algorithm)},
    {"params", MANIFEST_TEXT, AT(params)},
    {"seed", MANIFEST_U64, AT(seed)},
    {"users", MANIFEST_U32, AT(users)},
    {"ads", MANIFEST_U32, AT(ads)},
    {"rows", MANIFEST_U64, AT(rows)},
    {"rmse", MANIFEST_F64, AT(metrics.rmse)},
    {"mae", MANIFEST_F64, AT(metrics.mae)},
    {"logloss", MANIFEST_F64, AT(metrics.logloss)},
    {"auc", MANIFEST_F64, AT(metrics.auc)},
    {"normalised_entropy", MANIFEST_F64, AT(metrics.normalised_entropy)},
    {"holdout_rows", MANIFEST_U64, AT(metrics.rows)},
    {"parent_epoch", MANIFEST_U64, AT(parent_epoch)},
    {"parent_sha256", MANIFEST_BYTES, AT(parent_sha256.bytes)},
    {"snapshot_id", MANIFEST_BYTES, AT(snapshot_id)},
    {"size", MANIFEST_U64, AT(size)},
    {"packed_size", MANIFEST_U64, AT(packed_size)},
    {"chunk_count", MANIFEST_U32, AT(chunk_count)},
    {"chunk_size", MANIFEST_U32, AT(chunk_size)},
    {"first_chunk_offset", MANIFEST_I64, AT(first_chunk_offset)},
    {"sha256", MANIFEST_BYTES, AT(sha256.bytes)},
};
int manifest_copy(const struct manifest *from, struct manifest *out,
                  struct error *err)
{
    struct offset_range *ranges = NULL;

    if (from->range_count > 0) {
        ranges = calloc(from->range_count, sizeof(*ranges));
        if (!ranges)
            return error_no_memory(err, "the manifest");
        memcpy(ranges, from->ranges, from->range_count * sizeof(*ranges));
    }
    *out = *from;
    out->ranges = ranges;
    return 0;
}

void manifest_free(struct manifest *manifest)
{
    free(manifest->ranges);
    manifest->ranges = NULL;
    manifest->range_count = 0;
}
