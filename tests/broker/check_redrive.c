/*
 * check_redrive.c - dead letters go back as they were, each exactly once:
 * with filters, after a run that was killed, and when asked again.
 */
#include "support/allowance.h"
#include "support/child_process.h"
#include "support/kafka_fixture.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "producer/publisher.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS = 2, WAIT_MS = 60000, MANY = 20000, KILLED = 128 + SIGKILL };

static struct error err;
static char target[FIXTURE_NAME_SIZE], letters[FIXTURE_NAME_SIZE];
static char group[FIXTURE_NAME_SIZE];
static char letters_option[128], group_option[128], target_option[128];
static char *out;

static void make_world(void)
{
    kafka_fixture_name("impressions", target);
    kafka_fixture_name("letters", letters);
    kafka_fixture_name("redrive", group);
    snprintf(letters_option, sizeof(letters_option), "--topic.dead_letters=%s",
             letters);
    snprintf(group_option, sizeof(group_option), "--group=%s", group);
    snprintf(target_option, sizeof(target_option), "--topic.impressions=%s",
             target);
    kafka_fixture_create(target, PARTITIONS, "-1");
    kafka_fixture_create(letters, PARTITIONS, "-1");
}

static void clean(void)
{
    free(out);
    out = NULL;
}

/* --- Letters ---------------------------------------------------------- */

static struct record_header text_header(const char *name, const char *text)
{
    return (struct record_header){name, text, strlen(text)};
}

static const char *reason_of(int number)
{
    return number % 3 == 0 ? "missing" : "type";
}

/* Numbers first to next - 1, in transactions of many, as a scorer's. */
static void write_letters(int first, int next)
{
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .topics = {letters, NULL}};
    struct publisher *publisher = NULL;
    char value[32], partition[8];

    strcpy(config.transactional_id, letters);
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    for (int i = first; i < next; i++) {
        int size = snprintf(value, sizeof(value), "%d", i);
        snprintf(partition, sizeof(partition), "%d", i % PARTITIONS);
        const struct record_header headers[] = {
            text_header("trace", value),
            text_header("pctr.topic", target),
            text_header("pctr.partition", partition),
            text_header("pctr.offset", "17"),
            text_header("pctr.reason", reason_of(i)),
            text_header("__connect.errors.topic", target),
        };
        struct outgoing letter = {.partition = i % PARTITIONS,
                                  .key = "k",
                                  .key_size = 1,
                                  .value = value,
                                  .value_size = (size_t)size,
                                  .headers = headers,
                                  .header_count = 6};
        ck_assert_ok(publisher_send(publisher, &letter, &err), err);
    }
    ck_assert_int_eq(publisher_commit(publisher, &err), PUBLISHER_OK);
    publisher_close(publisher);
}

static void write_letter(const struct record_header *headers, size_t count)
{
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .topics = {letters, NULL}};
    struct publisher *publisher = NULL;
    struct outgoing letter = {.value = "x",
                              .value_size = 1,
                              .headers = headers,
                              .header_count = count};

    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    ck_assert_ok(publisher_send(publisher, &letter, &err), err);
    ck_assert_ok(publisher_flush(publisher, WAIT_MS, &err), err);
    publisher_close(publisher);
}

/* --- Runs ------------------------------------------------------------- */

static void start(struct child_process *child, const char *first,
                  const char *second)
{
    struct kafka_settings kafka = kafka_fixture_settings();
    const char *arguments[] = {
        "redrive",     "-b",     kafka.brokers, letters_option, group_option,
        target_option, "--json", first,         second,         NULL};

    child_start_pctr(child, arguments);
}

static int redrive(const char *first, const char *second)
{
    struct child_process child = {.pid = 0};

    start(&child, first, second);
    int status = child_wait(&child, WAIT_MS);
    if (status != 0) {
        char *errors = child_errors(&child);
        fprintf(stderr, "%s", errors);
        free(errors);
    }
    free(out);
    out = child_output(&child);
    child_end(&child);
    return status;
}

static int count_of(const char *name)
{
    char member[64];

    snprintf(member, sizeof(member), "\"%s\":", name);
    const char *at = strstr(out, member);
    ck_assert_msg(at != NULL, "no %s in %s", name, out);
    return atoi(at + strlen(member));
}

/* --- The account ------------------------------------------------------ */

static void assert_header(const struct fixture_record *record, const char *name,
                          const char *text)
{
    const struct fixture_header *header = fixture_record_header(record, name);

    ck_assert_msg(header != NULL, "no header %s", name);
    ck_assert_uint_eq(header->size, strlen(text));
    ck_assert_mem_eq(header->value, text, header->size);
}

static void assert_as_it_was(const struct fixture_record *record, int number)
{
    char value[32];

    snprintf(value, sizeof(value), "%d", number);
    ck_assert_int_eq(record->partition, number % PARTITIONS);
    ck_assert_uint_eq(record->key_size, 1);
    assert_header(record, "trace", value);
    assert_header(record, "redrive.topic", target);
    assert_header(record, "redrive.offset", "17");
    assert_header(record, "redrive.reason", reason_of(number));
    assert_header(record, "redrive.count", "1");
    ck_assert_ptr_nonnull(fixture_record_header(record, "redrive.letter"));
    ck_assert_ptr_null(fixture_record_header(record, "pctr.topic"));
    ck_assert_ptr_null(fixture_record_header(record, "__connect.errors.topic"));
}

/* Those of first to next - 1 with the reason (NULL: all) are there once, in
 * order within a partition. */
static void assert_once(int first, int next, const char *reason)
{
    struct fixture_records records = kafka_fixture_read(target);
    int expected[PARTITIONS] = {0};
    size_t count = 0;

    for (int i = first; i < next; i++)
        count += !reason || strcmp(reason_of(i), reason) == 0;
    ck_assert_uint_eq(records.count, count);
    for (int p = 0; p < PARTITIONS; p++)
        expected[p] = first;
    for (size_t i = 0; i < records.count; i++) {
        const struct fixture_record *record = &records.at[i];
        char text[32] = "";
        memcpy(text, record->value, record->value_size);
        int number = atoi(text), *at = &expected[record->partition];
        while (*at % PARTITIONS != record->partition ||
               (reason && strcmp(reason_of(*at), reason) != 0))
            ++*at;
        ck_assert_int_eq(number, *at);
        ++*at;
        assert_as_it_was(record, number);
    }
    fixture_records_free(&records);
}

/* --- Tests ------------------------------------------------------------ */

START_TEST(each_once_however_often_it_is_asked)
{
    write_letters(0, 600);
    ck_assert_int_eq(redrive("--dry_run", NULL), 0);
    ck_assert_int_eq(count_of("sent"), 600);
    kafka_fixture_await(target, 0, WAIT_MS);
    ck_assert_int_eq(redrive(NULL, NULL), 0);
    ck_assert_int_eq(count_of("sent"), 600);
    ck_assert_int_eq(count_of(target), 600);
    ck_assert_int_eq(redrive(NULL, NULL), 0);
    ck_assert_int_eq(count_of("sent"), 0);
    assert_once(0, 600, NULL);
    write_letters(600, 700);
    ck_assert_int_eq(redrive(NULL, NULL), 0);
    ck_assert_int_eq(count_of("sent"), 100);
    assert_once(0, 700, NULL);
}
END_TEST

START_TEST(filters_leave_the_others_for_later)
{
    write_letters(0, 600);
    ck_assert_int_eq(redrive("--reason=missing", "--batch.max_events=50"), 0);
    ck_assert_int_eq(count_of("sent"), 200);
    ck_assert_int_eq(count_of("other"), 400);
    assert_once(0, 600, "missing");
    ck_assert_int_eq(redrive("--reason=missing", NULL), 0);
    ck_assert_int_eq(count_of("sent"), 0);
    /* A window in the middle, and then the rest of all. */
    ck_assert_int_eq(redrive("--from=@100", "--to=@200"), 0);
    ck_assert_int_eq(count_of("sent") + count_of("done"), 200);
    int windowed = count_of("sent");
    ck_assert_int_gt(windowed, 0);
    ck_assert_int_eq(redrive(NULL, NULL), 0);
    ck_assert_int_eq(count_of("sent"), 400 - windowed);
    ck_assert_int_eq(redrive(NULL, NULL), 0);
    ck_assert_int_eq(count_of("letters"), 0);
    struct fixture_records records = kafka_fixture_read(target);
    ck_assert_uint_eq(records.count, 600);
    fixture_records_free(&records);
}
END_TEST

/* Letters that the group has committed as dealt with. */
static int64_t committed(void)
{
    int64_t sum = 0;

    for (int32_t p = 0; p < PARTITIONS; p++) {
        int64_t offset = kafka_fixture_committed(group, letters, p);
        sum += offset > 0 ? offset : 0;
    }
    return sum;
}

/* Each kill meets a run that has committed transactions and has more before
 * it. */
START_TEST(killed_and_started_again)
{
    enum { KILLS = 6 };
    struct child_process child = {.pid = 0};
    int64_t before = 0;

    write_letters(0, MANY);
    for (int i = 0; i < KILLS; i++) {
        start(&child, "--batch.max_events=20", NULL);
        int64_t deadline_ms = clock_monotonic_ms() + allowance_ms(WAIT_MS);
        while (committed() <= before)
            ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                          "nothing is committed behind %d", (int)before);
        clock_sleep_ms(7 * i); /* another moment of a transaction each time */
        child_signal(&child, SIGKILL);
        ck_assert_int_eq(child_wait(&child, WAIT_MS), KILLED);
        child_end(&child);
        before = committed();
        ck_assert_msg(before < MANY, "kill %d came after the end", i);
    }
    ck_assert_int_eq(redrive(NULL, NULL), 0);
    printf("killed %d times; the last run sent %d of %d\n", KILLS,
           count_of("sent"), MANY);
    ck_assert_int_gt(count_of("sent"), 0);
    assert_once(0, MANY, NULL);
}
END_TEST

START_TEST(what_cannot_go_back_is_refused_and_counted)
{
    const struct record_header truncated[] = {text_header("pctr.topic", target),
                                              text_header("truncated", "1")};
    const struct record_header loop[] = {text_header("pctr.topic", letters)};

    write_letter(truncated, 2);
    write_letter(loop, 1);
    write_letter(NULL, 0);
    ck_assert_int_eq(redrive(NULL, NULL), 0);
    ck_assert_int_eq(count_of("sent"), 0);
    ck_assert_int_eq(count_of("truncated"), 1);
    ck_assert_int_eq(count_of("homeless"), 2);
    struct fixture_records records = kafka_fixture_read(target);
    ck_assert_uint_eq(records.count, 0);
    fixture_records_free(&records);
    ck_assert_int_eq(redrive("--reason=Missing", NULL), 78);
    ck_assert_int_eq(redrive("--topic.dead_letters=no-such-topic", NULL), 69);
}
END_TEST

/* A letter names its topic itself: that must not make redrive a way to write
 * anywhere. And a target that is gone does not stop the letters of others. */
START_TEST(only_topics_of_the_settings_are_written_to)
{
    char secret[FIXTURE_NAME_SIZE];
    const struct record_header gone[] = {
        text_header("pctr.topic", "no-such-topic")};

    kafka_fixture_name("models", secret);
    const struct record_header foreign[] = {text_header("pctr.topic", secret)};
    kafka_fixture_create(secret, 1, "-1");
    write_letter(foreign, 1);
    write_letter(gone, 1);
    write_letters(0, 10);
    ck_assert_int_eq(redrive("--topic.labels=no-such-topic", NULL), 0);
    ck_assert_int_eq(count_of("sent"), 10);
    ck_assert_int_eq(count_of("foreign"), 1);
    ck_assert_int_eq(count_of("gone"), 1);
    struct fixture_records records = kafka_fixture_read(secret);
    ck_assert_uint_eq(records.count, 0);
    fixture_records_free(&records);
    assert_once(0, 10, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redrive");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_world, clean);
    tcase_add_test(tests, each_once_however_often_it_is_asked);
    tcase_add_test(tests, filters_leave_the_others_for_later);
    tcase_add_test(tests, killed_and_started_again);
    tcase_add_test(tests, what_cannot_go_back_is_refused_and_counted);
    tcase_add_test(tests, only_topics_of_the_settings_are_written_to);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "dead letters back, each exactly once");
}
