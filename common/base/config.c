#include "common/base/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 1024, LIST_SIZE = 256 };

/* --- Finding a key ---------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's edit distance. */
size_t config_name_distance(const char *a, const char *b)
{
    size_t row[128];
    size_t width = least(strlen(b), sizeof(row) / sizeof(row[0]) - 1);

    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t replace = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(replace, least(row[j], row[j + 1]) + 1);
        }
    }
    return row[width];
}

/* All names, where they are few enough for a line. */
static bool list_names(const struct config_key *keys, char *out, size_t size)
{
    size_t used = 0;

    for (const struct config_key *key = keys; key->name && used < size; key++)
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 key == keys ? "there are " : ", ", key->name);
    return used > 0 && used < size;
}

static int unknown(const struct config *config, const char *name,
                   struct error *err)
{
    char names[LIST_SIZE];

    const char *nearest = NULL;
    size_t best = 4; /* further away than this is no help */

    for (const struct config_key *key = config->keys; key->name; key++) {
        size_t d = config_name_distance(name, key->name);
        if (d < best) {
            best = d;
            nearest = key->name;
        }
    }
    if (nearest)
        snprintf(names, sizeof(names), "did you mean '%s'?", nearest);
    else if (!list_names(config->keys, names, sizeof(names)))
        strcpy(names, "--help lists them");
    return error_set(err, ERROR_CONFIG, "unknown setting '%s': %s", name,
                     names);
}

/* --- Gathering -------------------------------------------------------- */

int config_start(struct config *config, const struct config_key *keys,
                 void *target, struct error *err)
{
    memset(config, 0, sizeof(*config));
    config->keys = keys;
    config->target = target;
    for (size_t i = 0; keys[i].name; i++) {
        if (!keys[i].fallback)
            continue;
        if (config_take_value(&keys[i], keys[i].fallback, target, err) < 0)
            return error_wrap(err, "default");
        config->origins[i] = ORIGIN_DEFAULT;
    }
    return 0;
}

int config_set(struct config *config, const char *name, const char *value,
               enum config_origin origin, struct error *err)
{
    for (size_t i = 0; config->keys[i].name; i++) {
        const struct config_key *key = &config->keys[i];
        if (strcmp(key->name, name) != 0)
            continue;
        if (config->origins[i] > origin)
            return 0;
        if (config_take_value(key, value, config->target, err) < 0)
            return -1;
        config->origins[i] = origin;
        return 0;
    }
    return unknown(config, name, err);
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1]))
        text[--size] = '\0';
    return text;
}

/* Splits "name = value" in place. */
static int split(char *line, char **name, char **value)
{
    char *equals = strchr(line, '=');

    if (!equals)
        return -1;
    *equals = '\0';
    *name = trim(line);
    *value = trim(equals + 1);
    return **name ? 0 : -1;
}

static struct config_property *property_slot(struct config *config,
                                             const char *name)
{
    for (size_t i = 0; i < config->property_count; i++)
        if (strcmp(config->properties[i].name, name) == 0)
            return &config->properties[i];
    if (config->property_count == CONFIG_PROPERTIES_MAX)
        return NULL;
    return &config->properties[config->property_count++];
}

static int add_property(struct config *config, const char *name,
                        const char *value, struct error *err)
{
    struct config_property *property = property_slot(config, name);

    if (!property)
        return error_set(err, ERROR_CONFIG, "more than %d Kafka properties",
                         CONFIG_PROPERTIES_MAX);
    if (strlen(name) >= sizeof(property->name) ||
        strlen(value) >= sizeof(property->value))
        return error_set(err, ERROR_CONFIG, "%.40s...: too long", name);
    strcpy(property->name, name);
    strcpy(property->value, value);
    return 0;
}

int config_set_property(struct config *config, const char *assignment,
                        struct error *err)
{
    char line[LINE_SIZE], *name, *value;

    if (strlen(assignment) >= sizeof(line))
        return error_set(err, ERROR_CONFIG, "-X: too long");
    strcpy(line, assignment);
    if (split(line, &name, &value) < 0)
        return error_set(err, ERROR_CONFIG, "-X '%s': expected key=value",
                         assignment);
    return add_property(config, name, value, err);
}

static int read_line(struct config *config, char *line, struct error *err)
{
    char *name, *value;

    line = trim(line);
    if (*line == '\0' || *line == '#' || *line == '!')
        return 0;
    if (split(line, &name, &value) < 0)
        return error_set(err, ERROR_CONFIG, "expected name = value");
    if (strncmp(name, "kafka.", 6) == 0)
        return add_property(config, name + 6, value, err);
    return config_set(config, name, value, ORIGIN_FILE, err);
}

int config_read(struct config *config, FILE *in, const char *name,
                struct error *err)
{
    char line[LINE_SIZE];

    for (int number = 1; fgets(line, sizeof(line), in); number++) {
        if (!strchr(line, '\n') && !feof(in))
            return error_set(err, ERROR_CONFIG, "%s:%d: line too long", name,
                             number);
        if (read_line(config, line, err) < 0)
            return error_wrap(err, "%s:%d", name, number);
    }
    if (ferror(in))
        return error_set(err, ERROR_INPUT, "read '%s': %s", name,
                         strerror(errno));
    return 0;
}

int config_read_file(struct config *config, const char *path, struct error *err)
{
    FILE *in = fopen(path, "r");

    if (!in)
        return error_set(err, ERROR_CONFIG, "read settings '%s': %s", path,
                         strerror(errno));
    int status = config_read(config, in, path, err);
    fclose(in);
    return status;
}

static void environment_name(const char *key, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "PCTR_");

    for (; *key && at + 1 < size; key++)
        out[at++] = isalnum((unsigned char)*key)
                        ? (char)toupper((unsigned char)*key)
                        : '_';
    out[at] = '\0';
}

int config_read_environment(struct config *config, struct error *err)
{
    for (const struct config_key *key = config->keys; key->name; key++) {
        char name[128];
        environment_name(key->name, name, sizeof(name));
        const char *value = getenv(name);
        if (value &&
            config_set(config, key->name, value, ORIGIN_ENVIRONMENT, err) < 0)
            return error_wrap(err, "environment %s", name);
    }
    return 0;
}

int config_check(const struct config *config, struct error *err)
{
    for (size_t i = 0; config->keys[i].name; i++)
        if (config->origins[i] == ORIGIN_NONE)
            return error_set(err, ERROR_CONFIG, "%s must be given: %s",
                             config->keys[i].name, config->keys[i].help);
    return 0;
}
