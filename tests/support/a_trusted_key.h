/*
 * a_trusted_key.h - a new key to sign models with, which readers trust.
 */
#ifndef SUPPORT_A_TRUSTED_KEY_H
#define SUPPORT_A_TRUSTED_KEY_H

#include "support/run_suite.h"

#include "common/base/signing.h"

#include <stdio.h>
#include <stdlib.h>

static inline struct signing_key a_trusted_key(struct trusted_keys *trusted)
{
    char folder[] = "/tmp/pctr-key-XXXXXX", path[64], pub[80], command[64];
    struct signing_key made;
    struct error why;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/key", folder);
    snprintf(pub, sizeof(pub), "%s.pub", path);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_ok(signing_key_make(path, &why), why);
    ck_assert_ok(signing_key_read(path, &made, &why), why);
    ck_assert_ok(trusted_keys_read(pub, trusted, &why), why);
    ck_assert_int_eq(system(command), 0);
    return made;
}

#endif
