#include "cli/json/manifest_json.h"

#include "common/base/clock.h"

void manifest_json_write(struct json_writer *to, const struct manifest *m,
                         bool is_served)
{
    char hex[DIGEST_HEX_SIZE], created[CLOCK_TEXT_SIZE];

    json_writer_member_text(to, "name", m->name);
    json_writer_member_unsigned(to, "epoch", m->epoch);
    json_writer_member_text(to, "created",
                            clock_format(m->created_ms, created));
    json_writer_member_boolean(to, "served", is_served);
    json_writer_member_text(to, "algorithm", m->algorithm);
    json_writer_member_text(to, "params", m->params);
    json_writer_member_text(to, "trainer", m->trainer);
    json_writer_member_unsigned(to, "seed", m->seed);
    json_writer_member_unsigned(to, "users", m->users);
    json_writer_member_unsigned(to, "ads", m->ads);
    json_writer_member_unsigned(to, "rows", m->rows);
    json_writer_member_real(to, "rmse", m->metrics.rmse);
    json_writer_member_real(to, "mae", m->metrics.mae);
    json_writer_member_real(to, "logloss", m->metrics.logloss);
    json_writer_member_real(to, "auc", m->metrics.auc);
    json_writer_member_real(to, "normalised_entropy",
                            m->metrics.normalised_entropy);
    json_writer_member_unsigned(to, "holdout_rows", m->metrics.rows);
    if (m->measured_rows > 0)
        json_writer_member_unsigned(to, "measured_rows", m->measured_rows);
    json_writer_member_unsigned(to, "parent_epoch", m->parent_epoch);
    json_writer_member_unsigned(to, "size", m->size);
    json_writer_member_unsigned(to, "packed_size", m->packed_size);
    json_writer_member_unsigned(to, "chunk_count", m->chunk_count);
    json_writer_member_integer(to, "first_chunk_offset", m->first_chunk_offset);
    json_writer_member_text(to, "sha256", digest_hex(&m->sha256, hex));
}

void manifest_json_write_ranges(struct json_writer *to,
                                const struct manifest *m)
{
    json_writer_open(to, '[');
    for (size_t i = 0; i < m->range_count; i++) {
        const struct offset_range *range = &m->ranges[i];
        json_writer_open(to, '[');
        json_writer_text(to, range->topic);
        json_writer_integer(to, range->partition);
        json_writer_integer(to, range->first);
        json_writer_integer(to, range->next);
        json_writer_close(to, ']');
    }
    json_writer_close(to, ']');
}
