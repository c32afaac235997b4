/*
 * delta_pupil.h - a snapshot that follows deltas, and the bytes of the next
 * one, which the test makes. There is one; a failure ends the test.
 */
#ifndef SUPPORT_DELTA_PUPIL_H
#define SUPPORT_DELTA_PUPIL_H

#include "model/snapshot_delta.h"

enum { PUPIL_EPOCH = 12, PUPIL_HEAD = 8 + 4 + 4 + 8 + 2 * DIGEST_SIZE + 8 };

struct delta_pupil {
    struct snapshot *student;
    struct snapshot_delta
        next;            /* head of the delta to come, but for its rows */
    struct buffer bytes; /* of a delta */
};

extern struct delta_pupil pupil;

/* The student is a copy of a snapshot that was decoded. */
void delta_pupil_start(const struct snapshot *snapshot);
void delta_pupil_stop(void);

/* The student takes the bytes. */
int delta_pupil_apply(struct error *err);

/* It does, and the next delta is one behind them. */
void delta_pupil_go_on(void);

/* Two snapshots have the same bytes. */
void delta_pupil_assert_same(const struct snapshot *a,
                             const struct snapshot *b);

/* The bytes are refused with such a text, and the student is as it was. */
void delta_pupil_assert_refused(const char *text);

/* They are, cut at each byte, and with this text with a byte more; whole they
 * are taken. */
void delta_pupil_assert_no_cut(const char *text_of_more);

/* They are when they are spoilt, and taken when they are not. */
void delta_pupil_assert_spoilt(void (*spoil)(void), const char *text);

/* What spoils them. */
void delta_pupil_put_u32(size_t at, uint32_t value);
void delta_pupil_other_epoch(void);
void delta_pupil_other_base(void);
void delta_pupil_other_state(void);

#endif
