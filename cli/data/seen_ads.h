/*
 * seen_ads.h - which ads each user has seen, out of a file of pairs.
 */
#ifndef CLI_SEEN_ADS_H
#define CLI_SEEN_ADS_H

#include "cli/data/pair_table.h"

#include "common/base/error.h"
#include "common/base/id.h"

#include "model/rows/id_map.h"

#include <stddef.h>
#include <stdint.h>

struct seen_ads;

/* Keeps ads by their index in `ads`, and skips rows with other ads. */
int seen_ads_read(const struct pair_file *file, const struct id_map *ads,
                  struct seen_ads **out, struct error *err) MUST_CHECK;

/* Rising; may repeat. NULL is fine: nothing was seen. */
const uint32_t *seen_ads_of(const struct seen_ads *seen, const struct id *user,
                            size_t *count);

void seen_ads_free(struct seen_ads *seen);

#endif
