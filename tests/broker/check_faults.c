/*
 * check_faults.c - what cannot work is told within seconds: one line that
 * says what and what to do, and the documented exit status.
 */
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/metrics_page.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include "common/base/clock.h"
#include "common/base/file.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ARGUMENTS = 8, TEXT_SIZE = 128, WAIT_MS = 30000, TOLD_MS = 5000 };

/* Filled in before the tests; the rows below refer to them. */
static char broker[512], nobody[TEXT_SIZE], deaf[TEXT_SIZE];
static char history[TEXT_SIZE], history_labels[TEXT_SIZE];
static char newer_file[] = "/tmp/pctr-newer-XXXXXX";
static char newer_option[TEXT_SIZE], old_events[] = "/tmp/pctr-old-XXXXXX";
static char history_name[FIXTURE_NAME_SIZE], labels_name[FIXTURE_NAME_SIZE];
static int deaf_fd = -1;

#define NO_TOPIC "--topic.impressions=there-is-no-such-topic"

/* clang-format off */
static const struct row {
    int status;
    unsigned within_ms; /* on an idle machine; tested with room */
    const char *says[2];
    const char *arguments[ARGUMENTS];
} rows[] = {
    /* nobody there */
    {69, 3000, {"no broker at", "is Kafka running there?"}, {"feed", "-b", nobody, "--world"}},
    {69, 3000, {"no broker at", "is Kafka running there?"}, {"score", "-b", nobody}},
    {69, 3000, {"no broker at", "is Kafka running there?"}, {"train", "-b", nobody}},
    {69, 3000, {"no broker at", "is Kafka running there?"}, {"topics", "-b", nobody}},
    {69, 3000, {"no broker at", "is Kafka running there?"}, {"snapshot", "-b", nobody, "list"}},
    {69, 5000, {"no.such.host.invalid", "is Kafka running there?"}, {"score", "-b", "no.such.host.invalid:9092"}},
    {2,   500, {"which Kafka?", "-b HOST:PORT"}, {"score"}},
    /* somebody else is there */
    {69, 12000, {"no answer in 10", "is Kafka running there?"}, {"feed", "-b", deaf, "--world"}},
    {69, 12000, {"no answer in 10", "is Kafka running there?"}, {"score", "-b", deaf}},
    /* no topic */
    {69, 2000, {"no topic 'there-is-no-such-topic'", "`pctr topics` creates it"}, {"feed", "-b", broker, NO_TOPIC, "--world"}},
    {69, 2000, {"no topic 'there-is-no-such-topic'", "`pctr topics` creates it"}, {"score", "-b", broker, NO_TOPIC}},
    {69, 2000, {"no topic 'there-is-no-such-topic'", "`pctr topics` creates it"}, {"train", "-b", broker, NO_TOPIC}},
    {69, 2000, {"no topic 'there-is-no-such-topic'", "`pctr topics` creates it"}, {"score", "-b", broker, NO_TOPIC, "--check-config", "--online"}},
    /* settings */
    {78,  500, {"sasl.password: every user can read a command line", NULL}, {"score", "-b", nobody, "-Xsasl.password=hush"}},
    {2,   500, {"unknown option '--workerz'", "did you mean '--workers'?"}, {"score", "-b", nobody, "--workerz=2"}},
    {78,  500, {"workers: 0 is outside 1..64", NULL}, {"score", "-b", nobody, "--workers=0"}},
    {78,  500, {"unknown Kafka property 'linger'", NULL}, {"score", "-b", nobody, "-Xlinger=2"}},
    {78,  500, {"read settings '/no/such/file'", "No such file"}, {"score", "-b", nobody, "-F/no/such/file"}},
    {2,   500, {"what should be fed?", "--world"}, {"feed", "-b", nobody}},
    {2,   500, {"feed one of them", NULL}, {"feed", "-b", nobody, "--world", "clicks.csv"}},
    {78,  500, {"would read what it writes", NULL}, {"score", "-b", nobody, "--topic.predictions=pctr.impressions"}},
    /* files */
    {66,  500, {"read '/no/such/file'", "No such file"}, {"feed", "-b", broker, "/no/such/file"}},
    {66,  500, {"read '/tmp'", "is a folder"}, {"feed", "-b", broker, "/tmp"}},
    {66,  500, {"read '/no/such/file'", "No such file"}, {"predict", "--snapshot=/no/such/file", old_events}},
    {66,  500, {"read '/no/such/file'", "No such file"}, {"fit", "--output=/tmp/never", "/no/such/file"}},
    {65,  500, {"is newer than this program reads", "upgrade pctr"}, {"predict", newer_option, old_events}},
    {65,  500, {"is newer than this program reads", "upgrade pctr"}, {"snapshot", "show", newer_file}},
    /* Kafka would delete it at once */
    {78, 2000, {"would delete it in silence", "retention.ms=-1"}, {"feed", "-b", broker, history, history_labels, "--click.min=4", old_events}},
};
/* clang-format on */

/* --- What the rows refer to ------------------------------------------- */

static void write_text(char *path, const void *bytes, size_t size)
{
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

/* A good snapshot but for its number of the format. */
static void write_newer(void)
{
    struct error err = {ERROR_NONE, ""};
    uint8_t *bytes = NULL;
    size_t size;

    ck_assert_ok(
        file_read(GOLDEN_DIR "/snapshot_1.snap", 1 << 24, &bytes, &size, &err),
        err);
    bytes[8] = 9; /* behind "PCTRSNAP" */
    write_text(newer_file, bytes, size);
    free(bytes);
    snprintf(newer_option, TEXT_SIZE, "--snapshot=%s", newer_file);
}

/* Takes connections and never says a word. */
static void listen_deaf(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);

    deaf_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(deaf_fd, 0);
    ck_assert_int_eq(bind(deaf_fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(deaf_fd, 8), 0);
    getsockname(deaf_fd, (struct sockaddr *)&address, &size);
    snprintf(deaf, TEXT_SIZE, "127.0.0.1:%d", ntohs(address.sin_port));
}

static void start(void)
{
    static const char events[] = "userId,movieId,rating,timestamp\n"
                                 "1,3,4.0,964981247\n1,1,4.0,964982703\n";
    struct kafka_settings kafka = kafka_fixture_settings();

    snprintf(broker, sizeof(broker), "%s", kafka.brokers);
    snprintf(nobody, TEXT_SIZE, "127.0.0.1:%u", metrics_page_free_port());
    listen_deaf();
    write_newer();
    write_text(old_events, events, sizeof(events) - 1);
    kafka_fixture_name("history", history_name);
    kafka_fixture_create(history_name, 1, "604800000");
    kafka_fixture_name("labels", labels_name);
    kafka_fixture_create(labels_name, 1, "604800000");
    snprintf(history, TEXT_SIZE, "--topic.impressions=%s", history_name);
    snprintf(history_labels, TEXT_SIZE, "--topic.labels=%s", labels_name);
}

static void stop(void)
{
    close(deaf_fd);
    unlink(newer_file);
    unlink(old_events);
}

/* --- The tests -------------------------------------------------------- */

static size_t count(const char *text, const char *what)
{
    size_t times = 0;

    while ((text = strstr(text, what))) {
        times++;
        text += strlen(what);
    }
    return times;
}

/* A broker that was just started makes its first transactional clients wait,
 * of which librdkafka tells: no mistake of anybody. */
static size_t count_lines(const char *errors)
{
    return count(errors, "\n") -
           count(errors, "Coordinator load in progress: retrying");
}

/* getopt's own complaint has a second line: "Try ... --help". */
static void assert_told(const struct row *row, const char *errors)
{
    size_t lines = count_lines(errors);

    for (size_t i = 0; i < 2; i++)
        ck_assert_msg(!row->says[i] || strstr(errors, row->says[i]),
                      "'%s' is not in: %s", row->says[i], errors);
    ck_assert_msg(lines == 1 || (lines == 2 && strstr(errors, "\nTry `pctr")),
                  "%zu lines: %s", lines, errors);
}

START_TEST(a_mistake_is_told_in_one_line_within_seconds)
{
    const struct row *row = &rows[_i];
    const char *arguments[ARGUMENTS + 1] = {NULL};
    struct child_process child = {.pid = 0};
    int64_t start_ms = clock_monotonic_ms();

    memcpy(arguments, row->arguments, sizeof(row->arguments));
    child_start_pctr(&child, arguments);
    int status = child_wait(&child, WAIT_MS);
    int64_t took_ms = clock_monotonic_ms() - start_ms;
    char *errors = child_errors(&child);
    child_end(&child);
    ck_assert_msg(status == row->status, "%s: status %d: %s", arguments[0],
                  status, errors);
    assert_told(row, errors);
    ck_assert_msg(took_ms < row->within_ms + TOLD_MS, "%s: told after %d ms",
                  arguments[0], (int)took_ms);
    free(errors);
}
END_TEST

START_TEST(refused_history_left_nothing_behind)
{
    ck_assert_int_eq(topic_ends_sum(history_name), 0);
}
END_TEST

/* The child inherits the limit; the test needs few itself. */
START_TEST(too_few_file_descriptors_are_told_before_anything_starts)
{
    /* Which topics they are is not looked at, but for the first. */
    const char *const arguments[] = {"score",     "-b",
                                     broker,      "--workers=64",
                                     history,     "--topic.predictions",
                                     labels_name, "--topic.dead_letters",
                                     labels_name, "--topic.models",
                                     labels_name, "--topic.chunks",
                                     labels_name, NULL};
    struct rlimit few = {200, 200};
    struct child_process child = {.pid = 0};

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    child_start_pctr(&child, arguments);
    int status = child_wait(&child, WAIT_MS);
    char *errors = child_errors(&child);
    child_end(&child);
    ck_assert_msg(
        status == 78 && strstr(errors, "file descriptors are needed") &&
            strstr(errors, "this process may have 200") &&
            strstr(errors, "lower workers") && count_lines(errors) == 1,
        "status %d: %s", status, errors);
    free(errors);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tests = tcase_create("mistakes");

    unsetenv("PCTR_BROKERS"); /* a default for -b */
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, a_mistake_is_told_in_one_line_within_seconds, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests,
                   too_few_file_descriptors_are_told_before_anything_starts);
    tcase_add_test(tests, refused_history_left_nothing_behind);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "mistakes are told in one line; history is not deleted");
}
