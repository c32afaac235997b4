/*
 * tiny_model.h - small models that differ, for tests of what serves them.
 */
#ifndef SUPPORT_TINY_MODEL_H
#define SUPPORT_TINY_MODEL_H

#include "model/snapshot.h"

#include <stdint.h>

enum { TINY_USERS = 50, TINY_ADS = 20 };

/* Users 0..49 and ads "ad0".."ad19"; another seed gives other clicks and so
 * other predictions. With the digest that a published one has. The caller
 * frees it. Never fails: a test without its model ends here. */
struct snapshot *tiny_model(uint64_t seed);

/* What the snapshot says for the pair of an impression. */
struct prediction tiny_model_predict(const struct snapshot *snapshot,
                                     const struct id *user,
                                     const struct id *ad);

#endif
