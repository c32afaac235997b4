/*
 * record_sorter.h - records of any bytes in the order of a number; any number
 * of them in bounded memory.
 *
 * Records of the same key keep the order in which they were added. What fits
 * is sorted in memory. Beyond, sorted runs go to nameless files and are merged
 * while they are read. One thread.
 */
#ifndef COMMON_RECORD_SORTER_H
#define COMMON_RECORD_SORTER_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct record_sorter;

/* `folder` holds the files; NULL or empty: $TMPDIR, or /tmp. */
int record_sorter_new(const char *folder, size_t memory_bytes,
                      struct record_sorter **out, struct error *err) MUST_CHECK;

/* Copies the record. ERROR_IO where the folder has no room for a run, and
 * ERROR_MEMORY; the sorter is then of no more use. */
int record_sorter_add(struct record_sorter *sorter, int64_t key,
                      const void *record, size_t size,
                      struct error *err) MUST_CHECK;

/* After the last record. */
int record_sorter_sort(struct record_sorter *sorter,
                       struct error *err) MUST_CHECK;

/* The next record, valid until the next call; *record is NULL at the end. */
int record_sorter_next(struct record_sorter *sorter, const uint8_t **record,
                       size_t *size, struct error *err) MUST_CHECK;

/* Files that hold runs; 0: all was sorted in memory. */
size_t record_sorter_runs(const struct record_sorter *sorter);

/* NULL is fine. */
void record_sorter_free(struct record_sorter *sorter);

#endif
