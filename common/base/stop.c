#include "common/base/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signal;
static volatile sig_atomic_t nudged;
static volatile sig_atomic_t deadline_s;
static atomic_bool requested;

enum { STATUS_HARD_STOP = 75, STATUS_INTERRUPTED = 130 };

static void on_stop(int signal)
{
    if (stop_signal)
        _exit(signal == SIGINT ? STATUS_INTERRUPTED : STATUS_HARD_STOP);
    stop_signal = signal;
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
    nudged = 1;
}

int stop_on_signals(unsigned deadline_ms, struct error *err)
{
    static const struct {
        int signal;
        void (*handler)(int);
    } wanted[] = {
        {SIGTERM, on_stop},  {SIGINT, on_stop},  {SIGALRM, on_deadline},
        {SIGUSR1, on_nudge}, {SIGPIPE, SIG_IGN}, {SIGHUP, SIG_IGN},
    };

    deadline_s = (sig_atomic_t)((deadline_ms + 999) / 1000);
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

int stop_exit_status(void)
{
    return stop_signal == SIGINT ? STATUS_INTERRUPTED : 0;
}

bool stop_take_nudge(void)
{
    bool was = nudged;
    nudged = 0;
    return was;
}
