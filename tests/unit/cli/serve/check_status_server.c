/*
 * check_status_server.c - the answers that a browser, a supervisor and a
 * stranger get over plain sockets on loopback.
 */
#include "support/run_suite.h"

#include "cli/serve/status_server.h"

#include "common/base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct metric_family families[] = {
    {"pctr_test_total", METRIC_COUNTER, NULL, NULL, 0, "Tests."},
    {NULL, METRIC_COUNTER, NULL, NULL, 0, NULL},
};

static struct error err;
static struct metrics *metrics;
static struct status_server *server;
static uint32_t port;
static bool is_ready;
static char answer[65536];

static int echo(void *context, const struct status_query *query, FILE *body)
{
    const char *user = status_query_get(query, "user");

    (void)context;
    fprintf(body, "{\"user\":\"%s\"}", user ? user : "");
    return user ? 200 : 400;
}

enum { BODY_MAX = 100000 };

/* How long the body is, and what its last byte is. */
static int count_body(void *context, const struct status_query *query,
                      FILE *body)
{
    size_t size;
    const uint8_t *bytes = status_query_body(query, &size);

    (void)context;
    fprintf(body, "{\"size\":%zu,\"last\":\"%c\"}", size,
            size > 0 ? bytes[size - 1] : '-');
    return 200;
}

static bool ready(void *context, char *why, size_t size)
{
    (void)context;
    snprintf(why, size, "no model yet");
    return is_ready;
}

static const struct status_route routes[] = {
    {"/echo", STATUS_GET, 0, echo},
    {"/echo", STATUS_POST, BODY_MAX, count_body},
    {NULL, STATUS_GET, 0, NULL},
};

static int loopback(uint32_t at, struct sockaddr_in *where)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *where = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)at)};
    where->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* A port that no program has at the moment. */
static uint32_t free_port(void)
{
    struct sockaddr_in where;
    socklen_t size = sizeof(where);
    int fd = loopback(0, &where);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&where, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    close(fd);
    return ntohs(where.sin_port);
}

/* Sends the request and reads until the server closes; the text is in
 * `answer`. */
static const char *ask(const char *request)
{
    struct sockaddr_in where;
    int fd = loopback(port, &where);
    size_t have = 0;
    ssize_t got;

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL),
                     (ssize_t)strlen(request));
    while (have < sizeof(answer) - 1 &&
           (got = recv(fd, answer + have, sizeof(answer) - 1 - have, 0)) > 0)
        have += (size_t)got;
    answer[have] = '\0';
    close(fd);
    return answer;
}

static int open_client(const char *text)
{
    struct sockaddr_in where;
    int fd = loopback(port, &where);

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
                     (ssize_t)strlen(text));
    return fd;
}

static const char *get(const char *path)
{
    char request[512];

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    return ask(request);
}

static void assert_status(const char *text, const char *status)
{
    ck_assert_msg(strncmp(text, "HTTP/1.1 ", 9) == 0 &&
                      strncmp(text + 9, status, strlen(status)) == 0,
                  "expected %s, got: %s", status, text);
}

static void assert_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no '%s' in: %s", part, text);
}

static void open_server(void)
{
    port = free_port();
    is_ready = true;
    ck_assert_ok(metrics_new(families, &metrics, &err), err);
    struct status_config config = {.address = "127.0.0.1",
                                   .port = port,
                                   .metrics = metrics,
                                   .routes = routes,
                                   .ready = ready};
    ck_assert_ok(status_server_start(&config, &server, &err), err);
}

static void close_server(void)
{
    status_server_stop(server);
    metrics_free(metrics);
}

START_TEST(metrics_come_as_prometheus_text)
{
    metrics_add(metrics, 0, 0, 7);
    const char *text = get("/metrics");
    assert_status(text, "200");
    assert_has(text, "text/plain; version=0.0.4");
    assert_has(text, "\npctr_test_total 7\n");
}
END_TEST

START_TEST(a_loop_without_a_check_is_alive)
{
    assert_status(get("/livez"), "200");
}
END_TEST

START_TEST(not_ready_is_503_with_the_reason)
{
    assert_status(get("/readyz"), "200");
    is_ready = false;
    const char *text = get("/readyz");
    assert_status(text, "503");
    assert_has(text, "no model yet");
}
END_TEST

START_TEST(the_version_is_json)
{
    const char *text = get("/version");
    assert_status(text, "200");
    assert_has(text, "application/json");
    assert_has(text, "\"version\":\"");
}
END_TEST

START_TEST(a_route_gets_its_arguments_and_chooses_the_status)
{
    assert_has(get("/echo?user=u%207"), "{\"user\":\"u 7\"}");
    assert_status(get("/echo"), "400");
}
END_TEST

START_TEST(an_unknown_path_says_what_there_is)
{
    const char *text = get("/nowhere");
    assert_status(text, "404");
    assert_has(text, "/metrics");
    assert_has(text, "/echo");
}
END_TEST

START_TEST(only_get_without_a_body_is_answered)
{
    const char *text = ask("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: "
                           "close\r\nContent-Length: 2\r\n\r\nab");
    assert_status(text, "405");
    assert_has(text, "Allow: GET");
    assert_status(ask("DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: "
                      "close\r\n\r\n"),
                  "405");
    assert_status(ask("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: "
                      "close\r\nContent-Length: 99999999\r\n\r\n"),
                  "413");
}
END_TEST

/* A POST of `size` bytes to /echo that ends with an 'e'. */
static const char *post(const char *headers, const char *before, size_t size,
                        const char *behind)
{
    char *request = malloc(size + 512);

    ck_assert_ptr_nonnull(request);
    int head = snprintf(request, 512,
                        "POST /echo HTTP/1.1\r\nHost: x\r\n"
                        "Connection: close\r\n%s\r\n%s",
                        headers, before);
    memset(request + head, 'x', size);
    if (size > 0)
        request[(size_t)head + size - 1] = 'e';
    strcpy(request + (size_t)head + size, behind);
    const char *text = ask(request);
    free(request);
    return text;
}

START_TEST(a_route_gets_the_body_of_a_post)
{
    char headers[64];

    snprintf(headers, sizeof(headers), "Content-Length: %d\r\n", BODY_MAX);
    const char *text = post(headers, "", BODY_MAX, "");
    assert_status(text, "200");
    assert_has(text, "{\"size\":100000,\"last\":\"e\"}");
    assert_has(post("Content-Length: 0\r\n", "", 0, ""), "{\"size\":0,");
    text = post("Transfer-Encoding: chunked\r\n", "2000\r\n", 0x2000,
                "\r\n0\r\n\r\n");
    assert_has(text, "{\"size\":8192,\"last\":\"e\"}");
    assert_has(get("/echo?user=u"), "{\"user\":\"u\"}");
}
END_TEST

START_TEST(a_body_that_is_too_long_is_413)
{
    const char *text = post("Content-Length: 100001\r\n", "", 0, "");
    assert_status(text, "413");
    assert_has(text, "at most 100000 bytes");
    text = post("Transfer-Encoding: chunked\r\n", "20000\r\n", 0x20000,
                "\r\n0\r\n\r\n");
    assert_status(text, "413");
    assert_status(get("/version"), "200");
}
END_TEST

START_TEST(a_route_says_which_methods_it_has)
{
    const char *text = ask("PUT /echo HTTP/1.1\r\nHost: x\r\nConnection: "
                           "close\r\n\r\n");
    assert_status(text, "405");
    assert_has(text, "Allow: GET, POST");
}
END_TEST

/* A body that does not come, or is never asked for again, takes no slot for
 * good: see slow_clients_are_let_go_and_a_busy_one_stays. */
START_TEST(a_body_that_breaks_off_is_forgotten)
{
    for (int i = 0; i < 100; i++)
        close(open_client("POST /echo HTTP/1.1\r\nHost: x\r\n"
                          "Content-Length: 50\r\n\r\nabc"));
    assert_has(post("Content-Length: 3\r\n", "", 3, ""), "{\"size\":3,");
}
END_TEST

START_TEST(an_endless_head_is_refused_and_the_next_request_is_served)
{
    size_t size = 200000;
    char *request = malloc(size + 1);
    ck_assert_ptr_nonnull(request);
    memset(request, 'a', size);
    request[size] = '\0';
    memcpy(request, "GET /", 5);

    struct sockaddr_in where;
    int fd = loopback(port, &where);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    (void)!send(fd, request, size, MSG_NOSIGNAL); /* may be cut off */
    char reply[64] = "";
    ssize_t got = recv(fd, reply, sizeof(reply) - 1, 0);
    ck_assert_msg(got <= 0 || strncmp(reply, "HTTP/1.1 4", 10) == 0,
                  "accepted: %s", reply);
    close(fd);
    free(request);
    assert_status(get("/version"), "200");
}
END_TEST

/* --- Slow clients ----------------------------------------------------- */

enum { CLIENTS_MAX = 32, ROUNDS_LEAST = 13, ROUNDS_MOST = 25 };

static const char probe[] =
    "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static bool has_answer(int fd, int wait_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    return poll(&wanted, 1, wait_ms) == 1;
}

/* The start of a request, its head or its body, that goes on with one byte at
 * a time. */
static void open_slow(int *slow, size_t count)
{
    for (size_t i = 0; i < count; i++)
        slow[i] = open_client(i % 2 == 0 ? "GET /livez HTTP/1.1\r\nX-Slow: "
                                         : "POST /echo HTTP/1.1\r\nHost: x\r\n"
                                           "Content-Length: 1000\r\n\r\n");
}

static void send_a_byte_each(const int *slow, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)!send(slow[i], "a", 1, MSG_NOSIGNAL); /* may be closed */
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static void assert_answered(int fd)
{
    ck_assert(has_answer(fd, 5000));
    ssize_t got = recv(fd, answer, sizeof(answer) - 1, 0);
    ck_assert_int_gt(got, 0);
    answer[got] = '\0';
    assert_status(answer, "200");
}

/* A client that asks every second keeps its connection beyond the time that
 * a slow one gets. */
START_TEST(slow_clients_are_let_go_and_a_busy_one_stays)
{
    static const char question[] = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
    int slow[CLIENTS_MAX - 1];
    size_t count = sizeof(slow) / sizeof(slow[0]);
    int rounds = 0;

    int busy = open_client(question);
    assert_answered(busy);
    open_slow(slow, count);
    int waiting = open_client(probe);
    ck_assert_msg(!has_answer(waiting, 500), "a slot was free");
    while (rounds < ROUNDS_LEAST ||
           (!has_answer(waiting, 0) && rounds < ROUNDS_MOST)) {
        send_a_byte_each(slow, count);
        ck_assert_int_gt(send(busy, question, strlen(question), MSG_NOSIGNAL),
                         0);
        assert_answered(busy);
        clock_sleep_ms(1000);
        rounds++;
    }
    assert_answered(waiting);
    close(waiting);
    close(busy);
    close_all(slow, count);
}
END_TEST

/* The probes' server beside the one of the fixture. */
START_TEST(probes_are_answered_at_once_on_a_port_of_their_own)
{
    struct status_config config = {.address = "127.0.0.1",
                                   .port = free_port(),
                                   .pages = STATUS_PROBES,
                                   .metrics = metrics,
                                   .routes = routes,
                                   .ready = ready};
    struct status_server *probes;
    int slow[CLIENTS_MAX];

    ck_assert_ok(status_server_start(&config, &probes, &err), err);
    open_slow(slow, CLIENTS_MAX);
    int waiting = open_client(probe);
    ck_assert_msg(!has_answer(waiting, 500), "a slot was free");
    port = config.port;
    int asked = open_client(probe);
    assert_answered(asked);
    close(asked);
    is_ready = false;
    assert_status(get("/readyz"), "503");
    const char *const others[] = {"/metrics", "/version", "/echo?user=u"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const char *text = get(others[i]);
        assert_status(text, "404");
        assert_has(text, "there is /livez /readyz\n");
    }
    close(waiting);
    close_all(slow, CLIENTS_MAX);
    status_server_stop(probes);
}
END_TEST

static double processor_seconds(void)
{
    struct rusage used;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &used), 0);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

START_TEST(a_client_without_a_descriptor_for_it_waits_and_keeps_nobody_busy)
{
    struct rlimit limit, none;
    struct sockaddr_in where;
    int fd = loopback(port, &where);

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = (rlim_t)fd + 1; /* all below are in use */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    ck_assert_int_eq(send(fd, probe, strlen(probe), MSG_NOSIGNAL),
                     (ssize_t)strlen(probe));
    double before = processor_seconds();
    ck_assert(!has_answer(fd, 1000));
    ck_assert_double_lt(processor_seconds() - before, 0.3);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_answered(fd);
    close(fd);
}
END_TEST

START_TEST(a_port_in_use_is_an_error_that_names_it)
{
    struct status_config config = {.address = "127.0.0.1", .port = port};
    struct sockaddr_in where;
    struct status_server *second = NULL;
    uint32_t taken = free_port();
    int fd = loopback(taken, &where);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_refused(status_server_start(&config, &second, &err), err,
                      ERROR_UNAVAILABLE, "http.port"); /* by one of ours */
    config.port = taken;
    ck_assert_refused(status_server_start(&config, &second, &err), err,
                      ERROR_UNAVAILABLE, "http.port");
    config.pages = STATUS_PROBES;
    ck_assert_refused(status_server_start(&config, &second, &err), err,
                      ERROR_UNAVAILABLE, "http.probe_port");
    close(fd);
}
END_TEST

START_TEST(port_zero_opens_nothing)
{
    struct status_config config = {.address = "127.0.0.1", .port = 0};
    struct status_server *none = server;

    ck_assert_ok(status_server_start(&config, &none, &err), err);
    ck_assert_ptr_null(none);
    status_server_stop(none);
}
END_TEST

START_TEST(a_name_is_not_an_address)
{
    struct status_config config = {.address = "localhost", .port = 1};
    struct status_server *none;

    ck_assert_refused(status_server_start(&config, &none, &err), err,
                      ERROR_CONFIG, "localhost");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("status_server");
    TCase *tests = tcase_create("loopback");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, open_server, close_server);
    tcase_add_test(tests, metrics_come_as_prometheus_text);
    tcase_add_test(tests, a_loop_without_a_check_is_alive);
    tcase_add_test(tests, not_ready_is_503_with_the_reason);
    tcase_add_test(tests, the_version_is_json);
    tcase_add_test(tests, a_route_gets_its_arguments_and_chooses_the_status);
    tcase_add_test(tests, an_unknown_path_says_what_there_is);
    tcase_add_test(tests, only_get_without_a_body_is_answered);
    tcase_add_test(tests, a_route_gets_the_body_of_a_post);
    tcase_add_test(tests, a_body_that_is_too_long_is_413);
    tcase_add_test(tests, a_route_says_which_methods_it_has);
    tcase_add_test(tests, a_body_that_breaks_off_is_forgotten);
    tcase_add_test(tests,
                   an_endless_head_is_refused_and_the_next_request_is_served);
    tcase_add_test(tests, slow_clients_are_let_go_and_a_busy_one_stays);
    tcase_add_test(tests, probes_are_answered_at_once_on_a_port_of_their_own);
    tcase_add_test(
        tests,
        a_client_without_a_descriptor_for_it_waits_and_keeps_nobody_busy);
    tcase_add_test(tests, a_port_in_use_is_an_error_that_names_it);
    tcase_add_test(tests, port_zero_opens_nothing);
    tcase_add_test(tests, a_name_is_not_an_address);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
