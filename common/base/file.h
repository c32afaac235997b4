/*
 * file.h - whole files, read with a limit and replaced all or nothing.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Reads a whole regular file of at most max bytes into memory that the caller
 * frees. */
int file_read(const char *path, size_t max, uint8_t **data, size_t *size,
              struct error *err) MUST_CHECK;

/* A reader sees the old file or the new one, never a mix, and a crash leaves
 * one of the two: writes a draft beside it, syncs, renames, syncs the folder.
 * Any failure leaves the old file as it was and no draft behind. */
int file_replace(const char *path, const void *data, size_t size,
                 struct error *err) MUST_CHECK;

#endif
