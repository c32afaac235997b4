/*
 * metrics_page.h - what a running process says over HTTP, and /metrics above
 * all.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_METRICS_PAGE_H
#define SUPPORT_METRICS_PAGE_H

/* A port that nobody listens on. */
unsigned metrics_page_free_port(void);

/* The whole answer to GET `path` (status line, headers, body), or NULL where
 * nobody answers. The caller frees it. */
char *metrics_page_get(unsigned port, const char *path);

/* The same of a POST with that body. */
char *metrics_page_post(unsigned port, const char *path, const char *body);

/* The value of a series by its full name ("x_total{reason=\"a\"}"); NaN where
 * the page has none or nobody answers. */
double metrics_page_value(unsigned port, const char *series);

/* The same, and waits until the page has it. */
double metrics_page_read(unsigned port, const char *series,
                         unsigned timeout_ms);

/* Waits until it is that. */
void metrics_page_await_value(unsigned port, const char *series, double value,
                              unsigned timeout_ms);

/* Waits until it is at least that. */
void metrics_page_await(unsigned port, const char *series, double at_least,
                        unsigned timeout_ms);

#endif
