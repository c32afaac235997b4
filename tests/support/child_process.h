/*
 * child_process.h - the real program as a test sees it: started with
 * arguments, fed, watched, signalled, waited for.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_CHILD_PROCESS_H
#define SUPPORT_CHILD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child_process {
    pid_t pid;
    char out_path[64], err_path[64]; /* what it writes, in files */
    long peak_kib; /* the most memory it had; known once it was waited for */
};

/* Starts a program; `arguments` begins with its path and ends with NULL.
 * Standard input is `input_path`, or nothing where that is NULL. */
void child_start(struct child_process *child, const char *const arguments[],
                 const char *input_path);

/* The path of the pctr that was built with this test. */
extern const char *const built_program;

/* Starts the pctr that the environment's PCTR_PROGRAM names, or else the one
 * that was built with this test: "score", ..., NULL. */
void child_start_pctr(struct child_process *child,
                      const char *const arguments[]);

void child_signal(const struct child_process *child, int signal);

/* Waits until the program does something of its own when the signal comes: one
 * that has only begun ends by it like any other. Or until it has ended. */
void child_await_handler(struct child_process *child, int signal,
                         unsigned timeout_ms);

/* Its exit status, or 128 + the signal that ended it. Kills it and fails the
 * test after timeout_ms. */
int child_wait(struct child_process *child, unsigned timeout_ms);

bool child_is_running(struct child_process *child);

/* Waits until standard error contains the text. */
void child_await_error(struct child_process *child, const char *text,
                       unsigned timeout_ms);

/* The same for a text that comes so many times. */
void child_await_errors(struct child_process *child, const char *text,
                        int times, unsigned timeout_ms);
int child_count_errors(const struct child_process *child, const char *text);

/* All it wrote so far; the caller frees. */
char *child_output(const struct child_process *child);
char *child_errors(const struct child_process *child);

/* The end of a text that may be longer than Check prints. */
const char *child_last_words(const char *text);

/* In what a pctr wrote on standard error: the number of that name in the last
 * line with that message. */
uint64_t child_log_number(const char *log, const char *message,
                          const char *name);

/* SIGKILL where it still runs, and away with its files. Safe after a failed
 * start and twice. */
void child_end(struct child_process *child);

#endif
