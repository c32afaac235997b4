#include "support/slow_join.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 8000, NAME_SIZE = 32 };

struct seen {
    char name[NAME_SIZE];
    int64_t ts_ms;
    bool closed, forgotten, labelled;
    float label; /* -1: open; NaN: unknown */
};

struct waiter {
    char name[NAME_SIZE];
    int64_t ts_ms;
    float label;
    bool gone;
};

struct slow_join {
    int64_t window_ms, late_ms, stream_ms;
    struct seen impressions[LIST_MAX];
    struct waiter labels[LIST_MAX];
    size_t order[LIST_MAX]; /* in which impressions were closed */
    size_t impression_count, label_count, closed_count;
    struct join_books books; /* labels only: the rest is counted */
};

struct slow_join *slow_new(int64_t window_ms, int64_t late_ms)
{
    struct slow_join *slow = calloc(1, sizeof(*slow));

    ck_assert_ptr_nonnull(slow);
    slow->window_ms = window_ms;
    slow->late_ms = late_ms;
    slow->stream_ms = INT64_MIN;
    return slow;
}

void slow_free(struct slow_join *slow)
{
    free(slow);
}

static void name_of(const struct id *id, char name[NAME_SIZE])
{
    char text[ID_PRINT_SIZE];

    id_print(id, text);
    ck_assert_uint_lt(strlen(text), NAME_SIZE);
    strcpy(name, text);
}

static struct seen *seen_find(struct slow_join *slow, const char *name)
{
    for (size_t i = 0; i < slow->impression_count; i++)
        if (!slow->impressions[i].forgotten &&
            strcmp(slow->impressions[i].name, name) == 0)
            return &slow->impressions[i];
    return NULL;
}

static struct waiter *waiter_find(struct slow_join *slow, const char *name)
{
    for (size_t i = 0; i < slow->label_count; i++)
        if (!slow->labels[i].gone && strcmp(slow->labels[i].name, name) == 0)
            return &slow->labels[i];
    return NULL;
}

/* -1: lower, 0: the same, 1: higher, and counted. */
static int further(struct slow_join *slow, float old, float new)
{
    if (new < old) {
        slow->books.contradicted++;
        return -1;
    }
    if (new > old) {
        slow->books.corrected++;
        return 1;
    }
    slow->books.duplicate++;
    return 0;
}

static void belongs(struct slow_join *slow, struct seen *seen, int64_t ts_ms,
                    float label)
{
    if (ts_ms < seen->ts_ms - slow->window_ms ||
        ts_ms > seen->ts_ms + slow->window_ms + slow->late_ms) {
        slow->books.orphan++;
    } else if (seen->labelled) {
        if (further(slow, seen->label, label) > 0)
            seen->label = label;
    } else {
        if (seen->closed || ts_ms > seen->ts_ms + slow->window_ms)
            slow->books.late++;
        else
            slow->books.joined++;
        seen->labelled = true;
        seen->label = label;
    }
}

bool slow_impression(struct slow_join *slow, const struct id *id, int64_t ts_ms,
                     uint64_t *sequence)
{
    char name[NAME_SIZE];
    name_of(id, name);
    struct seen *seen = seen_find(slow, name);

    if (seen) {
        slow->books.repeated++;
        *sequence = (uint64_t)(seen - slow->impressions);
        return false;
    }
    ck_assert_uint_lt(slow->impression_count, LIST_MAX);
    *sequence = slow->impression_count;
    seen = &slow->impressions[slow->impression_count++];
    strcpy(seen->name, name);
    seen->ts_ms = ts_ms;
    seen->label = -1;

    struct waiter *waiter = waiter_find(slow, name);
    if (waiter) {
        waiter->gone = true;
        belongs(slow, seen, waiter->ts_ms, waiter->label);
    }
    if (!seen->labelled &&
        ts_ms + slow->window_ms + slow->late_ms < slow->stream_ms) {
        seen->label = NAN;
        seen->closed = seen->forgotten = true;
    }
    return true;
}

void slow_label(struct slow_join *slow, const struct id *id, int64_t ts_ms,
                float click)
{
    char name[NAME_SIZE];
    name_of(id, name);
    struct seen *seen = seen_find(slow, name);
    struct waiter *waiter = waiter_find(slow, name);

    slow->books.labels++;
    if (seen &&
        seen->ts_ms + slow->window_ms + slow->late_ms < slow->stream_ms) {
        slow->books.orphan++;
    } else if (seen) {
        belongs(slow, seen, ts_ms, click);
    } else if (waiter) {
        if (further(slow, waiter->label, click) > 0)
            waiter->label = click;
    } else {
        ck_assert_uint_lt(slow->label_count, LIST_MAX);
        waiter = &slow->labels[slow->label_count++];
        strcpy(waiter->name, name);
        waiter->ts_ms = ts_ms;
        waiter->label = click;
    }
}

/* The one whose window ends first, the first to arrive among equals. */
static struct seen *first_to_close(struct slow_join *slow)
{
    struct seen *first = NULL;

    for (size_t i = 0; i < slow->impression_count; i++) {
        struct seen *seen = &slow->impressions[i];
        if (!seen->closed && seen->ts_ms + slow->window_ms < slow->stream_ms &&
            (!first || seen->ts_ms < first->ts_ms))
            first = seen;
    }
    return first;
}

static void close_windows(struct slow_join *slow)
{
    struct seen *seen;

    while ((seen = first_to_close(slow))) {
        seen->closed = true;
        if (!seen->labelled)
            seen->label = 0;
        slow->order[slow->closed_count++] = (size_t)(seen - slow->impressions);
    }
}

static void forget(struct slow_join *slow)
{
    for (size_t i = 0; i < slow->closed_count; i++) {
        struct seen *seen = &slow->impressions[slow->order[i]];
        if (seen->forgotten)
            continue;
        if (seen->ts_ms + slow->window_ms + slow->late_ms >= slow->stream_ms)
            break; /* in the order of closing: nobody jumps the queue */
        seen->forgotten = true;
    }
}

void slow_advance(struct slow_join *slow, int64_t stream_ms)
{
    if (stream_ms > slow->stream_ms)
        slow->stream_ms = stream_ms;
}

static void settle(struct slow_join *slow)
{
    close_windows(slow);
    forget(slow);
    for (size_t i = 0; i < slow->label_count; i++)
        if (!slow->labels[i].gone &&
            slow->labels[i].ts_ms + slow->window_ms < slow->stream_ms) {
            slow->labels[i].gone = true;
            slow->books.orphan++;
        }
}

float slow_outcome(const struct slow_join *slow, uint64_t sequence)
{
    return slow->impressions[sequence].label;
}

void slow_assert_books(struct slow_join *slow, const struct join_books *books)
{
    settle(slow);
    struct join_books mine = slow->books;

    mine.impressions = slow->impression_count;
    for (size_t i = 0; i < slow->impression_count; i++)
        if (isnan(slow->impressions[i].label))
            mine.unknown++;
        else if (slow->impressions[i].label < 0)
            mine.open++;
        else if (slow->impressions[i].label > 0)
            mine.positive++;
        else
            mine.negative++;
    for (size_t i = 0; i < slow->label_count; i++)
        mine.waiting += !slow->labels[i].gone;
    ck_assert_mem_eq(&mine, books, sizeof(mine));
}
