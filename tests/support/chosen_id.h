/*
 * chosen_id.h - ids as somebody would choose them who knows the program: with
 * the stable id_hash() all of them want the same place of any table.
 */
#ifndef TESTS_SUPPORT_CHOSEN_ID_H
#define TESTS_SUPPORT_CHOSEN_ID_H

#include "common/base/id.h"

#include <stdint.h>

/* The i-th of them, i below 2^24: the lower 40 bits of its hash are 0. */
struct id chosen_id(uint32_t i);

#endif
