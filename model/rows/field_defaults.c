#include "model/rows/field_defaults.h"

#include "common/base/text.h"

#include <string.h>

/* "name:value", which it takes apart. */
static int take(char *part, const struct field_list *list, uint64_t *keys,
                struct error *err)
{
    char *colon = strrchr(part, ':');
    size_t size = colon ? strlen(colon + 1) : 0;

    if (!colon || colon == part || size == 0 || size > ID_TEXT_MAX)
        return error_set(err, ERROR_CONFIG,
                         "field.default: '%s': write a field and its value, "
                         "as position:1",
                         part);
    *colon = '\0';
    int value = list ? field_list_value(list, part) : -1;
    if (value < 0)
        return 0;
    if (keys[value] != FIELD_ABSENT)
        return error_set(err, ERROR_CONFIG,
                         "field.default: '%s' is there twice", part);
    struct id id = id_from_text(colon + 1, size);
    keys[value] = field_list_key(list, (uint32_t)value, &id);
    return 0;
}

int field_defaults_keys(const char *text, const struct field_list *list,
                        uint64_t *keys, struct error *err)
{
    char copy[FIELD_LIST_SIZE], *rest = NULL;

    if (strlen(text) >= sizeof(copy))
        return error_set(err, ERROR_CONFIG,
                         "field.default: longer than %zu bytes",
                         sizeof(copy) - 1);
    for (uint32_t v = 0; list && v < list->values; v++)
        keys[v] = FIELD_ABSENT;
    text_copy(copy, sizeof(copy), text);
    for (char *part = strtok_r(copy, ",+", &rest); part;
         part = strtok_r(NULL, ",+", &rest))
        if (take(part, list, keys, err) < 0)
            return -1;
    return 0;
}

bool field_defaults_fill(const struct field_list *list, const uint64_t *keys,
                         uint64_t *values)
{
    bool is_filled = false;

    for (uint32_t v = 0; v < list->values; v++) {
        if (values[v] != FIELD_ABSENT || keys[v] == FIELD_ABSENT)
            continue;
        values[v] = keys[v];
        is_filled = true;
    }
    return is_filled;
}
