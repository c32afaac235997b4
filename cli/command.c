#include "cli/command.h"

#include "cli/help.h"
#include "cli/online/online_check.h"
#include "cli/versions.h"

#include "common/base/log.h"
#include "common/base/stop.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* What getopt returns for options without a letter; settings follow from
 * OPTION_SETTING on, by their place in the list of options. */
enum {
    OPTION_DUMP = 256,
    OPTION_CHECK,
    OPTION_ONLINE,
    OPTION_HELP,
    OPTION_HELP_ALL,
    OPTION_VERSION,
    OPTION_SETTING,
};

enum {
    FILES_MAX = 8,
    OPTIONS_MAX = CONFIG_TABLES_MAX * CONFIG_KEYS_MAX + 16,
    OTHERS_MAX = 64,
    LETTERS_SIZE = 64,
};

/* The settings that every command has. */
struct common_settings {
    char brokers[512];
    char topics_prefix[64];
    int log_level, log_format;
};

#define FIELD(f)                                                               \
    offsetof(struct common_settings, f),                                       \
        sizeof(((struct common_settings *)0)->f)

/* clang-format off */
const struct config_key command_general_keys[] = {
    {GROUP_PROCESS | RARE, "log.level",  CONFIG_CHOICE, FIELD(log_level), "info", 0, 0, LOG_LEVEL_WORDS, "write log lines of this level and above"},
    {GROUP_PROCESS | RARE, "log.format", CONFIG_CHOICE, FIELD(log_format), "logfmt", 0, 0, LOG_FORMAT_WORDS, "form of the log lines on standard error"},
    CONFIG_END,
};

const struct config_key command_kafka_keys[] = {
    {GROUP_TOPICS, "topics.prefix", CONFIG_TEXT, FIELD(topics_prefix), "pctr.", 0, 0, NULL, "beginning of the names of all topics; topic.* settings name them one by one"},
    {GROUP_KAFKA, "brokers", CONFIG_TEXT, FIELD(brokers), "", 0, 0, NULL, "Kafka brokers as HOST:PORT, comma separated"},
    CONFIG_END,
};
/* clang-format on */

struct parsing {
    const struct command *command;
    struct config config;
    struct common_settings common;
    const struct config_key *others[OTHERS_MAX + 1];
    struct invocation with;
    struct option options[OPTIONS_MAX + 1];
    size_t option_count;
    char letters[LETTERS_SIZE];
    const char *files[FILES_MAX]; /* -F, in order */
    size_t file_count;
    bool dump, check, online;
    void (*help)(const struct command *command, FILE *out); /* NULL: none */
    bool version;
    struct error err;
};

/* --- Options ---------------------------------------------------------- */

static void add_option(struct parsing *p, const char *name, int argument,
                       int value)
{
    p->options[p->option_count++] =
        (struct option){name, argument, NULL, value};
}

static void list_options(struct parsing *p)
{
    const struct command_letter *letter = p->command->letters;
    char *to = p->letters;

    for (size_t t = 0; t < p->config.table_count; t++) {
        const struct config_key *key = p->config.tables[t].keys;
        for (; key->name; key++) {
            const struct config_key *now = config_find(&p->config, key->name);
            add_option(p, key->name,
                       now->type == CONFIG_BOOL ? optional_argument
                                                : required_argument,
                       OPTION_SETTING + (int)p->option_count);
        }
    }
    *to++ = ':'; /* getopt tells a missing argument from an unknown option */
    for (; letter && letter->letter; letter++) {
        *to++ = letter->letter;
        if (config_find(&p->config, letter->setting)->type != CONFIG_BOOL)
            *to++ = ':';
    }
    if (p->command->kafka != KAFKA_NEVER) {
        to += sprintf(to, "b:X:");
        add_option(p, "bootstrap-server", required_argument, 'b');
        add_option(p, "command-property", required_argument, 'X');
    }
    sprintf(to, "F:");
    add_option(p, "command-config", required_argument, 'F');
    add_option(p, "dump-config", no_argument, OPTION_DUMP);
    add_option(p, "check-config", no_argument, OPTION_CHECK);
    if (p->command->kafka != KAFKA_NEVER)
        add_option(p, "online", no_argument, OPTION_ONLINE);
    add_option(p, "help", no_argument, OPTION_HELP);
    add_option(p, "help-all", no_argument, OPTION_HELP_ALL);
    add_option(p, "version", no_argument, OPTION_VERSION);
}

/* NULL where the letter is none of the command's. */
static const char *setting_of(const struct command *command, int letter)
{
    const struct command_letter *known = command->letters;

    while (known && known->letter && known->letter != letter)
        known++;
    return known && known->letter ? known->setting : NULL;
}

/* The value of an option that is not known is not repeated: it may be a
 * password. */
static int unknown_option(struct parsing *p, const char *typed)
{
    const char *nearest = NULL;
    size_t best = 4; /* further away than this is no help */

    if (typed[0] != '-' || typed[1] != '-')
        return error_set(&p->err, ERROR_USAGE,
                         "unknown option '-%c': `pctr %s --help` lists them",
                         optopt, p->command->name);
    char name[128];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(typed + 2, "="),
             typed + 2);
    for (size_t i = 0; i < p->option_count; i++) {
        size_t distance = config_name_distance(name, p->options[i].name);
        if (distance < best) {
            best = distance;
            nearest = p->options[i].name;
        }
    }
    if (nearest)
        return error_set(&p->err, ERROR_USAGE,
                         "unknown option '--%s': did you mean '--%s'?", name,
                         nearest);
    return error_set(&p->err, ERROR_USAGE,
                     "unknown option '--%s': `pctr %s --help-all` lists them",
                     name, p->command->name);
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

static int take_option(struct parsing *p, int key, const char *typed)
{
    const char *setting = setting_of(p->command, key);

    if (setting)
        return take_setting(p, setting, optarg);
    switch (key) {
    case 'b':
        return take_setting(p, "brokers", optarg);
    case 'X':
        return config_set_property(&p->config, optarg, ORIGIN_COMMAND_LINE,
                                   &p->err);
    case 'F':
        return take_file(p, optarg);
    case OPTION_DUMP:
        p->dump = true;
        return 0;
    case OPTION_CHECK:
        p->check = true;
        return 0;
    case OPTION_ONLINE:
        p->check = p->online = true;
        return 0;
    case OPTION_HELP:
        p->help = help_print;
        return 0;
    case OPTION_HELP_ALL:
        p->help = help_print_all;
        return 0;
    case OPTION_VERSION:
        p->version = true;
        return 0;
    case ':':
        return error_set(&p->err, ERROR_USAGE, "'%s' needs a value", typed);
    case '?':
        return unknown_option(p, typed);
    default:
        return take_setting(p, p->options[key - OPTION_SETTING].name, optarg);
    }
}

static int parse_arguments(struct parsing *p, int argc, char **argv)
{
    int key, before = 1;

    opterr = 0;
    optind = 1;
    while ((key = getopt_long(argc, argv, p->letters, p->options, NULL)) !=
           -1) {
        const char *typed = argv[optind > before ? optind - 1 : before];
        before = optind;
        if (take_option(p, key, typed) < 0)
            return -1;
    }
    for (; optind < argc; optind++)
        if (take_argument(p, argv[optind]) < 0)
            return -1;
    return 0;
}

/* --- Settings --------------------------------------------------------- */

static void list_others(struct parsing *p)
{
    size_t count = 0;

    for (size_t i = 0; commands[i] && count + 2 < OTHERS_MAX; i++)
        if (commands[i] != p->command)
            p->others[count++] = commands[i]->keys;
    p->others[count++] = command_kafka_keys;
    p->config.others = p->others;
}

static int start(struct parsing *p, void *settings)
{
    if (config_start(&p->config, p->command->keys, settings, &p->err) < 0 ||
        (p->command->kafka != KAFKA_NEVER &&
         config_add(&p->config, command_kafka_keys, &p->common, &p->err) < 0) ||
        config_add(&p->config, command_general_keys, &p->common, &p->err) < 0)
        return -1;
    list_others(p);
    list_options(p);
    return 0;
}

/* The property bootstrap.servers is another name for the brokers; where both
 * are given, the stronger origin wins. */
static int find_brokers(struct parsing *p)
{
    static const char name[] = "bootstrap.servers";
    struct config *config = &p->config;

    if (p->command->kafka == KAFKA_NEVER)
        return 0;
    for (size_t i = 0; i < config->property_count; i++) {
        const struct config_property *property = &config->properties[i];
        if (strcmp(property->name, name) == 0 &&
            property->origin > config_origin_of(config, "brokers") &&
            config_set(config, "brokers", property->value, property->origin,
                       &p->err) < 0)
            return -1;
    }
    config_drop_property(config, name);
    return 0;
}

static int gather(struct parsing *p)
{
    for (size_t i = 0; i < p->file_count; i++)
        if (config_read_file(&p->config, p->files[i], &p->err) < 0)
            return -1;
    if (config_read_environment(&p->config, &p->err) < 0 || find_brokers(p) < 0)
        return -1;
    if (p->command->kafka != KAFKA_NEVER &&
        config_prefix_topics(&p->config, p->common.topics_prefix, &p->err) < 0)
        return -1;
    log_set_level((enum log_level)p->common.log_level);
    log_set_format((enum log_format)p->common.log_format);
    for (size_t i = 0; i < p->config.notice_count; i++)
        log_warn(p->config.notices[i], "command=%s", p->command->name);
    return 0;
}

static void fill_invocation(struct parsing *p)
{
    struct kafka_settings *kafka = &p->with.kafka;

    p->with.config = &p->config;
    kafka->properties = p->config.properties;
    kafka->property_count = p->config.property_count;
    memcpy(kafka->brokers, p->common.brokers, sizeof(kafka->brokers));
    snprintf(kafka->client_id, sizeof(kafka->client_id), "pctr-%s",
             p->command->name);
}

/* A core of the process would hold the secret. A limit of 0 bytes keeps cores
 * out of files; one of 1 byte also keeps the kernel from piping them into a
 * program. */
static void leave_no_core(const struct config *config)
{
    struct rlimit limit;

    for (size_t i = 0; i < config->property_count; i++)
        if (config_is_secret(config->properties[i].name) &&
            getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max > 0) {
            limit.rlim_cur = 1;
            (void)setrlimit(RLIMIT_CORE, &limit);
        }
}

static void ask_topics(const struct parsing *p, struct online_check *check)
{
    for (size_t t = 0; t < p->config.table_count; t++) {
        const struct config_table *table = &p->config.tables[t];
        for (const struct config_key *key = table->keys; key->name; key++)
            if (key->type == CONFIG_TOPIC)
                online_ask_topic(check, key->name,
                                 (const char *)table->target + key->offset, 0);
    }
}

static int ask_broker(struct parsing *p, const void *settings)
{
    struct online_check check = {.kafka = &p->with.kafka, .out = stdout};

    if (p->command->ask)
        p->command->ask(settings, &check);
    else
        ask_topics(p, &check);
    return online_check_end(&check, &p->err);
}

static int run(struct parsing *p, void *settings)
{
    if (p->dump) {
        config_dump(&p->config, stdout);
        return 0;
    }
    if (config_check(&p->config, &p->err) < 0)
        return -1;
    if (p->command->kafka == KAFKA_ALWAYS && !p->common.brokers[0])
        return error_set(&p->err, ERROR_USAGE,
                         "which Kafka? give -b HOST:PORT (or PCTR_BROKERS)");
    fill_invocation(p);
    leave_no_core(&p->config);
    if ((p->command->kafka != KAFKA_NEVER &&
         (kafka_check(&p->with.kafka, &p->err) < 0 ||
          (p->check && kafka_check_clients(&p->with.kafka, &p->err) < 0))) ||
        (p->command->check && p->command->check(settings, &p->err) < 0))
        return -1;
    if (p->online)
        return ask_broker(p, settings);
    return p->check ? 0 : p->command->run(&p->with, settings, &p->err);
}

/* Reports output that could not be written, as on a full disk. */
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
    if (start(p, settings) == 0 && parse_arguments(p, argc, argv) == 0) {
        if (p->help)
            p->help(command, stdout);
        else if (p->version)
            versions_print(stdout);
        if (p->help || p->version)
            status = finish_output(0, &p->err);
        else if (gather(p) == 0)
            status = finish_output(run(p, settings), &p->err);
    }
    if (status < 0 && p->err.code == ERROR_STOPPED) {
        log_info(p->err.text, "command=%s", command->name);
        status = stop_exit_status();
    } else if (status < 0) {
        log_error(p->err.text, "command=%s code=%s", command->name,
                  error_code_name(p->err.code));
        status = error_exit_status(p->err.code ? p->err.code : ERROR_FAILED);
    }

out:
    free(settings);
    free(p);
    return status;
}
