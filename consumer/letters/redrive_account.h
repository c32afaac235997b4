/*
 * redrive_account.h - which dead letters of one partition have been dealt
 * with, as an offset and a line of text that go into a committed offset.
 *
 * Everything below `base` is done. Beyond it there may be parts: offsets
 * first..next-1, done for letters of one reason or (no reason) for all. Runs
 * with filters leave parts, and parts that close up move the base. Plain data:
 * knows no Kafka.
 */
#ifndef CONSUMER_REDRIVE_ACCOUNT_H
#define CONSUMER_REDRIVE_ACCOUNT_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REDRIVE_REASON_SIZE = 32,
    REDRIVE_PARTS_MAX = 64,
    REDRIVE_TEXT_SIZE = 4000, /* brokers take 4096 bytes */
};

struct redrive_part {
    char reason[REDRIVE_REASON_SIZE]; /* empty: all */
    int64_t first, next;
};

struct redrive_account {
    int64_t base;
    struct redrive_part parts[REDRIVE_PARTS_MAX + 1];
    size_t count;
};

/* `text` as redrive_account_print() wrote it; NULL or empty: no parts. */
int redrive_account_parse(int64_t base, const char *text, size_t size,
                          struct redrive_account *out,
                          struct error *err) MUST_CHECK;

/* Too many parts for one line: ERROR_LIMIT. */
int redrive_account_print(const struct redrive_account *account,
                          char out[REDRIVE_TEXT_SIZE],
                          struct error *err) MUST_CHECK;

bool redrive_account_is_done(const struct redrive_account *account,
                             const char *reason, int64_t offset);

/* Letters of this reason (empty: of all) in first..next-1 are done. What was
 * done before stays. */
int redrive_account_add(struct redrive_account *account, const char *reason,
                        int64_t first, int64_t next,
                        struct error *err) MUST_CHECK;

#endif
