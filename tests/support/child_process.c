#include "support/child_process.h"

#include "support/allowance.h"

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/file.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 64 << 20, ARGUMENTS_MAX = 64, POLL_MS = 20 };

static int new_file(char path[64])
{
    strcpy(path, "/tmp/pctr-test.XXXXXX");
    int fd = mkstemp(path);
    ck_assert_msg(fd >= 0, "no temporary file");
    return fd;
}

/* Runs between fork and exec. A killed test takes its children along. */
static void become(const char *const arguments[], int in, int out, int errors)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    execv(arguments[0], (char *const *)arguments);
    _exit(127);
}

void child_start(struct child_process *child, const char *const arguments[],
                 const char *input_path)
{
    int out = new_file(child->out_path);
    int errors = new_file(child->err_path);
    int in = open(input_path ? input_path : "/dev/null", O_RDONLY | O_CLOEXEC);

    ck_assert_msg(in >= 0, "cannot read '%s'", input_path);
    child->pid = fork();
    ck_assert_int_ge(child->pid, 0);
    if (child->pid == 0)
        become(arguments, in, out, errors);
    close(in);
    close(out);
    close(errors);
}

void child_start_pctr(struct child_process *child,
                      const char *const arguments[])
{
    const char *other = getenv("PCTR_PROGRAM");
    const char *all[ARGUMENTS_MAX + 2] = {other ? other : built_program};
    size_t count = 0;

    while (arguments[count]) {
        ck_assert_uint_lt(count, ARGUMENTS_MAX);
        all[count + 1] = arguments[count];
        count++;
    }
    child_start(child, all, NULL);
}

void child_signal(const struct child_process *child, int signal)
{
    ck_assert_int_gt(child->pid, 0);
    ck_assert_int_eq(kill(child->pid, signal), 0);
}

/* Before it becomes another program, a child is a copy of the test. */
static bool has_become(pid_t pid)
{
    char path[64], own[512], its[512];

    snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    const ssize_t its_size = readlink(path, its, sizeof(its));
    const ssize_t own_size = readlink("/proc/self/exe", own, sizeof(own));
    return its_size > 0 &&
           (its_size != own_size || memcmp(its, own, (size_t)own_size) != 0);
}

static bool handles(pid_t pid, int signal)
{
    char path[64], line[256];
    unsigned long long caught = 0;

    if (!has_become(pid))
        return false;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "SigCgt: %llx", &caught) == 1)
            break;
    fclose(file);
    return caught >> (signal - 1) & 1;
}

void child_await_handler(struct child_process *child, int signal,
                         unsigned timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(timeout_ms);

    while (!handles(child->pid, signal) && child_is_running(child)) {
        ck_assert_msg(clock_monotonic_ms() < deadline,
                      "no handler of signal %d after %u ms", signal,
                      timeout_ms);
        clock_sleep_ms(POLL_MS);
    }
}

static int status_of(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                    : WEXITSTATUS(wait_status);
}

const char *child_last_words(const char *text)
{
    enum { SHOWN = 2000 };
    size_t size = strlen(text);

    return size > SHOWN ? text + size - SHOWN : text;
}

int child_wait(struct child_process *child, unsigned timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(timeout_ms);
    struct rusage usage = {0};
    int status = 0;

    ck_assert_int_gt(child->pid, 0);
    while (wait4(child->pid, &status, WNOHANG, &usage) == 0) {
        if (clock_monotonic_ms() > deadline) {
            char *errors = child_errors(child);
            kill(child->pid, SIGKILL);
            ck_abort_msg("still running after %u ms: %s", timeout_ms,
                         child_last_words(errors));
        }
        clock_sleep_ms(POLL_MS);
    }
    child->pid = 0;
    child->peak_kib = usage.ru_maxrss;
    return status_of(status);
}

bool child_is_running(struct child_process *child)
{
    siginfo_t info = {.si_pid = 0};

    return child->pid > 0 &&
           waitid(P_PID, (id_t)child->pid, &info,
                  WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

static char *read_text(const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct error err = {ERROR_NONE, ""};

    ck_assert_msg(file_read(path, OUTPUT_MAX, &bytes, &size, &err) == 0, "%s",
                  err.text);
    return (char *)bytes; /* file_read() ends it with a zero byte */
}

char *child_output(const struct child_process *child)
{
    return read_text(child->out_path);
}

char *child_errors(const struct child_process *child)
{
    return read_text(child->err_path);
}

static int count_in(const char *text, const char *words)
{
    int found = 0;

    for (const char *at = text; (at = strstr(at, words)); at++)
        found++;
    return found;
}

int child_count_errors(const struct child_process *child, const char *text)
{
    char *errors = child_errors(child);
    int found = count_in(errors, text);

    free(errors);
    return found;
}

void child_await_errors(struct child_process *child, const char *text,
                        int times, unsigned timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(timeout_ms);

    for (;;) {
        bool running = child_is_running(child);
        char *errors = child_errors(child);
        int found = count_in(errors, text);
        if (found >= times) {
            free(errors);
            return;
        }
        ck_assert_msg(running && clock_monotonic_ms() < deadline,
                      "'%s' was said %d of %d times; %s; it said: %s", text,
                      found, times, running ? "it runs" : "it has ended",
                      child_last_words(errors));
        free(errors);
        clock_sleep_ms(POLL_MS);
    }
}

void child_await_error(struct child_process *child, const char *text,
                       unsigned timeout_ms)
{
    child_await_errors(child, text, 1, timeout_ms);
}

uint64_t child_log_number(const char *log, const char *message,
                          const char *name)
{
    char words[64], field[64];
    const char *line = NULL;

    snprintf(words, sizeof(words), "msg=\"%s\"", message);
    snprintf(field, sizeof(field), " %s=", name);
    for (const char *at = log; (at = strstr(at, words)); at++)
        line = at;
    ck_assert_msg(line != NULL, "it did not say %s: %s", words, log);
    const char *value = strstr(line, field);
    ck_assert_msg(value != NULL, "no%s in %s", field, line);
    return strtoull(value + strlen(field), NULL, 10);
}

void child_end(struct child_process *child)
{
    if (child->pid > 0) {
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
        child->pid = 0;
    }
    if (child->out_path[0])
        unlink(child->out_path);
    if (child->err_path[0])
        unlink(child->err_path);
    child->out_path[0] = child->err_path[0] = '\0';
}
