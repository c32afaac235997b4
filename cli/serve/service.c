#include "cli/serve/service.h"

#include "cli/serve/sd_notify.h"

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/stop.h"
#include "common/base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { ROUND_MS = 50, TOLD_MS = 1000 };

struct service {
    struct service_parts parts;
    struct status_server *server; /* NULL: no port */
    struct status_server *probes; /* NULL: no port of their own */
    struct sd_notify supervisor;
    int64_t told_ms; /* when the supervisor was told last, monotonic */
};

int service_check(const struct service_settings *settings, struct error *err)
{
    struct in_addr unused;

    if (inet_pton(AF_INET, settings->address, &unused) != 1)
        return error_set(err, ERROR_CONFIG,
                         "http.address: '%s' is not an IPv4 address such as "
                         "127.0.0.1",
                         settings->address);
    if (settings->probe_port == 0 || settings->probe_port != settings->port)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "http.probe_port: %u is http.port too; choose another, or "
                     "0 for probes on http.port only",
                     settings->probe_port);
}

int service_prepare(const struct service_settings *settings, struct error *err)
{
    descriptors_raise();
    return stop_on_signals(settings->deadline_ms, err);
}

/* The probes have a thread of their own too: no other answer delays them. */
static int open_servers(struct service *service,
                        const struct service_settings *settings,
                        struct error *err)
{
    const struct service_parts *parts = &service->parts;
    struct status_config config = {.port = settings->probe_port,
                                   .pages = STATUS_PROBES,
                                   .metrics = parts->metrics,
                                   .routes = parts->routes,
                                   .live = parts->live,
                                   .ready = parts->ready,
                                   .context = parts->context};

    memcpy(config.address, settings->address, sizeof(config.address));
    if (status_server_start(&config, &service->probes, err) < 0)
        return -1;
    config.port = settings->port;
    config.pages = STATUS_ALL;
    if (status_server_start(&config, &service->server, err) < 0) {
        status_server_stop(service->probes);
        return -1;
    }
    return 0;
}

int service_start(const struct service_settings *settings,
                  const struct service_parts *parts, struct service **out,
                  struct error *err)
{
    struct service *service = calloc(1, sizeof(*service));

    if (!service)
        return error_no_memory(err, "the service");
    metrics_set_info(parts->metrics, parts->build_info, parts->build);
    service->parts = *parts;
    if (open_servers(service, settings, err) < 0) {
        free(service);
        return -1;
    }
    sd_notify_open(&service->supervisor);
    sd_notify_ready(&service->supervisor);
    *out = service;
    return 0;
}

static void tell_supervisor(struct service *service, int64_t now_ms)
{
    const struct service_parts *parts = &service->parts;
    char why[SD_NOTIFY_TEXT_SIZE] = "";
    char status[SD_NOTIFY_TEXT_SIZE] = "";

    bool live = parts->live(parts->context, why, sizeof(why));
    if (live && parts->ready(parts->context, status, sizeof(status)))
        text_copy(status, sizeof(status), "ready");
    sd_notify_beat(&service->supervisor, now_ms, live, live ? status : why);
}

bool service_goes_on(struct service *service)
{
    int64_t now_ms = clock_monotonic_ms();

    if (now_ms - service->told_ms >= TOLD_MS) {
        service->told_ms = now_ms;
        tell_supervisor(service, now_ms);
    }
    if (!stop_requested())
        clock_sleep_ms(ROUND_MS);
    return !stop_requested();
}

void service_stop(struct service *service)
{
    if (!service)
        return;
    sd_notify_stop(&service->supervisor);
    status_server_stop(service->server);
    status_server_stop(service->probes);
    free(service);
}

int service_first_failure(int status, struct error *err, int late_status,
                          const struct error *late)
{
    if (late_status == 0 || status < 0)
        return status;
    *err = *late;
    return -1;
}
