/*
 * status_server.h - what operators ask over HTTP: GET only, loopback unless
 * told otherwise, by libmicrohttpd.
 *
 *   /metrics  Prometheus text        /livez   200 while the loop beats
 *   /version  JSON                   /readyz  200 when work can be done
 *   further routes, such as /score, are the program's
 *
 * Answers come from the server's own thread: what a route calls must be safe
 * there.
 */
#ifndef CONSUMER_STATUS_SERVER_H
#define CONSUMER_STATUS_SERVER_H

#include "common/base/error.h"
#include "common/base/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct status_server;
struct status_query; /* the arguments of one request */

/* The value of ?name=; NULL when it is not there. */
const char *status_query_get(const struct status_query *query,
                             const char *name);

struct status_route {
    const char *path; /* "/score"; NULL ends a table */
    /* Writes the body (JSON) and returns the HTTP status. */
    int (*answer)(void *context, const struct status_query *query, FILE *body);
};

struct status_config {
    char address[64]; /* "127.0.0.1" */
    uint32_t port;    /* 0: none is opened and *out is NULL */
    struct metrics *metrics;
    const struct status_route *routes; /* may be NULL */
    /* Fills `why` (one line) and returns false when not. */
    bool (*live)(void *context, char *why, size_t size);
    bool (*ready)(void *context, char *why, size_t size);
    void *context;
};

/* The metrics, the routes and the context must outlive the server. */
int status_server_start(const struct status_config *config,
                        struct status_server **out,
                        struct error *err) MUST_CHECK;

/* NULL is fine. */
void status_server_stop(struct status_server *server);

#endif
