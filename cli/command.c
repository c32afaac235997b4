#include "cli/command.h"

#include "common/base/log.h"
#include "common/base/version.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Keys of options without a letter; settings follow from OPTION_SETTING on. */
enum {
    OPTION_DUMP = 256,
    OPTION_CHECK,
    OPTION_DESCRIBE,
    OPTION_LOG_LEVEL,
    OPTION_SETTING,
};

enum { FILES_MAX = 8, WORDS_SHOWN_MAX = 48, DOC_SIZE = 512 };

struct parsing {
    const struct command *command;
    struct config config;
    struct invocation with;
    const char *files[FILES_MAX]; /* -F, in order */
    size_t file_count;
    bool dump, check, describe;
    struct error err;
};

static const struct argp_option common_options[] = {
    {"bootstrap-server", 'b', "HOST:PORT", 0, "Kafka brokers, comma separated",
     1},
    {"command-property", 'X', "KEY=VALUE", 0,
     "property for librdkafka; consumer., producer. or admin. in front limits "
     "it",
     1},
    {"command-config", 'F', "FILE", 0,
     "read settings from a file of key = value lines", 1},
    {"log.level", OPTION_LOG_LEVEL, "LEVEL", 0,
     "error, warn, info (default) or debug", 1},
    {"dump-config", OPTION_DUMP, NULL, 0,
     "print all settings with their origin, secrets masked, and exit", 1},
    {"check-config", OPTION_CHECK, NULL, 0,
     "check all settings and exit with 0 or 78", 1},
    {"describe-config", OPTION_DESCRIBE, NULL, OPTION_HIDDEN, NULL, 1},
};

static int set_log_level(const char *text, struct error *err)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    for (int level = LOG_ERROR; level <= (int)LOG_DEBUG; level++) {
        if (strcmp(text, names[level]) == 0) {
            log_set_level((enum log_level)level);
            return 0;
        }
    }
    return error_set(err, ERROR_CONFIG,
                     "log.level: '%s' is not one of error|warn|info|debug",
                     text);
}

static int set_brokers(struct kafka_settings *kafka, const char *text,
                       struct error *err)
{
    if (strlen(text) >= sizeof(kafka->brokers))
        return error_set(err, ERROR_CONFIG, "-b: too long");
    strcpy(kafka->brokers, text);
    return 0;
}

static int take_argument(struct parsing *p, const char *text)
{
    if (!p->command->arguments)
        return error_set(&p->err, ERROR_USAGE,
                         "'%s': this command takes no arguments", text);
    if (p->with.argument_count == COMMAND_ARGUMENTS_MAX)
        return error_set(&p->err, ERROR_USAGE, "more than %d arguments",
                         COMMAND_ARGUMENTS_MAX);
    p->with.arguments[p->with.argument_count++] = text;
    return 0;
}

static int take_file(struct parsing *p, const char *path)
{
    if (p->file_count == FILES_MAX)
        return error_set(&p->err, ERROR_USAGE, "more than %d -F files",
                         FILES_MAX);
    p->files[p->file_count++] = path;
    return 0;
}

static int take_setting(struct parsing *p, const char *name, const char *text)
{
    return config_set(&p->config, name, text ? text : "true",
                      ORIGIN_COMMAND_LINE, &p->err);
}

/* NULL where the letter is none of the command's. */
static const char *setting_of(const struct command *command, int letter)
{
    const struct command_letter *known = command->letters;

    while (known && known->letter && known->letter != letter)
        known++;
    return known && known->letter ? known->setting : NULL;
}

static int take_option(struct parsing *p, int key, char *text)
{
    switch (key) {
    case 'b':
        return set_brokers(&p->with.kafka, text, &p->err);
    case 'X':
        return config_set_property(&p->config, text, &p->err);
    case 'F':
        return take_file(p, text);
    case OPTION_LOG_LEVEL:
        return set_log_level(text, &p->err);
    case OPTION_DUMP:
        p->dump = true;
        return 0;
    case OPTION_CHECK:
        p->check = true;
        return 0;
    case OPTION_DESCRIBE:
        p->describe = true;
        return 0;
    default:
        return take_setting(p, p->command->keys[key - OPTION_SETTING].name,
                            text);
    }
}

/* argp's one callback: the only void pointer of the command line. */
static error_t on_option(int key, char *text, struct argp_state *state)
{
    struct parsing *p = state->input;

    if (p->err.code)
        return 0; /* the first mistake is the one that is told */
    if (key == ARGP_KEY_ARG)
        take_argument(p, text);
    else if (key == 'b' || key == 'X' || key == 'F' ||
             (key >= OPTION_DUMP &&
              key < OPTION_SETTING + (int)CONFIG_KEYS_MAX))
        take_option(p, key, text);
    else if (setting_of(p->command, key))
        take_setting(p, setting_of(p->command, key), text);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static size_t key_count(const struct config_key *keys)
{
    size_t count = 0;

    while (keys[count].name)
        count++;
    return count;
}

static int letter_of(const struct command *command, const char *setting)
{
    const struct command_letter *known = command->letters;

    while (known && known->letter && strcmp(known->setting, setting) != 0)
        known++;
    return known ? known->letter : 0;
}

/* Words that would not leave their column go into the text. */
static bool is_wordy(const struct config_key *key)
{
    return key->type == CONFIG_CHOICE && strlen(key->words) > WORDS_SHOWN_MAX;
}

static const char *argument_of(const struct config_key *key)
{
    static const char *const arguments[] = {
        [CONFIG_TEXT] = "TEXT", [CONFIG_SECRET] = "SECRET",
        [CONFIG_U32] = "N",     [CONFIG_U64] = "N",
        [CONFIG_F64] = "X",     [CONFIG_BOOL] = "true|false",
        [CONFIG_CHOICE] = NULL,
    };

    if (key->type != CONFIG_CHOICE)
        return arguments[key->type];
    return is_wordy(key) ? "WORD" : key->words;
}

/* What the table says of a setting, long words and the default included. */
static void print_doc(const struct config_key *key, char *out, size_t size)
{
    FILE *to = fmemopen(out, size, "w");

    if (!to)
        return; /* out of memory: help without texts */
    fputs(key->help, to);
    if (is_wordy(key)) {
        fputs(": ", to);
        config_print_words(key, to);
    }
    if (!key->fallback)
        fputs(" (must be given)", to);
    else if (*key->fallback)
        fprintf(to, " (default %s)", key->fallback);
    fclose(to);
}

/* Common options, then one per setting, then the end mark; their texts are
 * behind them, in the same piece of memory. */
static struct argp_option *make_options(const struct command *command)
{
    const struct config_key *keys = command->keys;
    size_t common = sizeof(common_options) / sizeof(common_options[0]);
    size_t count = key_count(keys), all = common + count + 1;
    struct argp_option *options =
        calloc(1, all * sizeof(*options) + count * DOC_SIZE);

    if (!options)
        return NULL;
    char *docs = (char *)(options + all);
    memcpy(options, common_options, sizeof(common_options));
    for (size_t i = 0; i < count; i++) {
        int letter = letter_of(command, keys[i].name);
        print_doc(&keys[i], docs + i * DOC_SIZE, DOC_SIZE);
        options[common + i] = (struct argp_option){
            .name = keys[i].name,
            .key = letter ? letter : OPTION_SETTING + (int)i,
            .arg = argument_of(&keys[i]),
            .flags = keys[i].type == CONFIG_BOOL ? OPTION_ARG_OPTIONAL : 0,
            .doc = docs + i * DOC_SIZE,
            .group = 2,
        };
    }
    return options;
}

static int parse_arguments(struct parsing *p, int argc, char **argv)
{
    char name[64], doc[4096];
    struct argp_option *options = make_options(p->command);

    if (!options)
        return error_no_memory(&p->err, "the command");
    snprintf(name, sizeof(name), "pctr %s", p->command->name);
    snprintf(doc, sizeof(doc), "%s\v%s", p->command->summary,
             p->command->help ? p->command->help : "");

    struct argp argp = {options, on_option, p->command->arguments, doc, NULL,
                        NULL,    NULL};
    argp_err_exit_status = 2;
    char *typed = argv[0];
    argv[0] = name;
    error_t failed = argp_parse(&argp, argc, argv, 0, NULL, p);
    argv[0] = typed;
    free(options);
    if (failed && !p->err.code)
        error_set(&p->err, ERROR_USAGE, "%s", strerror(failed));
    return p->err.code ? -1 : 0;
}

/* -b, else PCTR_BROKERS, else the file's kafka.bootstrap.servers. */
static int find_brokers(struct parsing *p)
{
    const char *environment = getenv("PCTR_BROKERS");

    if (!p->with.kafka.brokers[0] && environment &&
        set_brokers(&p->with.kafka, environment, &p->err) < 0)
        return -1;
    for (size_t i = 0; i < p->config.property_count; i++) {
        const struct config_property *property = &p->config.properties[i];
        if (!p->with.kafka.brokers[0] &&
            strcmp(property->name, "bootstrap.servers") == 0 &&
            set_brokers(&p->with.kafka, property->value, &p->err) < 0)
            return -1;
    }
    if (p->command->needs_kafka && !p->with.kafka.brokers[0] && !p->dump &&
        !p->describe)
        return error_set(&p->err, ERROR_USAGE,
                         "which Kafka? give -b HOST:PORT (or PCTR_BROKERS)");
    return 0;
}

static int gather(struct parsing *p, int argc, char **argv)
{
    if (parse_arguments(p, argc, argv) < 0)
        return -1;
    for (size_t i = 0; i < p->file_count; i++)
        if (config_read_file(&p->config, p->files[i], &p->err) < 0)
            return -1;
    if (config_read_environment(&p->config, &p->err) < 0 || find_brokers(p) < 0)
        return -1;
    if (!p->dump && !p->describe && config_check(&p->config, &p->err) < 0)
        return -1;
    return 0;
}

static int run(struct parsing *p, void *settings)
{
    if (p->describe) {
        config_describe(p->command->keys, stdout);
        return 0;
    }
    if (p->dump) {
        config_dump(&p->config, stdout);
        return 0;
    }
    p->with.config = &p->config;
    p->with.kafka.properties = p->config.properties;
    p->with.kafka.property_count = p->config.property_count;
    if (kafka_check(&p->with.kafka, &p->err) < 0)
        return -1;
    if (p->check)
        return 0;
    snprintf(p->with.kafka.client_id, sizeof(p->with.kafka.client_id),
             "pctr-%s", p->command->name);
    int status = p->command->run(&p->with, settings, &p->err);
    return status;
}

/* What was printed has to be where it should go: on a full disk, too. */
static int finish_output(int status, struct error *err)
{
    if (status < 0 || (fflush(stdout) == 0 && !ferror(stdout)))
        return status;
    return error_set(err, ERROR_IO, "write to standard output: %s",
                     strerror(errno));
}

int command_run(const struct command *command, int argc, char **argv)
{
    struct parsing *p = calloc(1, sizeof(*p));
    void *settings = calloc(1, command->settings_size + 1);
    int status = error_exit_status(ERROR_MEMORY);

    if (!p || !settings) {
        fputs("pctr: out of memory\n", stderr);
        goto out;
    }
    p->command = command;
    status = -1;
    if (config_start(&p->config, command->keys, settings, &p->err) == 0 &&
        gather(p, argc, argv) == 0)
        status = finish_output(run(p, settings), &p->err);
    if (status < 0) {
        log_error(p->err.text, "command=%s code=%s", command->name,
                  error_code_name(p->err.code));
        status = error_exit_status(p->err.code ? p->err.code : ERROR_FAILED);
    }

out:
    free(settings);
    free(p);
    return status;
}
