/*
 * honest_world.h - impressions of which all follows from their number.
 */
#ifndef SUPPORT_HONEST_WORLD_H
#define SUPPORT_HONEST_WORLD_H

#include <stdbool.h>
#include <stdint.h>

enum { HONEST_USERS = 80, HONEST_ADS = 12, HONEST_SEED = 20240229 };

/* Below HONEST_USERS and HONEST_ADS. */
int64_t honest_user(int64_t number);
int64_t honest_ad(int64_t number);

/* Some ads, and some users, click more often than others. */
bool honest_is_clicked(int64_t number);

#endif
