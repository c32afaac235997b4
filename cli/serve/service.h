/*
 * service.h - the life of a process that works until it is told to stop:
 * signals, the hard deadline, the status server, the supervisor, the exit
 * status.
 *
 *     service_prepare(&settings, err)
 *     ... start the work ...
 *     service_start(&settings, &parts, &service, err)
 *     while (service_goes_on(service) && the work goes on) ...
 *     status = service_stop(service, status)
 *     ... stop the work ...
 *     return status < 0 ? -1 : stop_exit_status();
 */
#ifndef CLI_SERVE_SERVICE_H
#define CLI_SERVE_SERVICE_H

#include "cli/serve/status_server.h"

#include "common/base/error.h"
#include "common/base/metrics.h"

#include <stdbool.h>
#include <stdint.h>

/* What a service opens itself: connections to its ports, and files. */
enum { SERVICE_DESCRIPTORS = 100 };

struct service_settings {
    char address[64];    /* of the status server */
    uint32_t port;       /* 0: no status server */
    uint32_t probe_port; /* a second one for the probes; 0: none */
    uint32_t deadline_ms;
};

/* What a status server asks, from its own thread; live and ready are asked
 * by the thread of the service too. */
struct service_parts {
    struct metrics *metrics;
    int build_info;                    /* the family of pctr_build_info */
    const struct metric_label *build;  /* its labels, copied */
    const struct status_route *routes; /* may be NULL */
    bool (*live)(void *context, char *why, size_t size);
    bool (*ready)(void *context, char *why, size_t size);
    void *context;
};

struct service;

/* ERROR_CONFIG where one port is set for both. */
int service_check(const struct service_settings *settings,
                  struct error *err) MUST_CHECK;

/* As many file descriptors as this process may have; SIGTERM and SIGINT ask for
 * a stop, and deadline_ms later end the process. The work may be started only
 * after this. */
int service_prepare(const struct service_settings *settings,
                    struct error *err) MUST_CHECK;

/* Opens the status servers and tells the supervisor (sd_notify.h) that the
 * service is ready. The parts are copied; the objects in them must outlive the
 * service. On failure nothing is open. */
int service_start(const struct service_settings *settings,
                  const struct service_parts *parts, struct service **out,
                  struct error *err) MUST_CHECK;

/* Waits for a moment; false when a signal asks for a stop. Once a second the
 * supervisor hears that the service lives, and why it is not ready. */
bool service_goes_on(struct service *service);

/* Closes the status servers and tells the supervisor. NULL is fine. */
void service_stop(struct service *service);

/* The status of a run that ended with `status` and `err`, after one more step
 * ended with `late_status` and `late`: the first failure stays. */
int service_first_failure(int status, struct error *err, int late_status,
                          const struct error *late);

#endif
