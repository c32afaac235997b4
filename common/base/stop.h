/*
 * stop.h - the one way to ask the whole program to finish.
 *
 * SIGTERM and SIGINT set the flag; a second one, or the hard deadline, ends
 * the process at once. Loops look at the flag between two units of work and
 * wait in slices of at most STOP_SLICE_MS.
 */
#ifndef COMMON_STOP_H
#define COMMON_STOP_H

#include "common/base/error.h"

#include <stdbool.h>

enum { STOP_SLICE_MS = 200 };

/* Installs the handlers, and ignores SIGPIPE, SIGHUP and SIGUSR2: there is
 * nothing to reopen, and neither a lost terminal nor somebody's signal to
 * another program ends a service. SIGQUIT keeps its meaning: a core.
 * deadline_ms after the first signal the process ends with status 75 whatever
 * it is doing; 0 means no deadline. */
int stop_on_signals(unsigned deadline_ms, struct error *err) MUST_CHECK;

void stop_request(void);
bool stop_requested(void);

/* Asked to stop so long ago (a quarter of the deadline, at most five seconds)
 * that work under way is given up: it waits for somebody who does not answer.
 * What is given up must be able to come again. */
bool stop_is_overdue(void);

/* ERROR_STOPPED, "asked to stop". Returns -1. */
int stop_error(struct error *err);

/* The exit status of a stop: 0 after SIGTERM or stop_request(), 130 after
 * SIGINT. */
int stop_exit_status(void);

/* SIGUSR1 arrived since the last call? The trainer retrains, the scorer looks
 * for a new model. */
bool stop_take_nudge(void);

#endif
