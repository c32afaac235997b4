/*
 * bench_questions.c - how fast a scorer answers over HTTP on the loopback: GET
 * /score beside POST /score with 1, 100 and 1,000 candidates, in turns.
 *
 *   bench_questions PORT USERS ADS SECONDS CONNECTIONS
 *
 * Each connection has a thread, which sends a question and waits for its whole
 * answer. A line for each kind: requests a second, candidates a second, and the
 * time of a request in microseconds, p50 and p99.
 */
#include "common/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 16,
    TIMES_MAX = 1 << 20,
    REQUEST_SIZE = 64 << 10,
    ANSWER_SIZE = 512 << 10,
    ROUNDS = 3,
};

/* 0 candidates: GET of one pair. */
static const unsigned kinds[] = {0, 1, 100, 1000};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static unsigned port, users, ads, seconds, connections;

struct times {
    size_t count;
    uint32_t us[TIMES_MAX]; /* the first ones */
};

struct asker {
    pthread_t thread;
    unsigned candidates;
    uint64_t random;
    char request[REQUEST_SIZE], answer[ANSWER_SIZE];
    struct times times;
};

static struct asker *askers;
static uint32_t all_us[CONNECTIONS_MAX * TIMES_MAX];
static struct {
    double requests; /* a second */
    double p50, p99; /* us */
} best[KINDS];

static void die(const char *what)
{
    fprintf(stderr, "bench_questions: %s: %s\n", what, strerror(errno));
    exit(1);
}

static unsigned draw(struct asker *asker, unsigned limit)
{
    asker->random = asker->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(asker->random >> 33) % limit;
}

/* Returns the size of the request. */
static size_t make_request(struct asker *asker)
{
    static const size_t room = REQUEST_SIZE;
    char body[REQUEST_SIZE - 1024];
    int size;

    if (asker->candidates == 0)
        return (size_t)snprintf(asker->request, room,
                                "GET /score?user=%u&ad=%u HTTP/1.1\r\nHost: "
                                "x\r\n\r\n",
                                draw(asker, users), draw(asker, ads));
    size = snprintf(body, sizeof(body), "{\"user\":%u,\"rank\":10,\"ads\":[",
                    draw(asker, users));
    for (unsigned i = 0; i < asker->candidates; i++)
        size += snprintf(body + size, sizeof(body) - (size_t)size, "%s%u",
                         i > 0 ? "," : "", draw(asker, ads));
    size += snprintf(body + size, sizeof(body) - (size_t)size, "]}");
    return (size_t)snprintf(asker->request, room,
                            "POST /score HTTP/1.1\r\nHost: x\r\n"
                            "Content-Length: %d\r\n\r\n%s",
                            size, body);
}

/* Reads until the body is as long as the head says. */
static void read_answer(struct asker *asker, int fd)
{
    size_t have = 0, wanted = SIZE_MAX;

    while (have < wanted) {
        ssize_t got = recv(fd, asker->answer + have, ANSWER_SIZE - 1 - have, 0);
        if (got <= 0)
            die("the answer breaks off");
        have += (size_t)got;
        asker->answer[have] = '\0';
        const char *end = strstr(asker->answer, "\r\n\r\n");
        const char *length = strstr(asker->answer, "Content-Length: ");
        if (wanted == SIZE_MAX && end && length)
            wanted = (size_t)(end + 4 - asker->answer) +
                     strtoul(length + 16, NULL, 10);
    }
    if (strncmp(asker->answer, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "%s\n", asker->answer);
        exit(1);
    }
}

static int open_connection(void)
{
    const struct sockaddr_in where = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)port),
                                      .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;

    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&where, sizeof(where)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
        die("connect");
    return fd;
}

static void *ask(void *context)
{
    struct asker *asker = context;
    const int64_t end_ns =
        clock_monotonic_ns() + (int64_t)seconds * 1000000000 / ROUNDS;
    int fd = open_connection();

    while (clock_monotonic_ns() < end_ns && asker->times.count < TIMES_MAX) {
        size_t size = make_request(asker);
        int64_t start_ns = clock_monotonic_ns();
        if (send(fd, asker->request, size, MSG_NOSIGNAL) != (ssize_t)size)
            die("send");
        read_answer(asker, fd);
        asker->times.us[asker->times.count++] =
            (uint32_t)((clock_monotonic_ns() - start_ns) / 1000);
    }
    close(fd);
    return NULL;
}

/* Of sorted times. */
static uint32_t percentile(const uint32_t *us, size_t count, size_t percent)
{
    return us[count * percent / 100];
}

static int by_value(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

/* One kind by all connections at once. The round with the most requests
 * stays. */
static void run(size_t kind)
{
    int64_t start_ns = clock_monotonic_ns();
    size_t count = 0;

    for (unsigned i = 0; i < connections; i++) {
        askers[i].candidates = kinds[kind];
        askers[i].random = i + 1;
        askers[i].times.count = 0;
        if (pthread_create(&askers[i].thread, NULL, ask, &askers[i]) != 0)
            die("thread");
    }
    for (unsigned i = 0; i < connections; i++) {
        pthread_join(askers[i].thread, NULL);
        memcpy(all_us + count, askers[i].times.us,
               askers[i].times.count * sizeof(*all_us));
        count += askers[i].times.count;
    }
    double took = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    if (count == 0 || (double)count / took <= best[kind].requests)
        return;
    qsort(all_us, count, sizeof(*all_us), by_value);
    best[kind].requests = (double)count / took;
    best[kind].p50 = percentile(all_us, count, 50);
    best[kind].p99 = percentile(all_us, count, 99);
}

static unsigned number(const char *text, unsigned most)
{
    unsigned long value = strtoul(text, NULL, 10);

    if (value < 1 || value > most) {
        fprintf(stderr, "bench_questions: '%s' is outside 1..%u\n", text, most);
        exit(2);
    }
    return (unsigned)value;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("bench_questions PORT USERS ADS SECONDS CONNECTIONS\n", stderr);
        return 2;
    }
    port = number(argv[1], 65535);
    users = number(argv[2], 1u << 30);
    ads = number(argv[3], 1u << 30);
    seconds = number(argv[4], 3600);
    connections = number(argv[5], CONNECTIONS_MAX);
    askers = calloc(connections, sizeof(*askers));
    if (!askers)
        die("memory");
    for (int round = 0; round < ROUNDS; round++)
        for (size_t kind = 0; kind < KINDS; kind++)
            run(kind);
    for (size_t kind = 0; kind < KINDS; kind++)
        printf("%-4s %4u candidates, %u connections  %8.0f requests/s  %9.0f "
               "candidates/s  p50 %6.0f us  p99 %6.0f us\n",
               kinds[kind] == 0 ? "GET" : "POST",
               kinds[kind] == 0 ? 1 : kinds[kind], connections,
               best[kind].requests,
               best[kind].requests * (kinds[kind] == 0 ? 1 : kinds[kind]),
               best[kind].p50, best[kind].p99);
    free(askers);
    return 0;
}
