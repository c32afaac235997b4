/*
 * manifest_json.h - a manifest as a JSON object of `pctr snapshot`.
 *
 * Both are NULL where there is no memory; the caller owns them.
 */
#ifndef CLI_MANIFEST_JSON_H
#define CLI_MANIFEST_JSON_H

#include "common/event/manifest.h"

#include <jansson.h>
#include <stdbool.h>

json_t *manifest_json(const struct manifest *manifest, bool served);

/* [topic, partition, first, next] each. */
json_t *manifest_ranges_json(const struct manifest *manifest);

#endif
