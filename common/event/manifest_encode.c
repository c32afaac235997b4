/*
 * manifest_encode.c - manifests to msgpack bytes.
 */
#include "common/event/manifest_fields.h"
#include "common/event/packer.h"

#include <math.h>
#include <string.h>

static void pack_f64(msgpack_packer *packer, double value)
{
    if (isnan(value))
        msgpack_pack_nil(packer);
    else
        msgpack_pack_double(packer, value);
}

static void pack_field(msgpack_packer *packer,
                       const struct manifest_field *field,
                       const struct manifest *manifest)
{
    const void *from = (const char *)manifest + field->offset;

    packer_text(packer, field->name, strlen(field->name));
    switch (field->kind) {
    case MANIFEST_TEXT:
        packer_text(packer, from, strlen(from));
        break;
    case MANIFEST_U32:
        msgpack_pack_uint32(packer, *(const uint32_t *)from);
        break;
    case MANIFEST_U64:
        msgpack_pack_uint64(packer, *(const uint64_t *)from);
        break;
    case MANIFEST_I64:
        msgpack_pack_int64(packer, *(const int64_t *)from);
        break;
    case MANIFEST_F64:
        pack_f64(packer, *(const double *)from);
        break;
    case MANIFEST_BYTES:
        packer_bytes(packer, from, field->size);
        break;
    }
}

static void pack_range(msgpack_packer *packer, const struct offset_range *range)
{
    msgpack_pack_array(packer, MANIFEST_RANGE_PARTS);
    packer_text(packer, range->topic, strlen(range->topic));
    msgpack_pack_int32(packer, range->partition);
    msgpack_pack_int64(packer, range->first);
    msgpack_pack_int64(packer, range->next);
}

static void pack_ranges(msgpack_packer *packer, const char *name,
                        const struct offset_range *ranges, size_t count)
{
    packer_text(packer, name, strlen(name));
    msgpack_pack_array(packer, count);
    for (size_t i = 0; i < count; i++)
        pack_range(packer, &ranges[i]);
}

void manifest_encode(const struct manifest *manifest, struct buffer *out)
{
    msgpack_packer packer = packer_into(out);

    const bool has_resume = manifest_has_resume(manifest);
    const bool has_measured = manifest->measured_rows > 0;
    size_t further = 1u + has_measured + (has_resume ? 2u : 0u) +
                     (manifest->delta ? 2u : 0u) + manifest->is_signed;

    msgpack_pack_map(&packer, MANIFEST_FIELD_COUNT + further);
    for (size_t i = 0; i < MANIFEST_FIELD_COUNT; i++)
        pack_field(&packer, &manifest_fields[i], manifest);
    pack_ranges(&packer, "ranges", manifest->ranges, manifest->range_count);
    if (has_measured) {
        packer_text(&packer, "measured_rows", 13);
        msgpack_pack_uint64(&packer, manifest->measured_rows);
    }
    if (has_resume) {
        pack_ranges(&packer, "resume", manifest->resume,
                    manifest->resume_count);
        packer_text(&packer, "resume_clock", 12);
        packer_bytes(&packer, manifest->resume_clock,
                     manifest->resume_clock_size);
    }
    if (manifest->delta) {
        packer_text(&packer, "delta", 5);
        msgpack_pack_uint32(&packer, manifest->delta);
        packer_text(&packer, "base_sha256", 11);
        packer_bytes(&packer, manifest->base_sha256.bytes, DIGEST_SIZE);
    }
    if (manifest->is_signed) {
        packer_text(&packer, "signature", 9);
        packer_bytes(&packer, manifest->signature, SIGNATURE_SIZE);
    }
}
