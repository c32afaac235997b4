/*
 * help.h - what `pctr COMMAND --help` prints.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

#include <stdio.h>

/* Purpose, examples, and the settings that people need often, by groups. */
void help_print(const struct command *command, FILE *out);

/* All settings, and the paragraphs about what the command does. */
void help_print_all(const struct command *command, FILE *out);

#endif
