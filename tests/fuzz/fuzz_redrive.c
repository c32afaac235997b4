/*
 * fuzz_redrive.c - any text as the account of a redrive, and any headers as
 * those of a dead letter. An account that is accepted survives being written;
 * what was done in it stays done when more is added.
 */
#include "consumer/letters/redrive_letter.h"

#include "pieces.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_account(struct pieces *pieces)
{
    struct redrive_account account, again;
    char printed[REDRIVE_TEXT_SIZE], second[REDRIVE_TEXT_SIZE];
    struct error err;
    size_t length;
    int64_t base = (int64_t)(pieces_number(pieces, 4));
    const char *text = (const char *)pieces_bytes(pieces, 2, &length);

    if (redrive_account_parse(base, text, length, &account, &err) < 0) {
        assert(err.text[0]);
        return;
    }
    for (int i = 0; i < 8 && pieces->size > 0; i++) {
        static const char *const reasons[] = {"", "missing", "type"};
        const char *reason = reasons[pieces_number(pieces, 1) % 3];
        int64_t first = base + (int64_t)pieces_number(pieces, 1);
        int64_t next = first + 1 + (int64_t)pieces_number(pieces, 1);
        bool was_done = redrive_account_is_done(&account, "type", base + 100);
        if (redrive_account_add(&account, reason, first, next, &err) < 0)
            break;
        assert(redrive_account_is_done(&account, reason, first));
        assert(redrive_account_is_done(&account, reason, next - 1));
        assert(!was_done ||
               redrive_account_is_done(&account, "type", base + 100));
    }
    if (redrive_account_print(&account, printed, &err) < 0)
        return;
    int status = redrive_account_parse(account.base, printed, strlen(printed),
                                       &again, &err);
    assert(status == 0);
    status = redrive_account_print(&again, second, &err);
    assert(status == 0 && strcmp(printed, second) == 0);
    (void)status;
}

static void check_letter(struct pieces *pieces)
{
    static const char *const known[] = {
        "pctr.topic",     "pctr.partition", "pctr.offset", "pctr.reason",
        "pctr.truncated", "redrive.count",  "pctr.field",  "x"};
    struct record_header headers[16];
    struct message message = {.partition = 1, .offset = 2};
    struct redrive_letter letter;
    size_t count = (size_t)pieces_number(pieces, 1) % 17;

    for (size_t i = 0; i < count; i++) {
        headers[i].name = known[pieces_number(pieces, 1) % 8];
        headers[i].value = pieces_bytes(pieces, 1, &headers[i].size);
    }
    redrive_letter_read(&message, "letters", headers, count, &letter);
    assert(memchr(letter.topic, '\0', sizeof(letter.topic)));
    assert(memchr(letter.reason, '\0', sizeof(letter.reason)) &&
           letter.reason[0]);
    assert(letter.header_count <= LETTER_HEADERS_MAX + 2);
    for (size_t i = 0; i < letter.header_count; i++)
        assert(letter.headers[i].name[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pieces pieces = {bytes, size};

    if (pieces_number(&pieces, 1) % 2)
        check_account(&pieces);
    else
        check_letter(&pieces);
    return 0;
}
