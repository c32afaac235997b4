/*
 * spool.h - records of one size, written one after the other and read back.
 *
 * The newest are in a buffer; what does not fit there is in a temporary file
 * without a name, of which nothing is left however the process ends. What fits
 * into the buffer never touches a disk. One thread.
 */
#ifndef CONSUMER_SPOOL_H
#define CONSUMER_SPOOL_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct spool;

/* folder: "" or NULL is $TMPDIR, or /tmp; borrowed. The buffer holds at least
 * one record. */
int spool_new(const char *folder, size_t record_size, size_t buffer_bytes,
              struct spool **out, struct error *err) MUST_CHECK;

int spool_add(struct spool *spool, const void *record,
              struct error *err) MUST_CHECK;

uint64_t spool_count(const struct spool *spool);

/* Forgets all records; buffer and file are used again. */
void spool_clear(struct spool *spool);

/* NULL is fine. */
void spool_free(struct spool *spool);

/* --- Reading ---------------------------------------------------------- */

/* Some records in sequence. Several may be under way; nothing may be added
 * meanwhile. */
struct spool_cursor {
    const struct spool *spool;
    uint64_t next, end; /* records not in the buffer yet */
    char *buffer;       /* the caller's */
    size_t room, count, at;
};

/* The records from `first` until before `end`. */
struct spool_range {
    uint64_t first, end;
};

/* The buffer has room for `room` records, at least one. */
void spool_cursor_begin(struct spool_cursor *cursor, const struct spool *spool,
                        struct spool_range range, void *buffer, size_t room);

/* Valid until the next call; NULL: there is no more. */
int spool_cursor_next(struct spool_cursor *cursor, const void **record,
                      struct error *err) MUST_CHECK;

#endif
