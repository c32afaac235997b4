/*
 * predictions_file.h - every impression of a replay as a line of CSV.
 *
 * Its place, label, and each contender's p (17 significant digits: the same
 * bits when read back), version and basis. Written during the replay, as a
 * sink of its rows.
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

/* All is written, or an error. Frees in any case; NULL is fine. */
int predictions_file_close(struct predictions_file *file,
                           struct error *err) MUST_CHECK;

#endif
