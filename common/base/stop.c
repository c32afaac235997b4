#include "common/base/stop.h"

#include "common/base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Handlers write them and any thread reads them. Only atomics that take no lock
 * may be used in a handler. */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
               "a signal's handler needs atomics without locks");
static atomic_int stop_signal, deadline_s;
static atomic_bool nudged, requested;
static atomic_int_least64_t asked_ms; /* monotonic; 0: not asked by a signal */

enum {
    STATUS_HARD_STOP = 75,
    STATUS_INTERRUPTED = 130,
    GRACE_MS = 5000,
    DEADLINE_SHARE = 4, /* of the deadline, for work under way */
};

static void on_stop(int signal)
{
    if (stop_signal)
        _exit(signal == SIGINT ? STATUS_INTERRUPTED : STATUS_HARD_STOP);
    stop_signal = signal;
    atomic_store(&asked_ms, clock_monotonic_ms());
    if (deadline_s > 0)
        alarm((unsigned)deadline_s);
}

static void on_deadline(int signal)
{
    static const char text[] =
        "level=error msg=\"the hard deadline passed: ending now\"\n";
    (void)signal;
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        _exit(STATUS_HARD_STOP);
    _exit(STATUS_HARD_STOP);
}

static void on_nudge(int signal)
{
    (void)signal;
    nudged = true;
}

int stop_on_signals(unsigned deadline_ms, struct error *err)
{
    static const struct {
        int signal;
        void (*handler)(int);
    } wanted[] = {
        {SIGTERM, on_stop},  {SIGINT, on_stop},  {SIGALRM, on_deadline},
        {SIGUSR1, on_nudge}, {SIGPIPE, SIG_IGN}, {SIGHUP, SIG_IGN},
        {SIGUSR2, SIG_IGN},
    };

    deadline_s = (int)((deadline_ms + 999) / 1000);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct sigaction action = {.sa_handler = wanted[i].handler};
        sigemptyset(&action.sa_mask);
        if (sigaction(wanted[i].signal, &action, NULL) != 0)
            return error_set(err, ERROR_FAILED, "install signal %d: %s",
                             wanted[i].signal, strerror(errno));
    }
    return 0;
}

void stop_request(void)
{
    requested = true;
}

bool stop_requested(void)
{
    return stop_signal || requested;
}

bool stop_is_overdue(void)
{
    int64_t since_ms = atomic_load(&asked_ms);
    int64_t grace_ms = deadline_s > 0 ? deadline_s * 1000 / DEADLINE_SHARE : 0;

    if (grace_ms == 0 || grace_ms > GRACE_MS)
        grace_ms = GRACE_MS;
    return since_ms > 0 && clock_monotonic_ms() - since_ms >= grace_ms;
}

int stop_error(struct error *err)
{
    return error_set(err, ERROR_STOPPED, "asked to stop");
}

int stop_exit_status(void)
{
    return stop_signal == SIGINT ? STATUS_INTERRUPTED : 0;
}

bool stop_take_nudge(void)
{
    return atomic_exchange(&nudged, false);
}
