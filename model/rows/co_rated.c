#include "model/rows/co_rated.h"

#include "common/base/bytes_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int allocate(uint32_t xs, uint32_t ys, size_t count,
                    struct co_rated **out, struct error *err)
{
    struct co_rated *lists = calloc(1, sizeof(*lists));

    if (!lists)
        return error_no_memory(err, "the co rated");
    lists->xs = xs;
    lists->ys = ys;
    lists->count = count;
    lists->x_first = calloc((size_t)xs + 2, sizeof(size_t));
    lists->y_first = calloc((size_t)ys + 1, sizeof(size_t));
    lists->x_list = calloc(count + 1, sizeof(struct rated));
    lists->y_list = calloc(count + 1, sizeof(struct rated));
    if (!lists->x_first || !lists->y_first || !lists->x_list ||
        !lists->y_list) {
        co_rated_free(lists);
        return error_no_memory(err, "%zu rows", count);
    }
    *out = lists;
    return 0;
}

/* The x lists out of the y lists: walking y upwards sorts them by y. */
static void fill_x_lists(struct co_rated *lists)
{
    size_t *next = lists->x_first + 1;

    for (size_t at = 0; at < lists->count; at++)
        lists->x_first[lists->y_list[at].other + 2]++;
    for (size_t x = 2; x < (size_t)lists->xs + 2; x++)
        lists->x_first[x] += lists->x_first[x - 1];
    for (uint32_t y = 0; y < lists->ys; y++)
        for (size_t at = lists->y_first[y]; at < lists->y_first[y + 1]; at++)
            lists->x_list[next[lists->y_list[at].other]++] =
                (struct rated){y, lists->y_list[at].value};
}

static void count_repeats(struct co_rated *lists)
{
    lists->repeats_max = 0;
    for (uint32_t x = 0; x < lists->xs; x++) {
        size_t run = 0;
        for (size_t at = lists->x_first[x]; at < lists->x_first[x + 1]; at++) {
            bool same = at > lists->x_first[x] &&
                        lists->x_list[at].other == lists->x_list[at - 1].other;
            run = same ? run + 1 : 1;
            if (run > lists->repeats_max)
                lists->repeats_max = run;
        }
    }
}

/* Sets base and span of the codes; false where there are none. */
static bool codable(struct co_rated *lists)
{
    enum { VALUE_MAX = 1000 }; /* keeps every sum of squares exact */
    double low = VALUE_MAX, high = -VALUE_MAX;

    for (size_t at = 0; at < lists->count; at++) {
        double value = lists->y_list[at].value;
        if (!(fabs(value) <= VALUE_MAX) || value != floor(value))
            return false;
        low = value < low ? value : low;
        high = value > high ? value : high;
    }
    if (lists->count == 0 || high - low > CODE_MAX)
        return false;
    lists->code_base = low;
    lists->code_span = (unsigned)(high - low);
    return lists->xs < UINT32_MAX >> CODE_BITS && lists->count < UINT32_MAX;
}

/* A quarter of the bytes to walk. Walking x upwards sorts them by x. */
static int fill_coded(struct co_rated *lists, struct error *err)
{
    if (!codable(lists))
        return 0;
    size_t *next = malloc(((size_t)lists->ys + 1) * sizeof(*next));
    lists->coded = malloc((lists->count + 1) * sizeof(*lists->coded));
    lists->behind = malloc((lists->count + 1) * sizeof(*lists->behind));
    if (!next || !lists->coded || !lists->behind) {
        free(next);
        return error_no_memory(err, "the co rated");
    }
    memcpy(next, lists->y_first, ((size_t)lists->ys + 1) * sizeof(*next));
    for (uint32_t x = 0; x < lists->xs; x++)
        for (size_t at = lists->x_first[x]; at < lists->x_first[x + 1]; at++) {
            const struct rated *entry = &lists->x_list[at];
            size_t *to = &next[entry->other];
            lists->coded[(*to)++] =
                x << CODE_BITS | (uint32_t)(entry->value - lists->code_base);
            lists->behind[at] = (uint32_t)*to;
        }
    free(next);
    return 0;
}

/* All that follows from the y lists; frees them on failure. */
static int complete(struct co_rated *lists, struct co_rated **out,
                    struct error *err)
{
    fill_x_lists(lists);
    count_repeats(lists);
    if (fill_coded(lists, err) < 0) {
        co_rated_free(lists);
        return -1;
    }
    *out = lists;
    return 0;
}

int co_rated_build(const struct ratings *train, enum co_rated_side x,
                   struct co_rated **out, struct error *err)
{
    const bool user_based = x == CO_RATED_USERS;
    const size_t *first = user_based ? train->item_first : train->user_first;
    const struct rated *from = user_based ? train->by_item : train->by_user;
    uint32_t xs = user_based ? train->users : train->items;
    uint32_t ys = user_based ? train->items : train->users;
    struct co_rated *lists = NULL;
    size_t used = 0;

    if (allocate(xs, ys, train->count - train->nobody_count, &lists, err) < 0)
        return -1;
    for (uint32_t y = 0; y < ys; y++) {
        for (size_t at = first[y]; at < first[y + 1]; at++)
            if (from[at].other != INDEX_UNKNOWN)
                lists->y_list[used++] = from[at];
        lists->y_first[y + 1] = used;
    }
    return complete(lists, out, err);
}

/* Entries: u64; then the length of every y list, the x of every entry, the
 * value of every entry. The x lists follow from them. */
void co_rated_save(const struct co_rated *lists, struct buffer *to)
{
    buffer_append_u64(to, lists->count);
    for (uint32_t y = 0; y < lists->ys; y++)
        buffer_append_u32(
            to, (uint32_t)(lists->y_first[y + 1] - lists->y_first[y]));
    for (size_t at = 0; at < lists->count; at++)
        buffer_append_u32(to, lists->y_list[at].other);
    for (size_t at = 0; at < lists->count; at++)
        buffer_append_f64(to, lists->y_list[at].value);
}

uint64_t co_rated_bytes(uint64_t count, uint64_t ys)
{
    return sizeof(uint64_t) + sizeof(uint32_t) * ys +
           (sizeof(uint32_t) + sizeof(double)) * count;
}

static void read_lists(struct bytes_reader *from, struct co_rated *lists)
{
    for (uint32_t y = 0; y < lists->ys; y++) {
        size_t length = bytes_read_u32(from);
        if (length > lists->count - lists->y_first[y])
            from->failed = true;
        lists->y_first[y + 1] =
            from->failed ? lists->y_first[y] : lists->y_first[y] + length;
    }
    if (lists->y_first[lists->ys] != lists->count)
        from->failed = true;
    for (size_t at = 0; at < lists->count && !from->failed; at++) {
        lists->y_list[at].other = bytes_read_u32(from);
        if (lists->y_list[at].other >= lists->xs)
            from->failed = true;
    }
    for (size_t at = 0; at < lists->count && !from->failed; at++)
        bytes_read_f64_into(from, &lists->y_list[at].value, 1);
}

int co_rated_load(struct bytes_reader *from, uint32_t xs, uint32_t ys,
                  struct co_rated **out, struct error *err)
{
    uint64_t count = bytes_read_u64(from);
    struct co_rated *lists = NULL;

    if (bytes_reader_failed(from) || count > RATINGS_MAX ||
        count > from->left / 12 || ys > from->left / 4)
        return error_set(err, ERROR_FORMAT, "rows cut short");
    if (allocate(xs, ys, (size_t)count, &lists, err) < 0)
        return -1;
    read_lists(from, lists);
    if (bytes_reader_failed(from)) {
        co_rated_free(lists);
        return error_set(err, ERROR_FORMAT,
                         "rows cut short, out of range or not finite");
    }
    return complete(lists, out, err);
}

void co_rated_free(struct co_rated *lists)
{
    if (!lists)
        return;
    free(lists->x_first);
    free(lists->y_first);
    free(lists->x_list);
    free(lists->y_list);
    free(lists->coded);
    free(lists->behind);
    free(lists);
}
