/*
 * error.h - what went wrong, as a value the caller owns.
 *
 * A function that can fail for a reason outside the program takes a
 * `struct error *` as its last parameter and returns 0, or -1 after filling
 * it in. Nothing here allocates or logs: the one place that decides what to
 * do about an error is also the one place that reports it.
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

#include "common/base/attributes.h"

#include <stdbool.h>

/* Each code has one exit status, so that a supervisor can tell "start me
 * again" from "a person must look": see error_exit_status(). */
enum error_code {
    ERROR_NONE = 0,
    ERROR_FAILED,      /* nothing more precise fits                     1 */
    ERROR_USAGE,       /* the command line makes no sense               2 */
    ERROR_FORMAT,      /* bytes that do not follow their format        65 */
    ERROR_LIMIT,       /* well formed, but more than we agreed to hold 65 */
    ERROR_INPUT,       /* a file that must be read cannot be           66 */
    ERROR_UNAVAILABLE, /* no broker, no topic, no such version         69 */
    ERROR_IO,          /* the file system refused to keep something    73 */
    ERROR_TEMPORARY,   /* start me again                               75 */
    ERROR_MEMORY,      /* the machine has no memory left for it        75 */
    ERROR_AUTH,        /* the broker says: not you                     77 */
    ERROR_CONFIG,      /* a setting is missing, unknown, out of range  78 */
    ERROR_FENCED,      /* another live process holds our slot          79 */
    ERROR_STOPPED,     /* no failure: given up because of a signal      0 */
};

struct error {
    enum error_code code;
    char text[512]; /* one line, printable, without double quotes; cut short
                       rather than grown */
};

/* Records the error and returns -1, so that `return error_set(...)` reads as
 * one thought. `err` may be NULL when the caller wants no explanation. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Records "out of memory for <what>" with ERROR_MEMORY, and returns -1. The
 * text after "for" is a noun, and may go on with advice: "the join: lower
 * join.pending_max". Memory comes back: nothing that was read is to blame. */
int error_no_memory(struct error *err, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* Puts "context: " before the text and returns -1. */
int error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* clang's analyzer does not look into error.c and would follow paths on which
 * a refusal went on: for its eyes only, say what comes back. */
#ifdef __clang_analyzer__
static inline int error_refused(int status)
{
    (void)status;
    return -1;
}
#define error_set(...) error_refused(error_set(__VA_ARGS__))
#define error_no_memory(...) error_refused(error_no_memory(__VA_ARGS__))
#define error_wrap(...) error_refused(error_wrap(__VA_ARGS__))
#endif

/* The process exit status that belongs to the code. */
int error_exit_status(enum error_code code);

/* A short stable name for logs: "config", "unavailable". */
const char *error_code_name(enum error_code code);

#endif
