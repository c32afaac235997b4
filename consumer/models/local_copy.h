/*
 * local_copy.h - the model that was served last, with the deltas that were
 * applied to it, out of the folder of this machine.
 */
#ifndef CONSUMER_LOCAL_COPY_H
#define CONSUMER_LOCAL_COPY_H

#include "common/base/error.h"
#include "common/event/manifest.h"

#include "consumer/models/snapshot_refusal.h"
#include "consumer/models/snapshot_store.h"

#include "model/snapshot.h"

/* Everything is borrowed. */
struct local_copy_source {
    struct snapshot_store *store;
    const char *name; /* of the model */
    const struct trusted_keys *trusted;
};

struct local_copy {
    struct manifest manifest;  /* of the snapshot; owned, may be empty */
    struct snapshot *snapshot; /* owned; NULL: there is no copy */
    enum snapshot_refusal why; /* after ERROR_FORMAT and ERROR_LIMIT */
};

/* The newest snapshot that is sound, and signed where keys are trusted, with
 * its deltas up to the first one that is not; that one and those behind it are
 * removed. The caller frees what is owned, the manifest also on failure.
 * ERROR_FORMAT and ERROR_LIMIT: it is refused; else ERROR_IO and ERROR_MEMORY.
 */
int local_copy_load(const struct local_copy_source *from,
                    struct local_copy *out, struct error *err) MUST_CHECK;

#endif
