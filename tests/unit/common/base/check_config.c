/*
 * check_config.c - every setting is parsed, checked and shown by its table.
 */
#include "support/run_suite.h"

#include "common/base/config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct error err;

struct settings {
    char topic[8];
    char password[16];
    uint32_t count;
    uint64_t big;
    double share;
    bool on;
    int mode;
    char needed[8];
    uint64_t room;
    uint32_t wait;
    char clicks[32];
};

#define FIELD(f) offsetof(struct settings, f), sizeof(((struct settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_TOPICS, "topic",        CONFIG_TEXT,   FIELD(topic),    "clicks", 1, 0, NULL, "where"},
    {GROUP_KAFKA, "the.password", CONFIG_SECRET, FIELD(password), "",       0, 0, NULL, "hush"},
    {GROUP_LIMITS, "count",        CONFIG_U32,    FIELD(count),    "5", 1, 4294967295.0, NULL, "how many"},
    {GROUP_LIMITS, "big",          CONFIG_U64,    FIELD(big),      "6", 0, 9007199254740992.0, NULL, "how many more"},
    {GROUP_LIMITS, "share",        CONFIG_F64,    FIELD(share),    "0.5", 0, 1, NULL, "of all"},
    {GROUP_DATA, "on",           CONFIG_BOOL,   FIELD(on),       "false", 0, 0, NULL, "or off"},
    {GROUP_DATA | RARE, "mode",         CONFIG_CHOICE, FIELD(mode),     "slow", 0, 0, "fast|slow|slower", "how"},
    {GROUP_DATA, "needed",       CONFIG_TEXT,   FIELD(needed),   NULL, 0, 0, NULL, "must be given"},
    {GROUP_LIMITS, "room_bytes", CONFIG_U64, FIELD(room), "1048576", 0, 17179869184.0, NULL, "room"},
    {GROUP_LIMITS, "wait_ms",    CONFIG_U32, FIELD(wait), "600000",  0, 86400000, NULL, "patience"},
    {GROUP_TOPICS, "topic.clicks", CONFIG_TOPIC, FIELD(clicks), "pctr.clicks", 1, 0, NULL, "clicks"},
    CONFIG_WAS("number", "count"),
    CONFIG_WAS_IN("room_mb", "room_bytes", 1048576),
    CONFIG_END,
};

/* Another command's table. */
static const struct config_key other_keys[] = {
    {GROUP_DATA, "theirs", CONFIG_U32, FIELD(count), "0", 0, 9, NULL, "another command's"},
    CONFIG_END,
};
static const struct config_key *const others[] = {other_keys, NULL};
/* clang-format on */

static struct settings settings;
static struct config config;

static void start(void)
{
    memset(&settings, 0, sizeof(settings));
    ck_assert_ok(config_start(&config, keys, &settings, &err), err);
}

static int set(const char *name, const char *value)
{
    return config_set(&config, name, value, ORIGIN_COMMAND_LINE, &err);
}

START_TEST(defaults_are_applied)
{
    ck_assert_str_eq(settings.topic, "clicks");
    ck_assert_uint_eq(settings.count, 5);
    ck_assert_uint_eq(settings.big, 6);
    ck_assert(settings.share == 0.5);
    ck_assert(!settings.on);
    ck_assert_int_eq(settings.mode, 1);
    ck_assert_refused(config_check(&config, &err), err, ERROR_CONFIG,
                      "needed must be given: must be given");
    ck_assert_ok(set("needed", "x"), err);
    ck_assert_ok(config_check(&config, &err), err);
}
END_TEST

static const struct {
    const char *name, *value, *printed;
} good[] = {
    {"needed", "", ""},
    {"topic", "1234567", "1234567"},
    {"count", "1", "1"},
    {"count", "4294967295", "4294967295"},
    {"big", "9007199254740992", "9007199254740992"},
    {"share", "1", "1"},
    {"share", "1e-3", "0.001"},
    {"on", "TRUE", "true"},
    {"on", "yes", "true"},
    {"on", "1", "true"},
    {"on", "on", "true"},
    {"on", "off", "false"},
    {"mode", "slower", "slower"},
    {"mode", "fast", "fast"},
    {"room_bytes", "64MiB", "67108864"},
    {"room_bytes", "2 GiB", "2147483648"},
    {"room_bytes", "17179869184", "17179869184"},
    {"wait_ms", "10min", "600000"},
    {"wait_ms", "90 s", "90000"},
    {"wait_ms", "1d", "86400000"},
    {"wait_ms", "7ms", "7"},
    {"topic.clicks", "x", "x"},
};

START_TEST(a_good_value_is_taken)
{
    for (size_t i = 0; keys[i].name; i++) {
        char printed[64];
        if (strcmp(keys[i].name, good[_i].name) != 0)
            continue;
        ck_assert_ok(set(good[_i].name, good[_i].value), err);
        config_print_value(&keys[i], &settings, printed, sizeof(printed));
        ck_assert_str_eq(printed, good[_i].printed);
        return;
    }
    ck_abort_msg("no key %s", good[_i].name);
}
END_TEST

static const struct {
    const char *name, *value, *text;
} bad[] = {
    {"topic", "12345678", "topic: longer than 7 bytes"},
    {"topic", "", "topic: must not be empty"},
    {"topic.clicks", "a/b", "topic.clicks: 'a/b' cannot be the name of"},
    {"topic.clicks", "..", "topic.clicks: '..' cannot be the name of"},
    {"topic.clicks", "a b", "'a b' cannot be the name of a topic"},
    {"count", "0", "count: 0 is outside 1..4294967295"},
    {"count", "4294967296", "outside"},
    {"count", "-1", "not a whole number"},
    {"count", "", "not a whole number"},
    {"count", " 5", "not a whole number"},
    {"count", "5x", "not a whole number"},
    {"count", "5.0", "not a whole number"},
    {"count", "99999999999999999999", "not a whole number"},
    {"big", "9007199254740994", "outside"},
    {"share", "1.01", "share: 1.01 is outside 0..1"},
    {"share", "-0.1", "outside"},
    {"share", "nan", "outside"},
    {"share", "inf", "outside"},
    {"share", "half", "not a number"},
    {"share", "", "not a number"},
    {"share", "1 ", "not a number"},
    {"on", "maybe", "not true or false"},
    {"on", "", "not true or false"},
    {"mode", "slowest", "not one of fast|slow|slower"},
    {"mode", "", "not one of"},
    {"mode", "fast|slow", "not one of"},
    {"topics", "x", "did you mean 'topic'?"},
    {"cuont", "x", "did you mean 'count'?"},
    {"nothing.like.it", "x", "there are "},
    {"room_bytes", "17GiB", "room_bytes: 18253611008 is outside"},
    {"room_bytes", "1MB", "not a whole number, as 1048576 or 1MiB"},
    {"room_bytes", "10min", "not a whole number"},
    {"room_bytes", "18446744073709551615TiB", "outside"},
    {"wait_ms", "2d", "outside"},
    {"count", "5KiB", "not a whole number"},
    {"number", "0", "count: 0 is outside"},
    {"room_mb", "much", "room_mb: 'much' is not a number"},
    {"the.password", "hush",
     "the.password: every user can read a command line"},
    {"the.password", "file:/no/such/file", "/no/such/file"},
};

START_TEST(a_bad_value_is_refused_and_changes_nothing)
{
    struct settings before = settings;

    ck_assert_int_eq(set(bad[_i].name, bad[_i].value), -1);
    ck_assert_msg(strstr(err.text, bad[_i].text) != NULL, "%s", err.text);
    ck_assert_mem_eq(&settings, &before, sizeof(before));
}
END_TEST

START_TEST(a_weaker_origin_does_not_overwrite)
{
    for (int weak = ORIGIN_DEFAULT; weak < ORIGIN_COMMAND_LINE; weak++) {
        ck_assert_ok(
            config_set(&config, "count", "7", (enum config_origin)weak, &err),
            err);
        ck_assert_uint_eq(settings.count, 7);
    }
    ck_assert_ok(set("count", "8"), err);
    ck_assert_ok(config_set(&config, "count", "9", ORIGIN_ENVIRONMENT, &err),
                 err);
    ck_assert_uint_eq(settings.count, 8);
}
END_TEST

static int read_text(const char *text)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    int status = config_read(&config, in, "my.conf", &err);

    fclose(in);
    return status;
}

START_TEST(a_file_is_read)
{
    ck_assert_ok(read_text("# a comment\n! another\n\n  count =  12 \r\n"
                           "kafka.security.protocol=SSL\nneeded=a = b"),
                 err);
    ck_assert_uint_eq(settings.count, 12);
    ck_assert_str_eq(settings.needed, "a = b");
    ck_assert_uint_eq(config.property_count, 1);
    ck_assert_str_eq(config.properties[0].name, "security.protocol");
    ck_assert_str_eq(config.properties[0].value, "SSL");
}
END_TEST

START_TEST(a_mistake_in_a_file_has_its_line)
{
    char long_line[2000];

    memset(long_line, 'x', sizeof(long_line) - 1);
    long_line[sizeof(long_line) - 1] = '\0';
    ck_assert_refused(read_text("\ncount = 0\n"), err, ERROR_CONFIG,
                      "my.conf:2: count: 0 is outside");
    ck_assert_refused(read_text("count\n"), err, ERROR_CONFIG,
                      "my.conf:1: expected name = value");
    ck_assert_refused(read_text(" = 5\n"), err, ERROR_CONFIG, "my.conf:1:");
    ck_assert_refused(read_text(long_line), err, ERROR_CONFIG, "too long");
    ck_assert_refused(config_read_file(&config, "/no/such", &err), err,
                      ERROR_CONFIG, "/no/such");
}
END_TEST

static void clear_environment(void)
{
    static const char *const names[] = {"PCTR_THE_PASSWORD", "PCTR_COUNT",
                                        "PCTR_CUONT", "PCTR_THEIRS",
                                        "PCTR_KAFKA_SASL_USERNAME"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
}

START_TEST(the_environment_is_read)
{
    clear_environment();
    setenv("PCTR_THE_PASSWORD", "hush", 1);
    setenv("PCTR_KAFKA_SASL_USERNAME", "me", 1);
    ck_assert_ok(config_read_environment(&config, &err), err);
    ck_assert_str_eq(settings.password, "hush");
    ck_assert_uint_eq(config.property_count, 1);
    ck_assert_str_eq(config.properties[0].name, "sasl.username");
    ck_assert_str_eq(config.properties[0].value, "me");
    setenv("PCTR_COUNT", "none", 1);
    ck_assert_refused(config_read_environment(&config, &err), err, ERROR_CONFIG,
                      "environment PCTR_COUNT: count: 'none'");
}
END_TEST

START_TEST(a_mistyped_variable_is_told)
{
    clear_environment();
    setenv("PCTR_CUONT", "7", 1);
    setenv("PCTR_THEIRS", "8", 1);
    setenv("PCTR_SERVICE_HOST", "10.0.0.1", 1); /* as Kubernetes sets it */
    config.others = others;
    ck_assert_ok(config_read_environment(&config, &err), err);
    ck_assert_uint_eq(settings.count, 5);
    ck_assert_uint_eq(config.notice_count, 1);
    ck_assert_str_eq(config.notices[0],
                     "no command reads PCTR_CUONT: did you mean PCTR_COUNT?");
    clear_environment();
}
END_TEST

START_TEST(a_file_serves_other_commands_too)
{
    ck_assert_refused(read_text("theirs = 1\n"), err, ERROR_CONFIG,
                      "my.conf:1: unknown setting 'theirs'");
    config.others = others;
    ck_assert_ok(read_text("theirs = 1\ncount = 6\n"), err);
    ck_assert_uint_eq(settings.count, 6);
    ck_assert_refused(read_text("theirz = 1\n"), err, ERROR_CONFIG,
                      "unknown setting 'theirz'");
    ck_assert_refused(set("theirs", "1"), err, ERROR_CONFIG,
                      "unknown setting 'theirs'");
}
END_TEST

START_TEST(an_old_name_sets_the_present_one)
{
    ck_assert_ok(set("number", "9"), err);
    ck_assert_uint_eq(settings.count, 9);
    ck_assert_ok(set("room_mb", "64"), err);
    ck_assert_uint_eq(settings.room, 64 << 20);
    ck_assert_uint_eq(config.notice_count, 2);
    ck_assert_str_eq(config.notices[0],
                     "'number' has a new name: write 'count'");
    ck_assert_ok(config_set(&config, "number", "3", ORIGIN_FILE, &err), err);
    ck_assert_uint_eq(settings.count, 9);
    ck_assert_uint_eq(config.notice_count, 2);
    ck_assert_str_eq(config_find(&config, "number")->name, "count");
    ck_assert_ptr_null(config_find(&config, "nothing"));
}
END_TEST

START_TEST(a_prefix_names_the_topics_that_nobody_named)
{
    ck_assert_ok(config_prefix_topics(&config, "staging.", &err), err);
    ck_assert_str_eq(settings.clicks, "staging.clicks");
    ck_assert_str_eq(settings.topic, "clicks");
    ck_assert_refused(
        config_prefix_topics(&config, "a.prefix.that.is.too.long.", &err), err,
        ERROR_CONFIG, "topic.clicks: longer than 31 bytes");
    ck_assert_ok(set("topic.clicks", "mine"), err);
    ck_assert_ok(config_prefix_topics(&config, "staging.", &err), err);
    ck_assert_str_eq(settings.clicks, "mine");
}
END_TEST

START_TEST(a_secret_comes_from_a_private_file)
{
    char path[] = "/tmp/pctr-check-XXXXXX", value[64];
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "hush\nmore\n", 10), 10);
    snprintf(value, sizeof(value), "file:%s", path);
    ck_assert_ok(set("the.password", value), err);
    ck_assert_str_eq(settings.password, "hush");
    ck_assert_int_eq(fchmod(fd, 0440), 0); /* as Kubernetes mounts it */
    ck_assert_ok(set("the.password", value), err);
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    ck_assert_refused(set("the.password", value), err, ERROR_CONFIG,
                      "every user can read '/tmp/pctr-check-");
    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1); /* as systemd mounts it */
    ck_assert_ok(set("the.password", value), err);
    setenv("CREDENTIALS_DIRECTORY", "/tm", 1);
    ck_assert_int_eq(set("the.password", value), -1);
    unsetenv("CREDENTIALS_DIRECTORY");
    close(fd);
    unlink(path);
}
END_TEST

static int read_with_mode(const char *text, mode_t mode)
{
    char path[] = "/tmp/pctr-check-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
    int status = config_read_file(&config, path, &err);
    unlink(path);
    return status;
}

START_TEST(a_file_with_a_secret_is_private)
{
    ck_assert_ok(read_with_mode("kafka.sasl.password = hush\n", 0640), err);
    ck_assert_ok(read_with_mode("kafka.sasl.password = file:/x\n", 0644), err);
    ck_assert_ok(read_with_mode("kafka.sasl.username = me\n", 0644), err);
    ck_assert_refused(read_with_mode("kafka.sasl.password = hush\n", 0644), err,
                      ERROR_CONFIG, "every user can read this file");
    ck_assert_ptr_null(strstr(err.text, "hush"));
    ck_assert_refused(read_with_mode("the.password = hush\n", 0604), err,
                      ERROR_CONFIG, "every user can read this file");
}
END_TEST

static int set_property(const char *assignment, enum config_origin origin)
{
    return config_set_property(&config, assignment, origin, &err);
}

START_TEST(properties_replace_each_other_and_are_limited)
{
    ck_assert_ok(set_property("a=1", ORIGIN_FILE), err);
    ck_assert_ok(set_property("a = 2", ORIGIN_COMMAND_LINE), err);
    ck_assert_ok(set_property("a=3", ORIGIN_ENVIRONMENT), err);
    ck_assert_uint_eq(config.property_count, 1);
    ck_assert_str_eq(config.properties[0].value, "2");
    ck_assert_refused(set_property("sasl.password hush", ORIGIN_COMMAND_LINE),
                      err, ERROR_CONFIG, "expected KEY=VALUE");
    ck_assert_ptr_null(strstr(err.text, "hush"));
    ck_assert_refused(set_property("sasl.password=hush", ORIGIN_COMMAND_LINE),
                      err, ERROR_CONFIG, "every user can read a command line");
    ck_assert_ptr_null(strstr(err.text, "hush"));
    for (int i = 1; i < CONFIG_PROPERTIES_MAX; i++) {
        char assignment[32];
        snprintf(assignment, sizeof(assignment), "p%d=1", i);
        ck_assert_ok(set_property(assignment, ORIGIN_FILE), err);
    }
    ck_assert_refused(set_property("more=1", ORIGIN_FILE), err, ERROR_CONFIG,
                      "more than 64");
    config_drop_property(&config, "a");
    config_drop_property(&config, "a");
    ck_assert_uint_eq(config.property_count, CONFIG_PROPERTIES_MAX - 1);
    ck_assert_ok(set_property("more=1", ORIGIN_FILE), err);
}
END_TEST

START_TEST(a_dump_can_be_read_again_and_hides_secrets)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ok(
        config_set(&config, "the.password", "hush", ORIGIN_ENVIRONMENT, &err),
        err);
    ck_assert_ok(set("needed", "x"), err);
    ck_assert_ok(set("share", "0.25"), err);
    ck_assert_ok(set_property("sasl.password=hush", ORIGIN_ENVIRONMENT), err);
    config_dump(&config, out);
    fclose(out);
    ck_assert_ptr_null(strstr(text, "hush"));
    ck_assert_ptr_nonnull(strstr(text, "# command line\nshare=0.25\n"));
    ck_assert_ptr_nonnull(strstr(text, "# default\ncount=5\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "# environment\nkafka.sasl.password=(masked)\n"));

    start();
    ck_assert_ok(read_text(text), err);
    ck_assert(settings.share == 0.25);
    free(text);
}
END_TEST

START_TEST(secrets_are_known_by_their_names)
{
    ck_assert(config_is_secret("sasl.password"));
    ck_assert(config_is_secret("ssl.key.pem"));
    ck_assert(config_is_secret("sasl.oauthbearer.client.secret"));
    ck_assert(!config_is_secret("sasl.username"));
    ck_assert(!config_is_secret("ssl.ca.location"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("settings");

    tcase_add_checked_fixture(tests, start, NULL);
    tcase_add_test(tests, defaults_are_applied);
    tcase_add_loop_test(tests, a_good_value_is_taken, 0,
                        sizeof(good) / sizeof(good[0]));
    tcase_add_loop_test(tests, a_bad_value_is_refused_and_changes_nothing, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tests, a_weaker_origin_does_not_overwrite);
    tcase_add_test(tests, a_file_is_read);
    tcase_add_test(tests, a_mistake_in_a_file_has_its_line);
    tcase_add_test(tests, the_environment_is_read);
    tcase_add_test(tests, a_mistyped_variable_is_told);
    tcase_add_test(tests, a_file_serves_other_commands_too);
    tcase_add_test(tests, an_old_name_sets_the_present_one);
    tcase_add_test(tests, a_prefix_names_the_topics_that_nobody_named);
    tcase_add_test(tests, a_secret_comes_from_a_private_file);
    tcase_add_test(tests, a_file_with_a_secret_is_private);
    tcase_add_test(tests, properties_replace_each_other_and_are_limited);
    tcase_add_test(tests, a_dump_can_be_read_again_and_hides_secrets);
    tcase_add_test(tests, secrets_are_known_by_their_names);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
