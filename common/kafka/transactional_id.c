#include "common/kafka/transactional_id.h"

#include "common/base/digest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { OWNER_MAX = 48, SLOT_MAX = 31, DIGITS = 16 };

/* The digest so far, and one text more. Each text is hashed by itself, so that
 * no two lists of texts have the same bytes. */
static void add(struct digest *sum, const char *text)
{
    uint8_t both[2 * DIGEST_SIZE];
    struct digest one = digest_of(text, strlen(text));

    memcpy(both, sum->bytes, DIGEST_SIZE);
    memcpy(both + DIGEST_SIZE, one.bytes, DIGEST_SIZE);
    *sum = digest_of(both, sizeof(both));
}

/* At most `max` bytes, and no half of a character. */
static int cut(const char *text, size_t max)
{
    size_t size = strlen(text);

    if (size <= max)
        return (int)size;
    while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80)
        max--;
    return (int)max;
}

const char *transactional_id_of(const struct transactional_work *work,
                                char out[TRANSACTIONAL_ID_SIZE])
{
    struct digest sum = {{0}};
    char number[16], hex[DIGEST_HEX_SIZE];

    snprintf(number, sizeof(number), "%u", work->number);
    add(&sum, work->kind);
    add(&sum, work->owner);
    add(&sum, work->slot ? work->slot : "");
    add(&sum, number);
    for (size_t i = 0; work->topics[i]; i++)
        add(&sum, work->topics[i]);
    digest_hex(&sum, hex);
    if (work->slot)
        snprintf(out, TRANSACTIONAL_ID_SIZE, "%.*s-%s-%.*s-%u-%.*s",
                 cut(work->owner, OWNER_MAX), work->owner, work->kind,
                 cut(work->slot, SLOT_MAX), work->slot, work->number, DIGITS,
                 hex);
    else
        snprintf(out, TRANSACTIONAL_ID_SIZE, "%.*s-%s-%.*s",
                 cut(work->owner, OWNER_MAX), work->owner, work->kind, DIGITS,
                 hex);
    return out;
}
