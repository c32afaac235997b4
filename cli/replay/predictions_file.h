/*
 * predictions_file.h - every impression of a replay as a line of CSV.
 *
 * A line has the place of the impression, its label, and each contender's p (17
 * significant digits, which read back as the same bits), version and basis. The
 * file is a sink of the replay's rows.
 */
#ifndef CLI_PREDICTIONS_FILE_H
#define CLI_PREDICTIONS_FILE_H

#include "common/base/error.h"

#include "consumer/replay/replay.h"

struct predictions_file;

/* `config` must outlive the file. */
int predictions_file_open(const char *path, const struct replay_config *config,
                          struct predictions_file **out,
                          struct error *err) MUST_CHECK;

struct replay_sink predictions_file_sink(struct predictions_file *file);

/* ERROR_IO: not all could be written. Frees the file in any case; NULL is fine.
 */
int predictions_file_close(struct predictions_file *file,
                           struct error *err) MUST_CHECK;

#endif
