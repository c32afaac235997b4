/*
 * field_defaults.h - values for fields that a question does not have.
 *
 * Where an ad was shown is known when it was clicked, and not when it is asked
 * for. "position:1+depth:1" says what is then assumed; ',' may stand for '+'.
 * Any thread.
 */
#ifndef MODEL_FIELD_DEFAULTS_H
#define MODEL_FIELD_DEFAULTS_H

#include "common/base/error.h"

#include "model/rows/field_list.h"

#include <stdbool.h>
#include <stdint.h>

/* Puts the keys of the defaults into keys (list->values); FIELD_ABSENT where
 * there is none. Fields that the list does not have are passed over. Without a
 * list the text is only checked, and `keys` is not used. Fails with
 * ERROR_CONFIG; keys are then undefined. */
int field_defaults_keys(const char *text, const struct field_list *list,
                        uint64_t *keys, struct error *err) MUST_CHECK;

/* Puts them where values (list->values) are absent; returns whether there was
 * one. */
bool field_defaults_fill(const struct field_list *list, const uint64_t *keys,
                         uint64_t *values);

#endif
