/*
 * config_value.c - the text of one setting becomes its value.
 */
#include "common/base/config.h"

#include "common/base/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { SECRET_FILE_MAX = 65536 };

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

static int parse_whole(const struct config_key *key, const char *text,
                       void *field, struct error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);

    if (errno || end == text || *end != '\0' || !isdigit((unsigned char)*text))
        return error_set(err, ERROR_CONFIG, "%s: '%s' is not a whole number",
                         key->name, text);
    if (check_range(key, (double)number, err) < 0)
        return -1;
    if (key->type == CONFIG_U32) {
        uint32_t value = (uint32_t)number;
        memcpy(field, &value, sizeof(value));
    } else {
        uint64_t value = number;
        memcpy(field, &value, sizeof(value));
    }
    return 0;
}

/* A secret in a file that others can read is no secret. */
static int check_private(const char *name, const char *path, struct error *err)
{
    struct stat info;

    if (stat(path, &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return error_set(err, ERROR_CONFIG,
                         "%s: '%s' can be read by others: chmod 600 it", name,
                         path);
    return 0; /* a missing file is the reader's complaint */
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
        if (!*text && key->min > 0)
            return error_set(err, ERROR_CONFIG, "%s: must not be empty",
                             key->name);
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
    }
    return error_set(err, ERROR_CONFIG, "%s: no such type", key->name);
}
