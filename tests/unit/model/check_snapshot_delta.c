/*
 * check_snapshot_delta.c - a copy of a snapshot follows a model that goes on
 * learning, bit for bit, and bytes that make no sense leave it as it was.
 */
#include "support/delta_pupil.h"
#include "support/run_suite.h"

#include "model/algorithms/fields.h"
#include "model/params.h"
#include "model/registry.h"
#include "model/snapshot_delta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = PUPIL_HEAD, VALUES = 2 };

static struct error err;
static struct model *teacher; /* goes on learning */
static uint64_t rows;

/* --- The teacher ------------------------------------------------------ */

static void teach(unsigned seed, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const uint64_t values[VALUES] = {
            UINT64_C(0x9e3779b97f4a7c15) * (seed + i % 7 + 1),
            UINT64_C(0xbf58476d1ce4e5b9) * (seed + i + 2)};
        const double label = i % 3 == 0;
        teacher->ops->fields->learn(teacher, values, &label, 1);
    }
    rows += count;
}

static void encode(const struct model *model, uint64_t of_rows,
                   struct buffer *to)
{
    struct snapshot snapshot = {.model = (struct model *)(uintptr_t)model,
                                .rows = of_rows};

    ck_assert_ok(id_map_new(&snapshot.users, &err), err);
    ck_assert_ok(id_map_new(&snapshot.ads, &err), err);
    ck_assert_ok(snapshot_encode(&snapshot, to, &err), err);
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
}

static void start(const char *params)
{
    const struct model_ops *ops = NULL;
    struct model_params with;
    struct buffer whole = {0};
    struct snapshot *decoded = NULL;

    rows = 0;
    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &with, &err), err);
    ck_assert_ok(params_set(ops, params, &with, &err), err);
    ck_assert_ok(fields_start(&with, &teacher, &err), err);
    ck_assert_ok(ops->changes->track(teacher, &err), err);
    teach(1, 20);
    encode(teacher, rows, &whole);
    ops->changes->forget(teacher);
    ck_assert_ok(snapshot_decode(whole.bytes, whole.size, &decoded, &err), err);
    delta_pupil_start(decoded);
    snapshot_free(decoded);
    buffer_free(&whole);
}

static void start_single(void)
{
    start("bits=12 start=0.3");
}

static void stop(void)
{
    model_free(teacher);
    delta_pupil_stop();
}

/* --- Deltas ----------------------------------------------------------- */

static void make_delta(void)
{
    buffer_clear(&pupil.bytes);
    pupil.next.rows = rows;
    ck_assert_ok(
        snapshot_delta_encode(&pupil.next, teacher, &pupil.bytes, &err), err);
    teacher->ops->changes->forget(teacher);
}

static void assert_same_state(void)
{
    const struct snapshot now = {.users = pupil.student->users,
                                 .ads = pupil.student->ads,
                                 .model = teacher,
                                 .rows = rows};

    delta_pupil_assert_same(&now, pupil.student);
}

START_TEST(a_student_follows_bit_for_bit)
{
    stop();
    start(_i ? "bits=12 start=0.3 precision=double"
             : "bits=12 start=0.3 fields=user+ad+user*ad lambda=2");
    assert_same_state();
    for (unsigned i = 0; i < 30; i++) {
        teach(i % 5, 3 * i + 1);
        make_delta();
        delta_pupil_go_on();
        assert_same_state();
        ck_assert_uint_eq(pupil.student->delta, i + 1);
        ck_assert_mem_eq(pupil.student->delta_sha256.bytes,
                         pupil.next.before.bytes, DIGEST_SIZE);
    }
}
END_TEST

START_TEST(a_delta_has_what_changed_and_no_more)
{
    teach(3, 1);
    ck_assert_uint_eq(teacher->ops->changes->count(teacher), 2);
    make_delta();
    ck_assert_uint_eq(pupil.bytes.size, HEAD + 16 + 4 + 2 * 12);
    ck_assert_uint_eq(teacher->ops->changes->count(teacher), 0);
    delta_pupil_go_on();
    make_delta(); /* nothing changed */
    ck_assert_uint_eq(pupil.bytes.size, HEAD + 16 + 4);
    delta_pupil_go_on();
    assert_same_state();
}
END_TEST

/* What a label that changes later moves is a change as well. */
START_TEST(a_correction_is_a_change)
{
    const uint64_t values[VALUES] = {UINT64_MAX / 3, UINT64_MAX / 5};

    teacher->ops->fields->correct(teacher, values, 1);
    ck_assert_uint_eq(teacher->ops->changes->count(teacher), 2);
    make_delta();
    delta_pupil_go_on();
    assert_same_state();
}
END_TEST

START_TEST(a_copy_is_its_own)
{
    struct snapshot *copy = NULL;

    ck_assert_ok(snapshot_copy(pupil.student, &copy, &err), err);
    teach(3, 50);
    make_delta();
    ck_assert_ok(delta_pupil_apply(&err), err);
    ck_assert_uint_eq(copy->delta, 0);
    ck_assert_mem_eq(snapshot_state(copy)->bytes, copy->sha256.bytes,
                     DIGEST_SIZE);
    snapshot_free(pupil.student);
    pupil.student = copy;
    ck_assert_ok(delta_pupil_apply(&err), err);
    assert_same_state();
}
END_TEST

/* --- What is refused -------------------------------------------------- */

START_TEST(a_cut_delta_is_refused_at_every_byte)
{
    teach(3, 4);
    make_delta();
    delta_pupil_assert_no_cut("out of order");
    assert_same_state();
}
END_TEST

static void put_f32(size_t at, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    delta_pupil_put_u32(at, bits);
}

enum { COUNT = HEAD + 16, FIRST = COUNT + 4, WIDTH = 12 };

static void other_magic(void)
{
    pupil.bytes.bytes[0]++;
}
static void newer(void)
{
    delta_pupil_put_u32(8, SNAPSHOT_DELTA_VERSION + 1);
}
static void older(void)
{
    delta_pupil_put_u32(8, 0);
}
static void number_0(void)
{
    delta_pupil_put_u32(12, 0);
}
static void number_2(void)
{
    delta_pupil_put_u32(12, 2);
}
static void number_huge(void)
{
    delta_pupil_put_u32(12, SNAPSHOT_DELTAS_MAX + 1);
}
static void intercept_nan(void)
{
    memset(pupil.bytes.bytes + HEAD, 0xff, 8);
}
static void intercept_minus(void)
{
    pupil.bytes.bytes[HEAD + 15] |= 0x80;
}
static void too_many(void)
{
    delta_pupil_put_u32(COUNT, UINT32_MAX);
}
static void one_more(void)
{
    delta_pupil_put_u32(COUNT, 5);
}
static void one_less(void)
{
    delta_pupil_put_u32(COUNT, 3);
}
static void out_of_range(void)
{
    delta_pupil_put_u32(FIRST + 3 * WIDTH, 1 << 12);
}
static void twice(void)
{
    memcpy(pupil.bytes.bytes + FIRST + WIDTH, pupil.bytes.bytes + FIRST, 4);
}
static void weight_nan(void)
{
    put_f32(FIRST + 3 * WIDTH + 4, NAN);
}
static void weight_infinite(void)
{
    put_f32(FIRST + 4, INFINITY);
}
static void count_minus(void)
{
    put_f32(FIRST + 2 * WIDTH + 8, -1);
}

static const struct {
    void (*spoil)(void);
    const char *text;
} damages[] = {
    {other_magic, "not the bytes of one"},
    {newer, "newer than this program reads"},
    {older, "head makes no sense"},
    {number_0, "head makes no sense"},
    {number_2, "number 2 where 1 should be"},
    {number_huge, "head makes no sense"},
    {delta_pupil_other_epoch, "of epoch 13, not of 12"},
    {delta_pupil_other_base, "of another snapshot"},
    {delta_pupil_other_state, "continues another state"},
    {intercept_nan, "not finite"},
    {intercept_minus, "not finite"},
    {too_many, "cut short"},
    {one_more, "cut short"},
    {one_less, "out of order"},
    {out_of_range, "out of order"},
    {twice, "out of order"},
    {weight_nan, "not finite"},
    {weight_infinite, "not finite"},
    {count_minus, "not finite"},
};

START_TEST(damage_is_refused_and_changes_nothing)
{
    teach(30, 2);
    ck_assert_uint_eq(teacher->ops->changes->count(teacher), 4);
    make_delta();
    delta_pupil_assert_spoilt(damages[_i].spoil, damages[_i].text);
    assert_same_state();
}
END_TEST

START_TEST(a_doubled_one_is_refused)
{
    teach(3, 4);
    make_delta();
    delta_pupil_go_on();
    delta_pupil_assert_refused("number 1 where 2 should be");
}
END_TEST

START_TEST(the_head_can_be_read_alone)
{
    struct snapshot_delta head;

    teach(3, 4);
    make_delta();
    ck_assert_ok(snapshot_delta_head(pupil.bytes.bytes, HEAD, &head, &err),
                 err);
    ck_assert_uint_eq(head.epoch, PUPIL_EPOCH);
    ck_assert_uint_eq(head.number, 1);
    ck_assert_uint_eq(head.rows, 24);
    ck_assert_int_eq(
        snapshot_delta_head(pupil.bytes.bytes, HEAD - 1, &head, &err), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot_delta");
    TCase *tests = tcase_create("deltas");

    tcase_add_checked_fixture(tests, start_single, stop);
    tcase_add_loop_test(tests, a_student_follows_bit_for_bit, 0, 2);
    tcase_add_test(tests, a_delta_has_what_changed_and_no_more);
    tcase_add_test(tests, a_correction_is_a_change);
    tcase_add_test(tests, a_copy_is_its_own);
    tcase_add_test(tests, a_cut_delta_is_refused_at_every_byte);
    tcase_add_loop_test(tests, damage_is_refused_and_changes_nothing, 0,
                        sizeof(damages) / sizeof(damages[0]));
    tcase_add_test(tests, a_doubled_one_is_refused);
    tcase_add_test(tests, the_head_can_be_read_alone);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
