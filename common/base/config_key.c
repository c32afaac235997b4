#include "common/base/config_key.h"

#include "common/base/file.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { SECRET_FILE_MAX = 65536, NUMBER_SIZE = 48 };

/* A range that ends here or beyond ends nowhere, for people. */
static const double NO_LIMIT = 4294967295.0;

/* --- Units ------------------------------------------------------------ */

struct unit {
    const char *name; /* NULL ends a list */
    double factor;
};

static const struct unit byte_units[] = {
    {"KiB", 1024},          {"MiB", 1048576}, {"GiB", 1073741824},
    {"TiB", 1099511627776}, {NULL, 0},
};
static const struct unit ms_units[] = {
    {"ms", 1},     {"s", 1e3},     {"min", 60e3},
    {"h", 3600e3}, {"d", 86400e3}, {NULL, 0},
};

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), tail = strlen(end);

    return size >= tail && strcmp(name + size - tail, end) == 0;
}

/* NULL where the setting is no quantity of bytes or of time. */
static const struct unit *units_of(const struct config_key *key)
{
    if (ends_with(key->name, "_bytes"))
        return byte_units;
    return ends_with(key->name, "_ms") ? ms_units : NULL;
}

/* Writes 600000 of a ..._ms setting as "10 min"; a number that is no multiple
 * of a unit stays as it is. Returns whether a unit was found. */
static bool print_quantity(const struct config_key *key, double number,
                           char out[NUMBER_SIZE])
{
    const struct unit *best = NULL;

    for (const struct unit *unit = units_of(key); unit && unit->name; unit++)
        if (unit->factor > 1 && number >= unit->factor &&
            number / unit->factor < 1e6 &&
            (double)(uint64_t)(number / unit->factor) * unit->factor == number)
            best = unit;
    if (!best) {
        snprintf(out, NUMBER_SIZE, "%.15g", number);
        return false;
    }
    snprintf(out, NUMBER_SIZE, "%.15g %s", number / best->factor, best->name);
    return true;
}

/* --- From text to a value --------------------------------------------- */

static int check_range(const struct config_key *key, double number,
                       struct error *err)
{
    if (number >= key->min && number <= key->max)
        return 0;
    return error_set(err, ERROR_CONFIG, "%s: %.15g is outside %.15g..%.15g",
                     key->name, number, key->min, key->max);
}

static int parse_double(const struct config_key *key, const char *text,
                        void *field, struct error *err)
{
    char *end = NULL;
    errno = 0;
    double number = strtod(text, &end);

    if (errno || end == text || *end != '\0')
        return error_set(err, ERROR_CONFIG, "%s: '%s' is not a number",
                         key->name, text);
    if (check_range(key, number, err) < 0)
        return -1;
    memcpy(field, &number, sizeof(number));
    return 0;
}

/* What follows the digits: nothing, or a unit of the setting. */
static bool find_factor(const struct config_key *key, const char *text,
                        double *factor)
{
    if (!*text)
        return true;
    text += *text == ' ';
    for (const struct unit *unit = units_of(key); unit && unit->name; unit++) {
        if (strcmp(unit->name, text) == 0) {
            *factor = unit->factor;
            return true;
        }
    }
    return false;
}

static const char *unit_advice(const struct config_key *key)
{
    const struct unit *units = units_of(key);

    if (!units)
        return "";
    return units == byte_units ? ", as 1048576 or 1MiB" : ", as 60000 or 1min";
}

static int parse_whole(const struct config_key *key, const char *text,
                       void *field, struct error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    double factor = 1;

    if (errno || end == text || !isdigit((unsigned char)*text) ||
        !find_factor(key, end, &factor))
        return error_set(err, ERROR_CONFIG, "%s: '%s' is not a whole number%s",
                         key->name, text, unit_advice(key));
    if (check_range(key, (double)number * factor, err) < 0)
        return -1;
    number *= (unsigned long long)factor;
    if (key->type == CONFIG_U32) {
        uint32_t value = (uint32_t)number;
        memcpy(field, &value, sizeof(value));
    } else {
        uint64_t value = number;
        memcpy(field, &value, sizeof(value));
    }
    return 0;
}

static bool is_below(const char *path, const char *folder)
{
    size_t size = folder ? strlen(folder) : 0;

    return size > 0 && strncmp(path, folder, size) == 0 && path[size] == '/' &&
           !strstr(path + size, "/../");
}

/* Docker and systemd mount the secrets of a service into folders that only the
 * service sees, and choose the modes themselves. */
static bool is_mounted(const char *path)
{
    return is_below(path, "/run/secrets") ||
           is_below(path, getenv("CREDENTIALS_DIRECTORY"));
}

/* A group may read a secret: Kubernetes gives it to the pod's group. */
static int check_private(const char *name, const char *path, struct error *err)
{
    struct stat info;

    if (stat(path, &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0 &&
        !is_mounted(path))
        return error_set(err, ERROR_CONFIG,
                         "%s: every user can read '%s': chmod o-rw it", name,
                         path);
    return 0; /* a missing file is the reader's complaint */
}

/* What Kafka takes for a name. */
static int check_topic(const char *name, const char *text, struct error *err)
{
    size_t legal = strspn(text, "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    if (text[legal] == '\0' && strcmp(text, ".") != 0 &&
        strcmp(text, "..") != 0)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "%s: '%s' cannot be the name of a topic: it may have "
                     "letters, digits, '.', '_' and '-'",
                     name, text);
}

static int copy_text(const char *name, const char *text, char *out, size_t room,
                     struct error *err)
{
    size_t size = strlen(text) + 1;

    if (size > room)
        return error_set(err, ERROR_CONFIG, "%s: longer than %zu bytes", name,
                         room - 1);
    memcpy(out, text, size);
    return 0;
}

int config_take_secret(const char *name, const char *text, char *out,
                       size_t room, struct error *err)
{
    uint8_t *content = NULL;
    size_t size;

    if (strncmp(text, "file:", 5) != 0)
        return copy_text(name, text, out, room, err);
    if (check_private(name, text + 5, err) < 0 ||
        file_read(text + 5, SECRET_FILE_MAX, &content, &size, err) < 0)
        return -1;
    content[strcspn((char *)content, "\r\n")] = '\0';
    int status = copy_text(name, (char *)content, out, room, err);
    explicit_bzero(content, size);
    free(content);
    return status;
}

static int parse_bool(const struct config_key *key, const char *text,
                      void *field, struct error *err)
{
    static const char *const yes[] = {"true", "yes", "1", "on"};
    static const char *const no[] = {"false", "no", "0", "off"};

    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *(bool *)field = strcasecmp(text, yes[i]) == 0;
            return 0;
        }
    }
    return error_set(err, ERROR_CONFIG, "%s: '%s' is not true or false",
                     key->name, text);
}

static int parse_choice(const struct config_key *key, const char *text,
                        void *field, struct error *err)
{
    const char *word = key->words;

    for (int index = 0; *word; index++) {
        size_t size = strcspn(word, "|");
        if (strlen(text) == size && strncmp(text, word, size) == 0) {
            memcpy(field, &index, sizeof(index));
            return 0;
        }
        word += size + (word[size] == '|');
    }
    return error_set(err, ERROR_CONFIG, "%s: '%s' is not one of %s", key->name,
                     text, key->words);
}

int config_take_value(const struct config_key *key, const char *text,
                      void *target, struct error *err)
{
    void *field = (char *)target + key->offset;

    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_TOPIC:
        if (!*text && key->min > 0)
            return error_set(err, ERROR_CONFIG, "%s: must not be empty",
                             key->name);
        if (key->type == CONFIG_TOPIC && check_topic(key->name, text, err) < 0)
            return -1;
        return copy_text(key->name, text, field, key->size, err);
    case CONFIG_SECRET:
        return config_take_secret(key->name, text, field, key->size, err);
    case CONFIG_U32:
    case CONFIG_U64:
        return parse_whole(key, text, field, err);
    case CONFIG_F64:
        return parse_double(key, text, field, err);
    case CONFIG_BOOL:
        return parse_bool(key, text, field, err);
    case CONFIG_CHOICE:
        return parse_choice(key, text, field, err);
    case CONFIG_ALIAS:
        break;
    }
    return error_set(err, ERROR_CONFIG,
                     "%s: the setting has no value of its own", key->name);
}

/* --- From a value to text --------------------------------------------- */

bool config_is_secret(const char *name)
{
    static const char *const marks[] = {"password", "secret", ".pem",
                                        "jaas.config", "oauthbearer.config"};

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
    case CONFIG_TOPIC:
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
    case CONFIG_ALIAS:
        *out = '\0';
        break;
    }
}

void config_print_words(const struct config_key *key, FILE *out)
{
    for (const char *c = key->words; *c; c++)
        fputs(*c == '|' ? ", " : (char[]){*c, '\0'}, out);
}

static void print_default(const struct config_key *key, const char *quote,
                          FILE *out)
{
    char quantity[NUMBER_SIZE];

    fprintf(out, "%s%s%s", quote, key->fallback, quote);
    if (units_of(key) &&
        print_quantity(key, strtod(key->fallback, NULL), quantity))
        fprintf(out, " (%s)", quantity);
}

void config_print_default(const struct config_key *key, FILE *out)
{
    print_default(key, "", out);
}

static void describe_range(const struct config_key *key, FILE *out)
{
    char low[NUMBER_SIZE], high[NUMBER_SIZE];

    switch (key->type) {
    case CONFIG_U32:
    case CONFIG_U64:
    case CONFIG_F64:
        print_quantity(key, key->min, low);
        print_quantity(key, key->max, high);
        if (key->max >= NO_LIMIT)
            fprintf(out, "%s or more", low);
        else
            fprintf(out, "%s to %s", low, high);
        break;
    case CONFIG_BOOL:
        fputs("true, false", out);
        break;
    case CONFIG_CHOICE:
        config_print_words(key, out);
        break;
    case CONFIG_TEXT:
    case CONFIG_TOPIC:
        fprintf(out,
                key->min > 0 ? "text, 1 to %zu bytes"
                             : "text, at most %zu bytes",
                key->size - 1);
        break;
    case CONFIG_SECRET:
        fputs("secret, or `file:PATH`", out);
        break;
    case CONFIG_ALIAS:
        break;
    }
}

static const char *const titles[GROUP_COUNT] = {
    [GROUP_DATA] = "What is read and written",
    [GROUP_COLUMNS] = "Columns of the file",
    [GROUP_TOPICS] = "Topics",
    [GROUP_FIELDS] = "Fields of the events",
    [GROUP_MODEL] = "Model",
    [GROUP_LEARNING] = "Joining and learning",
    [GROUP_FOLDS] = "Folds",
    [GROUP_MEASURES] = "Measures",
    [GROUP_CLOCK] = "Times and labels",
    [GROUP_DELIVERY] = "Delivery",
    [GROUP_WORLD] = "Synthetic world",
    [GROUP_LIMITS] = "Limits",
    [GROUP_HTTP] = "HTTP",
    [GROUP_KAFKA] = "Kafka",
    [GROUP_PROCESS] = "Process",
    [GROUP_TESTS] = "For tests",
};

const char *config_group_title(unsigned group)
{
    return titles[group & ~(unsigned)RARE];
}

static void describe_key(const struct config_key *key, FILE *out)
{
    fprintf(out, "| `%s` | ", key->name);
    if (!key->fallback)
        fputs("must be given", out);
    else if (!*key->fallback)
        fputs("empty", out);
    else
        print_default(key, "`", out);
    fputs(" | ", out);
    describe_range(key, out);
    fprintf(out, " | %s |\n", key->help);
}

void config_describe(const struct config_key *keys, FILE *out)
{
    for (unsigned group = 0; group < GROUP_TESTS; group++) {
        bool titled = false;
        for (const struct config_key *key = keys; key->name; key++) {
            if ((key->group & ~(unsigned)RARE) != group ||
                key->type == CONFIG_ALIAS)
                continue;
            if (!titled)
                fprintf(out,
                        "\n### %s\n\n"
                        "| setting | default | values | meaning |\n"
                        "|---|---|---|---|\n",
                        titles[group]);
            titled = true;
            describe_key(key, out);
        }
    }
}

/* --- Names ------------------------------------------------------------ */

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
