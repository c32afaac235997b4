#include "consumer/report/row_sorter.h"

#include "common/base/array.h"
#include "common/base/heap.h"

#include "consumer/report/spool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS, SPOOL_BYTES = 256 * 1024 };

/* A row's place in the order: bits that compare as the numbers do. */
struct sort_key {
    uint64_t p;
    uint32_t label, row;
};

struct row_sorter {
    struct sorted_row *rows; /* (room); while merging, the cursors' buffers */
    struct sort_key *keys;   /* (2, room) */
    size_t room, count, at;  /* in memory */

    struct spool *spool; /* sorted runs, one after the other */
    uint64_t *ends;      /* (runs) */
    size_t runs, runs_room;

    struct spool_cursor *cursors;    /* (runs) */
    const struct sorted_row **heads; /* (runs) */
    size_t *heap;                    /* (runs) the lowest head first */
    size_t heap_count;
};

int row_sorter_new(const char *folder, size_t memory_bytes,
                   struct row_sorter **out, struct error *err)
{
    struct row_sorter *sorter = calloc(1, sizeof(*sorter));

    if (!sorter)
        return error_no_memory(err, "sorting rows");
    sorter->room =
        memory_bytes / (sizeof(*sorter->rows) + 2 * sizeof(*sorter->keys));
    sorter->room += sorter->room < 2;
    if (sorter->room > UINT32_MAX)
        sorter->room = UINT32_MAX;
    sorter->rows = malloc(sorter->room * sizeof(*sorter->rows));
    sorter->keys = malloc(2 * sorter->room * sizeof(*sorter->keys));
    if (!sorter->rows || !sorter->keys) {
        row_sorter_free(sorter);
        return error_no_memory(
            err, "sorting rows in %zu bytes: lower sort.max_bytes",
            memory_bytes);
    }
    if (spool_new(folder, sizeof(*sorter->rows), SPOOL_BYTES, &sorter->spool,
                  err) < 0) {
        row_sorter_free(sorter);
        return -1;
    }
    *out = sorter;
    return 0;
}

static void drop_merge(struct row_sorter *sorter)
{
    free(sorter->cursors);
    free(sorter->heads);
    free(sorter->heap);
    sorter->cursors = NULL;
    sorter->heads = NULL;
    sorter->heap = NULL;
    sorter->heap_count = 0;
}

void row_sorter_clear(struct row_sorter *sorter)
{
    drop_merge(sorter);
    spool_clear(sorter->spool);
    sorter->count = sorter->at = sorter->runs = 0;
}

void row_sorter_free(struct row_sorter *sorter)
{
    if (!sorter)
        return;
    drop_merge(sorter);
    spool_free(sorter->spool);
    free(sorter->ends);
    free(sorter->rows);
    free(sorter->keys);
    free(sorter);
}

size_t row_sorter_runs(const struct row_sorter *sorter)
{
    return sorter->runs;
}

/* --- In memory -------------------------------------------------------- */

/* Negative numbers compare the other way round. */
static uint64_t ordered_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint32_t ordered_bits_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits >> 31 ? ~bits : bits | UINT32_C(1) << 31;
}

/* Adding 0 makes 0 of -0, its equal. */
static struct sort_key key_of(const struct sorted_row *row, size_t place)
{
    return (struct sort_key){ordered_bits(row->p + 0.0),
                             ordered_bits_float(row->label + 0.0F),
                             (uint32_t)place};
}

/* The digits of the label come below those of the prediction. */
static size_t digit_of(const struct sort_key *key, unsigned digit)
{
    enum { LABEL_DIGITS = 3 };
    uint64_t bits = digit < LABEL_DIGITS
                        ? key->label >> digit * RADIX_BITS
                        : key->p >> (digit - LABEL_DIGITS) * RADIX_BITS;

    return bits & (RADIX - 1);
}

/* Sorts by one digit, and keeps the order of keys that have the same. Returns
 * false, and sorts nothing, when all keys have the same. */
static bool sort_by_digit(const struct sort_key *from, struct sort_key *to,
                          size_t n, unsigned digit)
{
    size_t starts[RADIX] = {0}, sum = 0;

    for (size_t i = 0; i < n; i++)
        starts[digit_of(&from[i], digit)]++;
    if (starts[digit_of(&from[0], digit)] == n)
        return false;
    for (size_t value = 0; value < RADIX; value++) {
        size_t count = starts[value];
        starts[value] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[starts[digit_of(&from[i], digit)]++] = from[i];
    return true;
}

/* A radix sort that begins with the lowest digit. It leaves the sorted keys in
 * `keys`. */
static void sort_memory(struct row_sorter *sorter)
{
    struct sort_key *from = sorter->keys, *to = sorter->keys + sorter->room;

    for (size_t i = 0; i < sorter->count; i++)
        from[i] = key_of(&sorter->rows[i], i);
    for (unsigned digit = 0; digit < 9 && sorter->count > 0; digit++) {
        if (sort_by_digit(from, to, sorter->count, digit)) {
            struct sort_key *swap = from;
            from = to;
            to = swap;
        }
    }
    if (from != sorter->keys)
        memcpy(sorter->keys, from, sorter->count * sizeof(*from));
}

/* --- Runs ------------------------------------------------------------- */

static int write_run(struct row_sorter *sorter, struct error *err)
{
    uint64_t *ends = array_with_room(sorter->ends, sorter->runs,
                                     &sorter->runs_room, sizeof(*ends));

    if (!ends)
        return error_no_memory(err, "%zu sorted runs", sorter->runs);
    sorter->ends = ends;
    sort_memory(sorter);
    for (size_t i = 0; i < sorter->count; i++)
        if (spool_add(sorter->spool, &sorter->rows[sorter->keys[i].row], err) <
            0)
            return -1;
    sorter->ends[sorter->runs++] = spool_count(sorter->spool);
    sorter->count = 0;
    return 0;
}

int row_sorter_add(struct row_sorter *sorter, const struct sorted_row *row,
                   struct error *err)
{
    if (sorter->count == sorter->room && write_run(sorter, err) < 0)
        return -1;
    sorter->rows[sorter->count++] = *row;
    return 0;
}

/* --- Merging ---------------------------------------------------------- */

/* Of equal rows the one of the earlier run comes first, as it was added
 * first. */
static bool comes_before(const void *context, const void *a, const void *b)
{
    const struct row_sorter *sorter = context;
    size_t run = *(const size_t *)a, other = *(const size_t *)b;
    const struct sorted_row *x = sorter->heads[run], *y = sorter->heads[other];

    if (x->p < y->p || x->p > y->p)
        return x->p < y->p;
    if (x->label < y->label || x->label > y->label)
        return x->label < y->label;
    return run < other;
}

static struct heap heap_of(struct row_sorter *sorter)
{
    return (struct heap){.items = sorter->heap,
                         .item_size = sizeof(*sorter->heap),
                         .comes_before = comes_before,
                         .context = sorter};
}

static int next_of_run(struct row_sorter *sorter, size_t run, struct error *err)
{
    const void *record;

    if (spool_cursor_next(&sorter->cursors[run], &record, err) < 0)
        return -1;
    sorter->heads[run] = record;
    return 0;
}

/* The rows' memory becomes the buffers of the runs. */
static int begin_merge(struct row_sorter *sorter, struct error *err)
{
    size_t share = sorter->room / sorter->runs;

    if (share == 0)
        return error_set(err, ERROR_LIMIT,
                         "%zu runs to merge: raise sort.max_bytes",
                         sorter->runs);
    sorter->cursors = calloc(sorter->runs, sizeof(*sorter->cursors));
    sorter->heads = calloc(sorter->runs, sizeof(*sorter->heads));
    sorter->heap = calloc(sorter->runs, sizeof(*sorter->heap));
    if (!sorter->cursors || !sorter->heads || !sorter->heap)
        return error_no_memory(err, "merging %zu runs", sorter->runs);
    for (size_t run = 0; run < sorter->runs; run++) {
        spool_cursor_begin(
            &sorter->cursors[run], sorter->spool,
            (struct spool_range){run > 0 ? sorter->ends[run - 1] : 0,
                                 sorter->ends[run]},
            sorter->rows + run * share, share);
        if (next_of_run(sorter, run, err) < 0)
            return -1;
        const struct heap heap = heap_of(sorter);
        heap_rise(&heap, sorter->heap_count++, &run);
    }
    return 0;
}

int row_sorter_sort(struct row_sorter *sorter, struct error *err)
{
    sorter->at = 0;
    if (sorter->runs == 0) {
        sort_memory(sorter);
        return 0;
    }
    if (sorter->count > 0 && write_run(sorter, err) < 0)
        return -1;
    return begin_merge(sorter, err);
}

/* The head that was given out last is only now replaced: it was borrowed. */
static int merge_next(struct row_sorter *sorter, const struct sorted_row **row,
                      struct error *err)
{
    if (sorter->at > 0) {
        const struct heap heap = heap_of(sorter);
        size_t run = sorter->heap[0];
        if (next_of_run(sorter, run, err) < 0)
            return -1;
        if (!sorter->heads[run])
            run = sorter->heap[--sorter->heap_count];
        if (sorter->heap_count > 0)
            heap_sink(&heap, sorter->heap_count, 0, &run);
    }
    sorter->at = 1;
    *row = sorter->heap_count > 0 ? sorter->heads[sorter->heap[0]] : NULL;
    return 0;
}

int row_sorter_next(struct row_sorter *sorter, const struct sorted_row **row,
                    struct error *err)
{
    *row = NULL;
    if (sorter->runs > 0)
        return sorter->at > 0 && sorter->heap_count == 0
                   ? 0
                   : merge_next(sorter, row, err);
    if (sorter->at < sorter->count)
        *row = &sorter->rows[sorter->keys[sorter->at++].row];
    return 0;
}
