/*
 * config_show.c - settings for people: dumps, and the page that describes
 * them.
 */
#include "common/base/config.h"

#include <inttypes.h>
#include <string.h>

enum { VALUE_SIZE = 1024 };

bool config_is_secret(const char *name)
{
    static const char *const marks[] = {"password", "secret", ".pem",
                                        "jaas.config"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (strstr(name, marks[i]))
            return true;
    return false;
}

static void print_choice(const struct config_key *key, int index, char *out,
                         size_t size)
{
    const char *word = key->words;

    while (index-- > 0)
        word += strcspn(word, "|") + 1;
    snprintf(out, size, "%.*s", (int)strcspn(word, "|"), word);
}

void config_print_value(const struct config_key *key, const void *target,
                        char *out, size_t size)
{
    const void *field = (const char *)target + key->offset;

    switch (key->type) {
    case CONFIG_TEXT:
        snprintf(out, size, "%s", (const char *)field);
        break;
    case CONFIG_SECRET:
        snprintf(out, size, "%s", *(const char *)field ? "(masked)" : "");
        break;
    case CONFIG_U32:
        snprintf(out, size, "%" PRIu32, *(const uint32_t *)field);
        break;
    case CONFIG_U64:
        snprintf(out, size, "%" PRIu64, *(const uint64_t *)field);
        break;
    case CONFIG_F64:
        snprintf(out, size, "%.15g", *(const double *)field);
        break;
    case CONFIG_BOOL:
        snprintf(out, size, "%s", *(const bool *)field ? "true" : "false");
        break;
    case CONFIG_CHOICE:
        print_choice(key, *(const int *)field, out, size);
        break;
    }
}

void config_dump(const struct config *config, FILE *out)
{
    static const char *const origins[] = {"missing", "default", "file",
                                          "environment", "command line"};

    for (size_t i = 0; config->keys[i].name; i++) {
        char value[VALUE_SIZE];
        config_print_value(&config->keys[i], config->target, value,
                           sizeof(value));
        fprintf(out, "# %s\n%s=%s\n", origins[config->origins[i]],
                config->keys[i].name, value);
    }
    for (size_t i = 0; i < config->property_count; i++) {
        const struct config_property *property = &config->properties[i];
        fprintf(out, "kafka.%s=%s\n", property->name,
                config_is_secret(property->name) ? "(masked)"
                                                 : property->value);
    }
}

void config_print_words(const struct config_key *key, FILE *out)
{
    for (const char *c = key->words; *c; c++)
        fputs(*c == '|' ? ", " : (char[]){*c, '\0'}, out);
}

static void describe_range(const struct config_key *key, FILE *out)
{
    switch (key->type) {
    case CONFIG_U32:
    case CONFIG_U64:
    case CONFIG_F64:
        fprintf(out, "%.15g to %.15g", key->min, key->max);
        break;
    case CONFIG_BOOL:
        fputs("true, false", out);
        break;
    case CONFIG_CHOICE:
        config_print_words(key, out);
        break;
    case CONFIG_TEXT:
        fprintf(out,
                key->min > 0 ? "text, 1 to %zu bytes"
                             : "text, at most %zu bytes",
                key->size - 1);
        break;
    case CONFIG_SECRET:
        fputs("secret, or `file:PATH`", out);
        break;
    }
}

void config_describe(const struct config_key *keys, FILE *out)
{
    fputs("| setting | default | values | meaning |\n|---|---|---|---|\n", out);
    for (const struct config_key *key = keys; key->name; key++) {
        if (!key->fallback)
            fprintf(out, "| `%s` | must be given | ", key->name);
        else if (!*key->fallback)
            fprintf(out, "| `%s` | empty | ", key->name);
        else
            fprintf(out, "| `%s` | `%s` | ", key->name, key->fallback);
        describe_range(key, out);
        fprintf(out, " | %s |\n", key->help);
    }
}
