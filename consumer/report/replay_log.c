#include "consumer/report/replay_log.h"

#include "common/event/event_value.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPOOL_BYTES = 4 << 20, READ_BYTES = 256 << 10 };

static int reserve(struct replay_log *log, struct error *err)
{
    log->versions = malloc((log->config.contenders + 1) * sizeof(uint64_t));
    if (!log->versions)
        return error_no_memory(err, "a replay");
    for (size_t c = 0; c < log->config.contenders; c++)
        log->versions[c] = UINT64_MAX;
    while (log->field_count < REPLAY_SLICES_MAX &&
           log->config.fields[log->field_count][0]) {
        if (id_map_new(&log->names[log->field_count], err) < 0)
            return -1;
        log->field_count++;
    }
    return spool_new(log->config.folder, log->row_size, SPOOL_BYTES,
                     &log->spool, err);
}

int replay_log_new(const struct replay_log_config *config,
                   struct replay_log **out, struct error *err)
{
    struct replay_log *log = calloc(1, sizeof(*log));

    if (!log)
        return error_no_memory(err, "a replay");
    log->config = *config;
    log->row_size = sizeof(struct replay_row) +
                    config->contenders * sizeof(struct replay_answer);
    if (reserve(log, err) < 0) {
        replay_log_free(log);
        return -1;
    }
    *out = log;
    return 0;
}

/* --- Fields ----------------------------------------------------------- */

static int print_value(const struct cursor_value *value, char *out, size_t size)
{
    switch (value->type) {
    case CURSOR_BOOL:
        return snprintf(out, size, value->boolean ? "true" : "false");
    case CURSOR_FLOAT:
        return snprintf(out, size, "%.6g", value->real);
    case CURSOR_NIL:
        return snprintf(out, size, "nil");
    default:
        return snprintf(out, size, "(other)");
    }
}

static int value_index(struct id_map *names, const struct cursor_value *value,
                       uint32_t *index, struct error *err)
{
    char text[64] = "(absent)";
    struct id id;

    if (!value || event_value_id(value, &id) != EVENT_OK) {
        if (value)
            print_value(value, text, sizeof(text));
        id = id_from_text(text, strlen(text));
    }
    return id_map_add(names, &id, index, err);
}

int replay_log_want(struct replay_log *log, struct event_reader *reader,
                    struct error *err)
{
    for (size_t i = 0; i < log->field_count; i++)
        if (event_reader_want(reader, log->config.fields[i], &log->field_at[i],
                              err) < 0)
            return -1;
    return 0;
}

/* --- The tail --------------------------------------------------------- */

static struct replay_row *tail_row(const struct replay_log *log, size_t place)
{
    size_t at = (log->head + place) & (log->room - 1);

    return (struct replay_row *)(void *)(log->tail + at * log->row_size);
}

/* Twice the room; the part before the ring's seam stays in front. */
static int grow(struct replay_log *log, struct error *err)
{
    size_t room = log->room ? 2 * log->room : 1024;
    char *tail = malloc(room * log->row_size);

    if (!tail)
        return error_no_memory(err,
                               "%zu impressions whose label is open: lower "
                               "join.window_ms or join.late_ms",
                               room);
    for (size_t i = 0; i < log->waiting; i++)
        memcpy(tail + i * log->row_size, tail_row(log, i), log->row_size);
    free(log->tail);
    log->tail = tail;
    log->room = room;
    log->head = 0;
    return 0;
}

int replay_log_append(struct replay_log *log, const struct replay_row *head,
                      const struct event_found *found, struct replay_row **row,
                      struct error *err)
{
    if (log->count == log->config.rows_max)
        return error_set(err, ERROR_LIMIT,
                         "more than %" PRIu64
                         " impressions: take a shorter range, or raise "
                         "rows.max",
                         log->config.rows_max);
    if (log->waiting == log->room && grow(log, err) < 0)
        return -1;
    struct replay_row *made = tail_row(log, log->waiting);
    memset(made, 0, log->row_size);
    *made = *head;
    for (size_t i = 0; i < log->field_count; i++) {
        unsigned at = log->field_at[i];
        if (value_index(log->names[i],
                        found->seen >> at & 1 ? &found->values[at] : NULL,
                        &made->values[i], err) < 0)
            return -1;
    }
    log->waiting++;
    log->count++;
    *row = made;
    return 0;
}

void replay_log_label(struct replay_log *log, uint64_t number, float label)
{
    uint64_t settled = log->count - log->waiting;

    assert(number >= settled && number < log->count);
    tail_row(log, (size_t)(number - settled))->label = label;
}

static int settle_first(struct replay_log *log, struct error *err)
{
    const struct replay_row *row = tail_row(log, 0);

    for (size_t i = 0; i < REPLAY_SINKS_MAX && log->config.sinks[i].take; i++)
        if (log->config.sinks[i].take(log->config.sinks[i].context, row, err) <
            0)
            return -1;
    if (spool_add(log->spool, row, err) < 0)
        return -1;
    log->head = (log->head + 1) & (log->room - 1);
    log->waiting--;
    return 0;
}

int replay_log_settle(struct replay_log *log, int64_t before_ms,
                      struct error *err)
{
    while (log->waiting > 0 &&
           (before_ms == INT64_MAX || tail_row(log, 0)->ts_ms < before_ms))
        if (settle_first(log, err) < 0)
            return -1;
    return 0;
}

/* --- Reading ---------------------------------------------------------- */

int replay_log_read(const struct replay_log *log,
                    struct replay_log_cursor *cursor, struct error *err)
{
    size_t room = READ_BYTES / log->row_size + 1;

    cursor->buffer = malloc(room * log->row_size);
    if (!cursor->buffer)
        return error_no_memory(err, "reading rows again");
    spool_cursor_begin(&cursor->records, log->spool,
                       (struct spool_range){0, spool_count(log->spool)},
                       cursor->buffer, room);
    return 0;
}

int replay_log_next(struct replay_log_cursor *cursor,
                    const struct replay_row **row, struct error *err)
{
    const void *record;

    if (spool_cursor_next(&cursor->records, &record, err) < 0)
        return -1;
    *row = record;
    return 0;
}

void replay_log_read_end(struct replay_log_cursor *cursor)
{
    free(cursor->buffer);
    cursor->buffer = NULL;
}

/* --- Swaps ------------------------------------------------------------ */

/* Partitions swap one after the other: the first one tells. */
static bool was_seen(const struct replay_log *log, size_t contender,
                     uint64_t version)
{
    for (size_t i = log->swap_count; i-- > 0;)
        if (log->swaps[i].contender == contender &&
            log->swaps[i].version == version)
            return true;
    return false;
}

static bool resize(void *column, size_t count, size_t size)
{
    void **at = column;
    void *bytes = realloc(*at, count * size);

    if (bytes)
        *at = bytes;
    return bytes;
}

static int add_swap(struct replay_log *log, size_t contender, int64_t ts_ms,
                    uint64_t version, struct error *err)
{
    if (log->swap_count == log->swap_room) {
        size_t room = log->swap_room ? 2 * log->swap_room : 64;
        if (!resize(&log->swaps, room, sizeof(*log->swaps)))
            return error_no_memory(err, "%zu swaps", room);
        log->swap_room = room;
    }
    log->swaps[log->swap_count++] =
        (struct replay_swap){contender, ts_ms, version};
    return 0;
}

int replay_log_note_swaps(struct replay_log *log, struct error *err)
{
    const struct replay_row *row = tail_row(log, log->waiting - 1);

    for (size_t c = 0; c < log->config.contenders; c++) {
        const struct replay_answer *now = &row->answers[c];
        if (isnan(now->p) || log->versions[c] == now->version)
            continue;
        log->versions[c] = now->version;
        if (!was_seen(log, c, now->version) &&
            add_swap(log, c, row->ts_ms, now->version, err) < 0)
            return -1;
    }
    return 0;
}

void replay_log_free(struct replay_log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < REPLAY_SLICES_MAX; i++)
        id_map_free(log->names[i]);
    spool_free(log->spool);
    free(log->tail);
    free(log->versions);
    free(log->swaps);
    free(log);
}
