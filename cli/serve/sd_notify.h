/*
 * sd_notify.h - what a service tells its supervisor, by systemd's protocol:
 * datagrams to the socket that NOTIFY_SOCKET names.
 *
 * One thread. Where nobody supervises, nothing is sent.
 */
#ifndef CLI_SD_NOTIFY_H
#define CLI_SD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

enum { SD_NOTIFY_TEXT_SIZE = 256 };

struct sd_notify {
    int socket;      /* -1: nobody supervises */
    int64_t beat_ms; /* between two signs of life; 0: none are wanted */
    int64_t next_ms; /* when the next one is due, monotonic */
    char told[SD_NOTIFY_TEXT_SIZE]; /* the status that was sent last */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. A socket that cannot
 * be reached is warned about, and is as good as none. */
void sd_notify_open(struct sd_notify *notify);

/* The service has started: `systemctl start` returns. */
void sd_notify_ready(struct sd_notify *notify);

/* A sign of life when one is due and the service is alive, and its status
 * (one line) when that has changed. */
void sd_notify_beat(struct sd_notify *notify, int64_t now_ms, bool live,
                    const char *status);

/* The service is about to end. Closes the socket. */
void sd_notify_stop(struct sd_notify *notify);

#endif
