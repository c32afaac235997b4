/*
 * row_cache.h - rows of a square matrix that is never held whole: computed
 * when first asked for, the least recently used ones given up beyond a bound
 * of bytes.
 *
 * Any number of threads; each holds at most one row at a time. A row is
 * computed outside the lock, by one thread, and others that want it wait for
 * it. The same row has the same bits whenever it is computed.
 */
#ifndef MODEL_ROW_CACHE_H
#define MODEL_ROW_CACHE_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct row_cache;

/* Fills row (size). `scratch` (scratch_bytes) is zeroed the first time and
 * must be left zeroed. */
typedef void row_compute(const void *owner, uint32_t x, void *scratch,
                         double *row);

/* The matrix, as it is computed. */
struct row_source {
    uint32_t size; /* rows, and numbers in each */
    row_compute *compute;
    const void *owner; /* given to each call; may be NULL */
    size_t scratch_bytes;
};

/* Holds at most `bytes` of rows, but always a few. Memory is taken as rows
 * come; only the first row's is taken here. */
int row_cache_new(const struct row_source *source, uint64_t bytes,
                  struct row_cache **out, struct error *err) MUST_CHECK;

/* Row x (size) until it is put back. Can not fail: without memory for another
 * row an idle one is reused, and without an idle one it waits. */
const double *row_cache_hold(struct row_cache *cache, uint32_t x);
void row_cache_put(struct row_cache *cache, uint32_t x);

/* Frees the cache, of which no row may be held. NULL is fine. */
void row_cache_free(struct row_cache *cache);

#endif
