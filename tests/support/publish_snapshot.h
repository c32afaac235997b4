/*
 * publish_snapshot.h - chunks and manifest of one snapshot, as tests publish
 * them: with an epoch of their own choice.
 */
#ifndef SUPPORT_PUBLISH_SNAPSHOT_H
#define SUPPORT_PUBLISH_SNAPSHOT_H

#include "common/base/buffer.h"

#include "producer/snapshot_publisher.h"

static inline int publish_snapshot(struct snapshot_publisher *publisher,
                                   const struct buffer *bytes,
                                   struct manifest *manifest, struct error *err)
{
    if (snapshot_publisher_chunks(publisher, bytes->bytes, bytes->size,
                                  manifest, err) < 0)
        return -1;
    return snapshot_publisher_announce(publisher, manifest, err);
}

#endif
