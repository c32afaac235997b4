/*
 * field_list.h - the fields of an event as keys, for models that learn from
 * any number of them.
 *
 * A list of fields is text, "user,ad,position,user*ad"; '+' may stand for ','.
 * a*b is a cross: a field whose value is the pair of the two values. A value
 * is an id (id.h), and becomes a key of 64 bits:
 *
 *   key of a value   random_mix(id_hash(value) ^ id_hash(name of the field))
 *   key of a cross   random_mix(key a ^ (key b rotated left by one bit))
 *
 * A list is a plain value. Any thread.
 */
#ifndef MODEL_FIELD_LIST_H
#define MODEL_FIELD_LIST_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/base/random.h"

#include <stddef.h>
#include <stdint.h>

enum {
    FIELDS_MAX = 32,
    FIELD_VALUES_MAX = 24, /* plain names that they are made of */
    FIELD_NAME_SIZE = 64,  /* of a plain field */
    FIELD_TITLE_SIZE = 2 * FIELD_NAME_SIZE, /* of a cross */
    FIELD_LIST_SIZE = 512,                  /* of the text of a list */
    FIELD_PLAIN = UINT8_MAX,                /* has no second value */
};

/* Two keys with a meaning of their own; a cross with one of them is that too,
 * and absent wins. */
#define FIELD_ABSENT UINT64_C(0) /* the event has no such field */
#define FIELD_UNSEEN UINT64_C(1) /* it has one that no model has learned */

struct field_list {
    uint32_t count;  /* of fields, in the order of the text */
    uint32_t values; /* of plain names that they are made of, in order of
                        first mention */
    uint8_t first[FIELDS_MAX], second[FIELDS_MAX]; /* values of a field */
    char names[FIELD_VALUES_MAX][FIELD_NAME_SIZE]; /* (values) */
    uint64_t salts[FIELD_VALUES_MAX];              /* (values) */
};

/* Fails with ERROR_CONFIG: an empty list, a field that is there twice, a name
 * that is too long, too many of them. *out is then left alone. */
int field_list_parse(const char *text, struct field_list *out,
                     struct error *err) MUST_CHECK;

/* Adds the values of another list, and none of its fields, to a list that may
 * be zeroed. Fails with ERROR_CONFIG where there are too many of them. */
int field_list_add_values(struct field_list *list,
                          const struct field_list *other,
                          struct error *err) MUST_CHECK;

/* The position of a plain name among the values; -1 where it is not used. */
int field_list_value(const struct field_list *list, const char *name);

/* Writes "position", or "user*ad"; returns out. */
const char *field_list_title(const struct field_list *list, uint32_t field,
                             char out[FIELD_TITLE_SIZE]);

/* The key of one of the values. */
uint64_t field_list_key(const struct field_list *list, uint32_t value,
                        const struct id *id);

/* The key of a cross of two values. */
static inline uint64_t field_cross(uint64_t a, uint64_t b)
{
    if (a == FIELD_ABSENT || b == FIELD_ABSENT)
        return FIELD_ABSENT;
    if (a == FIELD_UNSEEN || b == FIELD_UNSEEN)
        return FIELD_UNSEEN;
    return random_mix(a ^ (b << 1 | b >> 63));
}

/* Turns the keys of the values (values) into those of the fields (count). */
void field_list_keys(const struct field_list *list, const uint64_t *values,
                     uint64_t *keys);

/* Where `given` has each value of `wanted`: columns (wanted->values). Fails
 * with ERROR_CONFIG, naming the first that is missing. */
int field_list_match(const struct field_list *wanted,
                     const struct field_list *given, uint8_t *columns,
                     struct error *err) MUST_CHECK;

/* One number a field: "10", "user:5" or "10+user:5+user*ad:20", the plain one
 * for all that are not named. A field without a number gets `fallback`. Fails
 * with ERROR_CONFIG; numbers are above 0. */
int field_list_numbers(const struct field_list *list, const char *text,
                       double fallback, double out[FIELDS_MAX],
                       struct error *err) MUST_CHECK;

#endif
