#include "consumer/letters/redrive_account.h"

#include "common/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "missing 12 40;* 90 95;" */

static bool take_part(const char **at, struct redrive_part *out)
{
    struct redrive_part part;
    int used = 0;

    if (sscanf(*at, "%31[a-z_*] %" SCNd64 " %" SCNd64 ";%n", part.reason,
               &part.first, &part.next, &used) != 3 ||
        used == 0 || part.first < 0 || part.next < part.first)
        return false;
    if (strcmp(part.reason, "*") == 0)
        part.reason[0] = '\0';
    *at += used;
    *out = part;
    return true;
}

int redrive_account_parse(int64_t base, const char *text, size_t size,
                          struct redrive_account *out, struct error *err)
{
    char line[REDRIVE_TEXT_SIZE];
    struct redrive_account account = {.base = base};
    const char *at = line;

    if (size >= sizeof(line))
        return error_set(err, ERROR_FORMAT, "the account is too long");
    if (size > 0)
        memcpy(line, text, size);
    line[size] = '\0';
    while (*at) {
        if (account.count == REDRIVE_PARTS_MAX ||
            !take_part(&at, &account.parts[account.count++]))
            return error_set(err, ERROR_FORMAT,
                             "the group's offsets carry something that is no "
                             "account of pctr redrive: is it another's group?");
    }
    *out = account;
    return 0;
}

int redrive_account_print(const struct redrive_account *account,
                          char out[REDRIVE_TEXT_SIZE], struct error *err)
{
    size_t size = 0;

    out[0] = '\0';
    for (size_t i = 0; i < account->count; i++) {
        const struct redrive_part *part = &account->parts[i];
        int more = snprintf(
            out + size, REDRIVE_TEXT_SIZE - size, "%s %" PRId64 " %" PRId64 ";",
            part->reason[0] ? part->reason : "*", part->first, part->next);
        size += (size_t)more;
        if (size >= REDRIVE_TEXT_SIZE)
            return error_set(err, ERROR_LIMIT,
                             "too many runs with filters to keep account of: "
                             "run once without");
    }
    return 0;
}

bool redrive_account_is_done(const struct redrive_account *account,
                             const char *reason, int64_t offset)
{
    if (offset < account->base)
        return true;
    for (size_t i = 0; i < account->count; i++) {
        const struct redrive_part *part = &account->parts[i];
        if (offset >= part->first && offset < part->next &&
            (!part->reason[0] || strcmp(part->reason, reason) == 0))
            return true;
    }
    return false;
}

/* --- Adding ----------------------------------------------------------- */

static void drop(struct redrive_account *account, size_t i)
{
    account->parts[i] = account->parts[--account->count];
}

/* Takes in a part of the same reason that touches. */
static bool absorb(struct redrive_account *account, struct redrive_part *into)
{
    for (size_t i = 0; i < account->count; i++) {
        const struct redrive_part *part = &account->parts[i];
        if (strcmp(part->reason, into->reason) != 0 ||
            part->first > into->next || part->next < into->first)
            continue;
        if (part->first < into->first)
            into->first = part->first;
        if (part->next > into->next)
            into->next = part->next;
        drop(account, i);
        return true;
    }
    return false;
}

static bool covers(const struct redrive_part *all,
                   const struct redrive_part *part)
{
    return !all->reason[0] && all != part && all->first <= part->first &&
           all->next >= part->next;
}

/* Moves the base over parts of all that touch it, and drops what is covered. */
static void settle(struct redrive_account *account)
{
    for (size_t i = 0; i < account->count;) {
        struct redrive_part *part = &account->parts[i];
        bool gone = part->next <= account->base;
        for (size_t j = 0; j < account->count && !gone; j++)
            gone = covers(&account->parts[j], part);
        if (!gone && !part->reason[0] && part->first <= account->base) {
            account->base = part->next;
            gone = true;
        }
        if (gone) {
            drop(account, i);
            i = 0;
        } else {
            i++;
        }
    }
}

int redrive_account_add(struct redrive_account *account, const char *reason,
                        int64_t first, int64_t next, struct error *err)
{
    struct redrive_part part = {.first = first, .next = next};

    struct redrive_account more = *account;

    if (strlen(reason) >= sizeof(part.reason))
        return error_set(err, ERROR_LIMIT, "reason '%s' is too long", reason);
    text_copy(part.reason, sizeof(part.reason), reason);
    if (part.first < account->base)
        part.first = account->base;
    if (part.first >= part.next)
        return 0;
    while (absorb(&more, &part))
        continue;
    more.parts[more.count++] = part;
    settle(&more);
    if (more.count > REDRIVE_PARTS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "more than %d runs with filters to keep account of: "
                         "run once without",
                         REDRIVE_PARTS_MAX);
    *account = more;
    return 0;
}
