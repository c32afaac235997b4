#include "model/params.h"

#include "common/base/text.h"

#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int params_start(const struct model_ops *ops, struct model_params *out,
                 struct error *err)
{
    static const struct model_params zero;
    struct config config;

    *out = zero;
    out->threads = 1;
    return config_start(&config, ops->keys, out, err);
}

int params_start_served(const struct model_ops *ops, struct model_params *out,
                        struct error *err)
{
    if (params_start(ops, out, err) < 0)
        return -1;
    out->impossible = IMPOSSIBLE_BASELINE;
    return 0;
}

int params_set(const struct model_ops *ops, const char *text,
               struct model_params *params, struct error *err)
{
    struct model_params changed = *params;
    struct config config = {.tables = {{.keys = ops->keys, .target = &changed}},
                            .table_count = 1};
    char copy[1024], *rest = NULL;

    if (strlen(text) >= sizeof(copy))
        return error_set(err, ERROR_CONFIG, "parameters: longer than %zu bytes",
                         sizeof(copy) - 1);
    text_copy(copy, sizeof(copy), text);
    for (char *word = strtok_r(copy, " ,", &rest); word;
         word = strtok_r(NULL, " ,", &rest)) {
        char *equals = strchr(word, '=');
        if (!equals)
            return error_set(err, ERROR_CONFIG, "'%s': expected name=value",
                             word);
        *equals = '\0';
        if (config_set(&config, word, equals + 1, ORIGIN_COMMAND_LINE, err) < 0)
            return error_wrap(err, "parameters of %s", ops->name);
    }
    *params = changed;
    return 0;
}

/* The shortest of the two forms that reads back as the same bits: a snapshot
 * must not round the numbers that a search found. */
static void print_value(const struct config_key *key,
                        const struct model_params *params, char *out,
                        size_t size)
{
    double exact;

    config_print_value(key, params, out, size);
    if (key->type != CONFIG_F64)
        return;
    memcpy(&exact, (const char *)params + key->offset, sizeof(exact));
    if (strtod(out, NULL) != exact)
        snprintf(out, size, "%.17g", exact);
}

/* A text that was not given; and the reference's answer to what is impossible,
 * so that such a model has the bytes that it had before there was a choice, and
 * programs of then read it. */
static bool goes_without_saying(const struct config_key *key,
                                const struct model_params *params,
                                const char *value)
{
    return value[0] == '\0' ||
           (key->offset == offsetof(struct model_params, impossible) &&
            params->impossible == IMPOSSIBLE_MEAN);
}

void params_print(const struct model_ops *ops,
                  const struct model_params *params, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (const struct config_key *key = ops->keys; key->name; key++) {
        char value[512];
        print_value(key, params, value, sizeof(value));
        if (goes_without_saying(key, params, value))
            continue;
        int length = snprintf(out + used, size - used, "%s%s=%s",
                              used ? " " : "", key->name, value);
        if (length < 0 || (size_t)length >= size - used)
            return;
        used += (size_t)length;
    }
}
