#include "cli/help.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, COLUMN = 30, OPTION_SIZE = 128, WORDS_SHOWN_MAX = 40 };

/* The options that are no settings; -X and -F are repeated. */
struct plain_option {
    const char *option, *help;
};

static const struct plain_option kafka_options[] = {
    {"  -X KEY=VALUE",
     "set a property of librdkafka; consumer., producer. or admin. in front of "
     "KEY limits it to one kind of client"},
    {"      --online",
     "with --check-config: ask the broker for what the command "
     "needs: topics, rights, sizes, copies, transactions, "
     "the model; nothing is written"},
    {NULL, NULL},
};

static const struct plain_option general_options[] = {
    {"  -F FILE", "read settings from a file of lines name = value"},
    {"      --check-config", "check all settings and exit with 0 or 78"},
    {"      --dump-config",
     "print all settings with their origins, secrets masked, and exit"},
    {"      --help-all", "show all settings and what the command does"},
    {NULL, NULL},
};

/* --- Lines ------------------------------------------------------------ */

/* Prints words, broken at WIDTH and indented; `at` is where the line is. */
static void print_wrapped(const char *text, size_t at, size_t indent, FILE *out)
{
    bool is_first = true;

    while (*text) {
        size_t size = strcspn(text, " ");
        if (!is_first && at + 1 + size > WIDTH - 1) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!is_first) {
            fputc(' ', out);
            at++;
        }
        fwrite(text, 1, size, out);
        at += size;
        text += size;
        text += strspn(text, " ");
        is_first = false;
    }
    fputc('\n', out);
}

static void print_option(const char *option, const char *help, FILE *out)
{
    size_t size = strlen(option);

    fputs(option, out);
    if (size + 2 > COLUMN)
        fprintf(out, "\n%*s", COLUMN, "");
    else
        fprintf(out, "%*s", (int)(COLUMN - size), "");
    print_wrapped(help, COLUMN, COLUMN, out);
}

/* Paragraphs are wrapped; a line that begins with a blank stays as it is. */
static void print_paragraphs(const char *text, FILE *out)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        char *line = strndup(text, size);
        if (line && *line && *line != ' ')
            print_wrapped(line, 0, 0, out);
        else
            fprintf(out, "%.*s\n", (int)size, text);
        free(line);
        text += size + (text[size] == '\n');
    }
}

/* --- Settings --------------------------------------------------------- */

static int letter_of(const struct command *command, const char *setting)
{
    const struct command_letter *known = command->letters;

    if (strcmp(setting, "brokers") == 0)
        return 'b';
    while (known && known->letter && strcmp(known->setting, setting) != 0)
        known++;
    return known ? known->letter : 0;
}

static bool has_few_words(const struct config_key *key)
{
    return key->type == CONFIG_CHOICE && strlen(key->words) < WORDS_SHOWN_MAX;
}

static const char *argument_of(const struct config_key *key)
{
    size_t size = strlen(key->name);

    switch (key->type) {
    case CONFIG_U32:
    case CONFIG_U64:
        if (size > 3 && strcmp(key->name + size - 3, "_ms") == 0)
            return "MS";
        if (size > 6 && strcmp(key->name + size - 6, "_bytes") == 0)
            return "BYTES";
        return "N";
    case CONFIG_F64:
        return "X";
    case CONFIG_CHOICE:
        return has_few_words(key) ? key->words : "WORD";
    case CONFIG_TOPIC:
        return "TOPIC";
    default:
        return "TEXT";
    }
}

/* Returns the help of a key, with its words where the option does not name
 * them, and with its default. The caller frees it; NULL without memory. */
static char *text_of(const struct config_key *key)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (!to)
        return NULL;
    fputs(key->help, to);
    if (key->type == CONFIG_CHOICE && !has_few_words(key)) {
        fputs(": ", to);
        config_print_words(key, to);
    }
    if (!key->fallback) {
        fputs(" (must be given)", to);
    } else if (*key->fallback && key->type != CONFIG_BOOL) {
        fputs(" (default ", to);
        config_print_default(key, to);
        fputs(")", to);
    } else if (strcmp(key->fallback, "true") == 0) {
        fputs(" (default true; =false turns it off)", to);
    }
    if (fclose(to) == 0)
        return text;
    free(text);
    return NULL;
}

static void print_key(const struct command *command,
                      const struct config_key *key, FILE *out)
{
    char option[OPTION_SIZE], letter[8] = "    ";
    char *text = text_of(key);

    if (letter_of(command, key->name))
        snprintf(letter, sizeof(letter), "-%c, ",
                 letter_of(command, key->name));
    bool is_switch = key->type == CONFIG_BOOL;
    snprintf(option, sizeof(option), "  %s--%s%s%s", letter, key->name,
             is_switch ? "" : "=", is_switch ? "" : argument_of(key));
    print_option(option, text ? text : key->help, out);
    free(text);
}

/* HELP_ALL has the RARE settings too. */
enum help_extent { HELP_USUAL, HELP_ALL };

/* The tables of a command, its own first. */
struct tables {
    const struct config_key *keys[4]; /* ends with NULL */
    enum help_extent extent;
};

static struct tables tables_of(const struct command *command,
                               enum help_extent extent)
{
    struct tables tables = {.keys = {command->keys}, .extent = extent};
    size_t count = 1;

    if (command->kafka == KAFKA_ALWAYS ||
        (command->kafka == KAFKA_SOMETIMES && extent == HELP_ALL))
        tables.keys[count++] = command_kafka_keys;
    tables.keys[count] = command_general_keys;
    return tables;
}

static size_t print_group(const struct command *command,
                          const struct tables *tables, unsigned group,
                          FILE *out)
{
    size_t left_out = 0;
    bool titled = false;

    for (size_t t = 0; tables->keys[t]; t++) {
        for (const struct config_key *key = tables->keys[t]; key->name; key++) {
            if ((key->group & ~(unsigned)RARE) != group ||
                key->type == CONFIG_ALIAS)
                continue;
            if ((key->group & RARE) && tables->extent == HELP_USUAL) {
                left_out++;
                continue;
            }
            if (!titled)
                fprintf(out, "\n%s:\n", config_group_title(group));
            titled = true;
            print_key(command, key, out);
        }
    }
    const struct plain_option *plain =
        group == GROUP_KAFKA && tables->keys[1] == command_kafka_keys
            ? kafka_options
            : NULL;
    for (; plain && plain->option; plain++)
        print_option(plain->option, plain->help, out);
    return left_out;
}

static size_t print(const struct command *command, enum help_extent extent,
                    FILE *out)
{
    struct tables tables = tables_of(command, extent);
    size_t left_out = 0;

    fprintf(out, "Usage: pctr %s [OPTION...]%s%s\n\n", command->name,
            command->arguments ? " " : "",
            command->arguments ? command->arguments : "");
    fprintf(out, "%c%s.\n", toupper((unsigned char)*command->summary),
            command->summary + 1);
    if (command->examples) {
        fputc('\n', out);
        print_paragraphs(command->examples, out);
    }
    for (unsigned group = 0; group < GROUP_COUNT; group++)
        left_out += print_group(command, &tables, group, out);
    fputs("\nAll commands:\n", out);
    for (const struct plain_option *o = general_options; o->option; o++)
        print_option(o->option, o->help, out);
    return left_out;
}

void help_print(const struct command *command, FILE *out)
{
    size_t left_out = print(command, HELP_USUAL, out);

    fputc('\n', out);
    if (left_out > 0)
        fprintf(out, "`pctr %s --help-all` shows %zu more settings.\n",
                command->name, left_out);
}

void help_print_all(const struct command *command, FILE *out)
{
    print(command, HELP_ALL, out);
    if (command->help) {
        fputc('\n', out);
        print_paragraphs(command->help, out);
    }
}
