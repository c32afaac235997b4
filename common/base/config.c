#include "common/base/config.h"
#include "common/base/descriptors.h"

#include "common/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINE_SIZE = 1024, NAME_SIZE = 128, VALUE_SIZE = 1024, LIST_SIZE = 256 };

/* Names further away than this are no help. */
enum { DISTANCE_MAX = 3 };

static const char variable_prefix[] = "PCTR_";
static const char kafka_prefix[] = "PCTR_KAFKA_";

extern char **environ;

/* --- Finding a key ---------------------------------------------------- */

struct place {
    struct config_table *table;
    size_t index;
};

static const struct config_key *row(const struct config_key *keys,
                                    const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

static bool find(const struct config *config, const char *name,
                 struct place *out)
{
    for (size_t t = 0; t < config->table_count; t++) {
        const struct config_table *table = &config->tables[t];
        const struct config_key *key = row(table->keys, name);
        if (!key)
            continue;
        out->table = (struct config_table *)table;
        out->index = (size_t)(key - table->keys);
        return true;
    }
    return false;
}

const struct config_key *config_find(const struct config *config,
                                     const char *name)
{
    struct place at;

    if (!find(config, name, &at))
        return NULL;
    const struct config_key *key = &at.table->keys[at.index];
    return key->type == CONFIG_ALIAS ? config_find(config, key->fallback) : key;
}

enum config_origin config_origin_of(const struct config *config,
                                    const char *name)
{
    struct place at;

    return find(config, name, &at) ? at.table->origins[at.index] : ORIGIN_NONE;
}

static bool is_of_another_command(const struct config *config, const char *name)
{
    for (size_t i = 0; config->others && config->others[i]; i++)
        if (row(config->others[i], name))
            return true;
    return false;
}

/* Notes the name of the table that is nearest so far. */
static void look_nearer(const struct config_key *keys, const char *name,
                        const char **nearest, size_t *best)
{
    for (; keys->name; keys++) {
        size_t distance = config_name_distance(name, keys->name);
        if (distance < *best) {
            *best = distance;
            *nearest = keys->name;
        }
    }
}

/* Writes "there are a, b", where the names are few enough for a line. */
static bool list_names(const struct config *config, char *out, size_t size)
{
    size_t used = 0;

    for (size_t t = 0; t < config->table_count; t++)
        for (const struct config_key *key = config->tables[t].keys;
             key->name && used < size; key++)
            if (key->type != CONFIG_ALIAS)
                used +=
                    (size_t)snprintf(out + used, size - used, "%s%s",
                                     used > 0 ? ", " : "there are ", key->name);
    return used > 0 && used < size;
}

static int unknown(const struct config *config, const char *name,
                   struct error *err)
{
    char names[LIST_SIZE];
    const char *nearest = NULL;
    size_t best = DISTANCE_MAX + 1;

    for (size_t t = 0; t < config->table_count; t++)
        look_nearer(config->tables[t].keys, name, &nearest, &best);
    if (nearest)
        return error_set(err, ERROR_CONFIG,
                         "unknown setting '%s': did you mean '%s'?", name,
                         nearest);
    if (!list_names(config, names, sizeof(names)))
        text_copy(names, sizeof(names), "--help-all lists them");
    return error_set(err, ERROR_CONFIG, "unknown setting '%s': %s", name,
                     names);
}

/* --- Gathering -------------------------------------------------------- */

static void notice(struct config *config, const char *format, ...)
    PRINTF_LIKE(2, 3);
static void notice(struct config *config, const char *format, ...)
{
    char text[CONFIG_NOTICE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (size_t i = 0; i < config->notice_count; i++)
        if (strcmp(config->notices[i], text) == 0)
            return;
    if (config->notice_count < CONFIG_NOTICES_MAX)
        memcpy(config->notices[config->notice_count++], text, sizeof(text));
}

int config_add(struct config *config, const struct config_key *keys,
               void *target, struct error *err)
{
    struct config_table *table = &config->tables[config->table_count++];

    memset(table, 0, sizeof(*table));
    table->keys = keys;
    table->target = target;
    for (size_t i = 0; keys[i].name; i++) {
        if (!keys[i].fallback || keys[i].type == CONFIG_ALIAS)
            continue;
        if (config_take_value(&keys[i], keys[i].fallback, target, err) < 0)
            return error_wrap(err, "default");
        table->origins[i] = ORIGIN_DEFAULT;
    }
    return 0;
}

int config_start(struct config *config, const struct config_key *keys,
                 void *target, struct error *err)
{
    memset(config, 0, sizeof(*config));
    return config_add(config, keys, target, err);
}

/* Passwords on a command line are seen by everybody who can list processes. */
static int check_secrecy(const char *name, const char *value,
                         enum config_origin origin, struct error *err)
{
    if (origin != ORIGIN_COMMAND_LINE || !*value ||
        strncmp(value, "file:", 5) == 0)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "%s: every user can read a command line: give file:PATH "
                     "here, or the value in a file for -F or in the "
                     "environment",
                     name);
}

/* Values of the old name are in units of `factor` of the present name's. */
static int set_by_old_name(struct config *config, const struct config_key *old,
                           const char *value, enum config_origin origin,
                           struct error *err)
{
    char scaled[NAME_SIZE], *end = NULL;

    notice(config, "'%s' has a new name: write '%s'", old->name, old->fallback);
    if (old->max == 1)
        return config_set(config, old->fallback, value, origin, err);
    double number = strtod(value, &end);
    if (end == value || *end)
        return error_set(err, ERROR_CONFIG, "%s: '%s' is not a number",
                         old->name, value);
    snprintf(scaled, sizeof(scaled), "%.0f", number * old->max);
    return config_set(config, old->fallback, scaled, origin, err);
}

int config_set(struct config *config, const char *name, const char *value,
               enum config_origin origin, struct error *err)
{
    struct place at;

    if (!find(config, name, &at))
        return unknown(config, name, err);
    const struct config_key *key = &at.table->keys[at.index];
    if (key->type == CONFIG_ALIAS)
        return set_by_old_name(config, key, value, origin, err);
    if (at.table->origins[at.index] > origin)
        return 0;
    if (key->type == CONFIG_SECRET &&
        check_secrecy(name, value, origin, err) < 0)
        return -1;
    if (config_take_value(key, value, at.table->target, err) < 0)
        return -1;
    at.table->origins[at.index] = origin;
    return 0;
}

/* --- Properties of librdkafka ----------------------------------------- */

static struct config_property *find_property(struct config *config,
                                             const char *name)
{
    for (size_t i = 0; i < config->property_count; i++)
        if (strcmp(config->properties[i].name, name) == 0)
            return &config->properties[i];
    return NULL;
}

static int set_property(struct config *config, const char *name,
                        const char *value, enum config_origin origin,
                        struct error *err)
{
    struct config_property *property = find_property(config, name);

    if (property && property->origin > origin)
        return 0;
    if (config_is_secret(name) && check_secrecy(name, value, origin, err) < 0)
        return -1;
    if (strlen(name) >= sizeof(property->name) ||
        strlen(value) >= sizeof(property->value))
        return error_set(err, ERROR_CONFIG, "%.40s...: too long", name);
    if (!property && config->property_count == CONFIG_PROPERTIES_MAX)
        return error_set(err, ERROR_CONFIG, "more than %d Kafka properties",
                         CONFIG_PROPERTIES_MAX);
    if (!property)
        property = &config->properties[config->property_count++];
    text_copy(property->name, sizeof(property->name), name);
    text_copy(property->value, sizeof(property->value), value);
    property->origin = origin;
    return 0;
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

int config_set_property(struct config *config, const char *assignment,
                        enum config_origin origin, struct error *err)
{
    char line[LINE_SIZE], *name, *value;

    if (strlen(assignment) >= sizeof(line))
        return error_set(err, ERROR_CONFIG, "-X: too long");
    text_copy(line, sizeof(line), assignment);
    /* What was typed is not repeated: it may be a password. */
    if (split(line, &name, &value) < 0)
        return error_set(err, ERROR_CONFIG,
                         "-X: expected KEY=VALUE; there is no = in it");
    return set_property(config, name, value, origin, err);
}

void config_drop_property(struct config *config, const char *name)
{
    struct config_property *property = find_property(config, name);

    if (property)
        *property = config->properties[--config->property_count];
}

/* --- Files ------------------------------------------------------------ */

static int read_line(struct config *config, char *line, bool is_open,
                     struct error *err)
{
    char *name, *value;

    line = trim(line);
    if (*line == '\0' || *line == '#' || *line == '!')
        return 0;
    if (split(line, &name, &value) < 0)
        return error_set(err, ERROR_CONFIG, "expected name = value");
    const struct config_key *key = config_find(config, name);
    bool is_secret =
        config_is_secret(name) || (key && key->type == CONFIG_SECRET);
    if (is_open && is_secret && *value && strncmp(value, "file:", 5) != 0)
        return error_set(err, ERROR_CONFIG,
                         "%s: every user can read this file: chmod o-rw it, or "
                         "give file:PATH",
                         name);
    if (strncmp(name, "kafka.", 6) == 0)
        return set_property(config, name + 6, value, ORIGIN_FILE, err);
    if (!key && is_of_another_command(config, name))
        return 0;
    return config_set(config, name, value, ORIGIN_FILE, err);
}

int config_read(struct config *config, FILE *in, const char *name,
                struct error *err)
{
    char line[LINE_SIZE];
    struct stat info;
    int fd = fileno(in); /* -1 for a stream in memory */
    bool is_open = fd >= 0 && fstat(fd, &info) == 0 &&
                   (info.st_mode & (S_IROTH | S_IWOTH)) != 0;

    for (int number = 1; fgets(line, sizeof(line), in); number++) {
        if (!strchr(line, '\n') && !feof(in))
            return error_set(err, ERROR_CONFIG, "%s:%d: line too long", name,
                             number);
        if (read_line(config, line, is_open, err) < 0)
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
        return error_system(err, ERROR_CONFIG, errno, "read settings '%s'",
                            path);
    int status = config_read(config, in, path, err);
    fclose(in);
    return status;
}

/* --- Environment ------------------------------------------------------ */

static void variable_of(const char *key, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "%s", variable_prefix);

    for (; *key && at + 1 < size; key++)
        out[at++] = isalnum((unsigned char)*key)
                        ? (char)toupper((unsigned char)*key)
                        : '_';
    out[at] = '\0';
}

/* Sets the keys of one table whose variables are there. */
static int read_variables(struct config *config, const struct config_key *keys,
                          struct error *err)
{
    for (const struct config_key *key = keys; key->name; key++) {
        char name[NAME_SIZE];
        variable_of(key->name, name, sizeof(name));
        const char *value = getenv(name);
        if (value &&
            config_set(config, key->name, value, ORIGIN_ENVIRONMENT, err) < 0)
            return error_wrap(err, "environment %s", name);
    }
    return 0;
}

/* PCTR_KAFKA_SASL_USERNAME is the property sasl.username: the names of
 * librdkafka have no underscores. */
static int read_property(struct config *config, const char *variable,
                         struct error *err)
{
    char name[NAME_SIZE];
    const char *key = variable + strlen(kafka_prefix);
    const char *value = strchr(variable, '=');
    size_t size = (size_t)(value - key);

    if (size == 0 || size >= sizeof(name))
        return 0;
    for (size_t i = 0; i < size; i++)
        name[i] = (char)(key[i] == '_' ? '.' : tolower((unsigned char)key[i]));
    name[size] = '\0';
    return set_property(config, name, value + 1, ORIGIN_ENVIRONMENT, err);
}

static bool is_variable_of(const struct config_key *keys, const char *name,
                           const char **nearest, size_t *best)
{
    for (; keys->name; keys++) {
        char known[NAME_SIZE];
        variable_of(keys->name, known, sizeof(known));
        size_t distance = config_name_distance(name, known);
        if (distance == 0)
            return true;
        if (distance < *best) {
            *best = distance;
            *nearest = keys->name;
        }
    }
    return false;
}

/* A variable that no command reads is most often a mistyped one. */
static void check_variable(struct config *config, const char *name)
{
    const char *nearest = NULL;
    char meant[NAME_SIZE];
    size_t best = DISTANCE_MAX + 1;

    for (size_t t = 0; t < config->table_count; t++)
        if (is_variable_of(config->tables[t].keys, name, &nearest, &best))
            return;
    for (size_t i = 0; config->others && config->others[i]; i++)
        if (is_variable_of(config->others[i], name, &nearest, &best))
            return;
    if (!nearest)
        return;
    variable_of(nearest, meant, sizeof(meant));
    notice(config, "no command reads %s: did you mean %s?", name, meant);
}

/* Variables that the project's own scripts and tests read. */
static bool is_of_our_scripts(const char *name)
{
    static const char *const names[] = {"PCTR_KAFKA",
                                        "PCTR_KAFKA_HOME",
                                        "PCTR_KAFKA_DATA",
                                        "PCTR_KAFKA_JVM",
                                        "PCTR_KAFKA_SESSION_MS",
                                        "PCTR_REGISTRY",
                                        "PCTR_REGISTRY_HOME",
                                        "PCTR_REGISTRY_DATA",
                                        "PCTR_DATA",
                                        "PCTR_SEED",
                                        "PCTR_FAULT",
                                        "PCTR_ROUND",
                                        "PCTR_PROGRAM",
                                        "PCTR_SOAK_MINUTES",
                                        "PCTR_SOAK_FILE"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

int config_read_environment(struct config *config, struct error *err)
{
    for (size_t t = 0; t < config->table_count; t++)
        if (read_variables(config, config->tables[t].keys, err) < 0)
            return -1;
    for (char **at = environ; *at; at++) {
        char name[NAME_SIZE];
        size_t size = strcspn(*at, "=");
        if (strncmp(*at, variable_prefix, strlen(variable_prefix)) != 0 ||
            (*at)[size] != '=' || size >= sizeof(name))
            continue;
        memcpy(name, *at, size);
        name[size] = '\0';
        if (is_of_our_scripts(name))
            continue;
        if (strncmp(name, kafka_prefix, strlen(kafka_prefix)) != 0)
            check_variable(config, name);
        else if (read_property(config, *at, err) < 0)
            return error_wrap(err, "environment %s", name);
    }
    return 0;
}

/* --- The end of the gathering ----------------------------------------- */

int config_prefix_topics(struct config *config, const char *prefix,
                         struct error *err)
{
    static const char usual[] = "pctr.";
    char topic[NAME_SIZE * 2];

    for (size_t t = 0; t < config->table_count; t++) {
        struct config_table *table = &config->tables[t];
        for (size_t i = 0; table->keys[i].name; i++) {
            const struct config_key *key = &table->keys[i];
            if (key->type != CONFIG_TOPIC ||
                table->origins[i] != ORIGIN_DEFAULT ||
                strncmp(key->fallback, usual, strlen(usual)) != 0)
                continue;
            snprintf(topic, sizeof(topic), "%s%s", prefix,
                     key->fallback + strlen(usual));
            if (config_take_value(key, topic, table->target, err) < 0)
                return -1;
        }
    }
    return 0;
}

int config_check(const struct config *config, struct error *err)
{
    for (size_t t = 0; t < config->table_count; t++) {
        const struct config_table *table = &config->tables[t];
        for (const struct config_key *key = table->keys; key->name; key++)
            if (key->type != CONFIG_ALIAS &&
                table->origins[key - table->keys] == ORIGIN_NONE)
                return error_set(err, ERROR_CONFIG, "%s must be given: %s",
                                 key->name, key->help);
    }
    return 0;
}

void config_dump(const struct config *config, FILE *out)
{
    static const char *const origins[] = {"missing", "default", "file",
                                          "environment", "command line"};

    for (size_t t = 0; t < config->table_count; t++) {
        const struct config_table *table = &config->tables[t];
        for (size_t i = 0; table->keys[i].name; i++) {
            char value[VALUE_SIZE];
            if (table->keys[i].type == CONFIG_ALIAS)
                continue;
            config_print_value(&table->keys[i], table->target, value,
                               sizeof(value));
            fprintf(out, "# %s\n%s=%s\n", origins[table->origins[i]],
                    table->keys[i].name, value);
        }
    }
    for (size_t i = 0; i < config->property_count; i++) {
        const struct config_property *property = &config->properties[i];
        fprintf(out, "# %s\nkafka.%s=%s\n", origins[property->origin],
                property->name,
                config_is_secret(property->name) ? "(masked)"
                                                 : property->value);
    }
}
