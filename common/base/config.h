/*
 * config.h - the settings of one run, gathered from where they are given.
 *
 * Precedence: command line, then environment (PCTR_ + the name in capitals,
 * dots as underscores), then files, then defaults. It holds for the properties
 * of librdkafka too: -X, then PCTR_KAFKA_..., then kafka.... in files.
 *
 * One file and one environment serve all commands: settings of other commands
 * are accepted there and left alone, and only what no command knows is a
 * mistake. A mistake in a file is an error; in the environment, where
 * Kubernetes puts variables of its own, it is a notice.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "common/base/config_key.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum config_origin {
    ORIGIN_NONE, /* no value yet */
    ORIGIN_DEFAULT,
    ORIGIN_FILE,
    ORIGIN_ENVIRONMENT,
    ORIGIN_COMMAND_LINE,
};

enum {
    CONFIG_KEYS_MAX = 96,
    CONFIG_TABLES_MAX = 3,
    CONFIG_PROPERTIES_MAX = 64,
    CONFIG_NOTICES_MAX = 16,
    CONFIG_NOTICE_SIZE = 256,
};

/* Passed through to librdkafka as they are. */
struct config_property {
    char name[96], value[512];
    enum config_origin origin;
};

/* A table and the struct that its values go into, which must be zeroed and
 * outlive the gathering. */
struct config_table {
    const struct config_key *keys;
    void *target;
    enum config_origin origins[CONFIG_KEYS_MAX];
};

struct config {
    struct config_table tables[CONFIG_TABLES_MAX];
    size_t table_count;
    /* Tables of other commands, whose settings files and environment may hold;
     * ends with NULL; NULL: there are none. */
    const struct config_key *const *others;
    struct config_property properties[CONFIG_PROPERTIES_MAX];
    size_t property_count;
    /* What a person should know and what ends nothing: old names, variables
     * that nobody reads. For the log, once its level is known. */
    char notices[CONFIG_NOTICES_MAX][CONFIG_NOTICE_SIZE];
    size_t notice_count;
};

/* Begins with one table and applies its defaults. */
int config_start(struct config *config, const struct config_key *keys,
                 void *target, struct error *err) MUST_CHECK;

/* One more table, with its defaults. */
int config_add(struct config *config, const struct config_key *keys,
               void *target, struct error *err) MUST_CHECK;

/* The row of a name, or of the present name where the name is an old one; NULL
 * where no table of the run has it. */
const struct config_key *config_find(const struct config *config,
                                     const char *name);

/* Where the value of a setting comes from. */
enum config_origin config_origin_of(const struct config *config,
                                    const char *name);

/* Sets one value. A weaker origin never overwrites a stronger one. An old name
 * sets the present one and leaves a notice. An unknown name is answered with
 * the nearest one of the run. On failure (ERROR_CONFIG) the field is
 * untouched. A secret of the command line must be "file:PATH": everybody on
 * the machine sees command lines. */
int config_set(struct config *config, const char *name, const char *value,
               enum config_origin origin, struct error *err) MUST_CHECK;

/* "key=value" for librdkafka; the same rules as for settings. */
int config_set_property(struct config *config, const char *assignment,
                        enum config_origin origin,
                        struct error *err) MUST_CHECK;

/* Forgets a property. */
void config_drop_property(struct config *config, const char *name);

/* key = value lines, # comments, blanks around = allowed. Complaints carry
 * file and line. A file with a secret in it must not be readable for every
 * user. */
int config_read_file(struct config *config, const char *path,
                     struct error *err) MUST_CHECK;
int config_read(struct config *config, FILE *in, const char *name,
                struct error *err) MUST_CHECK;

int config_read_environment(struct config *config,
                            struct error *err) MUST_CHECK;

/* Puts the prefix in place of "pctr." in the names of topics that nobody
 * gave. */
int config_prefix_topics(struct config *config, const char *prefix,
                         struct error *err) MUST_CHECK;

/* Whether every key without a default was given: else ERROR_CONFIG. */
int config_check(const struct config *config, struct error *err) MUST_CHECK;

/* key=value below a line "# origin", secrets masked: a file that -F reads. */
void config_dump(const struct config *config, FILE *out);

#endif
