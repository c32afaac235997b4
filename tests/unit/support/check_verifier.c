/*
 * check_verifier.c - the judge is judged: every fault that it is there to
 * find is made on purpose, once, and must be counted once.
 */
#include "support/one_event.h"
#include "support/run_suite.h"
#include "support/verifier.h"

#include "common/event/event_codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS = 3, EACH = 50, COUNT = PARTITIONS * EACH, BAD = 7 };

static struct fixture_records in, out, dead;
static int64_t committed[PARTITIONS];

static uint8_t *copy_of(const struct buffer *bytes)
{
    uint8_t *copy = malloc(bytes->size + 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes->bytes, bytes->size);
    return copy;
}

static bool is_bad(int64_t offset)
{
    return offset % BAD == 0;
}

static void add(struct fixture_records *to, int32_t partition, int64_t offset,
                const struct buffer *bytes)
{
    to->at[to->count++] = (struct fixture_record){.partition = partition,
                                                  .offset = offset,
                                                  .value = copy_of(bytes),
                                                  .value_size = bytes->size};
}

static void encode_prediction(const struct impression *event, int32_t partition,
                              int64_t offset, uint64_t version,
                              struct buffer *bytes)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression decoded;
    struct buffer source = {0};

    event_encode_impression(&fields, event, NULL, 0, &source);
    ck_assert_int_eq(
        one_impression(&fields, source.bytes, source.size, &decoded, NULL),
        EVENT_OK);
    struct prediction_event prediction = {.raw_id = decoded.raw_id,
                                          .raw_ts = decoded.raw_ts,
                                          .raw_user = decoded.raw_user,
                                          .raw_ad = decoded.raw_ad,
                                          .p = 0.25,
                                          .model_version = version,
                                          .src_partition = partition,
                                          .src_offset = offset};
    buffer_clear(bytes);
    event_encode_prediction(&prediction, bytes);
    buffer_free(&source);
}

static struct impression event_at(int32_t partition, int64_t offset)
{
    return (struct impression){
        .id = id_from_number(partition * EACH + offset),
        .user = id_from_number(offset % 5),
        .ad = id_from_number(partition),
        .ts_ms = 1700000000000 + offset,
    };
}

static void add_header(struct fixture_record *letter, const char *name,
                       int64_t number)
{
    struct fixture_header *header = &letter->headers[letter->header_count++];
    char text[24];

    snprintf(text, sizeof(text), "%d", (int)number);
    *header = (struct fixture_header){.name = strdup(name),
                                      .value = (uint8_t *)strdup(text),
                                      .size = strlen(text)};
}

static void add_letter(int32_t partition, int64_t offset,
                       const struct buffer *bytes)
{
    add(&dead, partition, (int64_t)dead.count, bytes);
    struct fixture_record *letter = &dead.at[dead.count - 1];
    letter->headers = calloc(2, sizeof(*letter->headers));
    ck_assert_ptr_nonnull(letter->headers);
    add_header(letter, "pctr.partition", partition);
    add_header(letter, "pctr.offset", offset);
}

/* One partition's run; its model changes twice. */
static void add_one(int32_t partition, int64_t offset, struct buffer *bytes)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event = event_at(partition, offset);

    buffer_clear(bytes);
    if (is_bad(offset))
        buffer_append(bytes, "\xc1", 1);
    else
        event_encode_impression(&fields, &event, NULL, 0, bytes);
    add(&in, partition, offset, bytes);
    if (is_bad(offset)) {
        add_letter(partition, offset, bytes);
        return;
    }
    encode_prediction(&event, partition, offset, (uint64_t)offset / 20, bytes);
    add(&out, partition, offset * 2, bytes);
}

static struct fixture_records room(void)
{
    struct fixture_records records = {
        calloc(2 * COUNT, sizeof(struct fixture_record)), 0};

    ck_assert_ptr_nonnull(records.at);
    return records;
}

static void start(void)
{
    struct buffer bytes = {0};

    in = room();
    out = room();
    dead = room();
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int64_t i = 0; i < EACH; i++)
            add_one(p, i, &bytes);
        committed[p] = EACH;
    }
    buffer_free(&bytes);
}

static void stop(void)
{
    fixture_records_free(&in);
    fixture_records_free(&out);
    fixture_records_free(&dead);
}

static struct verdict judge(void)
{
    struct evidence evidence = {&in, &out, &dead, committed, PARTITIONS};

    return verifier_judge(&evidence);
}

/* --- Faults, each of a run that was good ------------------------------ */

static void remove_at(struct fixture_records *from, size_t at)
{
    free(from->at[at].value);
    memmove(&from->at[at], &from->at[at + 1],
            (from->count - at - 1) * sizeof(from->at[0]));
    from->count--;
}

static void insert_copy(struct fixture_records *to, size_t from, size_t at)
{
    struct fixture_record copy = to->at[from];

    memmove(&to->at[at + 1], &to->at[at], (to->count - at) * sizeof(to->at[0]));
    copy.value = malloc(copy.value_size);
    ck_assert_ptr_nonnull(copy.value);
    memcpy(copy.value, to->at[from < at ? from : from + 1].value,
           copy.value_size);
    to->at[at] = copy;
    to->count++;
}

/* What the prediction at `at` should have been but for its source and model. */
static void rewrite(size_t at, struct impression event, int32_t partition,
                    int64_t offset, uint64_t version)
{
    struct buffer bytes = {0};

    encode_prediction(&event, partition, offset, version, &bytes);
    free(out.at[at].value);
    out.at[at].value = copy_of(&bytes);
    out.at[at].value_size = bytes.size;
    buffer_free(&bytes);
}

static void nothing(void)
{
}

static void dropped(void)
{
    remove_at(&out, 10);
}

static void dropped_letter(void)
{
    for (size_t i = 0; i < dead.at[2].header_count; i++) {
        free(dead.at[2].headers[i].name);
        free(dead.at[2].headers[i].value);
    }
    free(dead.at[2].headers);
    remove_at(&dead, 2);
}

static void doubled(void)
{
    insert_copy(&out, 10, 11);
}

static void swapped(void)
{
    struct fixture_record first = out.at[10];

    out.at[10] = out.at[11];
    out.at[11] = first;
}

static void moved(void)
{
    out.at[10].partition = 1;
}

static void another_user(void)
{
    struct impression event = event_at(0, 2);

    event.user = id_from_number(77);
    rewrite(1, event, 0, 2, 0);
}

static void of_another_source(void)
{
    rewrite(0, event_at(0, 1), 0, 2, 0);
}

static void of_no_source(void)
{
    rewrite(0, event_at(0, 1), 0, 1000, 0);
}

static void no_event(void)
{
    out.at[0].value_size = 1;
}

static void model_went_back(void)
{
    rewrite(30, event_at(0, 36), 0, 36, 0);
}

static void letter_changed(void)
{
    dead.at[3].value[0] = 0xc2;
}

static void letter_lost_its_key(void)
{
    struct buffer key = {0};

    buffer_append(&key, "k", 1);
    in.at[0].key = copy_of(&key);
    in.at[0].key_size = 1;
    buffer_free(&key);
}

static void committed_too_little(void)
{
    committed[1]--;
}

static void committed_too_much(void)
{
    committed[2]++;
}

static void never_committed(void)
{
    committed[0] = -1001;
}

static const struct {
    void (*spoil)(void);
    struct verdict found;
} faults[] = {
    {nothing, {.lost = 0}},
    {dropped, {.lost = 1}},
    {dropped_letter, {.lost = 1}},
    {doubled, {.doubled = 1, .repeated = 1, .disorder = 1}},
    {swapped, {.disorder = 1}},
    {moved, {.disorder = 1}},
    {another_user, {.strange = 1}},
    {of_another_source, {.lost = 1, .doubled = 1, .strange = 1, .disorder = 1}},
    {of_no_source, {.lost = 1, .strange = 1}},
    {no_event, {.lost = 1, .strange = 1}},
    {model_went_back, {.backwards = 1}},
    {letter_changed, {.strange = 1}},
    {letter_lost_its_key, {.strange = 1}},
    {committed_too_little, {.torn = 1}},
    {committed_too_much, {.torn = 1}},
    {never_committed, {.torn = 1}},
};

START_TEST(every_fault_is_counted_and_nothing_else)
{
    faults[_i].spoil();
    struct verdict found = judge();
    const struct verdict *expected = &faults[_i].found;

    ck_assert_uint_eq(found.lost, expected->lost);
    ck_assert_uint_eq(found.doubled, expected->doubled);
    ck_assert_uint_eq(found.repeated, expected->repeated);
    ck_assert_uint_eq(found.strange, expected->strange);
    ck_assert_uint_eq(found.torn, expected->torn);
    ck_assert_uint_eq(found.disorder, expected->disorder);
    ck_assert_uint_eq(found.backwards, expected->backwards);
    ck_assert(verdict_is_clean(&found) == (_i == 0));
}
END_TEST

START_TEST(it_counts_what_there_was)
{
    struct verdict found = judge();

    ck_assert_uint_eq(found.impressions, COUNT);
    ck_assert_uint_eq(found.dead_letters, PARTITIONS * (EACH / BAD + 1));
    ck_assert_uint_eq(found.predictions, COUNT - found.dead_letters);
    ck_assert_uint_eq(found.versions, 2);
}
END_TEST

START_TEST(the_longest_gap_is_one_of_a_partition)
{
    /* Partitions begin at other times, which is no gap. */
    for (size_t i = 0; i < out.count; i++)
        out.at[i].timestamp_ms =
            out.at[i].partition * 100000 + out.at[i].offset * 10;
    for (size_t i = out.count - 3; i < out.count; i++)
        out.at[i].timestamp_ms += 5000;

    struct verdict found = judge();
    ck_assert_int_ge(found.gap_ms, 5020);
    ck_assert_int_le(found.gap_ms, 5040);
    ck_assert(verdict_is_clean(&found));
}
END_TEST

START_TEST(nothing_at_all_is_clean)
{
    struct fixture_records none = {NULL, 0};
    int64_t never[] = {-1001};
    struct evidence evidence = {&none, &none, &none, never, 1};
    struct verdict found = verifier_judge(&evidence);

    ck_assert(verdict_is_clean(&found));
    ck_assert_uint_eq(found.versions, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verifier");
    TCase *tests = tcase_create("faults");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, every_fault_is_counted_and_nothing_else, 0,
                        sizeof(faults) / sizeof(faults[0]));
    tcase_add_test(tests, it_counts_what_there_was);
    tcase_add_test(tests, the_longest_gap_is_one_of_a_partition);
    tcase_add_test(tests, nothing_at_all_is_clean);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
