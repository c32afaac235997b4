/*
 * golden_topics.h - topics of an earlier version of the program, from a file,
 * put onto a broker again.
 *
 * The file holds every committed record of the topics of a pipeline, one after
 * the other, in little endian: topic (u8, enum pipeline_name), partition (u32),
 * offset (u64), time in ms (u64), key, value, number of headers (u8), and for
 * each header its name and its value. A key, a value and a name are a length
 * (u32; 4294967295: there is none) and the bytes.
 *
 * Nothing here fails quietly: a mistake ends the test.
 */
#ifndef SUPPORT_GOLDEN_TOPICS_H
#define SUPPORT_GOLDEN_TOPICS_H

#include "support/pipeline.h"

#include <stddef.h>

/* Publishes the records of the file onto the empty topics of the pipeline, each
 * at the offset that it had. Returns how many were predictions. */
size_t golden_topics_restore(const char *path, const struct pipeline *pipe);

#endif
