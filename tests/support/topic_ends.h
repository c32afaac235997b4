/*
 * topic_ends.h - where topics end, and waiting for it.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_TOPIC_ENDS_H
#define SUPPORT_TOPIC_ENDS_H

#include <stddef.h>
#include <stdint.h>

enum { TOPIC_ENDS_MAX = 64 };

struct topic_ends {
    int32_t partitions;
    int64_t high[TOPIC_ENDS_MAX];   /* behind the last record */
    int64_t stable[TOPIC_ENDS_MAX]; /* before the first open transaction */
};

struct topic_ends topic_ends_of(const char *topic);

/* All partitions' high ends together. */
int64_t topic_ends_sum(const char *topic);

/* Waits until that many records more are there. */
void topic_ends_await_more(const char *topic, int64_t records,
                           unsigned timeout_ms);

/* Waits until no transaction is open there. */
void topic_ends_await_stable(const char *topic, unsigned timeout_ms);

/* The group's committed offsets, by partition; -1001 where there is none. */
void topic_ends_committed(const char *topic, const char *group,
                          int64_t committed[TOPIC_ENDS_MAX]);

/* Waits until the group has committed all of the topic. */
void topic_ends_await_group(const char *topic, const char *group,
                            unsigned timeout_ms);

#endif
