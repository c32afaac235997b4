#include "support/metrics_page.h"

#include "support/allowance.h"

#include "common/base/clock.h"

#include <arpa/inet.h>
#include <check.h>
#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAGE_SIZE = 1 << 20, POLL_MS = 100 };

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

unsigned metrics_page_free_port(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void read_all(int fd, char *page)
{
    size_t filled = 0;
    ssize_t got;

    while (filled + 1 < PAGE_SIZE &&
           (got = read(fd, page + filled, PAGE_SIZE - 1 - filled)) > 0)
        filled += (size_t)got;
    page[filled] = '\0';
}

/* False where nobody answers. */
static bool ask_for_page(unsigned port, const char *request, size_t size,
                         char *page)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    bool answered =
        connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        write(fd, request, size) == (ssize_t)size;
    if (answered)
        read_all(fd, page);
    close(fd);
    return answered;
}

static bool get_page(unsigned port, const char *path, char *page)
{
    char request[512];
    int size = snprintf(request, sizeof(request),
                        "GET %s HTTP/1.1\r\nHost: localhost\r\n"
                        "Connection: close\r\n\r\n",
                        path);

    return ask_for_page(port, request, (size_t)size, page);
}

/* "NAME VALUE" at the beginning of a line. */
static double find(const char *page, const char *series)
{
    size_t length = strlen(series);

    for (const char *line = page; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, series, length) == 0 && line[length] == ' ')
            return strtod(line + length, NULL);
    }
    return NAN;
}

char *metrics_page_get(unsigned port, const char *path)
{
    char *page = malloc(PAGE_SIZE);

    ck_assert_ptr_nonnull(page);
    if (get_page(port, path, page))
        return page;
    free(page);
    return NULL;
}

char *metrics_page_post(unsigned port, const char *path, const char *body)
{
    size_t room = strlen(body) + 512;
    char *request = malloc(room), *page = malloc(PAGE_SIZE);

    ck_assert_ptr_nonnull(request);
    ck_assert_ptr_nonnull(page);
    int size = snprintf(request, room,
                        "POST %s HTTP/1.1\r\nHost: localhost\r\n"
                        "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                        path, strlen(body), body);
    bool answered = ask_for_page(port, request, (size_t)size, page);
    free(request);
    if (answered)
        return page;
    free(page);
    return NULL;
}

double metrics_page_value(unsigned port, const char *series)
{
    char *page = malloc(PAGE_SIZE);

    ck_assert_ptr_nonnull(page);
    double value = get_page(port, "/metrics", page) ? find(page, series) : NAN;
    free(page);
    return value;
}

/* --- Waiting ---------------------------------------------------------- */

/* Returns the value. NaN is in no range. */
static double await_range(unsigned port, const char *series, double least,
                          double most, unsigned timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(timeout_ms);
    double value = metrics_page_value(port, series);

    while (!(value >= least && value <= most)) {
        ck_assert_msg(clock_monotonic_ms() < deadline,
                      "%s is %g after %u ms, %g to %g was expected", series,
                      value, timeout_ms, least, most);
        clock_sleep_ms(POLL_MS);
        value = metrics_page_value(port, series);
    }
    return value;
}

double metrics_page_read(unsigned port, const char *series, unsigned timeout_ms)
{
    return await_range(port, series, -INFINITY, INFINITY, timeout_ms);
}

void metrics_page_await_value(unsigned port, const char *series, double value,
                              unsigned timeout_ms)
{
    await_range(port, series, value, value, timeout_ms);
}

void metrics_page_await(unsigned port, const char *series, double at_least,
                        unsigned timeout_ms)
{
    await_range(port, series, at_least, INFINITY, timeout_ms);
}
