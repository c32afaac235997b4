/*
 * check_poison.c - records that are no impressions: each in the dead letters
 * as it came and with its reason, everything around them scored, and memory
 * flat however many there are.
 */
#include "support/allowance.h"
#include "support/pipeline.h"
#include "support/poison.h"
#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/event/event_codec.h"

#include "producer/publisher.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITIONS = 4,
    GOOD = 9500,
    FEW = 500, /* 5 % of all */
    MANY = 10 * FEW,
    GROWTH_MAX_KB = 32 << 10,
    WAIT_MS = 60000,
};

static struct error err;
static struct pipeline pipe;
static struct proceedings proceedings;
static struct child_process scorer;
static const char *reasons[GOOD + MANY]; /* by number; NULL: an impression */

static void stop(void)
{
    proceedings_free(&proceedings);
    child_end(&scorer);
}

/* --- Input: number i is offset i / PARTITIONS of partition i % PARTITIONS  */

static void make_record(uint64_t number, uint64_t poisons, uint64_t *bad,
                        uint64_t *random_state, struct buffer *bytes)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event = {.id = id_from_number((int64_t)number),
                               .user = id_from_number((int64_t)number % 100),
                               .ad = id_from_number((int64_t)number % 10),
                               .ts_ms = 1700000000000 + (int64_t)number};

    buffer_clear(bytes);
    reasons[number] = NULL;
    if (number * poisons / (GOOD + poisons) <
        (number + 1) * poisons / (GOOD + poisons))
        reasons[number] = poison_make((*bad)++, random_state, bytes);
    else
        event_encode_impression(&fields, &event, NULL, 0, bytes);
}

static void send_record(struct publisher *publisher, uint64_t number,
                        const struct buffer *bytes)
{
    char key[24];
    const struct record_header headers[] = {
        {"traceparent", key, 4}, {"origin", "test", 4}, {"origin", "\0", 1}};

    snprintf(key, sizeof(key), "key%07" PRIu64, number);
    struct outgoing out = {.partition = (int32_t)(number % PARTITIONS),
                           .key = number % 3 ? key : NULL,
                           .key_size = number % 3 ? strlen(key) : 0,
                           .value = bytes->size ? bytes->bytes : NULL,
                           .value_size = bytes->size,
                           .headers = headers,
                           .header_count = number % 4};
    ck_assert_ok(publisher_send(publisher, &out, &err), err);
}

static void feed(uint64_t poisons)
{
    struct publisher_config config = {
        .kafka = kafka_fixture_settings(),
        .linger_ms = 5,
        .topics = {pipe.names[PIPE_IMPRESSIONS], NULL}};
    struct publisher *publisher = NULL;
    struct buffer bytes = {0};
    uint64_t random_state = 7, bad = 0;

    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    for (uint64_t i = 0; i < GOOD + poisons; i++) {
        make_record(i, poisons, &bad, &random_state, &bytes);
        send_record(publisher, i, &bytes);
    }
    ck_assert_uint_eq(bad, poisons);
    ck_assert_ok(publisher_flush(publisher, WAIT_MS, &err), err);
    publisher_close(publisher);
    buffer_free(&bytes);
}

/* --- Output ----------------------------------------------------------- */

/* The most memory it ever had, in KiB. */
static long memory_of(const struct child_process *child)
{
    char path[32], line[128];
    long kilobytes = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)child->pid);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kilobytes = strtol(line + 6, NULL, 10);
    fclose(file);
    ck_assert_int_gt(kilobytes, 0);
    return kilobytes;
}

static long score_all(void)
{
    const char *more[] = {"--workers=2", "--http.port=0",
                          "--dead_letters.max_share=1",
                          /* What is queued is bounded, and soon full. */
                          "-Xconsumer.queued.max.messages.kbytes=2048",
                          "-Xconsumer.fetch.max.bytes=2097152",
                          "-Xproducer.queue.buffering.max.kbytes=8192", NULL};

    pipeline_start(&pipe, "score", more, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
    pipeline_await_scored(&pipe, WAIT_MS);
    long kilobytes = memory_of(&scorer);
    pipeline_stop(&scorer, WAIT_MS);
    child_end(&scorer);
    return kilobytes;
}

static uint64_t number_in(const struct fixture_record *letter, const char *name)
{
    const struct fixture_header *header = fixture_record_header(letter, name);

    ck_assert_ptr_nonnull(header);
    return strtoull((const char *)header->value, NULL, 10);
}

static uint64_t count_other_reasons(void)
{
    uint64_t others = 0;

    for (size_t i = 0; i < proceedings.dead_letters.count; i++) {
        const struct fixture_record *letter = &proceedings.dead_letters.at[i];
        uint64_t number = number_in(letter, "pctr.offset") * PARTITIONS +
                          number_in(letter, "pctr.partition");
        const struct fixture_header *reason =
            fixture_record_header(letter, "pctr.reason");
        ck_assert_ptr_nonnull(reason);
        others += !reasons[number] ||
                  strcmp(reasons[number], (const char *)reason->value) != 0;
    }
    return others;
}

/* Returns the scorer's memory. */
static long run(const char *name, uint64_t poisons)
{
    int64_t start_ms = clock_monotonic_ms();

    pipeline_create(&pipe, PARTITIONS);
    feed(poisons);
    long kilobytes = score_all();
    struct verdict verdict = pipeline_judge(&pipe, name, &proceedings);
    uint64_t others = count_other_reasons();
    printf("%s: wrong_reasons=%" PRIu64 " memory=%ld MiB took %d ms\n", name,
           others, kilobytes >> 10, (int)(clock_monotonic_ms() - start_ms));
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.dead_letters, poisons);
    ck_assert_uint_eq(verdict.predictions, GOOD);
    ck_assert_uint_eq(others, 0);
    proceedings_free(&proceedings);
    return kilobytes;
}

START_TEST(each_is_a_dead_letter_and_memory_is_flat)
{
    long few = run("poison 5 %", FEW);
    long many = run("ten times more", MANY);

    ck_assert_int_lt(many, few + allowance_kib(GROWTH_MAX_KB));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("poison");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests, each_is_a_dead_letter_and_memory_is_flat);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "bad records become dead letters");
}
