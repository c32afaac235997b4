/*
 * snapshot.h - a model with its ids, as one file: docs/snapshot-format.md.
 *
 * The same model gives the same bytes, at most SNAPSHOT_BYTES_MAX of them, for
 * at most 2^31 - 1 users and ads: more is an ERROR_LIMIT. Loading checks the
 * digest first and then trusts no size. A loaded snapshot is immutable: any
 * thread.
 */
#ifndef MODEL_SNAPSHOT_H
#define MODEL_SNAPSHOT_H

#include "common/base/buffer.h"
#include "common/base/digest.h"
#include "common/base/error.h"

#include "model/model.h"
#include "model/rows/id_map.h"

#include <stddef.h>
#include <stdint.h>

enum { SNAPSHOT_VERSION = 1 };
#define SNAPSHOT_BYTES_MAX ((size_t)1 << 30)

struct snapshot {
    struct id_map *users, *ads; /* owned */
    struct model *model;        /* owned */
    uint64_t rows;              /* learned from */
    struct digest sha256;       /* of the encoded bytes; set by decode */
    uint32_t delta;             /* number of the newest delta that was applied
                                   to it (snapshot_delta.h); 0: none */
    struct digest delta_sha256; /* of the bytes of that delta */
};

/* Appends the bytes of the file. Fails with ERROR_LIMIT and ERROR_MEMORY; the
 * buffer is then of no use. */
int snapshot_encode(const struct snapshot *snapshot, struct buffer *to,
                    struct error *err) MUST_CHECK;

/* Reads the bytes of a file; the caller frees *out. Fails with ERROR_FORMAT,
 * also for a newer format, with ERROR_LIMIT and with ERROR_MEMORY, where
 * another try may do; *out is then left alone. */
int snapshot_decode(const uint8_t *bytes, size_t size, struct snapshot **out,
                    struct error *err) MUST_CHECK;

int snapshot_write(const char *path, const struct snapshot *snapshot,
                   struct error *err) MUST_CHECK;
int snapshot_read(const char *path, struct snapshot **out,
                  struct error *err) MUST_CHECK;

/* The last gate before a model serves: asks it for fixed pairs, the first users
 * and ads and unknown ones. Fails with ERROR_FORMAT where an estimate is not
 * finite. */
int snapshot_probe(const struct snapshot *snapshot,
                   struct error *err) MUST_CHECK;

/* Frees the snapshot with its ids and its model; NULL is fine. */
void snapshot_free(struct snapshot *snapshot);

#endif
