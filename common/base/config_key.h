/*
 * config_key.h - one setting, described once.
 *
 * A table of keys parses the text of a setting, checks its range, prints its
 * value, and is the source of --help and docs/configuration.md. A default is
 * text and takes the user's path, so every default is checked by its own
 * range.
 *
 * A setting whose name ends in _bytes takes "64MiB" (KiB, MiB, GiB, TiB) beside
 * a plain number, and one that ends in _ms takes "10min" (ms, s, min, h, d).
 */
#ifndef COMMON_CONFIG_KEY_H
#define COMMON_CONFIG_KEY_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum config_type {
    CONFIG_TEXT,   /* char[size], terminated */
    CONFIG_TOPIC,  /* text; topics.prefix replaces "pctr." of its default */
    CONFIG_SECRET, /* char[size]; "file:PATH" is replaced by the file's first
                      line; never printed */
    CONFIG_U32,    /* uint32_t */
    CONFIG_U64,    /* uint64_t; up to 2^53 in min and max */
    CONFIG_F64,    /* double */
    CONFIG_BOOL,   /* bool; true/false/yes/no/1/0 */
    CONFIG_CHOICE, /* int: the index of the word in `words` */
    CONFIG_ALIAS,  /* a name from before: `fallback` is the present name */
};

/* The headings of help and of docs/configuration.md, in their order. */
enum config_group {
    GROUP_DATA,
    GROUP_COLUMNS,
    GROUP_TOPICS,
    GROUP_FIELDS,
    GROUP_MODEL,
    GROUP_LEARNING,
    GROUP_FOLDS,
    GROUP_MEASURES,
    GROUP_CLOCK,
    GROUP_DELIVERY,
    GROUP_WORLD,
    GROUP_LIMITS,
    GROUP_HTTP,
    GROUP_KAFKA,
    GROUP_PROCESS,
    GROUP_TESTS, /* the last one */
    GROUP_COUNT,
    /* A flag beside the group: --help leaves the setting to --help-all. */
    RARE = 64,
};

struct config_key {
    unsigned group;   /* enum config_group, and RARE where few people need it */
    const char *name; /* "batch.max_events"; NULL ends a table */
    enum config_type type;
    size_t offset;        /* of the field in the command's struct */
    size_t size;          /* of the field, in bytes */
    const char *fallback; /* default, as text; NULL: a value must be given */
    double min, max;      /* inclusive; min 1 means a text must not be empty */
    const char *words;    /* CHOICE: "exactly-once|at-least-once" */
    const char *help;     /* one line */
};

/* clang-format off */
/* The last row of a table. */
#define CONFIG_END {0, NULL, CONFIG_TEXT, 0, 0, NULL, 0, 0, NULL, NULL}
/* A row for a name from before. Its values were in units of `factor` of the
 * present name's. */
#define CONFIG_WAS_IN(old, present, factor) \
    {0, old, CONFIG_ALIAS, 0, 0, present, 0, factor, NULL, NULL}
#define CONFIG_WAS(old, present) CONFIG_WAS_IN(old, present, 1)
/* clang-format on */

/* Puts the value of a text into the target's field. On failure
 * (ERROR_CONFIG; ERROR_INPUT for the file of a secret) the field is
 * untouched. */
int config_take_value(const struct config_key *key, const char *text,
                      void *target, struct error *err) MUST_CHECK;

/* Copies a secret, or the first line of the file that "file:PATH" names. Other
 * users must not be able to read that file, unless it stands where the machine
 * puts the secrets of a service: below /run/secrets or $CREDENTIALS_DIRECTORY.
 * `name` is for the complaint. */
int config_take_secret(const char *name, const char *text, char *out,
                       size_t room, struct error *err) MUST_CHECK;

/* Whether this is the name of a value that must not be shown. */
bool config_is_secret(const char *name);

/* Writes the text form that config_take_value() takes; secrets are masked. */
void config_print_value(const struct config_key *key, const void *target,
                        char *out, size_t size);

/* Writes the words of a CHOICE: "fast, slow, slower". */
void config_print_words(const struct config_key *key, FILE *out);

/* Writes the default as people write it: "33554432 (32 MiB)". */
void config_print_default(const struct config_key *key, FILE *out);

/* The heading of a group: "What is read and written". */
const char *config_group_title(unsigned group);

/* Writes the Markdown tables of docs/configuration.md, one for each group; a
 * release has no settings for tests. */
void config_describe(const struct config_key *keys, FILE *out);

/* How many letters have to change to turn one name into the other. */
size_t config_name_distance(const char *a, const char *b);

#endif
