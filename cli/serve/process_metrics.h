/*
 * process_metrics.h - this process as the operating system sees it, under the
 * names that Prometheus' own client libraries use.
 *
 * They are looked up when they are asked for. Any thread.
 */
#ifndef CLI_SERVE_PROCESS_METRICS_H
#define CLI_SERVE_PROCESS_METRICS_H

#include "common/base/metrics.h"

#include <stdio.h>

extern const struct metric_family process_metric_families[];

/* Writes them as metrics_render() does. What the system does not tell (without
 * /proc, most of it) is left out. */
void process_metrics_render(FILE *out);

#endif
