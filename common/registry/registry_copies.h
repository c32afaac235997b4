/*
 * registry_copies.h - answers of a schema registry, kept in a folder for a time
 * without it.
 *
 * A copy is a file that names the registry in its first line; what another
 * registry said is not taken. A copy that cannot be written or read is no
 * failure: it is said in the log.
 */
#ifndef COMMON_REGISTRY_COPIES_H
#define COMMON_REGISTRY_COPIES_H

#include "common/base/buffer.h"
#include "common/base/digest.h"

#include <stdbool.h>
#include <stdint.h>

struct registry_copies {
    const char *folder; /* "": none are kept */
    const char *url;    /* of the registry */
};

/* Replaces the buffer by the answer. False where there is no copy. */
bool registry_copies_read(const struct registry_copies *copies, uint32_t number,
                          struct buffer *answer);

void registry_copies_write(const struct registry_copies *copies,
                           uint32_t number, const struct buffer *answer);

/* The number that the registry gave to a schema of ours; `of` is the digest of
 * what it was asked. False where there is no copy. */
bool registry_copies_read_number(const struct registry_copies *copies,
                                 const struct digest *of, uint32_t *number);

void registry_copies_write_number(const struct registry_copies *copies,
                                  const struct digest *of, uint32_t number);

#endif
