/*
 * command.h - what a command of pctr is, and how its settings are gathered.
 *
 * A command is one file: a settings struct, its table, and run(). main.c has
 * the table of commands. Common options (-b, -X, -F, --dump-config,
 * --check-config, --log.level, --help, --version) are handled here with argp;
 * every setting is also a long option of the same name.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "common/base/config.h"
#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include <stddef.h>

enum { COMMAND_ARGUMENTS_MAX = 64 };

/* What run() gets besides its own settings. */
struct invocation {
    const struct config *config;
    struct kafka_settings kafka; /* from -b, -X and the files */
    const char *arguments[COMMAND_ARGUMENTS_MAX]; /* what is not an option */
    size_t argument_count;
};

/* A setting that is also an option of one letter. */
struct command_letter {
    char letter; /* 0 ends a list */
    const char *setting;
};

struct command {
    const char *name;              /* "score" */
    const char *summary;           /* one line for `pctr --help` */
    const char *arguments;         /* "[FILE]"; NULL: takes none */
    const char *help;              /* paragraphs: what it does, examples */
    const struct config_key *keys; /* its settings */
    const struct command_letter *letters; /* NULL: none */
    size_t settings_size;                 /* of its settings struct */
    bool needs_kafka;                     /* -b must be given */
    /* Returns the process's exit status; on -1, `err` decides it. */
    int (*run)(const struct invocation *with, void *settings,
               struct error *err);
};

/* One entry per command, NULL-terminated, in the order help shows them. */
extern const struct command *const commands[];

/* Gathers the settings of one command and runs it; returns the exit status.
 * argv[0] is the command's name. */
int command_run(const struct command *command, int argc, char **argv);

#endif
