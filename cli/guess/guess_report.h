/*
 * guess_report.h - what was seen on a topic and what it looks like, as a file
 * of settings: what people read are its comments.
 *
 * Whatever strangers put into names and values is safe on a terminal, and stays
 * within its comment.
 */
#ifndef CLI_GUESS_REPORT_H
#define CLI_GUESS_REPORT_H

#include "cli/guess/field_guess.h"

#include "common/base/buffer.h"

struct guess_report {
    const char *topic, *brokers;
    const char *registry; /* its URL; "": none */
    uint64_t size; /* offsets of the part of the topic that was chosen from */
    struct field_survey *survey;
    const struct field_guess *guess;
};

/* Appends the text; a failure of memory stays in the buffer. */
void guess_report_write(const struct guess_report *report, struct buffer *out);

#endif
