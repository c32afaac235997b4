/*
 * main.c - the table of commands.
 */
#include "cli/command.h"
#include "cli/describe.h"
#include "cli/versions.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

extern const struct command cat_command;
extern const struct command cv_command;
extern const struct command demo_command;
extern const struct command feed_command;
extern const struct command fit_command;
extern const struct command predict_command;
extern const struct command replay_command;
extern const struct command redrive_command;
extern const struct command score_command;
extern const struct command similar_command;
extern const struct command snapshot_command;
extern const struct command top_command;
extern const struct command topics_command;
extern const struct command train_command;
extern const struct command tune_command;
extern const struct command verify_command;

/* clang-format off */
const struct command *const commands[] = {
    &demo_command,
    &feed_command,
    &score_command,
    &train_command,
    &replay_command,
    &snapshot_command,
    &cat_command,
    &verify_command,
    &redrive_command,
    &topics_command,
    &fit_command,
    &predict_command,
    &top_command,
    &similar_command,
    &cv_command,
    &tune_command,
    NULL,
};
/* clang-format on */

static void print_commands(FILE *out)
{
    fputs("pctr predicts click-through rates on a stream of ad impressions.\n"
          "\n"
          "Usage: pctr COMMAND [OPTION...] [ARGUMENT...]\n"
          "\n",
          out);
    for (size_t i = 0; commands[i]; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n"
          "`pctr COMMAND --help` explains one. First look: pctr demo\n",
          out);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";

    signal(SIGXFSZ,
           SIG_IGN); /* beyond `ulimit -f` a write fails, and is told */

    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        print_commands(stdout);
        return argc > 1 ? 0 : 2;
    }
    if (strcmp(name, "--version") == 0) {
        versions_print(stdout);
        return 0;
    }
    if (strcmp(name, "--describe-config") == 0) { /* for docs/ */
        describe_config(stdout);
        return 0;
    }
    if (strcmp(name, "--describe-metrics") == 0) {
        describe_metrics(stdout);
        return 0;
    }
    if (strcmp(name, "--describe-events") == 0) {
        describe_events(stdout);
        return 0;
    }
    if (strcmp(name, "--describe-schema") == 0)
        return describe_schema(argc > 2 ? argv[2] : "", stdout) ? 0 : 2;
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return command_run(commands[i], argc - 1, argv + 1);

    fprintf(stderr, "pctr: no such command: '%s'\n\n", name);
    print_commands(stderr);
    return 2;
}
