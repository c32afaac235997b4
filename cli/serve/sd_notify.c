#include "cli/serve/sd_notify.h"

#include "common/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or '@' and a name that is no file. */
static bool address_of(const char *name, struct sockaddr_un *address,
                       socklen_t *size)
{
    size_t length = strlen(name);

    if (length < 2 || length >= sizeof(address->sun_path) ||
        (name[0] != '/' && name[0] != '@'))
        return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, length);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

static int connect_to(const char *name)
{
    struct sockaddr_un address;
    socklen_t size;

    if (!address_of(name, &address, &size)) {
        errno = EINVAL;
        return -1;
    }
    int connection = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return -1;
    if (connect(connection, (const struct sockaddr *)&address, size) < 0) {
        int why = errno;
        close(connection);
        errno = why;
        return -1;
    }
    return connection;
}

/* Half of the time after which the supervisor would end the process; 0 where
 * it does not watch this one. */
static int64_t wanted_beat_ms(void)
{
    const char *period = getenv("WATCHDOG_USEC");
    const char *process = getenv("WATCHDOG_PID");

    if (!period || (process && strtoll(process, NULL, 10) != getpid()))
        return 0;
    int64_t half_ms = strtoll(period, NULL, 10) / 2000;
    return half_ms > 0 ? half_ms : 0;
}

void sd_notify_open(struct sd_notify *notify)
{
    const char *name = getenv("NOTIFY_SOCKET");

    *notify = (struct sd_notify){.socket = -1};
    if (!name)
        return;
    notify->socket = connect_to(name);
    if (notify->socket < 0)
        log_warn("the supervisor cannot be told", "socket=\"%s\" reason=\"%s\"",
                 name, strerror(errno));
    else
        notify->beat_ms = wanted_beat_ms();
}

/* Never waits. A datagram that does not fit is lost, and the next beat comes.
 */
static void tell(const struct sd_notify *notify, const char *text)
{
    if (notify->socket >= 0)
        (void)!send(notify->socket, text, strlen(text),
                    MSG_DONTWAIT | MSG_NOSIGNAL);
}

void sd_notify_ready(struct sd_notify *notify)
{
    tell(notify, "READY=1");
}

static void tell_status(struct sd_notify *notify, const char *status)
{
    char text[sizeof("STATUS=") + SD_NOTIFY_TEXT_SIZE];

    if (strncmp(notify->told, status, sizeof(notify->told) - 1) == 0)
        return;
    (void)!snprintf(notify->told, sizeof(notify->told), "%s", status);
    (void)!snprintf(text, sizeof(text), "STATUS=%s", notify->told);
    tell(notify, text);
}

void sd_notify_beat(struct sd_notify *notify, int64_t now_ms, bool live,
                    const char *status)
{
    if (notify->socket < 0)
        return;
    tell_status(notify, status);
    if (!live || notify->beat_ms == 0 || now_ms < notify->next_ms)
        return;
    notify->next_ms = now_ms + notify->beat_ms;
    tell(notify, "WATCHDOG=1");
}

void sd_notify_stop(struct sd_notify *notify)
{
    tell(notify, "STOPPING=1");
    if (notify->socket >= 0)
        close(notify->socket);
    notify->socket = -1;
}
