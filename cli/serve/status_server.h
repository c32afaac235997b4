/*
 * status_server.h - the answers of a process to its operators over HTTP, by
 * libmicrohttpd, and from loopback only where no other address is set.
 *
 *   /metrics  Prometheus text        /livez   200 while the loop beats
 *   /version  JSON                   /readyz  200 when work can be done
 *   The program adds further routes, such as /score, by GET or by POST.
 *
 * A server has 32 connections. A client that has no whole answer 10 seconds
 * after it connected, or after its previous answer, loses its connection, so
 * that slow clients cannot hold all of them. The body of a POST is kept until
 * it is whole; one that is longer than its route allows is refused with 413, by
 * its Content-Length or, without one, when it has come.
 *
 * Answers come from the server's own thread: what a route calls must be safe
 * there.
 */
#ifndef CLI_SERVE_STATUS_SERVER_H
#define CLI_SERVE_STATUS_SERVER_H

#include "common/base/error.h"
#include "common/base/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct status_server;
struct status_query; /* the arguments of one request, and its body */

/* The value of ?name=; NULL when it is not there. */
const char *status_query_get(const struct status_query *query,
                             const char *name);

/* The body of a POST, which the caller may write into; NULL and 0 of a GET. */
uint8_t *status_query_body(const struct status_query *query, size_t *size);

enum status_method { STATUS_GET, STATUS_POST };

struct status_route {
    const char *path; /* "/score"; NULL ends a table */
    enum status_method method;
    size_t body_max; /* bytes of a POST */
    /* Writes the body (JSON) and returns the HTTP status. */
    int (*answer)(void *context, const struct status_query *query, FILE *body);
};

enum status_pages {
    STATUS_ALL,
    STATUS_PROBES, /* /livez and /readyz only */
};

struct status_config {
    char address[64]; /* "127.0.0.1" */
    uint32_t port;    /* 0: none is opened and *out is NULL */
    enum status_pages pages;
    struct metrics *metrics;
    const struct status_route *routes; /* may be NULL */
    /* Each returns true, or false with the reason in `why` (one line). */
    bool (*live)(void *context, char *why, size_t size);
    bool (*ready)(void *context, char *why, size_t size);
    void *context;
};

/* The metrics, the routes and the context must outlive the server. On failure
 * nothing is open: ERROR_CONFIG names the address, ERROR_UNAVAILABLE the
 * setting of the port, ERROR_TEMPORARY says that there is no thread. */
int status_server_start(const struct status_config *config,
                        struct status_server **out,
                        struct error *err) MUST_CHECK;

/* NULL is fine. */
void status_server_stop(struct status_server *server);

#endif
