/*
 * real_registry.h - the schema registry that the environment's PCTR_REGISTRY
 * names by the URL of its API (deploy/registry start prints it).
 */
#ifndef SUPPORT_REAL_REGISTRY_H
#define SUPPORT_REAL_REGISTRY_H

#include <stdint.h>

/* NULL: there is none. */
const char *real_registry_url(void);

/* Registers an Avro schema below a subject; returns its number. */
uint32_t real_registry_put(const char *subject, const char *schema);

#endif
