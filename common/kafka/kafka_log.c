#include "common/kafka/kafka_log.h"

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/log.h"

#include <librdkafka/rdkafka.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { KINDS = 16, PAUSE_MS = 5000 };

/* A broker that is away makes every client say so, several times a second.
 * The state is of the whole process because librdkafka hands its log callback
 * no place of ours, and because it is the process's one stderr that floods. */
static struct {
    _Atomic int64_t quiet_until_ms;
    _Atomic unsigned held_back;
} kinds[KINDS];

static size_t kind_slot(const char *kind)
{
    size_t hash = 5381;

    for (; *kind; kind++)
        hash = hash * 33 + (unsigned char)*kind;
    return hash % KINDS;
}

/* True for one caller per pause; it gets the number of lines held back. */
static bool may_speak(size_t slot, unsigned *held_back)
{
    int64_t now = clock_monotonic_ms();
    int64_t until = atomic_load(&kinds[slot].quiet_until_ms);

    if (now < until ||
        !atomic_compare_exchange_strong(&kinds[slot].quiet_until_ms, &until,
                                        now + PAUSE_MS)) {
        atomic_fetch_add(&kinds[slot].held_back, 1);
        return false;
    }
    *held_back = atomic_exchange(&kinds[slot].held_back, 0);
    return true;
}

/* One set of -X properties serves consumers and producers alike. */
static bool is_expected(const char *kind, const char *text)
{
    return strcmp(kind, "CONFWARN") == 0 &&
           (strstr(text, "is a consumer property") ||
            strstr(text, "is a producer property"));
}

static enum log_level our_level(int syslog_level)
{
    if (syslog_level <= 2)
        return LOG_ERROR;
    if (syslog_level <= 4)
        return LOG_WARN; /* it retries: an error only when it gives up */
    return syslog_level <= 6 ? LOG_INFO : LOG_DEBUG;
}

static void write_line(const rd_kafka_t *rk, enum log_level level,
                       const char *kind, const char *text, unsigned held_back)
{
    struct error line; /* makes any text printable */

    error_set(&line, ERROR_NONE, "%s", text);
    log_write(level, "kafka", "client=\"%s\" kind=%s text=\"%s\" held_back=%u",
              rk ? rd_kafka_name(rk) : "", kind, line.text, held_back);
}

/* librdkafka tries again, and gets on as soon as others are closed. */
static const char shortage[] = "DESCRIPTORS";

static void write_shortage(const rd_kafka_t *rk, unsigned held_back)
{
    struct error line;

    error_system(&line, ERROR_TEMPORARY, EMFILE, "connect to a broker");
    log_error("kafka", "client=\"%s\" kind=%s text=\"%s\" held_back=%u",
              rk ? rd_kafka_name(rk) : "", shortage, line.text, held_back);
}

void kafka_log_line(const rd_kafka_t *rk, int level, const char *kind,
                    const char *text)
{
    unsigned held_back = 0;

    if (is_expected(kind, text))
        return;
    if (strstr(text, "Too many open files")) {
        if (may_speak(kind_slot(shortage), &held_back))
            write_shortage(rk, held_back);
        return;
    }
    if (our_level(level) == LOG_DEBUG) /* asked for by -X debug=... */
        write_line(rk, LOG_DEBUG, kind, text, 0);
    else if (may_speak(kind_slot(kind), &held_back))
        write_line(rk, our_level(level), kind, text, held_back);
}

void kafka_log_trouble(const rd_kafka_t *rk, const char *text)
{
    enum { SYSLOG_WARNING = 4 };

    kafka_log_line(rk, SYSLOG_WARNING, "ERROR", text);
}

void kafka_log_quiet(const rd_kafka_t *rk, int level, const char *kind,
                     const char *text)
{
    (void)level;
    write_line(rk, LOG_DEBUG, kind, text, 0);
}
