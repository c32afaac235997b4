#include "consumer/learn/join.h"

#include "consumer/learn/join_entries.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum join_state {
    JOIN_OPEN,    /* an impression within its window, in the queue of these */
    JOIN_CLOSED,  /* an impression after its window, in the list of these */
    JOIN_WAITING, /* a label without its impression, in the queue of these */
};

/* Labels without an impression get a quarter of the room at most. */
enum { LABELS_SHARE = 4 };

struct join {
    struct join_config config;
    struct join_entries entries;
    uint32_t closed_first, closed_last; /* JOIN_NO_ENTRY: none */
    int64_t stream_ms;
    uint64_t next_sequence;
    struct join_outcome ready; /* of the last call, which has one at most */
    bool is_ready;
    struct join_books books;
    struct click_delays delays;
};

/* --- Times ------------------------------------------------------------ */

static int64_t after(int64_t ts_ms, int64_t wait_ms)
{
    return ts_ms > INT64_MAX - wait_ms ? INT64_MAX : ts_ms + wait_ms;
}

static int64_t window_end(const struct join *join, int64_t ts_ms)
{
    return after(ts_ms, join->config.window_ms);
}

static int64_t reach_end(const struct join *join, int64_t ts_ms)
{
    return after(window_end(join, ts_ms), join->config.late_ms);
}

/* Can a label of label_ms belong to an impression of impression_ms? */
static bool in_reach(const struct join *join, int64_t impression_ms,
                     int64_t label_ms)
{
    return impression_ms <= window_end(join, label_ms) &&
           label_ms <= reach_end(join, impression_ms);
}

/* Can no label reach the impression any more? Then its answer is final, whether
 * the join remembers it or not. */
static bool is_out_of_reach(const struct join *join, int64_t impression_ms)
{
    return reach_end(join, impression_ms) < join->stream_ms;
}

/* --- Outcomes --------------------------------------------------------- */

static struct join_entry *entry_at(struct join *join, uint32_t slot)
{
    return &join->entries.pool[slot];
}

static struct join_outcome outcome_of(struct join *join, uint32_t slot,
                                      float before)
{
    const struct join_entry *entry = entry_at(join, slot);

    return (struct join_outcome){.sequence = entry->sequence,
                                 .label = entry->label,
                                 .before = before,
                                 .values =
                                     join_entries_values(&join->entries, slot)};
}

static void emit(struct join *join, struct join_outcome outcome)
{
    assert(!join->is_ready); /* join_next() was called until the end */
    join->ready = outcome;
    join->is_ready = true;
}

static void emit_unknown(struct join *join, uint64_t sequence)
{
    emit(join, (struct join_outcome){
                   .sequence = sequence, .label = NAN, .before = NAN});
}

static uint64_t *side(struct join *join, float label)
{
    return label > 0 ? &join->books.positive : &join->books.negative;
}

/* An open impression gets its answer. */
static void answer(struct join *join, struct join_entry *entry, float label)
{
    join->books.open--;
    ++*side(join, label);
    entry->label = label;
}

/* An impression that has an answer gets another one. */
static void change(struct join *join, uint32_t slot, float label)
{
    struct join_entry *entry = entry_at(join, slot);
    float before = entry->label;

    --*side(join, before);
    ++*side(join, label);
    entry->label = label;
    emit(join, outcome_of(join, slot, before));
}

/* --- Forgetting ------------------------------------------------------- */

static void close_entry(struct join *join, uint32_t slot)
{
    struct join_entry *entry = entry_at(join, slot);

    entry->state = JOIN_CLOSED;
    entry->link = JOIN_NO_ENTRY;
    if (join->closed_last == JOIN_NO_ENTRY)
        join->closed_first = slot;
    else
        entry_at(join, join->closed_last)->link = slot;
    join->closed_last = slot;
}

static void forget_closed(struct join *join)
{
    uint32_t slot = join->closed_first;

    join->closed_first = entry_at(join, slot)->link;
    if (join->closed_first == JOIN_NO_ENTRY)
        join->closed_last = JOIN_NO_ENTRY;
    join_entries_remove(&join->entries, slot);
}

static void give_up_label(struct join *join)
{
    uint32_t slot =
        join_entries_earliest(&join->entries, JOIN_QUEUE_LABELS)->slot;

    join->books.waiting--;
    join->books.labels_given_up++;
    join_entries_unwait(&join->entries, JOIN_QUEUE_LABELS, slot);
    join_entries_remove(&join->entries, slot);
}

static void give_up_impression(struct join *join)
{
    uint32_t slot =
        join_entries_earliest(&join->entries, JOIN_QUEUE_WINDOWS)->slot;
    const struct join_entry *entry = entry_at(join, slot);

    if (entry->labelled) {
        join->books.forgotten++;
    } else {
        join->books.open--;
        join->books.unknown++;
        join->books.given_up++;
        emit_unknown(join, entry->sequence);
    }
    join_entries_unwait(&join->entries, JOIN_QUEUE_WINDOWS, slot);
    join_entries_remove(&join->entries, slot);
}

static bool is_full(const struct join *join)
{
    return join->entries.count >= join->config.pending_max;
}

/* Answered impressions go first: forgetting one costs a late label at most. */
static void make_room_for_impression(struct join *join)
{
    if (!is_full(join))
        return;
    if (join->closed_first != JOIN_NO_ENTRY) {
        forget_closed(join);
        join->books.forgotten++;
    } else if (join_entries_earliest(&join->entries, JOIN_QUEUE_WINDOWS)) {
        give_up_impression(join);
    } else {
        give_up_label(join);
    }
}

/* Returns false when there is no room, so that the new label is given up. */
static bool make_room_for_label(struct join *join)
{
    uint32_t labels_max = join->config.pending_max / LABELS_SHARE;
    bool is_one_waiting = join->books.waiting > 0;

    if (join->books.waiting < labels_max || !is_one_waiting) {
        if (!is_full(join))
            return true;
        if (join->closed_first != JOIN_NO_ENTRY) {
            forget_closed(join);
            join->books.forgotten++;
            return true;
        }
    }
    if (is_one_waiting)
        give_up_label(join);
    return is_one_waiting;
}

/* --- Labels ----------------------------------------------------------- */

/* The impression of the entry is clicked. */
static void note_click(struct join *join, const struct join_entry *entry,
                       int64_t label_ms)
{
    click_delays_add(&join->delays, label_ms - entry->ts_ms,
                     join->config.window_ms + join->config.late_ms);
}

/* Another label comes for an impression that has one: the highest counts. */
static void compare(struct join *join, uint32_t slot, int64_t label_ms,
                    float label)
{
    struct join_entry *entry = entry_at(join, slot);

    if (label == entry->label) {
        join->books.duplicate++;
    } else if (label < entry->label) {
        join->books.contradicted++;
    } else {
        join->books.corrected++;
        if (entry->state == JOIN_WAITING) {
            entry->label = label;
            return;
        }
        if (entry->label <= 0)
            note_click(join, entry, label_ms);
        change(join, slot, label);
    }
}

/* An impression gets its first label. */
static void attribute(struct join *join, uint32_t slot, int64_t label_ms,
                      float label)
{
    struct join_entry *entry = entry_at(join, slot);
    bool late = entry->state == JOIN_CLOSED ||
                label_ms > window_end(join, entry->ts_ms);

    if (late)
        join->books.late++;
    else
        join->books.joined++;
    entry->labelled = true;
    if (label > 0)
        note_click(join, entry, label_ms);
    if (entry->state == JOIN_OPEN) {
        answer(join, entry, label);
        emit(join, outcome_of(join, slot, NAN));
    } else if (label != entry->label) {
        change(join, slot, label);
    }
}

static int wait_for_impression(struct join *join, const struct id *id,
                               int64_t ts_ms, float label, struct error *err)
{
    uint32_t slot;

    if (join_entries_reserve(&join->entries, JOIN_QUEUE_LABELS, err) < 0)
        return -1;
    if (!make_room_for_label(join)) {
        join->books.labels_given_up++;
        return 0;
    }
    if (join_entries_add(&join->entries, id, &slot, err) < 0)
        return -1;
    struct join_entry *entry = entry_at(join, slot);
    entry->state = JOIN_WAITING;
    entry->ts_ms = ts_ms;
    entry->label = label;
    join_entries_wait(&join->entries, JOIN_QUEUE_LABELS, slot,
                      window_end(join, ts_ms));
    join->books.waiting++;
    return 0;
}

int join_label(struct join *join, const struct id *id, int64_t ts_ms,
               double click, struct error *err)
{
    uint32_t slot = join_entries_find(&join->entries, id);
    float label = (float)click;

    if (slot == JOIN_NO_ENTRY) {
        if (wait_for_impression(join, id, ts_ms, label, err) < 0)
            return -1;
    } else {
        const struct join_entry *entry = entry_at(join, slot);
        if (entry->state == JOIN_WAITING)
            compare(join, slot, ts_ms, label);
        else if (!in_reach(join, entry->ts_ms, ts_ms) ||
                 is_out_of_reach(join, entry->ts_ms))
            join->books.orphan++;
        else if (entry->labelled)
            compare(join, slot, ts_ms, label);
        else
            attribute(join, slot, ts_ms, label);
    }
    join->books.labels++;
    return 0;
}

/* --- Impressions ------------------------------------------------------ */

static void open_entry(struct join *join, uint32_t slot, int64_t ts_ms)
{
    struct join_entry *entry = entry_at(join, slot);

    entry->state = JOIN_OPEN;
    entry->labelled = false;
    entry->label = 0;
    entry->ts_ms = ts_ms;
    entry->sequence = join->next_sequence++;
    join_entries_wait(&join->entries, JOIN_QUEUE_WINDOWS, slot,
                      window_end(join, ts_ms));
    join->books.impressions++;
    join->books.open++;
}

/* The impression came so late that no label can reach it. The join does not
 * remember it, because nothing can change its answer. */
static void pass_over(struct join *join, struct join_place *out)
{
    *out = (struct join_place){
        .sequence = join->next_sequence++, .is_new = true, .is_unknown = true};
    join->books.impressions++;
    join->books.unknown++;
    emit_unknown(join, out->sequence);
}

static struct join_place place_of(struct join *join, uint32_t slot)
{
    return (struct join_place){.sequence = entry_at(join, slot)->sequence,
                               .is_new = true,
                               .values =
                                   join_entries_values(&join->entries, slot)};
}

/* The impression finds a label that has been waiting for it. */
static void meet_label(struct join *join, uint32_t slot, int64_t ts_ms,
                       struct join_place *out)
{
    struct join_entry label = *entry_at(join, slot);
    bool is_met = in_reach(join, ts_ms, label.ts_ms);

    join_entries_unwait(&join->entries, JOIN_QUEUE_LABELS, slot);
    join->books.waiting--;
    if (!is_met)
        join->books.orphan++;
    if (!is_met && is_out_of_reach(join, ts_ms)) {
        join_entries_remove(&join->entries, slot);
        pass_over(join, out);
        return;
    }
    open_entry(join, slot, ts_ms);
    *out = place_of(join, slot);
    if (is_met)
        attribute(join, slot, label.ts_ms, label.label);
}

int join_impression(struct join *join, const struct id *id, int64_t ts_ms,
                    struct join_place *out, struct error *err)
{
    uint32_t slot = join_entries_find(&join->entries, id);

    if (join_entries_reserve(&join->entries, JOIN_QUEUE_WINDOWS, err) < 0)
        return -1;
    if (slot == JOIN_NO_ENTRY && is_out_of_reach(join, ts_ms)) {
        pass_over(join, out);
    } else if (slot == JOIN_NO_ENTRY) {
        make_room_for_impression(join);
        if (join_entries_add(&join->entries, id, &slot, err) < 0)
            return -1;
        open_entry(join, slot, ts_ms);
        *out = place_of(join, slot);
    } else if (entry_at(join, slot)->state == JOIN_WAITING) {
        meet_label(join, slot, ts_ms, out);
    } else {
        join->books.repeated++;
        *out = (struct join_place){.sequence = entry_at(join, slot)->sequence};
    }
    return 0;
}

/* --- Time goes on ----------------------------------------------------- */

void join_advance(struct join *join, int64_t stream_ms)
{
    if (stream_ms > join->stream_ms)
        join->stream_ms = stream_ms;
}

/* Ends the earliest wait of the queue once its deadline is past, and returns
 * the entry that waited; JOIN_NO_ENTRY: no wait is over. */
static uint32_t take_over(struct join *join, enum join_queue queue)
{
    const struct join_wait *first =
        join_entries_earliest(&join->entries, queue);

    if (!first || first->deadline_ms >= join->stream_ms)
        return JOIN_NO_ENTRY;
    uint32_t slot = first->slot;
    join_entries_unwait(&join->entries, queue, slot);
    return slot;
}

bool join_next(struct join *join, struct join_outcome *out)
{
    uint32_t slot;

    if (join->is_ready) {
        *out = join->ready;
        join->is_ready = false;
        return true;
    }
    while ((slot = take_over(join, JOIN_QUEUE_LABELS)) != JOIN_NO_ENTRY) {
        join->books.waiting--;
        join->books.orphan++;
        join_entries_remove(&join->entries, slot);
    }
    while ((slot = take_over(join, JOIN_QUEUE_WINDOWS)) != JOIN_NO_ENTRY) {
        struct join_entry *entry = entry_at(join, slot);
        close_entry(join, slot);
        if (entry->labelled)
            continue;
        answer(join, entry, 0);
        *out = outcome_of(join, slot, NAN);
        return true;
    }
    while (join->closed_first != JOIN_NO_ENTRY &&
           is_out_of_reach(join, entry_at(join, join->closed_first)->ts_ms))
        forget_closed(join);
    return false;
}

/* --- The whole -------------------------------------------------------- */

bool join_books_balance(const struct join_books *books)
{
    return books->impressions == books->open + books->positive +
                                     books->negative + books->unknown &&
           books->given_up <= books->unknown &&
           books->labels == books->joined + books->late + books->duplicate +
                                books->contradicted + books->corrected +
                                books->orphan + books->waiting +
                                books->labels_given_up;
}

int join_new(const struct join_config *config, struct join **out,
             struct error *err)
{
    assert(config->window_ms >= 0 && config->late_ms >= 0 &&
           config->pending_max > 0);
    struct join *join = calloc(1, sizeof(*join));

    if (!join)
        return error_no_memory(err, "the join");
    join->config = *config;
    join->entries.width = config->values;
    join->closed_first = join->closed_last = JOIN_NO_ENTRY;
    join->stream_ms = INT64_MIN;
    *out = join;
    return 0;
}

struct join_books join_books(const struct join *join)
{
    return join->books;
}

const struct click_delays *join_delays(const struct join *join)
{
    return &join->delays;
}

size_t join_bytes(const struct join *join)
{
    return sizeof(*join) + join_entries_bytes(&join->entries);
}

void join_free(struct join *join)
{
    if (!join)
        return;
    join_entries_free(&join->entries);
    free(join);
}
