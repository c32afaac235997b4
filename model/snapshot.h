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
};

/* Appends the file's bytes. */
int snapshot_encode(const struct snapshot *snapshot, struct buffer *to,
                    struct error *err) MUST_CHECK;

/* A newer format: ERROR_FORMAT that says so. The caller frees *out. */
int snapshot_decode(const uint8_t *bytes, size_t size, struct snapshot **out,
                    struct error *err) MUST_CHECK;

int snapshot_write(const char *path, const struct snapshot *snapshot,
                   struct error *err) MUST_CHECK;
int snapshot_read(const char *path, struct snapshot **out,
                  struct error *err) MUST_CHECK;

/* Does the model estimate finite numbers for fixed pairs (the first users and
 * ads, and unknown ones)? The last gate before a model serves. */
int snapshot_probe(const struct snapshot *snapshot,
                   struct error *err) MUST_CHECK;

/* Frees what it owns and itself; NULL is fine. */
void snapshot_free(struct snapshot *snapshot);

#endif
