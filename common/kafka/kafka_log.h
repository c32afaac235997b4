/*
 * kafka_log.h - librdkafka's log lines, as ours and no more than a reader can
 * use.
 */
#ifndef COMMON_KAFKA_LOG_H
#define COMMON_KAFKA_LOG_H

#include "common/kafka/kafka_client.h"

/* librdkafka's log callback. Each kind of line comes out at most every five
 * seconds, with the number of those that were held back. Any thread. */
void kafka_log_line(const rd_kafka_t *rk, int level, const char *kind,
                    const char *text);

/* An error of a whole client, as its error callback gets it: a warning, since
 * librdkafka goes on trying. */
void kafka_log_trouble(const rd_kafka_t *rk, const char *text);

/* For handles whose caller gets the same news as an error. */
void kafka_log_quiet(const rd_kafka_t *rk, int level, const char *kind,
                     const char *text);

#endif
