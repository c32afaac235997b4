/*
 * config.h - settings, described once.
 *
 * A command has one table of struct config_key. It parses the command line,
 * the environment and files, gives defaults, checks ranges, and prints --help,
 * --dump-config and docs/configuration.md. A default is text and takes the
 * user's path, so every default is checked by its own range.
 *
 * Precedence: command line, then environment (PCTR_ + the name in capitals,
 * dots as underscores), then file, then default.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum config_type {
    CONFIG_TEXT,   /* char[size], terminated */
    CONFIG_SECRET, /* char[size]; "file:PATH" is replaced by the file's first
                      line; never printed */
    CONFIG_U32,    /* uint32_t */
    CONFIG_U64,    /* uint64_t; up to 2^53 in min and max */
    CONFIG_F64,    /* double */
    CONFIG_BOOL,   /* bool; true/false/yes/no/1/0 */
    CONFIG_CHOICE, /* int: the index of the word in `words` */
};

enum config_origin {
    ORIGIN_NONE, /* no value yet */
    ORIGIN_DEFAULT,
    ORIGIN_FILE,
    ORIGIN_ENVIRONMENT,
    ORIGIN_COMMAND_LINE,
};

struct config_key {
    const char *name; /* "batch.max_events"; NULL ends a table */
    enum config_type type;
    size_t offset;        /* of the field in the command's struct */
    size_t size;          /* of the field, in bytes */
    const char *fallback; /* default, as text; NULL when a value must be given
                           */
    double min, max;      /* inclusive; of a text min 1 forbids none at all */
    const char *words;    /* CHOICE: "exactly-once|at-least-once" */
    const char *help;     /* one line, with the unit */
};

enum { CONFIG_KEYS_MAX = 96, CONFIG_PROPERTIES_MAX = 64 };

/* Passed through to librdkafka as they are: -X key=value, or the same in a
 * file with "kafka." in front. */
struct config_property {
    char name[96], value[512];
};

/* A command's settings while they are being gathered. `target` is the
 * command's own struct; it must be zeroed and outlive the gathering. */
struct config {
    const struct config_key *keys;
    void *target;
    enum config_origin origins[CONFIG_KEYS_MAX];
    struct config_property properties[CONFIG_PROPERTIES_MAX];
    size_t property_count;
};

/* Applies all defaults. */
int config_start(struct config *config, const struct config_key *keys,
                 void *target, struct error *err) MUST_CHECK;

/* Sets one value. A weaker origin never overwrites a stronger one. An unknown
 * name is answered with the nearest known one. On failure the field is
 * untouched. */
int config_set(struct config *config, const char *name, const char *value,
               enum config_origin origin, struct error *err) MUST_CHECK;

/* "key=value" for librdkafka. */
int config_set_property(struct config *config, const char *assignment,
                        struct error *err) MUST_CHECK;

/* key = value lines, # comments, blanks around = allowed. Complaints carry
 * file and line. */
int config_read_file(struct config *config, const char *path,
                     struct error *err) MUST_CHECK;
int config_read(struct config *config, FILE *in, const char *name,
                struct error *err) MUST_CHECK;

int config_read_environment(struct config *config,
                            struct error *err) MUST_CHECK;

/* Every key without a default has been given? */
int config_check(const struct config *config, struct error *err) MUST_CHECK;

/* key=value  # origin, one a line, secrets masked: a file that -F reads. */
void config_dump(const struct config *config, FILE *out);

/* The same text form that config_set() takes; secrets masked. */
void config_print_value(const struct config_key *key, const void *target,
                        char *out, size_t size);

/* The Markdown table of docs/configuration.md. */
void config_describe(const struct config_key *keys, FILE *out);

/* Is this the name of something that must not be shown? */
bool config_is_secret(const char *name);

/* The words of a CHOICE: "fast, slow, slower". */
void config_print_words(const struct config_key *key, FILE *out);

/* How many letters have to change: for "did you mean". */
size_t config_name_distance(const char *a, const char *b);

/* Puts a value into the target's field: what config_set() does with one. */
int config_take_value(const struct config_key *key, const char *text,
                      void *target, struct error *err) MUST_CHECK;

/* Copies a secret, or the first line of the file that "file:PATH" names, which
 * nobody else may be able to read. `name` is for the complaint. */
int config_take_secret(const char *name, const char *text, char *out,
                       size_t room, struct error *err) MUST_CHECK;

#endif
