#include "support/verifier.h"
#include "support/one_event.h"

#include "common/event/event_codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOWHERE = -1, LETTER_BYTES_MAX = 900000, TOLD_MAX = 20 };

struct court {
    const struct evidence *given;
    uint8_t *outputs;  /* by impression: how many there are */
    int64_t *last;     /* by partition: source of the last prediction */
    uint64_t *version; /* by partition: of the last prediction */
    int64_t *furthest; /* by partition: highest source of any output */
    uint64_t *ids;     /* by prediction: hash of its id */
    uint64_t *all;     /* by prediction: its model */
    struct verdict verdict;
};

static void *zeroed(size_t count, size_t size)
{
    void *room = calloc(count + 1, size);

    ck_assert_ptr_nonnull(room);
    return room;
}

static void open_court(struct court *court, const struct evidence *given)
{
    size_t partitions = (size_t)given->partitions;

    *court = (struct court){
        .given = given,
        .outputs = zeroed(given->impressions->count, 1),
        .last = zeroed(partitions, sizeof(int64_t)),
        .version = zeroed(partitions, sizeof(uint64_t)),
        .furthest = zeroed(partitions, sizeof(int64_t)),
        .ids = zeroed(given->predictions->count, sizeof(uint64_t)),
        .all = zeroed(given->predictions->count, sizeof(uint64_t)),
        .verdict = {.impressions = given->impressions->count,
                    .predictions = given->predictions->count,
                    .dead_letters = given->dead_letters->count},
    };
    for (size_t p = 0; p < partitions; p++)
        court->last[p] = court->furthest[p] = NOWHERE;
}

static void close_court(struct court *court)
{
    free(court->outputs);
    free(court->last);
    free(court->version);
    free(court->furthest);
    free(court->ids);
    free(court->all);
}

/* --- Sources ---------------------------------------------------------- */

static int by_position(const void *left, const void *right)
{
    const struct fixture_record *a = left, *b = right;

    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Counts the output of one impression; NULL where there is no such. */
static const struct fixture_record *
take_source(struct court *court, int32_t partition, int64_t offset)
{
    const struct fixture_records *all = court->given->impressions;
    const struct fixture_record wanted = {.partition = partition,
                                          .offset = offset};
    const struct fixture_record *source =
        all->count
            ? bsearch(&wanted, all->at, all->count, sizeof(wanted), by_position)
            : NULL;

    if (!source || partition >= court->given->partitions) {
        court->verdict.strange++;
        return NULL;
    }
    uint8_t *outputs = &court->outputs[source - all->at];
    court->verdict.doubled += *outputs > 0;
    *outputs = 1;
    if (offset > court->furthest[partition])
        court->furthest[partition] = offset;
    return source;
}

static bool same_bytes(const uint8_t *a, size_t a_size, const uint8_t *b,
                       size_t b_size)
{
    if (!a || !b)
        return a == b && a_size == b_size;
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

static bool same_span(struct span a, struct span b)
{
    return same_bytes(a.bytes, a.size, b.bytes, b.size);
}

/* --- Predictions ------------------------------------------------------ */

static bool is_of(const struct prediction_event *event,
                  const struct fixture_record *source)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression from;

    return one_impression(&fields, source->value, source->value_size, &from,
                          NULL) == EVENT_OK &&
           same_span(event->raw_id, from.raw_id) &&
           same_span(event->raw_ts, from.raw_ts) &&
           same_span(event->raw_user, from.raw_user) &&
           same_span(event->raw_ad, from.raw_ad);
}

/* Where the trouble is, for whoever looks for its cause. */
static void tell_of_disorder(const struct court *court,
                             const struct fixture_record *record,
                             const struct prediction_event *event)
{
    if (court->verdict.disorder <= TOLD_MAX)
        printf("prediction [%" PRId32 "] at %" PRId64 " of %" PRId64
               " ms: its source [%" PRId32 "] at %" PRId64 " follows %" PRId64
               "\n",
               record->partition, record->offset, record->timestamp_ms,
               event->src_partition, event->src_offset,
               court->last[event->src_partition]);
}

/* The output's partitions and their order are those of the input. */
static void judge_order(struct court *court,
                        const struct fixture_record *record,
                        const struct prediction_event *event)
{
    size_t at = (size_t)event->src_partition;

    if (record->partition != event->src_partition ||
        event->src_offset <= court->last[at]) {
        court->verdict.disorder++;
        tell_of_disorder(court, record, event);
    }
    court->verdict.backwards += event->model_version < court->version[at];
    court->last[at] = event->src_offset;
    court->version[at] = event->model_version;
}

static void judge_prediction(struct court *court, size_t at)
{
    const struct fixture_record *record = &court->given->predictions->at[at];
    struct prediction_event event;

    if (one_prediction(record->value, record->value_size, &event, NULL) !=
        EVENT_OK) {
        court->verdict.strange++;
        return;
    }
    struct id id = event_span_id(event.raw_id);
    court->ids[at] = id_hash(&id);
    court->all[at] = event.model_version;
    const struct fixture_record *source =
        take_source(court, event.src_partition, event.src_offset);
    if (!source)
        return;
    court->verdict.strange += !is_of(&event, source);
    judge_order(court, record, &event);
}

/* --- Dead letters ----------------------------------------------------- */

static int64_t header_number(const struct fixture_record *letter,
                             const char *name)
{
    const struct fixture_header *header = fixture_record_header(letter, name);

    return header ? strtoll((const char *)header->value, NULL, 10) : NOWHERE;
}

/* A name that a letter has for itself gets a word before it. */
static bool same_name(const char *in_letter, const char *name)
{
    static const char word[] = "original.";
    const size_t more = sizeof(word) - 1;

    return strcmp(in_letter, name) == 0 ||
           (strncmp(in_letter, word, more) == 0 &&
            strcmp(in_letter + more, name) == 0);
}

/* Its first headers are the record's own. */
static bool same_headers(const struct fixture_record *letter,
                         const struct fixture_record *source)
{
    if (letter->header_count < source->header_count)
        return false;
    for (size_t i = 0; i < source->header_count; i++) {
        const struct fixture_header *a = &letter->headers[i];
        const struct fixture_header *b = &source->headers[i];
        if (!same_name(a->name, b->name) ||
            !same_bytes(a->value, a->size, b->value, b->size))
            return false;
    }
    return true;
}

/* A long one is cut, and says so. */
static bool same_value(const struct fixture_record *letter,
                       const struct fixture_record *source)
{
    size_t size = source->value_size;

    if (size > LETTER_BYTES_MAX && fixture_record_header(letter, "truncated"))
        size = LETTER_BYTES_MAX;
    return same_bytes(letter->value, letter->value_size, source->value, size);
}

static void judge_letter(struct court *court,
                         const struct fixture_record *letter)
{
    const struct fixture_record *source =
        take_source(court, (int32_t)header_number(letter, "pctr.partition"),
                    header_number(letter, "pctr.offset"));

    if (source)
        court->verdict.strange += !same_value(letter, source) ||
                                  !same_bytes(letter->key, letter->key_size,
                                              source->key, source->key_size) ||
                                  !same_headers(letter, source);
}

/* --- The sums --------------------------------------------------------- */

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/* How many numbers are equal to the one before, once sorted. */
static uint64_t count_equal(uint64_t *numbers, size_t count)
{
    uint64_t equal = 0;

    qsort(numbers, count, sizeof(*numbers), by_number);
    for (size_t i = 1; i < count; i++)
        equal += numbers[i] == numbers[i - 1];
    return equal;
}

/* The longest time between two neighbours on a partition. */
static int64_t longest_gap(const struct fixture_records *predictions)
{
    int64_t longest = 0;

    for (size_t i = 1; i < predictions->count; i++) {
        const struct fixture_record *one = &predictions->at[i - 1];
        const struct fixture_record *next = &predictions->at[i];
        int64_t gap = next->timestamp_ms - one->timestamp_ms;
        if (one->partition == next->partition && gap > longest)
            longest = gap;
    }
    return longest;
}

/* Where nothing came of impressions: the first and the last of each run of
 * neighbours. */
static void tell_of_loss(const struct court *court)
{
    const struct fixture_records *all = court->given->impressions;
    int told = 0;

    for (size_t i = 0; i < all->count && told < TOLD_MAX; i++) {
        size_t first = i;
        while (i < all->count && court->outputs[i] == 0 &&
               all->at[i].partition == all->at[first].partition)
            i++;
        if (i == first)
            continue;
        const struct fixture_record *from = &all->at[first];
        const struct fixture_record *last = &all->at[i - 1];
        printf("lost [%" PRId32 "]: from %" PRId64 " of %" PRId64
               " ms to %" PRId64 " of %" PRId64 " ms\n",
               from->partition, from->offset, from->timestamp_ms, last->offset,
               last->timestamp_ms);
        told++;
    }
}

static void add_up(struct court *court)
{
    struct verdict *verdict = &court->verdict;
    size_t predictions = court->given->predictions->count;

    for (size_t i = 0; i < court->given->impressions->count; i++)
        verdict->lost += court->outputs[i] == 0;
    if (verdict->lost > 0)
        tell_of_loss(court);
    verdict->gap_ms = longest_gap(court->given->predictions);
    verdict->repeated = count_equal(court->ids, predictions);
    verdict->versions =
        predictions - count_equal(court->all, predictions) -
        (predictions > 0 && court->all[0] == 0); /* sorted: none is first */
    for (int32_t p = 0; p < court->given->partitions; p++) {
        int64_t next = court->given->committed[p];
        verdict->torn += (next > 0 ? next : 0) != court->furthest[p] + 1;
    }
}

struct verdict verifier_judge(const struct evidence *evidence)
{
    struct court court;

    open_court(&court, evidence);
    for (size_t i = 0; i < evidence->predictions->count; i++)
        judge_prediction(&court, i);
    for (size_t i = 0; i < evidence->dead_letters->count; i++)
        judge_letter(&court, &evidence->dead_letters->at[i]);
    add_up(&court);
    close_court(&court);
    return court.verdict;
}

bool verdict_is_clean(const struct verdict *v)
{
    return v->lost + v->doubled + v->repeated + v->strange + v->torn +
               v->disorder + v->backwards ==
           0;
}

void verdict_print(const char *run, const struct verdict *v)
{
    printf("%s: impressions=%" PRIu64 " predictions=%" PRIu64
           " dead_letters=%" PRIu64 " versions=%" PRIu64 ": lost=%" PRIu64
           " dup=%" PRIu64 " repeated=%" PRIu64 " strange=%" PRIu64
           " torn=%" PRIu64 " disorder=%" PRIu64 " backwards=%" PRIu64
           " gap_ms=%" PRId64 "\n",
           run, v->impressions, v->predictions, v->dead_letters, v->versions,
           v->lost, v->doubled, v->repeated, v->strange, v->torn, v->disorder,
           v->backwards, v->gap_ms);
    fflush(stdout);
}
