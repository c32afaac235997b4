/*
 * check_tcp_proxy.c - the bad network of the fault table is as bad as it says.
 */
#include "support/metrics_page.h"
#include "support/run_suite.h"
#include "support/tcp_proxy.h"

#include "common/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, LATER_MS = 300, SHORT_MS = 200, ROOM = 64 * 1024 };

static struct tcp_proxy *proxy;
static int listener, client, broker;

static struct sockaddr_in local(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void start(void)
{
    const unsigned ports[] = {metrics_page_free_port(),
                              metrics_page_free_port()};
    const struct sockaddr_in at = local(ports[0]), to = local(ports[1]);

    listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (const struct sockaddr *)&at, sizeof(at)),
                     0);
    ck_assert_int_eq(listen(listener, 1), 0);
    proxy = tcp_proxy_start(ports[1], ports[0]);
    client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(client, (const struct sockaddr *)&to, sizeof(to)),
                     0);
    broker = accept(listener, NULL, NULL);
    ck_assert_int_ge(broker, 0);
}

static void stop(void)
{
    tcp_proxy_end(proxy);
    close(client);
    close(broker);
    close(listener);
}

static bool comes(int to, int within_ms)
{
    struct pollfd ready = {.fd = to, .events = POLLIN};

    return poll(&ready, 1, within_ms) == 1;
}

static void assert_passes(int from, int to, const char *text)
{
    char read[32] = "";

    ck_assert_int_eq(send(from, text, strlen(text), 0), (int)strlen(text));
    ck_assert(comes(to, PATIENCE_MS));
    ck_assert_int_eq(recv(to, read, sizeof(read) - 1, 0), (int)strlen(text));
    ck_assert_str_eq(read, text);
}

START_TEST(good_weather_passes_all)
{
    assert_passes(client, broker, "question");
    assert_passes(broker, client, "answer");
    close(broker);
    broker = -1;
    char byte;
    ck_assert(comes(client, PATIENCE_MS));
    ck_assert_int_eq(recv(client, &byte, 1, 0), 0);
}
END_TEST

START_TEST(replies_are_held_and_requests_pass)
{
    tcp_proxy_set(proxy, (struct proxy_weather){.holds_replies = true});
    assert_passes(client, broker, "question");
    ck_assert_int_eq(send(broker, "answer", 6, 0), 6);
    ck_assert(!comes(client, SHORT_MS));
    tcp_proxy_set(proxy, (struct proxy_weather){.delay_ms = 0});
    ck_assert(comes(client, PATIENCE_MS));
}
END_TEST

START_TEST(a_reset_loses_what_was_held)
{
    char byte;

    tcp_proxy_set(proxy, (struct proxy_weather){.holds_replies = true});
    ck_assert_int_eq(send(broker, "answer", 6, 0), 6);
    ck_assert(!comes(client, SHORT_MS));
    tcp_proxy_reset(proxy);
    ck_assert(comes(client, PATIENCE_MS));
    ck_assert_int_eq(recv(client, &byte, 1, 0), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

START_TEST(a_delay_is_not_shorter_than_it_says)
{
    int64_t start_ms = clock_monotonic_ms();

    tcp_proxy_set(proxy, (struct proxy_weather){.delay_ms = LATER_MS,
                                                .jitter_ms = LATER_MS});
    assert_passes(client, broker, "question");
    ck_assert_int_ge(clock_monotonic_ms() - start_ms, LATER_MS);
}
END_TEST

START_TEST(a_thin_link_takes_its_time_and_the_order_stays)
{
    static char sent[ROOM], read[ROOM];
    int64_t start_ms = clock_monotonic_ms();
    size_t got = 0;

    for (size_t i = 0; i < ROOM; i++)
        sent[i] = (char)(i * 31 >> 3);
    tcp_proxy_set(proxy, (struct proxy_weather){.bytes_per_s = 2 * ROOM});
    ck_assert_int_eq(send(client, sent, ROOM, 0), ROOM);
    while (got < ROOM && comes(broker, PATIENCE_MS))
        got += (size_t)recv(broker, read + got, ROOM - got, 0);
    ck_assert_uint_eq(got, ROOM);
    ck_assert_mem_eq(sent, read, ROOM);
    ck_assert_int_ge(clock_monotonic_ms() - start_ms, LATER_MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tcp proxy");
    TCase *tests = tcase_create("loopback");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, good_weather_passes_all);
    tcase_add_test(tests, replies_are_held_and_requests_pass);
    tcase_add_test(tests, a_reset_loses_what_was_held);
    tcase_add_test(tests, a_delay_is_not_shorter_than_it_says);
    tcase_add_test(tests, a_thin_link_takes_its_time_and_the_order_stays);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
