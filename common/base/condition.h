/*
 * condition.h - condition variables whose deadlines are of the monotonic
 * clock: setting the time shortens no wait.
 */
#ifndef COMMON_CONDITION_H
#define COMMON_CONDITION_H

#include <pthread.h>
#include <stdint.h>

/* 0, or an error number. pthread_cond_destroy() undoes it. */
int condition_init(pthread_cond_t *condition);

/* As pthread_cond_timedwait(), until clock_monotonic_ms() is deadline_ms: 0, or
 * ETIMEDOUT. */
int condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock,
                         int64_t deadline_ms);

#endif
