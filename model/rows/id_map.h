/*
 * id_map.h - ids to dense indices and back, in order of first appearance.
 *
 * Open addressing over 16-byte slots, load at most one half; texts live in
 * one arena. The hash has a key that each map draws for itself, so that ids
 * cannot be chosen to collide. At most 2^31 - 1 ids (RATINGS_MAX): one more is
 * an ERROR_LIMIT, in memory and in a file. Any thread may read while no thread
 * adds.
 */
#ifndef MODEL_ID_MAP_H
#define MODEL_ID_MAP_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/id.h"

#include <stddef.h>
#include <stdint.h>

struct id_map;
struct bytes_reader;

int id_map_new(struct id_map **out, struct error *err) MUST_CHECK;
void id_map_free(struct id_map *map);

/* Sets *index to the index of the id, which is added when it is new. Fails with
 * ERROR_LIMIT and ERROR_MEMORY; the map stays as it was. */
int id_map_add(struct id_map *map, const struct id *id, uint32_t *index,
               struct error *err) MUST_CHECK;

/* Makes room for the ids of another map, so that adding them does not fail.
 * ERROR_LIMIT and ERROR_MEMORY; the map has the same ids, also then. */
int id_map_reserve(struct id_map *map, const struct id_map *more,
                   struct error *err) MUST_CHECK;

/* A map of its own with the same ids. ERROR_MEMORY alone. */
int id_map_copy(const struct id_map *map, struct id_map **out,
                struct error *err) MUST_CHECK;

/* Returns the index of the id; INDEX_UNKNOWN (ratings.h) when the map has no
 * such id. */
uint32_t id_map_find(const struct id_map *map, const struct id *id);

/* The same for n ids, with the memory fetched ahead. */
void id_map_find_batch(const struct id_map *map, const struct id *ids, size_t n,
                       uint32_t *out);

/* Returns the id of an index, whose text is borrowed until the map is freed or
 * added to. */
struct id id_map_id(const struct id_map *map, uint32_t index);

uint32_t id_map_count(const struct id_map *map);
size_t id_map_bytes(const struct id_map *map); /* memory in use */

/* The most slots that a look-up of one of the ids may pass: tests hold it
 * against chosen ids. */
size_t id_map_longest_probe(const struct id_map *map);

void id_map_save(const struct id_map *map, struct buffer *to);
/* The ids from an index on alone: id_map_load() makes a map of these. */
void id_map_save_from(const struct id_map *map, uint32_t first,
                      struct buffer *to);
uint64_t id_map_saved_bytes(const struct id_map *map); /* what that appends */
int id_map_load(struct bytes_reader *from, struct id_map **out,
                struct error *err) MUST_CHECK;

#endif
