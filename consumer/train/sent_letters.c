#include "consumer/train/sent_letters.h"

#include "common/base/array.h"
#include "common/base/clock.h"

#include "consumer/read/merge_reader.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000,
    WAIT_MS = 100,
    READ_MS = 60000,
    READ_BYTES = 8 << 20,
    HEADERS_MAX = 128,
};

static int by_place(const void *left, const void *right)
{
    const struct sent_letter *a = left, *b = right;

    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

int sent_letters_add(struct sent_letters *letters, struct sent_letter letter,
                     struct error *err)
{
    struct sent_letter *list = array_with_room(letters->list, letters->count,
                                               &letters->room, sizeof(*list));

    if (!list)
        return error_no_memory(err, "%zu dead letters", letters->count);
    letters->list = list;
    letters->list[letters->count++] = letter;
    return 0;
}

void sent_letters_sort(struct sent_letters *letters)
{
    if (letters->count > 0)
        qsort(letters->list, letters->count, sizeof(*letters->list), by_place);
}

bool sent_letters_has(const struct sent_letters *letters,
                      struct sent_letter letter)
{
    return letters->count > 0 && bsearch(&letter, letters->list, letters->count,
                                         sizeof(letter), by_place) != NULL;
}

void sent_letters_free(struct sent_letters *letters)
{
    free(letters->list);
    *letters = (struct sent_letters){.count = 0};
}

/* --- Reading ---------------------------------------------------------- */

/* NULL where the letter does not say. */
static const struct record_header *
find_header(const struct record_header *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(headers[i].name, name) == 0 && headers[i].value)
            return &headers[i];
    return NULL;
}

/* -1: it is not a number that can be a place. */
static int64_t number_of(const struct record_header *header)
{
    char text[24];
    char *end = NULL;

    if (!header || header->size == 0 || header->size >= sizeof(text))
        return -1;
    memcpy(text, header->value, header->size);
    text[header->size] = '\0';
    long long number = strtoll(text, &end, 10);
    return *end == '\0' && number >= 0 ? number : -1;
}

static int take(struct sent_letters *letters, const struct message *message,
                const char *topic, struct error *err)
{
    struct record_header headers[HEADERS_MAX];
    size_t count = message_headers(message, headers, HEADERS_MAX);

    if (count > HEADERS_MAX)
        count = HEADERS_MAX;
    const struct record_header *from =
        find_header(headers, count, "pctr.topic");
    int64_t partition =
        number_of(find_header(headers, count, "pctr.partition"));
    int64_t offset = number_of(find_header(headers, count, "pctr.offset"));
    if (!from || from->size != strlen(topic) ||
        memcmp(from->value, topic, from->size) != 0 || partition < 0 ||
        partition > INT32_MAX || offset < 0)
        return 0;
    return sent_letters_add(
        letters, (struct sent_letter){(int32_t)partition, offset}, err);
}

static int read_all(struct merge_reader *reader, const char *topic,
                    struct sent_letters *out, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + READ_MS;
    struct merge_record record;
    enum merge_result result = MERGE_NOTHING;

    while (result != MERGE_END) {
        if (merge_reader_next(reader, WAIT_MS, &result, &record, err) < 0)
            return -1;
        if (result == MERGE_RECORD &&
            take(out, &record.message, topic, err) < 0)
            return -1;
        if (clock_monotonic_ms() > deadline_ms)
            return error_set(err, ERROR_TEMPORARY,
                             "the dead letters are not read to their end after "
                             "%d ms",
                             (int)READ_MS);
    }
    return 0;
}

int sent_letters_read(const struct kafka_settings *kafka,
                      const char *dead_letters, const char *topic,
                      struct sent_letters *out, struct error *err)
{
    const struct merge_reader_config config = {
        .kafka = *kafka,
        .topics = {dead_letters},
        .from_ms = MERGE_FROM_BEGINNING,
        .ends = true,
        .buffer_bytes = READ_BYTES,
        .timeout_ms = CONTACT_MS,
    };
    struct merge_reader *reader = NULL;

    *out = (struct sent_letters){.count = 0};
    if (merge_reader_open(&config, &reader, err) < 0)
        return -1;
    int status = read_all(reader, topic, out, err);
    merge_reader_close(reader);
    if (status < 0)
        sent_letters_free(out);
    else
        sent_letters_sort(out);
    return status;
}
