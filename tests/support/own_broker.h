/*
 * own_broker.h - a Kafka of the test's own, one node or several, that the
 * test may freeze, kill and revive.
 *
 * It takes the place of the environment's PCTR_KAFKA for the whole test
 * program. Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_OWN_BROKER_H
#define SUPPORT_OWN_BROKER_H

#include <stddef.h>

/* Starts `deploy/kafka` with that many brokers under a name of its own. */
void own_broker_start(const char *stem, int brokers);

/* Starts one broker with TLS, SASL and ACLs; `secrets` becomes the folder of
 * its certificates and of settings for `pctr -F`. PCTR_KAFKA is its listener
 * for the operator. */
void own_broker_start_secure(const char *stem, char *secrets, size_t size);

/* "kill", "pause", "resume", "stop", "revive": `broker` from 1 on, or 0 for
 * all of them. */
void own_broker_do(const char *action, int broker);

/* Kafka's own AclCommand with these words, which NULL ends. */
void own_broker_acls(const char *const words[]);

/* Stops it and deletes its data. */
void own_broker_end(void);

#endif
