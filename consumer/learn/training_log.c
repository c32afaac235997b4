#include "consumer/learn/training_log.h"

#include "consumer/learn/training_columns.h"

#include "model/rows/id_bound.h"
#include "model/rows/id_map.h"
#include "model/rows/numbering.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ROOM_FIRST = 1024 };

/* A label is in [0, 1], NaN while the row is open, or this. */
static const float withdrawn = -1;

struct training_log {
    struct training_log_config config;
    struct training_columns columns;
    struct id_map *users, *ads;
    uint64_t first, next;          /* sequence numbers of the rows here */
    uint64_t first_since_renaming; /* what first was then */
    int64_t newest_ms;
    uint64_t open, withdrawn, answered;
};

static int out_of_memory(struct error *err)
{
    return error_no_memory(err, "the training log: lower training.max_rows");
}

/* --- Room ------------------------------------------------------------- */

static int grow(struct training_log *log, struct error *err)
{
    uint64_t room = log->columns.room * 2;
    struct training_columns columns;

    if (room > log->config.rows_max)
        room = log->config.rows_max;
    if (training_columns_new(room, &columns, err) < 0)
        return -1;
    for (uint64_t at = log->first; at < log->next; at++)
        training_columns_copy_row(&log->columns, &columns, at);
    training_columns_free(&log->columns);
    log->columns = columns;
    return 0;
}

/* --- Ids -------------------------------------------------------------- */

static void number_column(const struct training_log *log,
                          const uint32_t *column, struct numbering *numbering)
{
    for (uint64_t at = log->first; at < log->next; at++)
        numbering_give(numbering, column[at % log->columns.room]);
}

static void rename_column(const struct training_log *log, uint32_t *column,
                          const struct numbering *numbering)
{
    for (uint64_t at = log->first; at < log->next; at++) {
        uint32_t *index = &column[at % log->columns.room];
        *index = numbering_find(numbering, *index);
    }
}

/* A new map with the column's ids alone. */
static int renew_map(const struct training_log *log, uint32_t *column,
                     struct id_map **map, struct error *err)
{
    struct numbering numbering = {0};
    struct id_map *fresh = NULL;
    int status = -1;

    if (numbering_start(id_map_count(*map), &numbering, err) < 0 ||
        id_map_new(&fresh, err) < 0)
        goto out;
    number_column(log, column, &numbering);
    if (numbering_ids(&numbering, *map, fresh, err) < 0)
        goto out;
    rename_column(log, column, &numbering);
    id_map_free(*map);
    *map = fresh;
    fresh = NULL;
    status = 0;

out:
    numbering_free(&numbering);
    id_map_free(fresh);
    return status;
}

/* Once as many rows went as are here, so that it costs nothing per row. */
static int forget_ids(struct training_log *log, struct error *err)
{
    uint64_t gone = log->first - log->first_since_renaming;

    if (gone < ROOM_FIRST || gone < log->next - log->first)
        return 0;
    if (renew_map(log, log->columns.user, &log->users, err) < 0 ||
        renew_map(log, log->columns.ad, &log->ads, err) < 0)
        return -1;
    log->first_since_renaming = log->first;
    return 0;
}

/* --- Rows ------------------------------------------------------------- */

static void drop_first(struct training_log *log)
{
    float label = log->columns.label[log->first % log->columns.room];

    log->open -= isnan(label) != 0;
    log->withdrawn -= label == withdrawn;
    log->first++;
}

static void drop_old(struct training_log *log)
{
    const int64_t *ts_ms = log->columns.ts_ms;
    int64_t age_ms = log->config.age_ms;

    if (age_ms == 0 || log->newest_ms < INT64_MIN + age_ms)
        return;
    while (log->first < log->next &&
           ts_ms[log->first % log->columns.room] < log->newest_ms - age_ms)
        drop_first(log);
}

static int make_room(struct training_log *log, struct error *err)
{
    if (log->next - log->first < log->columns.room)
        return 0;
    if (log->columns.room < log->config.rows_max)
        return grow(log, err);
    drop_first(log);
    return 0;
}

int training_log_append(struct training_log *log,
                        const struct training_row *row, struct error *err)
{
    uint32_t user = INDEX_UNKNOWN;
    uint32_t ad;

    if (forget_ids(log, err) < 0 || make_room(log, err) < 0 ||
        (row->user && id_map_add(log->users, row->user, &user, err) < 0) ||
        id_map_add(log->ads, row->ad, &ad, err) < 0)
        return -1;

    uint64_t at = log->next++ % log->columns.room;
    log->columns.ts_ms[at] = row->ts_ms;
    log->columns.user[at] = user;
    log->columns.ad[at] = ad;
    log->columns.tie[at] = row->tie;
    log->columns.label[at] = row->label;
    log->open += isnan(row->label) != 0;
    log->answered += isnan(row->label) == 0;
    if (row->counts_ms > log->newest_ms)
        log->newest_ms = row->counts_ms;
    drop_old(log);
    return 0;
}

void training_log_label(struct training_log *log, uint64_t sequence,
                        float label)
{
    if (sequence < log->first || sequence >= log->next)
        return;

    float *old = &log->columns.label[sequence % log->columns.room];
    if (*old == withdrawn)
        return;
    log->open -= isnan(*old) != 0;
    if (isnan(label)) {
        log->withdrawn++;
        *old = withdrawn;
    } else {
        log->answered += isnan(*old) != 0;
        *old = label;
    }
}

/* --- Selecting -------------------------------------------------------- */

struct chosen {
    int64_t ts_ms;
    uint32_t tie, user, ad;
    float label;
};

static int by_time(const void *left, const void *right)
{
    const struct chosen *a = left;
    const struct chosen *b = right;

    if (a->ts_ms != b->ts_ms)
        return a->ts_ms < b->ts_ms ? -1 : 1;
    return (a->tie > b->tie) - (a->tie < b->tie);
}

static struct chosen row_at(const struct training_log *log, uint64_t sequence)
{
    uint64_t at = sequence % log->columns.room;

    return (struct chosen){log->columns.ts_ms[at], log->columns.tie[at],
                           log->columns.user[at], log->columns.ad[at],
                           log->columns.label[at]};
}

/* The earliest open row, or one behind all rows. */
static struct chosen earliest_open(const struct training_log *log)
{
    struct chosen first = {.ts_ms = INT64_MAX, .tie = UINT32_MAX};

    for (uint64_t at = log->first; at < log->next; at++) {
        struct chosen row = row_at(log, at);
        if (isnan(row.label) && by_time(&row, &first) < 0)
            first = row;
    }
    return first;
}

static bool has_label(const struct chosen *row)
{
    return !isnan(row->label) && row->label != withdrawn;
}

/* All rows before the first open one, in order. */
static size_t choose(const struct training_log *log, struct chosen *out)
{
    struct chosen open = earliest_open(log);
    bool sorted = true;
    size_t count = 0;

    for (uint64_t at = log->first; at < log->next; at++) {
        struct chosen row = row_at(log, at);
        if (!has_label(&row) || by_time(&row, &open) > 0)
            continue;
        sorted = sorted && (count == 0 || by_time(&out[count - 1], &row) <= 0);
        out[count++] = row;
    }
    if (!sorted)
        qsort(out, count, sizeof(*out), by_time);
    return count;
}

static void fill_rows(const struct chosen *from, struct numbering *users,
                      struct numbering *ads, struct training_set *set)
{
    for (size_t i = 0; i < set->all_count; i++) {
        if (i == set->count) {
            set->users_fit = users->count;
            set->ads_fit = ads->count;
        }
        set->rows[i] = (struct rating){numbering_give(users, from[i].user),
                                       numbering_give(ads, from[i].ad),
                                       (double)from[i].label};
    }
    if (set->all_count == set->count) {
        set->users_fit = users->count;
        set->ads_fit = ads->count;
    }
    for (size_t i = 0; i < set->held_count; i++) {
        const struct rating *row = &set->rows[set->count + i];
        set->held[i] = (struct pair){row->user, row->item};
        set->labels[i] = row->value;
    }
}

static int fill(const struct training_log *log, const struct chosen *from,
                struct training_set *set, struct error *err)
{
    struct numbering users = {0}, ads = {0};
    int status = -1;

    if (numbering_start(id_map_count(log->users), &users, err) == 0 &&
        numbering_start(id_map_count(log->ads), &ads, err) == 0) {
        fill_rows(from, &users, &ads, set);
        if (numbering_ids(&users, log->users, set->users, err) == 0 &&
            numbering_ids(&ads, log->ads, set->ads, err) == 0)
            status = 0;
    }
    numbering_free(&users);
    numbering_free(&ads);
    return status;
}

/* How many of the rows are of before a time. */
static size_t count_before(const struct chosen *rows, size_t count, int64_t ms)
{
    size_t before = count;

    while (before > 0 && rows[before - 1].ts_ms >= ms)
        before--;
    return before;
}

int training_log_select(const struct training_log *log, double holdout,
                        int64_t final_ms, struct training_set **out,
                        struct error *err)
{
    size_t rows = (size_t)(log->next - log->first);
    struct chosen *chosen = malloc((rows + 1) * sizeof(*chosen));
    struct training_set *set = NULL;

    if (!chosen)
        return out_of_memory(err);
    size_t count = choose(log, chosen);
    size_t final = count_before(chosen, count, final_ms);
    size_t measured = 2 * final >= count ? final : count;
    size_t held = (size_t)((double)measured * holdout);
    size_t fit = holdout > 0 ? measured - held : count;
    int status = training_set_new(fit, held, count, &set, err);
    if (status == 0)
        set->held_final = final <= fit         ? 0
                          : final - fit > held ? held
                                               : final - fit;
    if (status == 0 && count > 0) {
        set->first_ms = chosen[0].ts_ms;
        set->last_ms = chosen[count - 1].ts_ms;
        status = fill(log, chosen, set, err);
    }
    free(chosen);
    if (status == 0 && log->config.ids_max > 0)
        status = id_bound_apply(set, log->config.ids_max, err);
    if (status < 0)
        training_set_free(set);
    else
        *out = set;
    return status;
}

/* --- Single rows ------------------------------------------------------ */

bool training_log_find(const struct training_log *log, uint64_t sequence,
                       struct training_log_row *out)
{
    if (sequence < log->first || sequence >= log->next)
        return false;
    const struct chosen row = row_at(log, sequence);
    *out = (struct training_log_row){
        .is_nobody = row.user == INDEX_UNKNOWN,
        .ad = id_map_id(log->ads, row.ad),
        .label = row.label == withdrawn ? NAN : row.label};
    if (!out->is_nobody)
        out->user = id_map_id(log->users, row.user);
    return true;
}

int training_log_left(const struct training_log *log, uint64_t **out,
                      size_t *count, struct error *err)
{
    const struct chosen open = earliest_open(log);
    size_t rows = 0, room = 0;
    uint64_t *left = NULL;

    for (uint64_t at = log->first; at < log->next; at++) {
        const struct chosen row = row_at(log, at);
        if (!has_label(&row) || by_time(&row, &open) <= 0)
            continue;
        if (rows == room) {
            room = room ? 2 * room : ROOM_FIRST;
            uint64_t *grown = realloc(left, room * sizeof(*left));
            if (!grown) {
                free(left);
                return out_of_memory(err);
            }
            left = grown;
        }
        left[rows++] = at;
    }
    *out = left;
    *count = rows;
    return 0;
}

/* --- The whole -------------------------------------------------------- */

int training_log_new(const struct training_log_config *config,
                     struct training_log **out, struct error *err)
{
    assert(config->rows_max > 0 && config->rows_max <= RATINGS_MAX);
    uint64_t room =
        config->rows_max < ROOM_FIRST ? config->rows_max : ROOM_FIRST;
    struct training_log *log = calloc(1, sizeof(*log));

    if (!log)
        return out_of_memory(err);
    log->config = *config;
    log->newest_ms = INT64_MIN;
    if (training_columns_new(room, &log->columns, err) < 0 ||
        id_map_new(&log->users, err) < 0 || id_map_new(&log->ads, err) < 0) {
        training_log_free(log);
        return -1;
    }
    *out = log;
    return 0;
}

struct training_log_counts training_log_counts(const struct training_log *log)
{
    return (struct training_log_counts){
        .appended = log->next,
        .rows = log->next - log->first,
        .open = log->open,
        .withdrawn = log->withdrawn,
        .answered = log->answered,
        .dropped = log->first,
        .users = id_map_count(log->users),
        .ads = id_map_count(log->ads),
    };
}

size_t training_log_bytes(const struct training_log *log)
{
    return sizeof(*log) + log->columns.room * 24 + id_map_bytes(log->users) +
           id_map_bytes(log->ads);
}

void training_log_free(struct training_log *log)
{
    if (!log)
        return;
    training_columns_free(&log->columns);
    id_map_free(log->users);
    id_map_free(log->ads);
    free(log);
}
