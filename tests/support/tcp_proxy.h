/*
 * tcp_proxy.h - a bad network between a client and a broker on this machine:
 * bytes come late, slowly or not at all, and connections are reset.
 *
 * A thread of its own. Nothing here fails quietly: what goes wrong ends the
 * test.
 */
#ifndef SUPPORT_TCP_PROXY_H
#define SUPPORT_TCP_PROXY_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_proxy;

/* All zero: a good network. What is held goes on when that ends, unless its
 * connection was reset. */
struct proxy_weather {
    uint32_t delay_ms, jitter_ms; /* each way; up to delay_ms + jitter_ms */
    uint32_t bytes_per_s;         /* each way of a connection; 0: no limit */
    bool holds_requests, holds_replies;
};

/* Listens on 127.0.0.1:`port` and connects to 127.0.0.1:`broker_port`. */
struct tcp_proxy *tcp_proxy_start(unsigned port, unsigned broker_port);

void tcp_proxy_set(struct tcp_proxy *proxy, struct proxy_weather weather);

/* The connections of now: what is sent on them does not arrive until they are
 * released, also when they were closed meanwhile. New ones are not held. */
void tcp_proxy_hold_open_ones(struct tcp_proxy *proxy);
void tcp_proxy_release(struct tcp_proxy *proxy);

/* Every connection ends with a reset at both ends; what was under way is
 * lost. */
void tcp_proxy_reset(struct tcp_proxy *proxy);

/* NULL is fine. */
void tcp_proxy_end(struct tcp_proxy *proxy);

#endif
