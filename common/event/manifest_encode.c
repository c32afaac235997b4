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

void manifest_encode(const struct manifest *manifest, struct buffer *out)
{
    msgpack_packer packer = packer_into(out);

    msgpack_pack_map(&packer, MANIFEST_FIELD_COUNT + 1 + manifest->is_signed);
    for (size_t i = 0; i < MANIFEST_FIELD_COUNT; i++)
        pack_field(&packer, &manifest_fields[i], manifest);
    packer_text(&packer, "ranges", 6);
    msgpack_pack_array(&packer, manifest->range_count);
    for (size_t i = 0; i < manifest->range_count; i++)
        pack_range(&packer, &manifest->ranges[i]);
    if (manifest->is_signed) {
        packer_text(&packer, "signature", 9);
        packer_bytes(&packer, manifest->signature, SIGNATURE_SIZE);
    }
}
