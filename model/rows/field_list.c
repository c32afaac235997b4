#include "model/rows/field_list.h"

#include "common/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Adds the name unless it is there already. */
static int add_value(struct field_list *list, const char *name, uint8_t *value,
                     struct error *err)
{
    size_t size = strlen(name);
    int known = field_list_value(list, name);

    if (size == 0 || size >= FIELD_NAME_SIZE)
        return error_set(err, ERROR_CONFIG,
                         "fields: a name of %zu bytes, 1 to %d are fine", size,
                         FIELD_NAME_SIZE - 1);
    if (known < 0 && list->values == FIELD_VALUES_MAX)
        return error_set(err, ERROR_CONFIG,
                         "fields: made of more than %d different ones",
                         FIELD_VALUES_MAX);
    if (known < 0) {
        struct id id = id_from_text(name, size);
        known = (int)list->values++;
        memcpy(list->names[known], name, size + 1);
        list->salts[known] = id_hash(&id);
    }
    *value = (uint8_t)known;
    return 0;
}

static int find_field(const struct field_list *list, uint8_t first,
                      uint8_t second)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->first[i] == first && list->second[i] == second)
            return (int)i;
    return -1;
}

/* "name" or "name*name", which it takes apart. */
static int add_field(struct field_list *list, char *title, struct error *err)
{
    char *cross = strchr(title, '*');
    uint8_t first, second = FIELD_PLAIN;

    if (cross)
        *cross = '\0';
    if (add_value(list, title, &first, err) < 0 ||
        (cross && add_value(list, cross + 1, &second, err) < 0))
        return -1;
    if (find_field(list, first, second) >= 0)
        return error_set(err, ERROR_CONFIG, "fields: '%s%s%s' is there twice",
                         title, cross ? "*" : "", cross ? cross + 1 : "");
    if (list->count == FIELDS_MAX)
        return error_set(err, ERROR_CONFIG, "fields: more than %d of them",
                         FIELDS_MAX);
    list->first[list->count] = first;
    list->second[list->count++] = second;
    return 0;
}

int field_list_parse(const char *text, struct field_list *out,
                     struct error *err)
{
    char copy[FIELD_LIST_SIZE], *rest = NULL;
    struct field_list list = {0};

    if (strlen(text) >= sizeof(copy))
        return error_set(err, ERROR_CONFIG, "fields: longer than %zu bytes",
                         sizeof(copy) - 1);
    text_copy(copy, sizeof(copy), text);
    for (char *title = strtok_r(copy, ",+", &rest); title;
         title = strtok_r(NULL, ",+", &rest))
        if (add_field(&list, title, err) < 0)
            return -1;
    if (list.count == 0)
        return error_set(err, ERROR_CONFIG,
                         "fields: name some, such as user,ad,position");
    *out = list;
    return 0;
}

int field_list_add_values(struct field_list *list,
                          const struct field_list *other, struct error *err)
{
    uint8_t unused;

    for (uint32_t v = 0; v < other->values; v++)
        if (add_value(list, other->names[v], &unused, err) < 0)
            return -1;
    return 0;
}

int field_list_value(const struct field_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->values; i++)
        if (strcmp(list->names[i], name) == 0)
            return (int)i;
    return -1;
}

const char *field_list_title(const struct field_list *list, uint32_t field,
                             char out[FIELD_TITLE_SIZE])
{
    text_copy(out, FIELD_TITLE_SIZE, list->names[list->first[field]]);
    if (list->second[field] != FIELD_PLAIN) {
        strcat(out, "*");
        strcat(out, list->names[list->second[field]]);
    }
    return out;
}

/* --- Keys ------------------------------------------------------------- */

uint64_t field_list_key(const struct field_list *list, uint32_t value,
                        const struct id *id)
{
    return random_mix(id_hash(id) ^ list->salts[value]);
}

void field_list_keys(const struct field_list *list, const uint64_t *values,
                     uint64_t *keys)
{
    for (uint32_t i = 0; i < list->count; i++)
        keys[i] =
            list->second[i] == FIELD_PLAIN
                ? values[list->first[i]]
                : field_cross(values[list->first[i]], values[list->second[i]]);
}

int field_list_match(const struct field_list *wanted,
                     const struct field_list *given, uint8_t *columns,
                     struct error *err)
{
    for (uint32_t i = 0; i < wanted->values; i++) {
        int column = field_list_value(given, wanted->names[i]);
        if (column < 0)
            return error_set(err, ERROR_CONFIG,
                             "the rows have no field '%s': name it among "
                             "--fields",
                             wanted->names[i]);
        columns[i] = (uint8_t)column;
    }
    return 0;
}

/* --- Numbers ---------------------------------------------------------- */

static int field_titled(const struct field_list *list, const char *title)
{
    char known[FIELD_TITLE_SIZE];

    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(field_list_title(list, i, known), title) == 0)
            return (int)i;
    return -1;
}

int field_list_numbers(const struct field_list *list, const char *text,
                       double fallback, double out[FIELDS_MAX],
                       struct error *err)
{
    char copy[FIELD_LIST_SIZE], *rest = NULL;
    double named[FIELDS_MAX] = {0};

    if (strlen(text) >= sizeof(copy))
        return error_set(err, ERROR_CONFIG, "'%s' is too long", text);
    text_copy(copy, sizeof(copy), text);
    for (char *part = strtok_r(copy, "+", &rest); part;
         part = strtok_r(NULL, "+", &rest)) {
        char *colon = strrchr(part, ':'), *end = NULL;
        const char *digits = colon ? colon + 1 : part;
        double number = strtod(digits, &end);
        if (end == digits || *end || !(number > 0) || !isfinite(number))
            return error_set(err, ERROR_CONFIG,
                             "'%s': write a number above 0, or user:5+ad:10",
                             text);
        if (!colon) {
            fallback = number;
            continue;
        }
        *colon = '\0';
        int field = field_titled(list, part);
        if (field < 0)
            return error_set(err, ERROR_CONFIG,
                             "'%s': the model has no field '%s'", text, part);
        named[field] = number;
    }
    for (uint32_t i = 0; i < list->count; i++)
        out[i] = named[i] > 0 ? named[i] : fallback;
    return 0;
}
