/*
 * check_event_contract.c - the table of what stands in records is what is
 * written and what a reader needs.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/event/cursor.h"
#include "common/event/event_codec.h"
#include "common/event/event_contract.h"

#include <stdio.h>
#include <string.h>

enum { FIELDS_MAX = 16, KINDS = EVENT_PREDICTIONS + 1 };

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

/* A record of the kind, with all that may stand in it. */
static void encode(enum event_kind kind, struct buffer *out)
{
    static const uint8_t seven[] = {7};
    const struct span raw = {seven, 1};
    const struct impression impression = {
        .id = {.number = 1}, .user = {.number = 2}, .ad = {.number = 3}};
    const struct label label = {.click = 1, .has_pair = true};
    const struct prediction_event prediction = {.raw_id = raw,
                                                .raw_ts = raw,
                                                .raw_user = raw,
                                                .raw_ad = raw,
                                                .p = 0.5,
                                                .has_support = true,
                                                .support = 3,
                                                .contender = "svd"};

    switch (kind) {
    case EVENT_IMPRESSIONS:
        event_encode_impression(&fields, &impression, NULL, 0, out);
        break;
    case EVENT_LABELS:
        event_encode_label(&fields, &label, out);
        break;
    case EVENT_PREDICTIONS:
        event_encode_prediction(&prediction, out);
        break;
    }
    ck_assert(!buffer_failed(out));
}

static enum event_fault read(enum event_kind kind, const struct buffer *record,
                             const char **about)
{
    struct impression impression;
    struct label label;
    struct prediction_event prediction;

    switch (kind) {
    case EVENT_IMPRESSIONS:
        return one_impression(&fields, record->bytes, record->size, &impression,
                              about);
    case EVENT_LABELS:
        return one_label(&fields, record->bytes, record->size, &label, about);
    case EVENT_PREDICTIONS:
        return one_prediction(record->bytes, record->size, &prediction, about);
    }
    return EVENT_INVALID;
}

/* Its entries: where each begins; the last one is the end. */
static size_t find_entries(const struct buffer *record,
                           const uint8_t *starts[FIELDS_MAX + 1],
                           struct cursor_value names[FIELDS_MAX])
{
    struct cursor cursor = cursor_over(record->bytes, record->size, 64);
    struct cursor_value map, value;

    ck_assert_int_eq(cursor_take(&cursor, &map), CURSOR_OK);
    ck_assert(map.type == CURSOR_MAP && map.size <= FIELDS_MAX);
    for (uint32_t i = 0; i < map.size; i++) {
        starts[i] = cursor.at;
        ck_assert_int_eq(cursor_take(&cursor, &names[i]), CURSOR_OK);
        ck_assert_int_eq(cursor_take(&cursor, &value), CURSOR_OK);
        if (cursor_is_container(&value))
            ck_assert_int_eq(cursor_skip_contents(&cursor, &value, 2),
                             CURSOR_OK);
    }
    starts[map.size] = cursor.at;
    ck_assert(cursor_at_end(&cursor));
    return map.size;
}

START_TEST(each_field_that_is_written_has_its_row)
{
    const struct contract_field *row = event_contract((enum event_kind)_i);
    const uint8_t *starts[FIELDS_MAX + 1];
    struct cursor_value names[FIELDS_MAX] = {{.size = 0}};
    struct buffer record = {0};

    encode((enum event_kind)_i, &record);
    size_t count = find_entries(&record, starts, names);
    for (size_t i = 0; i < count; i++, row++) {
        ck_assert_ptr_nonnull(row->name);
        ck_assert_uint_eq(strlen(row->name), names[i].size);
        ck_assert_mem_eq(row->name, names[i].bytes, names[i].size);
    }
    ck_assert_ptr_null(row->name);
    buffer_free(&record);
}
END_TEST

/* The record without the entry at `left_out`. */
static void leave_out(const struct buffer *record, size_t left_out,
                      struct buffer *out)
{
    const uint8_t *starts[FIELDS_MAX + 1];
    struct cursor_value names[FIELDS_MAX] = {{.size = 0}};
    size_t count = find_entries(record, starts, names);
    const uint8_t head = (uint8_t)(0x80 + count - 1);

    buffer_append(out, &head, 1);
    for (size_t i = 0; i < count; i++)
        if (i != left_out)
            buffer_append(out, starts[i], (size_t)(starts[i + 1] - starts[i]));
}

START_TEST(a_field_must_be_there_where_its_row_says_so)
{
    const enum event_kind kind = (enum event_kind)_i;
    const struct contract_field *rows = event_contract(kind);
    struct buffer record = {0};

    encode(kind, &record);
    for (size_t i = 0; rows[i].name; i++) {
        struct buffer cut = {0};
        const char *about = NULL;
        leave_out(&record, i, &cut);
        enum event_fault fault = read(kind, &cut, &about);
        ck_assert_int_eq(fault, rows[i].presence == CONTRACT_MUST
                                    ? EVENT_MISSING
                                    : EVENT_OK);
        if (fault == EVENT_MISSING)
            ck_assert_str_eq(about, rows[i].name);
        buffer_free(&cut);
    }
    buffer_free(&record);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event contract");
    TCase *tests = tcase_create("each kind");

    tcase_add_loop_test(tests, each_field_that_is_written_has_its_row, 0,
                        KINDS);
    tcase_add_loop_test(tests, a_field_must_be_there_where_its_row_says_so, 0,
                        KINDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
