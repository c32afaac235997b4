/*
 * manifest_json.h - a manifest as a JSON object of `pctr snapshot`.
 */
#ifndef CLI_MANIFEST_JSON_H
#define CLI_MANIFEST_JSON_H

#include "common/event/manifest.h"

#include "common/base/json_writer.h"

#include <stdbool.h>

/* Writes the members of the object, without its brackets. `is_served`: it is
 * the version that scorers serve now. */
void manifest_json_write(struct json_writer *to, const struct manifest *m,
                         bool is_served);

/* Writes the ranges that the model was learned from as an array of [topic,
 * partition, first, next]. */
void manifest_json_write_ranges(struct json_writer *to,
                                const struct manifest *m);

#endif
