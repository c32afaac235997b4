/*
 * command.h - a command of pctr, and how its settings are gathered.
 *
 * A command is one file: a settings struct, its table, and run(). main.c has
 * the table of commands. Every setting is a long option of its own name; the
 * options that all commands share (-b, -X, -F, --log.level, --dump-config,
 * --check-config, --help, --help-all) are here.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "common/base/config.h"
#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include <stddef.h>

enum { COMMAND_ARGUMENTS_MAX = 64 };

struct online_check;

/* What run() gets besides its own settings. */
struct invocation {
    const struct config *config;
    struct kafka_settings kafka; /* from -b, -X, environment and files */
    const char *arguments[COMMAND_ARGUMENTS_MAX]; /* what is no option */
    size_t argument_count;
};

/* A setting that is also an option of one letter. */
struct command_letter {
    char letter; /* 0 ends a list */
    const char *setting;
};

/* A command that never meets a broker offers no settings of Kafka. */
enum command_kafka { KAFKA_NEVER, KAFKA_SOMETIMES, KAFKA_ALWAYS };

struct command {
    const char *name;              /* "score" */
    const char *summary;           /* its purpose, in one line */
    const char *arguments;         /* "[FILE]"; NULL: takes none */
    const char *examples;          /* stand before the settings in --help */
    const char *help;              /* paragraphs behind them in --help-all */
    const struct config_key *keys; /* its settings */
    const struct command_letter *letters; /* NULL: none */
    size_t settings_size;                 /* of its settings struct */
    enum command_kafka kafka;             /* whether -b must be given */
    /* Do the settings fit each other? ERROR_CONFIG says which do not. NULL:
     * each is checked by itself only. Before run(), and for --check-config. */
    int (*check)(const void *settings, struct error *err);
    /* What --check-config --online asks the broker (cli/online). NULL: for
     * each topic that a setting names. */
    void (*ask)(const void *settings, struct online_check *check);
    /* Returns the process's exit status; on -1, `err` decides it. */
    int (*run)(const struct invocation *with, void *settings,
               struct error *err);
};

/* One entry per command, NULL-terminated, in the order help shows them. */
extern const struct command *const commands[];

/* Settings of every command, and of those that meet a broker. */
extern const struct config_key command_general_keys[];
extern const struct config_key command_kafka_keys[];

/* Gathers the settings of one command and runs it; returns the exit status.
 * argv[0] is the command's name. */
int command_run(const struct command *command, int argc, char **argv);

#endif
