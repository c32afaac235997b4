#include "common/event/manifest.h"

#include "common/event/manifest_fields.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(member)                                                             \
    offsetof(struct manifest, member), sizeof(((struct manifest *)0)->member)

const struct manifest_field manifest_fields[MANIFEST_FIELD_COUNT] = {
    {"format", MANIFEST_U32, AT(format),
     "of this record; a higher one is refused"},
    {"name", MANIFEST_TEXT, AT(name), "of the model"},
    {"epoch", MANIFEST_U64, AT(epoch),
     "the version of the model; it only rises"},
    {"created", MANIFEST_I64, AT(created_ms), "ms since 1970"},
    {"trainer", MANIFEST_TEXT, AT(trainer),
     "version of the program that made it"},
    {"algorithm", MANIFEST_TEXT, AT(algorithm), "svd, baseline, fields, ..."},
    {"params", MANIFEST_TEXT, AT(params), "hyper-parameters, as NAME=VALUE"},
    {"seed", MANIFEST_U64, AT(seed), "of the random numbers"},
    {"users", MANIFEST_U32, AT(users), "users known to the model"},
    {"ads", MANIFEST_U32, AT(ads), "ads known to the model"},
    {"rows", MANIFEST_U64, AT(rows), "rows learned from"},
    {"rmse", MANIFEST_F64, AT(metrics.rmse),
     "on the held-out newest rows, as the next four"},
    {"mae", MANIFEST_F64, AT(metrics.mae), "mean absolute error"},
    {"logloss", MANIFEST_F64, AT(metrics.logloss),
     "with the natural logarithm"},
    {"auc", MANIFEST_F64, AT(metrics.auc), "ties count one half"},
    {"normalised_entropy", MANIFEST_F64, AT(metrics.normalised_entropy),
     "log-loss over that of the click rate"},
    {"holdout_rows", MANIFEST_U64, AT(metrics.rows),
     "how many rows were held out"},
    {"parent_epoch", MANIFEST_U64, AT(parent_epoch),
     "the model before; 0: none"},
    {"parent_sha256", MANIFEST_BYTES, AT(parent_sha256.bytes),
     "of the model before; zeros: none"},
    {"snapshot_id", MANIFEST_BYTES, AT(snapshot_id), "of the chunks"},
    {"size", MANIFEST_U64, AT(size), "bytes of the snapshot"},
    {"packed_size", MANIFEST_U64, AT(packed_size),
     "bytes of all chunks together"},
    {"chunk_count", MANIFEST_U32, AT(chunk_count), "how many chunks there are"},
    {"chunk_size", MANIFEST_U32, AT(chunk_size),
     "bytes of each chunk but the last"},
    {"first_chunk_offset", MANIFEST_I64, AT(first_chunk_offset),
     "offset of chunk 0 on its topic"},
    {"sha256", MANIFEST_BYTES, AT(sha256.bytes), "of the snapshot"},
};

static void append_ranges(const struct offset_range *ranges, size_t count,
                          struct buffer *out)
{
    buffer_append_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct offset_range *range = &ranges[i];
        buffer_append_u32(out, (uint32_t)strlen(range->topic));
        buffer_append(out, range->topic, strlen(range->topic));
        buffer_append_u32(out, (uint32_t)range->partition);
        buffer_append_u64(out, (uint64_t)range->first);
        buffer_append_u64(out, (uint64_t)range->next);
    }
}

/* docs/event-schema.md has every byte. */
static void append_signed(const struct manifest *manifest, struct buffer *out)
{
    const char *head = manifest->delta ? "pctr delta 1\n" : "pctr manifest 1\n";

    buffer_append(out, head, strlen(head));
    buffer_append_u32(out, (uint32_t)strlen(manifest->name));
    buffer_append(out, manifest->name, strlen(manifest->name));
    buffer_append_u64(out, manifest->epoch);
    buffer_append(out, manifest->sha256.bytes, DIGEST_SIZE);
    buffer_append_u64(out, manifest->size);
    if (manifest->delta) {
        buffer_append_u32(out, manifest->delta);
        buffer_append(out, manifest->base_sha256.bytes, DIGEST_SIZE);
        buffer_append(out, manifest->parent_sha256.bytes, DIGEST_SIZE);
        return;
    }
    append_ranges(manifest->ranges, manifest->range_count, out);
    if (!manifest_has_resume(manifest))
        return;
    append_ranges(manifest->resume, manifest->resume_count, out);
    buffer_append_u32(out, (uint32_t)manifest->resume_clock_size);
    buffer_append(out, manifest->resume_clock, manifest->resume_clock_size);
}

int manifest_sign(struct manifest *manifest, const struct signing_key *key,
                  struct error *err)
{
    struct buffer bytes = {0};

    manifest->is_signed = key->is_there;
    if (!key->is_there)
        return 0;
    append_signed(manifest, &bytes);
    if (buffer_failed(&bytes)) {
        buffer_free(&bytes);
        return error_no_memory(err, "the signature");
    }
    signing_key_sign(key, bytes.bytes, bytes.size, manifest->signature);
    buffer_free(&bytes);
    return 0;
}

int manifest_check_signature(const struct manifest *manifest,
                             const struct trusted_keys *trusted,
                             struct error *err)
{
    struct buffer bytes = {0};

    if (trusted->count == 0)
        return 0;
    if (!manifest->is_signed)
        return error_set(err, ERROR_FORMAT,
                         "epoch %llu is not signed, and trusted.keys is set",
                         (unsigned long long)manifest->epoch);
    append_signed(manifest, &bytes);
    bool is_failed = buffer_failed(&bytes);
    bool is_good =
        !is_failed && trusted_keys_verify(trusted, bytes.bytes, bytes.size,
                                          manifest->signature);
    buffer_free(&bytes);
    if (is_failed)
        return error_no_memory(err, "the signature");
    return is_good ? 0
                   : error_set(err, ERROR_FORMAT,
                               "epoch %llu is not signed by a trusted key, or "
                               "was changed after it was signed",
                               (unsigned long long)manifest->epoch);
}

/* NULL where there is nothing, or no memory. */
static void *copy_of(const void *from, size_t count, size_t size)
{
    void *copy = count > 0 ? calloc(count, size) : NULL;

    if (copy)
        memcpy(copy, from, count * size);
    return copy;
}

int manifest_copy(const struct manifest *from, struct manifest *out,
                  struct error *err)
{
    struct manifest copy = *from;

    copy.ranges =
        copy_of(from->ranges, from->range_count, sizeof(*copy.ranges));
    copy.resume =
        copy_of(from->resume, from->resume_count, sizeof(*copy.resume));
    copy.resume_clock = copy_of(from->resume_clock, from->resume_clock_size, 1);
    if ((from->range_count > 0 && !copy.ranges) ||
        (from->resume_count > 0 && !copy.resume) ||
        (from->resume_clock_size > 0 && !copy.resume_clock)) {
        manifest_free(&copy);
        return error_no_memory(err, "the manifest");
    }
    *out = copy;
    return 0;
}

void manifest_free(struct manifest *manifest)
{
    free(manifest->ranges);
    free(manifest->resume);
    free(manifest->resume_clock);
    manifest->ranges = manifest->resume = NULL;
    manifest->resume_clock = NULL;
    manifest->range_count = manifest->resume_count = 0;
    manifest->resume_clock_size = 0;
}
