#include "cli/json/manifest_json.h"

#include "common/base/clock.h"

#include <math.h>

static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *manifest_json(const struct manifest *m, bool served)
{
    char hex[DIGEST_HEX_SIZE], created[CLOCK_TEXT_SIZE];

    return json_pack(
        "{s:s, s:I, s:s, s:b, s:s, s:s, s:s, s:I, s:i, s:i, s:I, s:o, s:o, "
        "s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:i, s:I, s:s}",
        "name", m->name, "epoch", (json_int_t)m->epoch, "created",
        clock_format(m->created_ms, created), "served", served, "algorithm",
        m->algorithm, "params", m->params, "trainer", m->trainer, "seed",
        (json_int_t)m->seed, "users", (int)m->users, "ads", (int)m->ads, "rows",
        (json_int_t)m->rows, "rmse", number_or_null(m->metrics.rmse), "mae",
        number_or_null(m->metrics.mae), "logloss",
        number_or_null(m->metrics.logloss), "auc",
        number_or_null(m->metrics.auc), "normalised_entropy",
        number_or_null(m->metrics.normalised_entropy), "holdout_rows",
        (json_int_t)m->metrics.rows, "parent_epoch",
        (json_int_t)m->parent_epoch, "size", (json_int_t)m->size, "packed_size",
        (json_int_t)m->packed_size, "chunk_count", (int)m->chunk_count,
        "first_chunk_offset", (json_int_t)m->first_chunk_offset, "sha256",
        digest_hex(&m->sha256, hex));
}

json_t *manifest_ranges_json(const struct manifest *manifest)
{
    json_t *ranges = json_array();

    for (size_t i = 0; i < manifest->range_count; i++) {
        const struct offset_range *range = &manifest->ranges[i];
        json_array_append_new(ranges, json_pack("[s, i, I, I]", range->topic,
                                                (int)range->partition,
                                                (json_int_t)range->first,
                                                (json_int_t)range->next));
    }
    return ranges;
}
