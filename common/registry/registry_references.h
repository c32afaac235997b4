/*
 * registry_references.h - the schemas that a schema refers to, put into the
 * answer about it.
 *
 * A registry answers {"schema": ..., "references": [{"name": ..., "subject":
 * ..., "version": ...}]} about a schema that uses names which other subjects
 * define. The answer gets a further member, "definitions": the texts of all
 * those, each behind what it refers to itself, so that it is one document from
 * then on, and so is its copy on disk.
 */
#ifndef COMMON_REGISTRY_REFERENCES_H
#define COMMON_REGISTRY_REFERENCES_H

#include "common/base/buffer.h"
#include "common/registry/registry_client.h"

enum { REGISTRY_REFERENCES_MAX = 64 }; /* of one schema, through all others */

/* An answer without references, or about another kind than Avro, stays as it
 * is. Any result but REGISTRY_OK is explained in `why`, and the answer is as it
 * was; one that the registry does not have is REGISTRY_WRONG, since it must
 * have it. */
enum registry_result registry_references_resolve(struct registry_client *client,
                                                 struct buffer *answer,
                                                 struct error *why);

#endif
