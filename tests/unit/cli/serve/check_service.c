/*
 * check_service.c - the two ports of a service: one for all pages and one for
 * the probes.
 */
#include "support/run_suite.h"

#include "cli/serve/service.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct metric_family families[] = {
    {"pctr_build_info", METRIC_GAUGE, NULL, NULL, 0, "The build."},
    {NULL, METRIC_COUNTER, NULL, NULL, 0, NULL},
};

static struct error err;
static struct metrics *metrics;
static const struct metric_label build[] = {{"version", "7"}, {NULL, NULL}};
static struct service_parts parts;

static bool holds(void *context, char *why, size_t size)
{
    (void)context;
    snprintf(why, size, "ok");
    return true;
}

static void open_parts(void)
{
    ck_assert_ok(metrics_new(families, &metrics, &err), err);
    parts = (struct service_parts){
        .metrics = metrics, .build = build, .live = holds, .ready = holds};
}

static void close_parts(void)
{
    metrics_free(metrics);
}

/* A socket that listens on the port, or on a free one where it is 0; -1 where
 * the port is taken. */
static int listen_on(uint32_t *port)
{
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)*port)};
    socklen_t size = sizeof(where);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_ge(fd, 0);
    if (bind(fd, (struct sockaddr *)&where, size) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&where, &size) < 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(where.sin_port);
    return fd;
}

static uint32_t free_port(void)
{
    uint32_t port = 0;

    close(listen_on(&port));
    return port;
}

static bool is_taken(uint32_t port)
{
    int fd = listen_on(&port);

    if (fd >= 0)
        close(fd);
    return fd < 0;
}

START_TEST(one_port_for_both_is_refused)
{
    struct service_settings settings = {
        .address = "127.0.0.1", .port = 9464, .probe_port = 9464};

    ck_assert_refused(service_check(&settings, &err), err, ERROR_CONFIG,
                      "http.probe_port: 9464");
    settings.probe_port = 9465;
    ck_assert_ok(service_check(&settings, &err), err);
    settings.port = settings.probe_port = 0;
    ck_assert_ok(service_check(&settings, &err), err);
    strcpy(settings.address, "localhost");
    ck_assert_refused(service_check(&settings, &err), err, ERROR_CONFIG,
                      "http.address: 'localhost' is not an IPv4 address");
}
END_TEST

START_TEST(both_ports_are_open_until_the_service_stops)
{
    struct service_settings settings = {.address = "127.0.0.1",
                                        .port = free_port()};
    struct service *service;

    settings.probe_port = free_port();
    ck_assert_ok(service_start(&settings, &parts, &service, &err), err);
    ck_assert(is_taken(settings.port));
    ck_assert(is_taken(settings.probe_port));
    service_stop(service);
    ck_assert(!is_taken(settings.port));
    ck_assert(!is_taken(settings.probe_port));
}
END_TEST

START_TEST(probes_need_no_other_port)
{
    struct service_settings settings = {.address = "127.0.0.1",
                                        .probe_port = free_port()};
    struct service *service;

    ck_assert_ok(service_start(&settings, &parts, &service, &err), err);
    ck_assert(is_taken(settings.probe_port));
    service_stop(service);
}
END_TEST

START_TEST(a_taken_port_leaves_no_port_open)
{
    struct service_settings settings = {.address = "127.0.0.1",
                                        .probe_port = free_port()};
    struct service *service;
    int fd = listen_on(&settings.port);

    ck_assert_refused(service_start(&settings, &parts, &service, &err), err,
                      ERROR_UNAVAILABLE, "choose another http.port");
    ck_assert(!is_taken(settings.probe_port));
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("service");
    TCase *tests = tcase_create("ports");

    tcase_add_checked_fixture(tests, open_parts, close_parts);
    tcase_add_test(tests, one_port_for_both_is_refused);
    tcase_add_test(tests, both_ports_are_open_until_the_service_stops);
    tcase_add_test(tests, probes_need_no_other_port);
    tcase_add_test(tests, a_taken_port_leaves_no_port_open);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
