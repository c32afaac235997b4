/*
 * transactional_id.h - the names under which producers of transactions fence
 * each other.
 *
 * Two producers have the same name when they do the same work: the same kind,
 * the same owner, slot and number, and the same topics. Anything else gives
 * another name, whatever bytes the owner and the slot are made of.
 */
#ifndef COMMON_TRANSACTIONAL_ID_H
#define COMMON_TRANSACTIONAL_ID_H

#include <stddef.h>

enum { TRANSACTIONAL_ID_SIZE = 128 };

struct transactional_work {
    const char *kind;  /* "score", "trainer", "manifests", "evaluations" or
                          "redrive" */
    const char *owner; /* the group, or the model's name */
    const char *slot;  /* of the process in its group; NULL: has none */
    unsigned number;   /* of the worker in its process */
    const char *const *topics; /* read and written; NULL ends */
};

/* "OWNER-KIND-DIGEST" or "OWNER-KIND-SLOT-NUMBER-DIGEST": so an ACL can name
 * all ids of an owner by their prefix. The owner is cut to 48 bytes; the digest
 * (16 hexadecimal digits) is of everything, whole. Returns out. */
const char *transactional_id_of(const struct transactional_work *work,
                                char out[TRANSACTIONAL_ID_SIZE]);

#endif
