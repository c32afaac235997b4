#include "support/delta_pupil.h"

#include "support/run_suite.h"

struct delta_pupil pupil;
static struct error err;

void delta_pupil_start(const struct snapshot *snapshot)
{
    ck_assert_ok(snapshot_copy(snapshot, &pupil.student, &err), err);
    pupil.next = (struct snapshot_delta){.epoch = PUPIL_EPOCH,
                                         .base = snapshot->sha256,
                                         .number = 1,
                                         .before = snapshot->sha256};
}

void delta_pupil_stop(void)
{
    snapshot_free(pupil.student);
    buffer_free(&pupil.bytes);
    pupil.student = NULL;
}

int delta_pupil_apply(struct error *why)
{
    return snapshot_delta_apply(pupil.student, PUPIL_EPOCH, pupil.bytes.bytes,
                                pupil.bytes.size, why);
}

void delta_pupil_go_on(void)
{
    ck_assert_ok(delta_pupil_apply(&err), err);
    pupil.next.before = digest_of(pupil.bytes.bytes, pupil.bytes.size);
    pupil.next.number++;
}

void delta_pupil_assert_same(const struct snapshot *a, const struct snapshot *b)
{
    struct buffer of_a = {0}, of_b = {0};

    ck_assert_ok(snapshot_encode(a, &of_a, &err), err);
    ck_assert_ok(snapshot_encode(b, &of_b, &err), err);
    ck_assert_uint_eq(of_a.size, of_b.size);
    ck_assert_mem_eq(of_a.bytes, of_b.bytes, of_a.size);
    buffer_free(&of_a);
    buffer_free(&of_b);
}

void delta_pupil_assert_refused(const char *text)
{
    struct snapshot *before = NULL;
    const uint32_t delta = pupil.student->delta;

    ck_assert_ok(snapshot_copy(pupil.student, &before, &err), err);
    ck_assert_refused(delta_pupil_apply(&err), err, ERROR_FORMAT, text);
    ck_assert_uint_eq(pupil.student->delta, delta);
    delta_pupil_assert_same(before, pupil.student);
    snapshot_free(before);
}

void delta_pupil_assert_no_cut(const char *text_of_more)
{
    const size_t size = pupil.bytes.size;

    for (pupil.bytes.size = 0; pupil.bytes.size < size; pupil.bytes.size++)
        delta_pupil_assert_refused("delta");
    buffer_append(&pupil.bytes, "", 1);
    delta_pupil_assert_refused(text_of_more);
    pupil.bytes.size = size;
    delta_pupil_go_on();
}

void delta_pupil_assert_spoilt(void (*spoil)(void), const char *text)
{
    struct buffer good = {0};

    buffer_append(&good, pupil.bytes.bytes, pupil.bytes.size);
    spoil();
    delta_pupil_assert_refused(text);
    buffer_clear(&pupil.bytes);
    buffer_append(&pupil.bytes, good.bytes, good.size);
    buffer_free(&good);
    delta_pupil_go_on();
}

void delta_pupil_put_u32(size_t at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        pupil.bytes.bytes[at + (size_t)i] = (uint8_t)(value >> (8 * i));
}

void delta_pupil_other_epoch(void)
{
    pupil.bytes.bytes[16]++;
}

void delta_pupil_other_base(void)
{
    pupil.bytes.bytes[24]++;
}

void delta_pupil_other_state(void)
{
    pupil.bytes.bytes[24 + DIGEST_SIZE]++;
}
