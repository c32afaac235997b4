/*
 * check_evaluation_event.c - what was found out about a window survives the
 * queue, and what is none is refused.
 */
#include "support/run_suite.h"

#include "common/event/evaluation_event.h"
#include "common/event/packer.h"

#include <math.h>
#include <string.h>

static struct error err;

static const struct evaluation_event sample = {
    .name = "click",
    .start_ms = 1700000000000,
    .window_ms = 3600000,
    .has_version = true,
    .version = 12,
    .rows = 1000,
    .click_rate = 0.15,
    .rmse = 0.1,
    .mae = 0.2,
    .logloss = 0.3,
    .normalised_entropy = 0.4,
    .auc = 0.5,
    .calibration = 0.6,
    .ece = 0.7,
    .left_out = 3,
    .is_early = true,
    .created_ms = 1700003600000,
};

static struct evaluation_event decode(const struct buffer *bytes)
{
    struct evaluation_event event;

    ck_assert_ok(
        evaluation_event_decode(NULL, bytes->bytes, bytes->size, &event, &err),
        err);
    return event;
}

static void assert_same(const struct evaluation_event *a,
                        const struct evaluation_event *b)
{
    struct buffer x = {0}, y = {0};

    evaluation_event_encode(a, &x);
    evaluation_event_encode(b, &y);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_mem_eq(x.bytes, y.bytes, x.size);
    buffer_free(&x);
    buffer_free(&y);
}

START_TEST(what_is_written_is_read)
{
    struct buffer bytes = {0};

    evaluation_event_encode(&sample, &bytes);
    struct evaluation_event event = decode(&bytes);
    assert_same(&event, &sample);
    ck_assert_str_eq(event.name, "click");
    ck_assert_uint_eq(event.version, 12);
    ck_assert_double_eq(event.ece, 0.7);
    ck_assert(event.is_early);
    buffer_free(&bytes);
}
END_TEST

START_TEST(all_versions_and_no_figure_are_nil)
{
    struct evaluation_event event = sample;
    struct buffer bytes = {0};

    event.has_version = false;
    event.auc = event.normalised_entropy = NAN;
    evaluation_event_encode(&event, &bytes);
    event = decode(&bytes);
    ck_assert(!event.has_version);
    ck_assert(isnan(event.auc));
    ck_assert(isnan(event.normalised_entropy));
    ck_assert_double_eq(event.rmse, 0.1);
    buffer_free(&bytes);
}
END_TEST

START_TEST(keys_name_the_window_and_the_version)
{
    struct evaluation_event event = sample;
    char key[EVALUATION_KEY_SIZE];

    evaluation_event_key(&event, key);
    ck_assert_str_eq(key, "click@1700000000000/12");
    event.has_version = false;
    evaluation_event_key(&event, key);
    ck_assert_str_eq(key, "click@1700000000000");
}
END_TEST

/* Of a later version: in front, of any type, nested. */
START_TEST(unknown_fields_are_passed_over)
{
    struct buffer known = {0}, bytes = {0};
    msgpack_packer packer = packer_into(&bytes);

    evaluation_event_encode(&sample, &known);
    ck_assert_uint_eq(known.bytes[0], 0xde); /* a map of 16 */
    msgpack_pack_map(&packer, 18);
    packer_text(&packer, "median", 6);
    msgpack_pack_array(&packer, 2);
    msgpack_pack_int(&packer, 1);
    msgpack_pack_map(&packer, 0);
    msgpack_pack_int(&packer, 7);
    msgpack_pack_nil(&packer);
    packer_raw(&packer, known.bytes + 3, known.size - 3);
    struct evaluation_event event = decode(&bytes);
    assert_same(&event, &sample);
    buffer_free(&known);
    buffer_free(&bytes);
}
END_TEST

START_TEST(cut_short_it_is_refused_at_every_length)
{
    struct evaluation_event event = {.rows = 77};
    struct buffer bytes = {0};

    evaluation_event_encode(&sample, &bytes);
    for (size_t size = 0; size < bytes.size; size++)
        ck_assert_refused(
            evaluation_event_decode(NULL, bytes.bytes, size, &event, &err), err,
            ERROR_FORMAT, "evaluation");
    ck_assert_uint_eq(event.rows, 77);
    buffer_append(&bytes, "", 1);
    ck_assert_refused(
        evaluation_event_decode(NULL, bytes.bytes, bytes.size, &event, &err),
        err, ERROR_FORMAT, "behind its end");
    buffer_free(&bytes);
}
END_TEST

/* One field of the sample written over: the same length, another meaning. */
static const struct {
    const char *find;
    size_t find_size, at;
    uint8_t byte;
    const char *complaint;
} spoils[] = {
    {"\xa4name", 5, 5, 0x05, "name: not a text"},
    {"click", 5, 0, '\n', "unprintable"},
    {"\xa3"
     "auc",
     4, 1, 'x', "auc: missing"},
    {"\xa3"
     "mae",
     4, 4, 0xcf, "mae: neither"},
    {"\xa7version\x0c", 9, 8, 0xff, "version: not a natural"},
    {"\xa5"
     "early",
     6, 6, 0x01, "early: not a boolean"},
    {"\xa3"
     "ece",
     4, 1, 'm', "ece: missing"}, /* "mce" is of a later version */
};

static uint8_t *find(const struct buffer *in, const char *what, size_t size)
{
    for (size_t at = 0; at + size <= in->size; at++)
        if (memcmp(in->bytes + at, what, size) == 0)
            return in->bytes + at;
    return NULL;
}

START_TEST(what_is_spoilt_is_named)
{
    struct evaluation_event event;
    struct buffer bytes = {0};

    evaluation_event_encode(&sample, &bytes);
    uint8_t *place = find(&bytes, spoils[_i].find, spoils[_i].find_size);
    ck_assert_ptr_nonnull(place);
    place[spoils[_i].at] = spoils[_i].byte;
    ck_assert_refused(
        evaluation_event_decode(NULL, bytes.bytes, bytes.size, &event, &err),
        err, ERROR_FORMAT, spoils[_i].complaint);
    buffer_free(&bytes);
}
END_TEST

START_TEST(a_field_twice_is_refused)
{
    struct evaluation_event event;
    struct buffer known = {0}, bytes = {0};
    msgpack_packer packer = packer_into(&bytes);

    evaluation_event_encode(&sample, &known);
    msgpack_pack_map(&packer, 17);
    packer_text(&packer, "rows", 4);
    msgpack_pack_int(&packer, 1);
    packer_raw(&packer, known.bytes + 3, known.size - 3);
    ck_assert_refused(
        evaluation_event_decode(NULL, bytes.bytes, bytes.size, &event, &err),
        err, ERROR_FORMAT, "rows: is there twice");
    buffer_free(&known);
    buffer_free(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation event");
    TCase *tests = tcase_create("msgpack");

    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, all_versions_and_no_figure_are_nil);
    tcase_add_test(tests, keys_name_the_window_and_the_version);
    tcase_add_test(tests, unknown_fields_are_passed_over);
    tcase_add_test(tests, cut_short_it_is_refused_at_every_length);
    tcase_add_loop_test(tests, what_is_spoilt_is_named, 0,
                        (int)(sizeof(spoils) / sizeof(spoils[0])));
    tcase_add_test(tests, a_field_twice_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
