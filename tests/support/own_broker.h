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

/* Starts that many brokers, each with a second listener: it listens on the
 * port that own_broker_detour() has for it, from 1 on, and tells clients that
 * come there that it is on the port behind that. */
void own_broker_start_detour(const char *stem, int brokers);
unsigned own_broker_detour(int broker);

/* Where its nodes keep their data: node-1/log and so on. */
void own_broker_folder(char *out, size_t size);

/* "kill", "pause", "resume", "stop", "revive": `broker` from 1 on, or 0 for
 * all of them. */
void own_broker_do(const char *action, int broker);

/* Until every partition of every topic has a leader, and all of its copies are
 * in step. */
void own_broker_await_in_step(unsigned timeout_ms);

/* Until no node runs: they end by themselves when they cannot write. */
void own_broker_await_end(unsigned timeout_ms);

/* Kafka's own AclCommand with these words, which NULL ends. */
void own_broker_acls(const char *const words[]);

/* A new key and certificate of the user pctr, and NAME-tls.conf among the
 * secrets; it is good for so many seconds, or with 0 for years. */
void own_broker_renew(const char *name, int seconds);

/* Each partition's first replica becomes its leader again, where it is not. */
void own_broker_elect_preferred(void);

/* Stops it and deletes its data. */
void own_broker_end(void);

#endif
