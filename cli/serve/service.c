#include "cli/serve/service.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/base/version.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND_MS = 50 };

struct service {
    struct status_server *server; /* NULL: no port */
};

int service_catch_signals(const struct service_settings *settings,
                          struct error *err)
{
    return stop_on_signals(settings->deadline_ms, err);
}

int service_start(const struct service_settings *settings,
                  const struct service_parts *parts, struct service **out,
                  struct error *err)
{
    struct service *service = calloc(1, sizeof(*service));
    struct status_config config = {.port = settings->port,
                                   .metrics = parts->metrics,
                                   .routes = parts->routes,
                                   .live = parts->live,
                                   .ready = parts->ready,
                                   .context = parts->context};

    if (!service)
        return error_no_memory(err, "the status server");
    const struct metric_label build[] = {{"version", PCTR_VERSION},
                                         {NULL, NULL}};
    metrics_set_info(parts->metrics, parts->build_info, build);
    memcpy(config.address, settings->address, sizeof(config.address));
    if (status_server_start(&config, &service->server, err) < 0) {
        free(service);
        return -1;
    }
    *out = service;
    return 0;
}

bool service_goes_on(void)
{
    if (!stop_requested())
        clock_sleep_ms(ROUND_MS);
    return !stop_requested();
}

void service_stop(struct service *service)
{
    if (!service)
        return;
    status_server_stop(service->server);
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
