#include "cli/serve/process_metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum process_metric {
    PROCESS_CPU,
    PROCESS_RESIDENT,
    PROCESS_VIRTUAL,
    PROCESS_OPEN_FDS,
    PROCESS_MAX_FDS,
    PROCESS_START,
    PROCESS_THREADS,
};

/* clang-format off */
const struct metric_family process_metric_families[] = {
    [PROCESS_CPU] = {"process_cpu_seconds_total", METRIC_TIME, NULL, NULL, 0, "Processor time, of the program and of the system for it."},
    [PROCESS_RESIDENT] = {"process_resident_memory_bytes", METRIC_GAUGE, NULL, NULL, 0, "Resident memory."},
    [PROCESS_VIRTUAL] = {"process_virtual_memory_bytes", METRIC_GAUGE, NULL, NULL, 0, "Virtual memory."},
    [PROCESS_OPEN_FDS] = {"process_open_fds", METRIC_GAUGE, NULL, NULL, 0, "Open file descriptors."},
    [PROCESS_MAX_FDS] = {"process_max_fds", METRIC_GAUGE, NULL, NULL, 0, "File descriptors that may be open."},
    [PROCESS_START] = {"process_start_time_seconds", METRIC_GAUGE, NULL, NULL, 0, "When the process was started, in Unix time."},
    [PROCESS_THREADS] = {"process_threads", METRIC_GAUGE, NULL, NULL, 0, "Threads."},
    {NULL, METRIC_COUNTER, NULL, NULL, 0, NULL},
};
/* clang-format on */

static void show(enum process_metric metric, double value, FILE *out)
{
    metrics_render_value(&process_metric_families[metric], value, out);
}

static void show_cpu(FILE *out)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    show(PROCESS_CPU,
         (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
             (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
         out);
}

/* The system's own start, in Unix time; 0 where it is not told. */
static double boot_time(void)
{
    FILE *in = fopen("/proc/stat", "r");
    char line[256];
    unsigned long long seconds = 0;

    if (!in)
        return 0;
    while (seconds == 0 && fgets(line, sizeof(line), in))
        if (sscanf(line, "btime %llu", &seconds) != 1)
            seconds = 0;
    fclose(in);
    return (double)seconds;
}

/* Fields of /proc/self/stat, counted from the one behind the program's name,
 * which may hold blanks and brackets itself. */
static void show_stat(FILE *out)
{
    enum { THREADS = 17, START = 19, VIRTUAL, RESIDENT, FIELDS };
    char text[1024];
    double fields[FIELDS];
    FILE *in = fopen("/proc/self/stat", "r");
    size_t size = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

    if (in)
        fclose(in);
    text[size] = '\0';
    char *at = strrchr(text, ')');
    if (!at || strlen(at) < 4)
        return;
    at += 3; /* ") S" */
    for (int i = 1; i < FIELDS; i++) {
        char *end;
        fields[i] = strtod(at, &end);
        if (end == at)
            return;
        at = end;
    }
    double boot_s = boot_time();
    show(PROCESS_THREADS, fields[THREADS], out);
    show(PROCESS_VIRTUAL, fields[VIRTUAL], out);
    show(PROCESS_RESIDENT, fields[RESIDENT] * (double)sysconf(_SC_PAGESIZE),
         out);
    if (boot_s > 0)
        show(PROCESS_START,
             boot_s + fields[START] / (double)sysconf(_SC_CLK_TCK), out);
}

static void show_descriptors(FILE *out)
{
    struct rlimit limit;
    DIR *folder = opendir("/proc/self/fd");
    int count = -1; /* the folder itself is open too */

    if (folder) {
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
            count += entry->d_name[0] != '.';
        closedir(folder);
        show(PROCESS_OPEN_FDS, count, out);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY)
        show(PROCESS_MAX_FDS, (double)limit.rlim_cur, out);
}

void process_metrics_render(FILE *out)
{
    show_cpu(out);
    show_stat(out);
    show_descriptors(out);
}
