#include "support/tcp_proxy.h"

#include "common/base/clock.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PAIRS_MAX = 128,
    CHUNK_BYTES = 16 * 1024,
    CHUNKS_MAX = 64, /* under way, each way of a connection */
    TICK_MS = 5,
};

struct chunk {
    int64_t due_ms;
    size_t size, sent;
    char bytes[CHUNK_BYTES];
};

/* One way of a connection: a ring of what is under way. */
struct way {
    struct chunk *ring[CHUNKS_MAX];
    size_t first, count;
    int64_t free_ms; /* when a thin link can take more */
    bool has_ended;  /* nothing more comes */
};

enum { REQUESTS, REPLIES, WAYS };

struct pair {
    int ends[WAYS]; /* ends[REQUESTS] sends requests: the client's */
    struct way ways[WAYS];
    bool is_held; /* its requests */
};

struct tcp_proxy {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, up to the empty line */
    struct proxy_weather weather;
    unsigned resets_wanted, resets_done;
    bool holds_open_ones, releases;
    bool must_end;

    int listener;
    unsigned broker_port;
    uint32_t random;
    struct pair *pairs[PAIRS_MAX];
    size_t count;
};

/* --- One way ---------------------------------------------------------- */

static uint32_t next_random(struct tcp_proxy *proxy)
{
    proxy->random = proxy->random * 1664525u + 1013904223u;
    return proxy->random >> 8;
}

/* In order: nothing overtakes what came before. */
static int64_t due_at(struct tcp_proxy *proxy, struct way *way, size_t size)
{
    const struct proxy_weather *weather = &proxy->weather;
    int64_t due_ms = clock_monotonic_ms() + weather->delay_ms;

    if (weather->jitter_ms)
        due_ms += next_random(proxy) % (weather->jitter_ms + 1);
    if (due_ms < way->free_ms)
        due_ms = way->free_ms;
    way->free_ms = due_ms;
    if (weather->bytes_per_s)
        way->free_ms += (int64_t)size * 1000 / weather->bytes_per_s;
    return way->free_ms;
}

/* Takes what has come. False: the connection broke. */
static bool take(struct tcp_proxy *proxy, struct way *way, int from)
{
    struct chunk *chunk = malloc(sizeof(*chunk));

    ck_assert_ptr_nonnull(chunk);
    ssize_t size = recv(from, chunk->bytes, sizeof(chunk->bytes), MSG_DONTWAIT);
    if (size <= 0) {
        free(chunk);
        way->has_ended = size == 0;
        return size == 0 || errno == EAGAIN;
    }
    chunk->size = (size_t)size;
    chunk->sent = 0;
    chunk->due_ms = due_at(proxy, way, chunk->size);
    way->ring[(way->first + way->count++) % CHUNKS_MAX] = chunk;
    return true;
}

/* Passes on what is due. False: the connection broke, or is over. */
static bool give(struct way *way, bool is_held, int to)
{
    while (way->count > 0 && !is_held) {
        struct chunk *chunk = way->ring[way->first];
        if (chunk->due_ms > clock_monotonic_ms())
            return true;
        ssize_t sent =
            send(to, chunk->bytes + chunk->sent, chunk->size - chunk->sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN;
        chunk->sent += (size_t)sent;
        if (chunk->sent < chunk->size)
            return true;
        free(chunk);
        way->first = (way->first + 1) % CHUNKS_MAX;
        way->count--;
    }
    return way->count > 0 || !way->has_ended;
}

/* --- Connections ------------------------------------------------------ */

static void close_pair(struct tcp_proxy *proxy, size_t at, bool resets)
{
    struct pair *pair = proxy->pairs[at];
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    for (int i = 0; i < WAYS; i++) {
        struct way *way = &pair->ways[i];
        if (resets)
            setsockopt(pair->ends[i], SOL_SOCKET, SO_LINGER, &at_once,
                       sizeof(at_once));
        close(pair->ends[i]);
        while (way->count > 0) {
            free(way->ring[way->first]);
            way->first = (way->first + 1) % CHUNKS_MAX;
            way->count--;
        }
    }
    free(pair);
    proxy->pairs[at] = proxy->pairs[--proxy->count];
}

static int connect_to(unsigned port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr =
                                            htonl(INADDR_LOOPBACK)};
    int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(to, 0);
    if (connect(to, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return to;
    close(to);
    return -1;
}

/* A broker that does not listen refuses through us, too. */
static void admit(struct tcp_proxy *proxy)
{
    int from = accept(proxy->listener, NULL, NULL);
    int to = from < 0 ? -1 : connect_to(proxy->broker_port);

    if (to < 0 || proxy->count == PAIRS_MAX) {
        if (from >= 0)
            close(from);
        if (to >= 0)
            close(to);
        return;
    }
    struct pair *pair = calloc(1, sizeof(*pair));
    ck_assert_ptr_nonnull(pair);
    (void)fcntl(from, F_SETFD, FD_CLOEXEC); /* programs are started */
    pair->ends[REQUESTS] = from;
    pair->ends[REPLIES] = to;
    proxy->pairs[proxy->count++] = pair;
}

static bool serve(struct tcp_proxy *proxy, struct pair *pair,
                  const struct pollfd ready[WAYS])
{
    const bool held[WAYS] = {proxy->weather.holds_requests || pair->is_held,
                             proxy->weather.holds_replies};

    for (int i = 0; i < WAYS; i++) {
        struct way *way = &pair->ways[i];
        if (ready[i].revents && !take(proxy, way, pair->ends[i]))
            return false;
        if (!give(way, held[i], pair->ends[WAYS - 1 - i]))
            return false;
    }
    return true;
}

/* --- The thread ------------------------------------------------------- */

static void round_once(struct tcp_proxy *proxy)
{
    struct pollfd ready[1 + PAIRS_MAX * WAYS] = {
        {.fd = proxy->listener, .events = POLLIN}};
    size_t count = proxy->count;

    for (size_t i = 0; i < count * WAYS; i++) {
        const struct way *way = &proxy->pairs[i / WAYS]->ways[i % WAYS];
        bool may_take = way->count < CHUNKS_MAX && !way->has_ended;
        ready[1 + i] = (struct pollfd){
            .fd = may_take ? proxy->pairs[i / WAYS]->ends[i % WAYS] : -1,
            .events = POLLIN};
    }
    poll(ready, 1 + count * WAYS, TICK_MS);

    pthread_mutex_lock(&proxy->lock);
    bool resets = proxy->resets_done != proxy->resets_wanted;
    for (size_t i = 0; i < count; i++)
        proxy->pairs[i]->is_held =
            (proxy->pairs[i]->is_held || proxy->holds_open_ones) &&
            !proxy->releases;
    proxy->holds_open_ones = proxy->releases = false;
    for (size_t i = count; i-- > 0;)
        if (resets || !serve(proxy, proxy->pairs[i], &ready[1 + i * WAYS]))
            close_pair(proxy, i, resets);
    proxy->resets_done = proxy->resets_wanted;
    pthread_mutex_unlock(&proxy->lock);
    if (ready[0].revents)
        admit(proxy);
}

static void *run(void *context)
{
    struct tcp_proxy *proxy = context;
    bool must_end = false;

    while (!must_end) {
        round_once(proxy);
        pthread_mutex_lock(&proxy->lock);
        must_end = proxy->must_end;
        pthread_mutex_unlock(&proxy->lock);
    }
    while (proxy->count > 0)
        close_pair(proxy, 0, true);
    return NULL;
}

struct tcp_proxy *tcp_proxy_start(unsigned port, unsigned broker_port)
{
    struct tcp_proxy *proxy = calloc(1, sizeof(*proxy));
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr =
                                            htonl(INADDR_LOOPBACK)};
    const int yes = 1;

    ck_assert_ptr_nonnull(proxy);
    proxy->broker_port = broker_port;
    proxy->random = (uint32_t)clock_wall_ms();
    pthread_mutex_init(&proxy->lock, NULL);
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(proxy->listener, 0);
    setsockopt(proxy->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    ck_assert_int_eq(bind(proxy->listener, (const struct sockaddr *)&address,
                          sizeof(address)),
                     0);
    ck_assert_int_eq(listen(proxy->listener, PAIRS_MAX), 0);
    ck_assert_int_eq(pthread_create(&proxy->thread, NULL, run, proxy), 0);
    return proxy;
}

void tcp_proxy_set(struct tcp_proxy *proxy, struct proxy_weather weather)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->weather = weather;
    pthread_mutex_unlock(&proxy->lock);
}

void tcp_proxy_hold_open_ones(struct tcp_proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->holds_open_ones = true;
    pthread_mutex_unlock(&proxy->lock);
}

void tcp_proxy_release(struct tcp_proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->releases = true;
    pthread_mutex_unlock(&proxy->lock);
}

void tcp_proxy_reset(struct tcp_proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->resets_wanted++;
    pthread_mutex_unlock(&proxy->lock);
}

void tcp_proxy_end(struct tcp_proxy *proxy)
{
    if (!proxy)
        return;
    pthread_mutex_lock(&proxy->lock);
    proxy->must_end = true;
    pthread_mutex_unlock(&proxy->lock);
    pthread_join(proxy->thread, NULL);
    close(proxy->listener);
    pthread_mutex_destroy(&proxy->lock);
    free(proxy);
}
