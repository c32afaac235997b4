/*
 * fuzz_intake.c - any stream of impressions and labels through the join and the
 * log: the books balance after every record, each impression has at most one
 * outcome that is not a correction, and the log keeps its bound.
 */
#include "consumer/learn/intake.h"

#include "pieces.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { LOG_ROWS = 50, PENDING_MAX = 20 };

static void encode(struct pieces *pieces, enum intake_kind kind,
                   struct buffer *to)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct id id = id_from_number((int64_t)pieces_number(pieces, 1) % 32);
    int64_t ts_ms = 1000 + (int64_t)pieces_number(pieces, 2);
    struct id user = id_from_number(id.number % 7), ad = id_from_number(1);

    if (kind == INTAKE_IMPRESSION) {
        const struct impression event = {
            .id = id, .user = user, .ad = ad, .ts_ms = ts_ms};
        event_encode_impression(&fields, &event, NULL, 0, to);
    } else {
        const struct label event = {
            .id = id,
            .ts_ms = ts_ms,
            .click = (double)(pieces_number(pieces, 1) % 3) / 2,
            .has_pair = true,
            .user = user,
            .ad = ad};
        event_encode_label(&fields, &event, to);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pieces pieces = {bytes, size};
    struct intake_config config = {.fields = EVENT_FIELDS_DEFAULT,
                                   .log = {.rows_max = LOG_ROWS}};
    struct intake *intake = NULL;
    struct error err;

    strcpy(config.fields.anonymous, "0");
    config.mode =
        pieces_number(&pieces, 1) % 4 ? JOIN_IMPRESSIONS : JOIN_LABELS;
    config.join.window_ms = (int64_t)pieces_number(&pieces, 1);
    config.join.late_ms = (int64_t)pieces_number(&pieces, 1);
    config.join.pending_max = PENDING_MAX;
    if (intake_new(&config, &intake, &err) < 0)
        return 0;
    while (pieces.size > 0) {
        struct intake_record record = {.kind = INTAKE_LABEL};
        struct intake_result became;
        struct join_outcome outcome;
        struct buffer value = {0};
        uint64_t how = pieces_number(&pieces, 1);

        if (how & 1 && config.mode == JOIN_IMPRESSIONS)
            record.kind = INTAKE_IMPRESSION;
        record.origin.read_ms = INT64_MAX;
        record.origin.partition = how >> 6 & 3;
        record.origin.record_ms = how & 2 ? -1 : (int64_t)(how << 8);
        if (how & 4) {
            record.bytes = pieces_bytes(&pieces, 1, &record.size);
        } else {
            encode(&pieces, record.kind, &value);
            record.bytes = value.bytes;
            record.size = value.size;
        }
        int status = intake_take(intake, &record, &became, &err);
        assert(status == 0);
        (void)status;
        while (intake_next_outcome(intake, &outcome))
            assert(isnan(outcome.label) ||
                   (outcome.label >= 0 && outcome.label <= 1));
        struct join_books books = intake_books(intake);
        assert(join_books_balance(&books));
        assert(books.open + books.waiting <= PENDING_MAX);
        struct training_log_counts counts =
            training_log_counts(intake_log(intake));
        assert(counts.rows <= LOG_ROWS);
        buffer_free(&value);
    }
    intake_free(intake);
    return 0;
}
