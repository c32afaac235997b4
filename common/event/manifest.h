/*
 * manifest.h - what is known of a published snapshot, and its msgpack form.
 *
 * The chunks of a snapshot and its manifest are published in one transaction,
 * the manifest last: whoever sees the manifest can have the snapshot. Unknown
 * fields are ignored; a higher `format` is refused. docs/event-schema.md has
 * the bytes.
 */
#ifndef COMMON_MANIFEST_H
#define COMMON_MANIFEST_H

#include "common/base/buffer.h"
#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/offset_range.h"
#include "common/base/signing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MANIFEST_FORMAT = 1,
    MANIFEST_SNAPSHOT_MAX = 1 << 30, /* bytes, unpacked */
    MANIFEST_CHUNK_MAX = 900000,     /* bytes: below what brokers take */
    MANIFEST_CLOCK_MAX = 65536,      /* bytes of resume_clock */
    SNAPSHOT_ID_SIZE = 16,
};

/* On the held-out newest rows; NaN where there were none. */
struct manifest_metrics {
    double rmse, mae, logloss, auc;
    double normalised_entropy;
    uint64_t rows;
};

struct manifest {
    uint32_t format;
    char name[64];  /* of the model: "click" */
    uint64_t epoch; /* strictly increasing per name; the model version */
    int64_t created_ms;
    char trainer[64]; /* program version that made it */
    char algorithm[32];
    char params[512]; /* "factors=100 epochs=20 ..." */
    uint64_t seed;
    uint32_t users, ads;
    uint64_t rows;
    struct manifest_metrics metrics;
    uint64_t measured_rows; /* that the model of these figures was fit on,
                               before it was fit again on all `rows`; 0: it is
                               the published one */
    uint64_t parent_epoch;  /* 0: none */
    struct digest parent_sha256;

    uint8_t snapshot_id[SNAPSHOT_ID_SIZE];
    uint64_t size;        /* of the snapshot, unpacked, in bytes */
    uint64_t packed_size; /* of all chunks together: one zstd frame */
    uint32_t chunk_count, chunk_size;
    int64_t first_chunk_offset; /* in partition 0 of the chunk topic */
    struct digest sha256;       /* of the unpacked snapshot */

    struct offset_range *ranges; /* owned: records learned from */
    size_t range_count;

    /* Of a model that goes on learning: the records up to the ends of `ranges`
     * that a trainer reads again to have the join of then, and the clock to
     * begin with. Owned; NULL and 0 elsewhere. */
    struct offset_range *resume;
    size_t resume_count;
    uint8_t *resume_clock;
    size_t resume_clock_size;

    /* Of a delta, which is published in the same form: `epoch` is that of the
     * snapshot whose `delta`-th one it is, sizes, chunks and `sha256` are those
     * of its bytes, and `parent_sha256` is of the delta before it, or of the
     * snapshot. 0 of a snapshot. */
    uint32_t delta;
    struct digest base_sha256; /* of the snapshot */

    bool is_signed;
    uint8_t signature[SIGNATURE_SIZE];
};

static inline bool manifest_has_resume(const struct manifest *manifest)
{
    return manifest->resume_clock_size > 0;
}

void manifest_encode(const struct manifest *manifest, struct buffer *out);

/* Checks every limit and that the numbers fit each other (chunks x size). On
 * failure `out` is untouched. */
int manifest_decode(const uint8_t *bytes, size_t size, struct manifest *out,
                    struct error *err) MUST_CHECK;

/* Signs the name, the epoch, the digest and size of the snapshot, the ranges,
 * and what there is to resume from; of a delta its number and what it continues
 * in the place of these two. Without a key the manifest is unsigned afterwards.
 * ERROR_MEMORY. */
int manifest_sign(struct manifest *manifest, const struct signing_key *key,
                  struct error *err) MUST_CHECK;

/* Where keys are trusted, the manifest must be signed by one of them:
 * ERROR_FORMAT says how it is not. Where none is, every manifest will do. */
int manifest_check_signature(const struct manifest *manifest,
                             const struct trusted_keys *trusted,
                             struct error *err) MUST_CHECK;

int manifest_copy(const struct manifest *from, struct manifest *out,
                  struct error *err) MUST_CHECK;

/* Frees what it owns, not the struct. */
void manifest_free(struct manifest *manifest);

#endif
