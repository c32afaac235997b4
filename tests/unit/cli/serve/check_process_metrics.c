/*
 * check_process_metrics.c - the process is described as it is.
 */
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "cli/serve/process_metrics.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* -1 where the page has no such metric. */
static double look(const char *name)
{
    char *page = NULL, line[128];
    size_t size;
    double value = -1;
    FILE *out = open_memstream(&page, &size);

    process_metrics_render(out);
    fclose(out);
    snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(page, line);
    if (at)
        value = strtod(at + strlen(line), NULL);
    free(page);
    return value;
}

START_TEST(every_metric_of_the_table_is_there_once)
{
    for (const struct metric_family *f = process_metric_families; f->name; f++)
        ck_assert_msg(look(f->name) > 0, "%s", f->name);
}
END_TEST

START_TEST(processor_time_grows_with_work)
{
    double before = look("process_cpu_seconds_total");
    struct rusage usage;

    do {
        for (volatile int i = 0; i < 1000000; i++)
            continue;
        ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    } while (usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 <
             (long)(before * 1000) + 50);
    ck_assert(look("process_cpu_seconds_total") > before);
}
END_TEST

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 4096; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

START_TEST(memory_and_descriptors_are_counted)
{
    enum { SIZE = 64 << 20 };
    double resident = look("process_resident_memory_bytes");
    double virtual = look("process_virtual_memory_bytes");
    char *room = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(room, MAP_FAILED);
    for (size_t i = 0; i < SIZE; i += 4096)
        room[i] = 1;
    int one = open("/dev/null", O_RDONLY), two = open("/dev/null", O_RDONLY);
    ck_assert_double_eq(look("process_open_fds"), count_descriptors());
    ck_assert(look("process_resident_memory_bytes") > resident + SIZE / 2.0);
    ck_assert(look("process_virtual_memory_bytes") > virtual + SIZE / 2.0);
    ck_assert(look("process_virtual_memory_bytes") < virtual + SIZE * 2.0);
    munmap(room, SIZE);
    close(one);
    close(two);
}
END_TEST

static void *wait_for_end(void *pipe_end)
{
    char byte;

    while (read(*(int *)pipe_end, &byte, 1) > 0)
        ;
    return NULL;
}

START_TEST(threads_are_counted)
{
    double before = look("process_threads");
    pthread_t thread;
    int ends[2];

    ck_assert_double_ge(before, 1);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_end, &ends[0]), 0);
    /* A sanitizer starts one of its own with the first. */
    ck_assert_double_gt(look("process_threads"), before);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
}
END_TEST

START_TEST(limits_and_the_start_are_told)
{
    struct rlimit limit;
    double start_s = look("process_start_time_seconds");
    double now_s = (double)clock_wall_ms() / 1e3;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_double_eq(look("process_max_fds"), (double)limit.rlim_cur);
    /* The system's own start is told to the second. */
    ck_assert_msg(start_s < now_s + 2 && start_s > now_s - 120, "%f", start_s);
    ck_assert_double_eq(look("process_start_time_seconds"), start_s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process metrics");
    TCase *tests = tcase_create("this process");

    tcase_add_test(tests, every_metric_of_the_table_is_there_once);
    tcase_add_test(tests, processor_time_grows_with_work);
    tcase_add_test(tests, memory_and_descriptors_are_counted);
    tcase_add_test(tests, threads_are_counted);
    tcase_add_test(tests, limits_and_the_start_are_told);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
