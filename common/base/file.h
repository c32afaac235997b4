/*
 * file.h - whole files, read with a limit and replaced all or nothing.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include "common/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Reads a whole regular file of at most max bytes into memory that the caller
 * frees. ERROR_INPUT: it cannot be read; ERROR_LIMIT: it is larger;
 * ERROR_MEMORY. *data and *size are set on success only. */
int file_read(const char *path, size_t max, uint8_t **data, size_t *size,
              struct error *err) MUST_CHECK;

/* Replaces a file. A reader sees the old file or the new one, never a mix, and
 * a crash leaves one of the two: the bytes go to a draft in the same folder,
 * which is synced and renamed, and then the folder is synced. Any failure
 * (ERROR_IO, ERROR_LIMIT) leaves the old file as it was and no draft behind.
 *
 * The file has the mode that the umask leaves of 0666. A killed process may
 * leave its draft, PATH.draft-XXXXXXXX; the next replacement of the same file
 * removes it. A draft is locked while it is written, so that a living process
 * loses none. */
int file_replace(const char *path, const void *data, size_t size,
                 struct error *err) MUST_CHECK;

/* The same with mode 0600: nobody but the owner reads or writes the file. */
int file_replace_private(const char *path, const void *data, size_t size,
                         struct error *err) MUST_CHECK;

/* Removes the drafts of dead processes in a folder: of that file, or of every
 * file where `name` is NULL. What cannot be removed stays. */
void file_sweep_drafts(const char *folder, const char *name);

#endif
