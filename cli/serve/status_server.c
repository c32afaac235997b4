#include "cli/serve/status_server.h"

#include "cli/serve/process_metrics.h"

#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/version.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A request that begins in the last moment of an idle connection still has
 * the rest of ANSWER_MS. */
enum {
    CONNECTIONS_MAX = 32,
    IDLE_SECONDS = 5,
    ANSWER_MS = 10000,
    ROUND_MS = 100,               /* from one look at the clients to the next */
    BREATH_MS = 10,               /* after a round that nobody profits from */
    REQUEST_BYTES_MAX = 16 << 10, /* head of a request and its answer's head */
};

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_JSON "application/json"

struct client {
    int fd;           /* -1: this place is free */
    int64_t since_ms; /* when it connected or had its last answer, monotonic */
};

struct status_server {
    struct status_config config;
    struct MHD_Daemon *daemon;
    struct client clients[CONNECTIONS_MAX]; /* of the thread */
    pthread_t thread;
    atomic_bool is_stopping;
};

/* A POST whose body comes. */
struct upload {
    const struct status_route *route;
    struct buffer body;
    bool is_too_large;
};

/* In place of an upload where there is none. */
static struct upload no_upload;

struct status_query {
    struct MHD_Connection *connection;
    struct upload *upload; /* no_upload of a GET */
};

/* One answer while it is being written. */
struct answer {
    int status;
    const char *type;
    FILE *body;
};

const char *status_query_get(const struct status_query *query, const char *name)
{
    return MHD_lookup_connection_value(query->connection, MHD_GET_ARGUMENT_KIND,
                                       name);
}

uint8_t *status_query_body(const struct status_query *query, size_t *size)
{
    *size = query->upload->body.size;
    return query->upload->body.bytes;
}

static const struct status_route *find_route(const struct status_config *config,
                                             const char *path,
                                             enum status_method method)
{
    const struct status_route *route =
        config->pages == STATUS_PROBES ? NULL : config->routes;

    for (; route && route->path; route++)
        if (route->method == method && strcmp(route->path, path) == 0)
            return route;
    return NULL;
}

static void answer_state(struct answer *answer, void *context,
                         bool (*holds)(void *, char *, size_t))
{
    char why[256] = "";

    answer->type = TYPE_TEXT;
    if (!holds || holds(context, why, sizeof(why))) {
        fputs("ok\n", answer->body);
        return;
    }
    answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    fprintf(answer->body, "%s\n", why);
}

static void answer_unknown(const struct status_config *config,
                           struct answer *answer)
{
    answer->status = MHD_HTTP_NOT_FOUND;
    answer->type = TYPE_TEXT;
    if (config->pages == STATUS_PROBES) {
        fputs("there is /livez /readyz\n", answer->body);
        return;
    }
    fputs("there is /metrics /livez /readyz /version", answer->body);
    for (size_t i = 0; config->routes && config->routes[i].path; i++)
        if (config->routes[i].method == STATUS_GET)
            fprintf(answer->body, " %s", config->routes[i].path);
    fputc('\n', answer->body);
}

static void answer_route(const struct status_config *config,
                         const struct status_route *route,
                         const struct status_query *query,
                         struct answer *answer)
{
    answer->type = TYPE_JSON;
    answer->status = route->answer(config->context, query, answer->body);
}

static void answer_path(const struct status_config *config, const char *path,
                        const struct status_query *query, struct answer *answer)
{
    const struct status_route *route = find_route(config, path, STATUS_GET);

    if (strcmp(path, "/livez") == 0) {
        answer_state(answer, config->context, config->live);
    } else if (strcmp(path, "/readyz") == 0) {
        answer_state(answer, config->context, config->ready);
    } else if (config->pages == STATUS_PROBES) {
        answer_unknown(config, answer);
    } else if (strcmp(path, "/metrics") == 0) {
        answer->type = TYPE_METRICS;
        if (config->metrics)
            metrics_render(config->metrics, answer->body);
        process_metrics_render(answer->body);
    } else if (strcmp(path, "/version") == 0) {
        answer->type = TYPE_JSON;
        fprintf(answer->body, "{\"name\":\"pctr\",\"version\":\"%s\"}\n",
                PCTR_VERSION);
    } else if (route) {
        answer_route(config, route, query, answer);
    } else {
        answer_unknown(config, answer);
    }
}

/* Sends `size` bytes that the response frees. `allow` is for 405. */
static enum MHD_Result reply(struct MHD_Connection *connection,
                             const struct answer *answer, char *text,
                             size_t size, const char *allow)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);

    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            answer->type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                            "no-store");
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    enum MHD_Result sent =
        MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status,
                              const char *why, const char *allow)
{
    const struct answer answer = {status, TYPE_TEXT, NULL};
    char *text = strdup(why);

    if (!text)
        return MHD_NO;
    return reply(connection, &answer, text, strlen(text), allow);
}

static enum MHD_Result refuse_size(struct MHD_Connection *connection,
                                   size_t body_max)
{
    char why[80];

    snprintf(why, sizeof(why), "a body has at most %zu bytes here\n", body_max);
    return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, why, NULL);
}

static enum MHD_Result serve(const struct status_server *server,
                             struct MHD_Connection *connection,
                             const char *path, struct upload *upload)
{
    char *text = NULL;
    size_t size = 0;
    const struct status_query query = {connection, upload};

    if (upload->is_too_large)
        return refuse_size(connection, upload->route->body_max);
    if (buffer_failed(&upload->body))
        return MHD_NO;
    struct answer answer = {MHD_HTTP_OK, TYPE_TEXT,
                            open_memstream(&text, &size)};
    if (!answer.body)
        return MHD_NO;
    if (upload->route)
        answer_route(&server->config, upload->route, &query, &answer);
    else
        answer_path(&server->config, path, &query, &answer);
    if (fclose(answer.body) != 0) {
        free(text);
        return MHD_NO;
    }
    return reply(connection, &answer, text, size, NULL);
}

/* How long the body will be; 0: there is none, SIZE_MAX: nobody knows, or too
 * long for a number. */
static size_t announced_size(struct MHD_Connection *connection)
{
    const char *length = MHD_lookup_connection_value(
        connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                    MHD_HTTP_HEADER_TRANSFER_ENCODING))
        return SIZE_MAX;
    return length ? strtoull(length, NULL, 10) : 0;
}

static enum MHD_Result begin_upload(const struct status_route *route,
                                    struct MHD_Connection *connection,
                                    void **state)
{
    size_t announced = announced_size(connection);

    if (announced != SIZE_MAX && announced > route->body_max)
        return refuse_size(connection, route->body_max);
    struct upload *upload = calloc(1, sizeof(*upload));
    if (!upload)
        return MHD_NO;
    upload->route = route;
    *state = upload;
    return MHD_YES;
}

/* Drops what is too much: a client is answered when it has said all. */
static void take_part(struct upload *upload, const char *part, size_t *size)
{
    if (upload->body.size + *size > upload->route->body_max)
        upload->is_too_large = true;
    else
        buffer_append(&upload->body, part, *size);
    *size = 0;
}

static enum MHD_Result begin(const struct status_config *config,
                             struct MHD_Connection *connection,
                             const char *path, const char *method, void **state)
{
    const struct status_route *post = find_route(config, path, STATUS_POST);
    const char *allow = post ? "GET, POST" : "GET";

    *state = &no_upload;
    if (post && strcmp(method, MHD_HTTP_METHOD_POST) == 0)
        return begin_upload(post, connection, state);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                      post ? "GET or POST only\n" : "GET only\n", allow);
    if (announced_size(connection) > 0)
        return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE,
                      "requests have no body here\n", allow);
    return MHD_YES;
}

/* libmicrohttpd calls once when the head is there (*state is NULL then), for
 * each part of a body, and once more when the request is complete. */
static enum MHD_Result on_request(void *context,
                                  struct MHD_Connection *connection,
                                  const char *path, const char *method,
                                  const char *version, const char *part,
                                  size_t *part_size, void **state)
{
    const struct status_server *server = context;
    struct upload *upload = *state;

    (void)version;
    if (!upload)
        return begin(&server->config, connection, path, method, state);
    if (*part_size == 0)
        return serve(server, connection, path, upload);
    if (!upload->route)
        return MHD_NO;
    take_part(upload, part, part_size);
    return MHD_YES;
}

/* A place is free for each connection that libmicrohttpd accepts: both have
 * the same limit. */
static void on_connection(void *context, struct MHD_Connection *connection,
                          void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct status_server *server = context;
    struct client *client = *socket_context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (client)
            client->fd = -1;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    for (size_t i = 0; info && i < CONNECTIONS_MAX; i++) {
        client = &server->clients[i];
        if (client->fd >= 0)
            continue;
        client->fd = info->connect_fd;
        client->since_ms = clock_monotonic_ms();
        *socket_context = client;
        return;
    }
}

static void on_answered(void *context, struct MHD_Connection *connection,
                        void **state, enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    struct upload *upload = *state;

    (void)context;
    if (upload && upload != &no_upload) {
        buffer_free(&upload->body);
        free(upload);
    }
    *state = NULL;
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK && info &&
        info->socket_context)
        ((struct client *)info->socket_context)->since_ms =
            clock_monotonic_ms();
}

/* libmicrohttpd sees the end of the stream and closes the connection. Its own
 * time-out begins anew with each byte. */
static void let_late_clients_go(struct status_server *server)
{
    int64_t now_ms = clock_monotonic_ms();

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const struct client *client = &server->clients[i];
        if (client->fd >= 0 && now_ms - client->since_ms >= ANSWER_MS)
            (void)shutdown(client->fd, SHUT_RDWR);
    }
}

static bool is_anybody_there(const struct status_server *server)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (server->clients[i].fd >= 0)
            return true;
    return false;
}

/* A round that ends early and leaves nobody connected has said good-bye, or
 * could not accept who waits, for want of a file descriptor: the next would end
 * at once, too, and so would all that follow. */
static void *run(void *context)
{
    struct status_server *server = context;

    while (!atomic_load(&server->is_stopping)) {
        int64_t began_ms = clock_monotonic_ms();
        if (MHD_run_wait(server->daemon, ROUND_MS) != MHD_YES)
            clock_sleep_ms(ROUND_MS);
        else if (!is_anybody_there(server) &&
                 clock_monotonic_ms() - began_ms < ROUND_MS)
            clock_sleep_ms(BREATH_MS);
        let_late_clients_go(server);
    }
    return NULL;
}

/* The messages of libmicrohttpd about broken requests concern strangers only,
 * and are left out of the log. */
static void ignore_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

static int start_daemon(struct status_server *server, struct error *err)
{
    const struct status_config *config = &server->config;
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)config->port)};

    if (inet_pton(AF_INET, config->address, &where.sin_addr) != 1)
        return error_set(err, ERROR_CONFIG,
                         "http address '%s' is not an IPv4 address such as "
                         "127.0.0.1",
                         config->address);
    errno = 0;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, server,
        MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_answered, NULL, MHD_OPTION_SOCK_ADDR,
        &where, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES_MAX,
        MHD_OPTION_END);
    if (!server->daemon && (errno == EMFILE || errno == ENFILE))
        return error_system(err, ERROR_UNAVAILABLE, errno,
                            "listen on http://%s:%u", config->address,
                            config->port);
    if (!server->daemon)
        return error_set(
            err, ERROR_UNAVAILABLE,
            "cannot listen on http://%s:%u: %s; choose another "
            "%s, or 0 for none",
            config->address, config->port, errno ? strerror(errno) : "refused",
            config->pages == STATUS_PROBES ? "http.probe_port" : "http.port");
    return 0;
}

int status_server_start(const struct status_config *config,
                        struct status_server **out, struct error *err)
{
    if (config->port == 0) {
        *out = NULL;
        return 0;
    }
    struct status_server *server = calloc(1, sizeof(*server));
    if (!server)
        return error_no_memory(err, "the status server");
    server->config = *config;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        server->clients[i].fd = -1;
    if (start_daemon(server, err) < 0) {
        free(server);
        return -1;
    }
    int error = pthread_create(&server->thread, NULL, run, server);
    if (error) {
        MHD_stop_daemon(server->daemon);
        free(server);
        return error_set(err, ERROR_TEMPORARY, "start the status server: %s",
                         strerror(error));
    }
    *out = server;
    return 0;
}

void status_server_stop(struct status_server *server)
{
    if (!server)
        return;
    atomic_store(&server->is_stopping, true);
    pthread_join(server->thread, NULL);
    MHD_stop_daemon(server->daemon);
    free(server);
}
