/*
 * registry_settings.h - where a schema registry is, and how to be let in.
 */
#ifndef COMMON_REGISTRY_SETTINGS_H
#define COMMON_REGISTRY_SETTINGS_H

#include "common/base/attributes.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* A plain value; what the settings say. */
struct registry_settings {
    char url[512];       /* empty: there is no registry */
    char user[128];      /* of basic authentication; empty: none */
    char password[256];  /* likewise */
    char token[4096];    /* a bearer token; empty: none */
    char ca[512];        /* file of certificates; empty: those of the system */
    char dir[512];       /* folder for copies; empty: the owner decides */
    uint32_t wait_ms;    /* how long a record waits for an unknown schema */
    uint32_t timeout_ms; /* of one question */
    bool registers;      /* schemas of ours that it does not have */
};

/* Are they of one piece? ERROR_CONFIG says what is not. */
int registry_settings_check(const struct registry_settings *settings,
                            struct error *err) MUST_CHECK;

#endif
