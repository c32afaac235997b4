/*
 * snapshot_store.h - the last verified snapshots in a folder of this machine,
 * so that a scorer starts without the broker's history.
 *
 * Files are replaced all or nothing and checked by their SHA-256 when they are
 * read; a bad one is renamed to *.corrupt and the older one is taken. The
 * folder belongs to one process at a time. One thread.
 */
#ifndef CONSUMER_SNAPSHOT_STORE_H
#define CONSUMER_SNAPSHOT_STORE_H

#include "common/base/buffer.h"
#include "common/base/bytes_reader.h"
#include "common/base/error.h"
#include "common/event/manifest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SNAPSHOT_STORE_KEPT = 2 };

struct snapshot_store;

/* Makes the folder where there is none, and removes the drafts that a killed
 * process left in it. ERROR_FENCED: another live process has the folder;
 * ERROR_CONFIG: it belongs to another user, or everybody may write to it; else
 * ERROR_IO, ERROR_LIMIT or ERROR_MEMORY. Files are readable by the owner alone.
 */
int snapshot_store_open(const char *folder, struct snapshot_store **out,
                        struct error *err) MUST_CHECK;

/* Keeps a snapshot (encoded, verified) and removes all but the newest. */
int snapshot_store_save(struct snapshot_store *store,
                        const struct manifest *manifest, const uint8_t *bytes,
                        size_t size, struct error *err) MUST_CHECK;

/* Keeps a delta (verified) of a snapshot that was saved, behind those before
 * it. ERROR_IO, and those before it are as they were; ERROR_MEMORY. */
int snapshot_store_add_delta(struct snapshot_store *store,
                             const struct manifest *delta, const uint8_t *bytes,
                             size_t size, struct error *err) MUST_CHECK;

/* The deltas that were kept of a snapshot, as one run of bytes, which is empty
 * where there are none; stored_delta_next() takes it apart. */
int snapshot_store_load_deltas(struct snapshot_store *store, const char *name,
                               uint64_t epoch, struct buffer *out,
                               struct error *err) MUST_CHECK;

/* Keeps the first `size` bytes of that run: what lies behind is of no use. */
void snapshot_store_cut_deltas(struct snapshot_store *store, const char *name,
                               uint64_t epoch, size_t size);

struct stored_delta {
    struct manifest manifest; /* owned */
    const uint8_t *bytes;     /* (size) borrowed from the run; they have the
                                 manifest's SHA-256 */
    size_t size;
};

/* False at the end of the run, and where what comes next makes no sense; there
 * is then nothing to free. */
bool stored_delta_next(struct bytes_reader *from, struct stored_delta *out);

/* The newest of the model's that is sound; *found is false where there is
 * none. The caller frees what *manifest owns and the buffer. */
int snapshot_store_load(struct snapshot_store *store, const char *name,
                        struct manifest *manifest, struct buffer *bytes,
                        bool *found, struct error *err) MUST_CHECK;

/* One snapshot of a folder that may belong to another process: nothing is
 * locked and nothing changed. Not there: ERROR_INPUT. The caller frees what
 * *manifest owns and the buffer. */
int snapshot_store_peek(const char *folder, const char *name, uint64_t epoch,
                        struct manifest *manifest, struct buffer *bytes,
                        struct error *err) MUST_CHECK;

void snapshot_store_close(struct snapshot_store *store);

#endif
