/*
 * metrics_page.h - /metrics of a running process, over HTTP.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_METRICS_PAGE_H
#define SUPPORT_METRICS_PAGE_H

/* A port that nobody listens on. */
unsigned metrics_page_free_port(void);

/* The value of a series by its full name ("x_total{reason=\"a\"}"); NaN where
 * the page has none or nobody answers. */
double metrics_page_value(unsigned port, const char *series);

/* Waits until it is at least that. */
void metrics_page_await(unsigned port, const char *series, double at_least,
                        unsigned timeout_ms);

#endif
