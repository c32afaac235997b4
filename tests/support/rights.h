/*
 * rights.h - the rights of docs/rights.md, given to and taken from the user
 * "pctr" of a secure broker (own_broker.h).
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_RIGHTS_H
#define SUPPORT_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    RIGHTS_SPREAD_MS = 300, /* a broker has a right a moment after it said so */
    RIGHTS_REFUSED = 77,    /* the exit status of who lacks one */
};

struct right {
    char command[32]; /* "score" */
    int kind;         /* rd_kafka_ResourceType_t; rights.c */
    int pattern;      /* rd_kafka_ResourcePatternType_t */
    int operation;    /* rd_kafka_AclOperation_t */
    char name[64];    /* of the resource */
};

/* All of the page, which stays in memory. */
const struct right *rights_read(size_t *count);

/* To the broker, in the process of each test: the threads of a client do not
 * survive a fork. */
void rights_connect(void);
void rights_disconnect(void);

/* Of the whole cluster, and so of all topics. */
bool right_is_of_cluster(const struct right *right);
const char *right_operation(const struct right *right);

void rights_give(const struct right *right);

/* NULL: all that the user has. */
void rights_take(const struct right *right);

/* DESCRIBE of the same resource, which otherwise comes and goes with READ and
 * WRITE. */
void rights_give_describe(const struct right *right);

/* Exactly the rights that the page has for the command; waits until the broker
 * knows them. */
void rights_give_all(const char *command);

#endif
