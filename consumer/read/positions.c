#include "consumer/read/positions.h"

#include <stdlib.h>

static const struct position nowhere = {.next = OFFSET_UNKNOWN,
                                        .committed = OFFSET_UNKNOWN,
                                        .chosen = OFFSET_UNKNOWN,
                                        .instead = OFFSET_UNKNOWN,
                                        .known = OFFSET_UNKNOWN};

int positions_reserve(struct positions *positions, int32_t count,
                      struct error *err)
{
    if (count <= positions->count)
        return 0;
    struct position *more =
        realloc(positions->list, (size_t)count * sizeof(*more));
    if (!more)
        return error_no_memory(err, "the positions of %d partitions",
                               (int)count);
    for (int32_t i = positions->count; i < count; i++)
        more[i] = nowhere;
    positions->list = more;
    positions->count = count;
    return 0;
}

void positions_clear(struct positions *positions,
                     enum positions_choices choices)
{
    for (int32_t i = 0; i < positions->count; i++) {
        struct position *position = &positions->list[i];
        struct position old = *position;
        *position = nowhere;
        position->known = old.known;
        position->is_paused = old.is_paused;
        if (choices == POSITIONS_KEEP_CHOICES) {
            position->chosen = old.chosen;
            position->instead = old.instead;
        }
    }
}

void positions_assign(struct positions *positions, int32_t partition,
                      int64_t committed)
{
    struct position *position = &positions->list[partition];

    position->is_assigned = true;
    position->next = position->committed = committed;
    if (committed != OFFSET_UNKNOWN)
        position->known = committed;
    if (position->chosen == OFFSET_UNKNOWN)
        return;
    /* A commit whose outcome is not known may have been one. */
    if (position->instead == committed)
        position->next = position->chosen;
    else
        position->chosen = position->instead = OFFSET_UNKNOWN;
}

bool positions_has_choice(const struct positions *positions, int32_t partition)
{
    return partition < positions->count &&
           positions->list[partition].chosen != OFFSET_UNKNOWN &&
           positions->list[partition].instead == OFFSET_UNKNOWN;
}

void positions_choose_start(struct positions *positions, int32_t partition,
                            int64_t offset)
{
    struct position *position = &positions->list[partition];

    position->chosen = offset;
    position->instead = OFFSET_UNKNOWN;
}

void positions_forget_others(struct positions *positions)
{
    for (int32_t i = 0; i < positions->count; i++)
        if (!positions->list[i].is_assigned)
            positions->list[i].chosen = OFFSET_UNKNOWN;
}

/* Counts the records between `from` and `to`. Of a topic that was made anew
 * only its own can be counted, from `low` on: how many the old one had is
 * unknown. */
static uint64_t skipped(int64_t from, int64_t to, int64_t low)
{
    if (from < low)
        return (uint64_t)(to - from);
    return (uint64_t)(to - low);
}

enum position_fate positions_move(struct positions *positions,
                                  int32_t partition,
                                  struct partition_bounds there,
                                  enum subscriber_start policy,
                                  struct offset_gap *gap)
{
    struct position *position = &positions->list[partition];
    int64_t from = position->next;
    int64_t to = policy == START_LATEST ? there.high : there.low;

    const bool is_there = from >= there.low && from <= there.high;
    position->is_lost = !is_there && policy == START_FAIL;
    if (is_there)
        return POSITION_FOUND;
    *gap = (struct offset_gap){.partition = partition,
                               .from = from,
                               .to = to,
                               .there = there,
                               .skipped = skipped(from, to, there.low)};
    if (policy == START_FAIL)
        return POSITION_REFUSED;
    position->instead = position->committed;
    position->chosen = position->next = to;
    position->is_at_end = false;
    return POSITION_MOVED;
}

void positions_forget_known(struct positions *positions)
{
    for (int32_t i = 0; i < positions->count; i++)
        positions->list[i].known = OFFSET_UNKNOWN;
}

bool positions_know_group(const struct positions *positions)
{
    for (int32_t i = 0; i < positions->count; i++)
        if (positions->list[i].known != OFFSET_UNKNOWN)
            return true;
    return false;
}

enum position_fate positions_move_forgotten(struct positions *positions,
                                            int32_t partition,
                                            struct partition_bounds there,
                                            enum subscriber_start policy,
                                            struct offset_gap *gap)
{
    int64_t known = positions->list[partition].known;
    int64_t to = policy == START_LATEST ? there.high : there.low;

    *gap = (struct offset_gap){.partition = partition,
                               .from = known == OFFSET_UNKNOWN ? 0 : known,
                               .to = to,
                               .there = there,
                               .skipped = (uint64_t)(to - there.low)};
    if (policy == START_FAIL)
        return POSITION_REFUSED;
    positions_choose_start(positions, partition, to);
    return POSITION_MOVED;
}

/* NULL: the partition is not ours. */
static struct position *find_ours(const struct positions *positions,
                                  int32_t partition)
{
    return partition >= 0 && partition < positions->count &&
                   positions->list[partition].is_assigned
               ? &positions->list[partition]
               : NULL;
}

bool positions_take(struct positions *positions, int32_t partition,
                    int64_t offset)
{
    struct position *position = find_ours(positions, partition);

    if (!position || offset < position->next)
        return false;
    position->next = offset + 1;
    position->is_at_end = false;
    return true;
}

void positions_note_end(struct positions *positions, int32_t partition)
{
    struct position *position = find_ours(positions, partition);

    if (position)
        position->is_at_end = true;
}

void positions_note_lost(struct positions *positions, int32_t partition)
{
    struct position *position = find_ours(positions, partition);

    if (position)
        position->is_lost = true;
}

bool positions_are_at_end(const struct positions *positions)
{
    for (int32_t i = 0; i < positions->count; i++)
        if (positions->list[i].is_assigned && !positions->list[i].is_at_end)
            return false;
    return true;
}

bool positions_have_lost(const struct positions *positions)
{
    for (int32_t i = 0; i < positions->count; i++)
        if (positions->list[i].is_lost)
            return true;
    return false;
}

bool positions_have_choices(const struct positions *positions)
{
    for (int32_t i = 0; i < positions->count; i++)
        if (positions->list[i].chosen != OFFSET_UNKNOWN)
            return true;
    return false;
}

bool positions_is_due(const struct position *position)
{
    return position->chosen != OFFSET_UNKNOWN ||
           (position->is_assigned && position->next != position->committed);
}

void positions_mark_committed(struct positions *positions)
{
    for (int32_t i = 0; i < positions->count; i++) {
        struct position *position = &positions->list[i];
        position->chosen = position->instead = OFFSET_UNKNOWN;
        position->committed = position->next;
        if (position->committed != OFFSET_UNKNOWN)
            position->known = position->committed;
    }
}

void positions_unmark_committed(struct positions *positions, int32_t partition)
{
    if (partition < positions->count)
        positions->list[partition].committed = OFFSET_UNKNOWN;
}

void positions_free(struct positions *positions)
{
    free(positions->list);
    *positions = (struct positions){.count = 0};
}
