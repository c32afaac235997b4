#include "consumer/replay_log.h"

#include "common/event_scan.h"
#include "common/event_value.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int replay_log_new(const struct replay_log_config *config,
                   struct replay_log **out, struct error *err)
{
    struct replay_log *log = calloc(1, sizeof(*log));

    if (!log)
        return error_set(err, ERROR_LIMIT, "no memory for a replay");
    log->config = *config;
    while (log->field_count < REPLAY_SLICES_MAX &&
           config->fields[log->field_count][0]) {
        if (id_map_new(&log->names[log->field_count], err) < 0) {
            replay_log_free(log);
            return -1;
        }
        log->field_count++;
    }
    *out = log;
    return 0;
}

/* --- Fields -----------------------------------------------------------------
 */

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

static int take_fields(struct replay_log *log, struct span bytes,
                       struct error *err)
{
    struct event_scan scan = {.count = (unsigned)log->field_count};
    const char *about = NULL;

    if (log->field_count == 0)
        return 0;
    for (size_t i = 0; i < log->field_count; i++)
        scan.names[i] = log->config.fields[i];
    bool is_good =
        event_scan_record(&scan, bytes.bytes, bytes.size, &about) == EVENT_OK;
    for (size_t i = 0; i < log->field_count; i++)
        if (value_index(log->names[i],
                        is_good && scan.seen >> i & 1 ? &scan.values[i] : NULL,
                        &log->values[i][log->count], err) < 0)
            return -1;
    return 0;
}

/* --- Rows -------------------------------------------------------------------
 */

static bool resize(void *column, size_t count, size_t size)
{
    void **at = column;
    void *bytes = realloc(*at, count * size);

    if (bytes)
        *at = bytes;
    return bytes;
}

static int grow(struct replay_log *log, struct error *err)
{
    size_t room = log->room ? 2 * log->room : 1024;
    bool grown = resize(&log->ts_ms, room, sizeof(*log->ts_ms)) &&
                 resize(&log->offset, room, sizeof(*log->offset)) &&
                 resize(&log->partition, room, sizeof(*log->partition)) &&
                 resize(&log->label, room, sizeof(*log->label)) &&
                 resize(&log->answers, room * log->config.contenders,
                        sizeof(*log->answers));

    for (size_t i = 0; i < log->field_count; i++)
        grown = grown && resize(&log->values[i], room, sizeof(uint32_t));
    if (!grown)
        return error_set(err, ERROR_LIMIT, "no memory to replay %zu rows",
                         room);
    log->room = room;
    return 0;
}

int replay_log_append(struct replay_log *log, int64_t ts_ms, int32_t partition,
                      int64_t offset, struct span bytes, struct error *err)
{
    if (log->count == log->config.rows_max)
        return error_set(err, ERROR_LIMIT,
                         "more than %zu impressions: take a shorter range, or "
                         "raise rows.max",
                         log->config.rows_max);
    if ((log->count == log->room && grow(log, err) < 0) ||
        take_fields(log, bytes, err) < 0)
        return -1;
    log->ts_ms[log->count] = ts_ms;
    log->offset[log->count] = offset;
    log->partition[log->count] = partition;
    log->label[log->count] = NAN;
    log->count++;
    return 0;
}

/* --- Swaps ------------------------------------------------------------------
 */

/* Partitions swap one after the other: the first one tells. */
static bool was_seen(const struct replay_log *log, size_t contender,
                     uint32_t version)
{
    for (size_t i = log->swap_count; i-- > 0;)
        if (log->swaps[i].contender == contender &&
            log->swaps[i].version == version)
            return true;
    return false;
}

static int add_swap(struct replay_log *log, size_t contender, uint32_t version,
                    struct error *err)
{
    if (log->swap_count == log->swap_room) {
        size_t room = log->swap_room ? 2 * log->swap_room : 64;
        if (!resize(&log->swaps, room, sizeof(*log->swaps)))
            return error_set(err, ERROR_LIMIT, "no memory for %zu swaps", room);
        log->swap_room = room;
    }
    log->swaps[log->swap_count++] =
        (struct replay_swap){contender, log->ts_ms[log->count - 1], version};
    return 0;
}

int replay_log_note_swaps(struct replay_log *log, struct error *err)
{
    size_t row = log->count - 1;
    const struct replay_answer *now = replay_log_answers(log, row);

    for (size_t c = 0; c < log->config.contenders; c++) {
        bool same = row > 0 && replay_log_answers(log, row - 1)[c].version ==
                                   now[c].version;
        if (!same && !isnan(now[c].p) && !was_seen(log, c, now[c].version) &&
            add_swap(log, c, now[c].version, err) < 0)
            return -1;
    }
    return 0;
}

void replay_log_free(struct replay_log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < REPLAY_SLICES_MAX; i++) {
        free(log->values[i]);
        id_map_free(log->names[i]);
    }
    free(log->ts_ms);
    free(log->offset);
    free(log->partition);
    free(log->label);
    free(log->answers);
    free(log->swaps);
    free(log);
}
