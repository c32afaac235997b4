/*
 * unpacked_file.h - the bytes of a file, unpacked where it is gzip.
 *
 * A gzip file may have several members, one behind the other, and zeros behind
 * the last one, as tapes have. Nothing else may follow: zlib's own reader would
 * leave it out in silence. One thread.
 */
#ifndef COMMON_UNPACKED_FILE_H
#define COMMON_UNPACKED_FILE_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct unpacked_file;

/* Takes the descriptor over, also where it fails (ERROR_MEMORY). */
int unpacked_file_open(int fd, struct unpacked_file **out,
                       struct error *err) MUST_CHECK;

/* The next piece, valid until the next call; *size is 0 at the end. A pipe's
 * bytes are given as they come. ERROR_INPUT: the file cannot be read, is
 * damaged or ends too early; ERROR_FORMAT: something follows the gzip data;
 * ERROR_MEMORY. After a failure only close() may be called. */
int unpacked_file_next(struct unpacked_file *file, const uint8_t **piece,
                       size_t *size, struct error *err) MUST_CHECK;

/* The bytes of the file itself that were used so far. */
uint64_t unpacked_file_offset(const struct unpacked_file *file);

/* NULL is fine. */
void unpacked_file_close(struct unpacked_file *file);

#endif
