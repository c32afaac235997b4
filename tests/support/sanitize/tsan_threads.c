/*
 * tsan_threads.c - C11 threads as pthreads, for ThreadSanitizer.
 *
 * ThreadSanitizer watches pthreads. librdkafka is built with <threads.h>, which
 * glibc implements beside them: its threads and locks are not seen, and each
 * record that one of its threads hands to ours looks like a race. Loaded before
 * the C library (LD_PRELOAD), these take their place.
 *
 * Only what librdkafka uses, and what it may use.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

static int result(int failed)
{
    switch (failed) {
    case 0:
        return thrd_success;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
    case EAGAIN:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

/* --- Threads ---------------------------------------------------------- */

struct start {
    thrd_start_t run;
    void *argument;
};

static void *begin(void *context)
{
    struct start start = *(struct start *)context;

    free(context);
    return (void *)(intptr_t)start.run(start.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *argument)
{
    struct start *start = malloc(sizeof(*start));

    if (!start)
        return thrd_nomem;
    *start = (struct start){run, argument};
    int failed = pthread_create(thread, NULL, begin, start);
    if (failed)
        free(start);
    return result(failed);
}

int thrd_join(thrd_t thread, int *out)
{
    void *returned = NULL;
    int failed = pthread_join(thread, &returned);

    if (!failed && out)
        *out = (int)(intptr_t)returned;
    return result(failed);
}

int thrd_detach(thrd_t thread)
{
    return result(pthread_detach(thread));
}

thrd_t thrd_current(void)
{
    return pthread_self();
}

int thrd_equal(thrd_t left, thrd_t right)
{
    return pthread_equal(left, right);
}

void thrd_exit(int value)
{
    pthread_exit((void *)(intptr_t)value);
}

/* --- Locks ------------------------------------------------------------ */

/* glibc's own functions take the first bytes of both types for the same. */
static pthread_mutex_t *lock_of(mtx_t *mutex)
{
    _Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "another libc");
    return (pthread_mutex_t *)mutex;
}

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type & mtx_recursive
                                               ? PTHREAD_MUTEX_RECURSIVE
                                               : PTHREAD_MUTEX_NORMAL);
    int failed = pthread_mutex_init(lock_of(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result(failed);
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy(lock_of(mutex));
}

int mtx_lock(mtx_t *mutex)
{
    return result(pthread_mutex_lock(lock_of(mutex)));
}

int mtx_trylock(mtx_t *mutex)
{
    return result(pthread_mutex_trylock(lock_of(mutex)));
}

int mtx_timedlock(mtx_t *mutex, const struct timespec *until)
{
    return result(pthread_mutex_timedlock(lock_of(mutex), until));
}

int mtx_unlock(mtx_t *mutex)
{
    return result(pthread_mutex_unlock(lock_of(mutex)));
}

/* --- Conditions ------------------------------------------------------- */

static pthread_cond_t *condition_of(cnd_t *condition)
{
    _Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "another libc");
    return (pthread_cond_t *)condition;
}

int cnd_init(cnd_t *condition)
{
    return result(pthread_cond_init(condition_of(condition), NULL));
}

void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy(condition_of(condition));
}

int cnd_signal(cnd_t *condition)
{
    return result(pthread_cond_signal(condition_of(condition)));
}

int cnd_broadcast(cnd_t *condition)
{
    return result(pthread_cond_broadcast(condition_of(condition)));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return result(pthread_cond_wait(condition_of(condition), lock_of(mutex)));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    return result(
        pthread_cond_timedwait(condition_of(condition), lock_of(mutex), until));
}

/* --- Once, and what a thread has for itself --------------------------- */

void call_once(once_flag *flag, void (*run)(void))
{
    pthread_once((pthread_once_t *)flag, run);
}

int tss_create(tss_t *key, tss_dtor_t destroy)
{
    return result(pthread_key_create((pthread_key_t *)key, destroy));
}

void tss_delete(tss_t key)
{
    pthread_key_delete((pthread_key_t)key);
}

void *tss_get(tss_t key)
{
    return pthread_getspecific((pthread_key_t)key);
}

int tss_set(tss_t key, void *value)
{
    return result(pthread_setspecific((pthread_key_t)key, value));
}
