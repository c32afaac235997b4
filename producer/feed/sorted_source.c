/*
 * sorted_source.c - the rows of another source in the order of their times.
 */
#include "common/base/buffer.h"
#include "common/base/bytes_reader.h"
#include "common/base/log.h"
#include "common/base/record_sorter.h"
#include "common/base/stop.h"

#include "producer/feed/event_source.h"

#include <inttypes.h>
#include <stdlib.h>

enum { EXTRAS_MAX = SOURCE_EXTRAS_MAX };

enum phase { PHASE_START, PHASE_PASS, PHASE_LOAD, PHASE_GIVE };

struct sorted_source {
    struct event_source source;
    struct event_source *inner; /* owned */
    struct record_sorter *sorter;
    struct buffer bytes; /* of the row that goes into the sorter */
    enum phase phase;
    uint64_t rows, moved; /* moved: rows that were older than one before */
    int64_t newest_ms;
    const char *names[EXTRAS_MAX]; /* of the extras, borrowed from inner */
    struct event_extra extras[EXTRAS_MAX];
    size_t extra_count;
};

/* --- A row as bytes --------------------------------------------------- */

static void put_id(struct buffer *to, const struct id *id)
{
    buffer_append_u32(to, id->text ? id->size : UINT32_MAX);
    if (id->text)
        buffer_append(to, id->text, id->size);
    else
        buffer_append_u64(to, (uint64_t)id->number);
}

static struct id take_id(struct bytes_reader *from)
{
    uint32_t size = bytes_read_u32(from);

    if (size == UINT32_MAX)
        return id_from_number((int64_t)bytes_read_u64(from));
    return (struct id){.text = (const char *)bytes_read(from, size),
                       .size = size};
}

static void put_row(struct buffer *to, const struct source_row *row,
                    uint64_t line)
{
    buffer_clear(to);
    buffer_append_u64(to, line);
    buffer_append_u64(to, (uint64_t)row->ts_ms);
    buffer_append_f64(to, row->click);
    put_id(to, &row->id);
    put_id(to, &row->user);
    put_id(to, &row->ad);
    for (size_t i = 0; i < row->extra_count; i++) {
        buffer_append_u32(to, row->extras[i].is_real);
        buffer_append_f64(to, row->extras[i].real);
        put_id(to, &row->extras[i].value);
    }
}

static void take_row(struct sorted_source *s, struct bytes_reader *from,
                     struct source_row *row, uint64_t *line)
{
    *line = bytes_read_u64(from);
    *row = (struct source_row){.has_time = true,
                               .ts_ms = (int64_t)bytes_read_u64(from)};
    row->click = bytes_read_f64(from);
    row->id = take_id(from);
    row->user = take_id(from);
    row->ad = take_id(from);
    for (size_t i = 0; i < s->extra_count; i++) {
        s->extras[i].name = s->names[i];
        s->extras[i].is_real = bytes_read_u32(from) != 0;
        s->extras[i].real = bytes_read_f64(from);
        s->extras[i].value = take_id(from);
    }
    row->extras = s->extras;
    row->extra_count = s->extra_count;
}

/* --- Loading and giving ----------------------------------------------- */

/* The first row says whether there are times to sort by. */
static void start(struct sorted_source *s, const struct source_row *row)
{
    s->phase = row->has_time && row->extra_count <= EXTRAS_MAX ? PHASE_LOAD
                                                               : PHASE_PASS;
    if (s->phase == PHASE_PASS)
        return;
    s->extra_count = row->extra_count;
    for (size_t i = 0; i < s->extra_count; i++)
        s->names[i] = row->extras[i].name;
}

static int load(struct sorted_source *s, const struct source_row *row,
                uint64_t line, struct error *err)
{
    put_row(&s->bytes, row, line);
    if (buffer_failed(&s->bytes))
        return error_no_memory(err, "sorting");
    s->moved += s->rows > 0 && row->ts_ms < s->newest_ms;
    if (s->rows == 0 || row->ts_ms > s->newest_ms)
        s->newest_ms = row->ts_ms;
    s->rows++;
    return record_sorter_add(s->sorter, row->ts_ms, s->bytes.bytes,
                             s->bytes.size, err);
}

static int finish_loading(struct sorted_source *s, struct error *err)
{
    s->phase = PHASE_GIVE;
    if (s->moved > 0)
        log_info("the rows are sorted by event time",
                 "rows=%" PRIu64 " out_of_order=%" PRIu64 " runs=%zu", s->rows,
                 s->moved, record_sorter_runs(s->sorter));
    return record_sorter_sort(s->sorter, err);
}

static int give(struct sorted_source *s, enum source_result *result,
                struct source_row *row, uint64_t *line, struct error *err)
{
    const uint8_t *record;
    size_t size;

    if (record_sorter_next(s->sorter, &record, &size, err) < 0)
        return -1;
    *result = record ? SOURCE_ROW : SOURCE_END;
    if (!record)
        return 0;
    struct bytes_reader from = {.at = record, .left = size};
    take_row(s, &from, row, line);
    return 0;
}

static int sorted_source_next(struct event_source *source,
                              enum source_result *result,
                              struct source_row *row, uint64_t *line,
                              struct error *why, struct error *err)
{
    struct sorted_source *s = (struct sorted_source *)source;

    while (s->phase != PHASE_GIVE) {
        if (s->inner->ops->next(s->inner, result, row, line, why, err) < 0)
            return -1;
        if (*result == SOURCE_REJECTED)
            return 0;
        if (s->phase == PHASE_START && *result == SOURCE_ROW)
            start(s, row);
        if (s->phase == PHASE_PASS)
            return 0;
        if (*result == SOURCE_END) {
            if (finish_loading(s, err) < 0)
                return -1;
        } else if (load(s, row, *line, err) < 0) {
            return -1;
        }
        if (stop_requested()) { /* nothing was given: no half of a file */
            *result = SOURCE_END;
            return 0;
        }
    }
    return give(s, result, row, line, err);
}

static int sorted_source_count(struct event_source *source, uint64_t *rows,
                               struct error *err)
{
    struct sorted_source *s = (struct sorted_source *)source;

    return s->inner->ops->count(s->inner, rows, err);
}

static size_t sorted_source_extras(const struct event_source *source,
                                   const char **names)
{
    const struct sorted_source *s = (const struct sorted_source *)source;

    return s->inner->ops->extras(s->inner, names);
}

static void sorted_source_close(struct event_source *source)
{
    struct sorted_source *s = (struct sorted_source *)source;

    event_source_close(s->inner);
    record_sorter_free(s->sorter);
    buffer_free(&s->bytes);
    free(s);
}

static const struct event_source_ops sorted_source_ops = {
    .next = sorted_source_next,
    .extras = sorted_source_extras,
    .count = sorted_source_count,
    .close = sorted_source_close,
};

int sorted_source_open(struct event_source *inner, const char *folder,
                       size_t memory_bytes, struct event_source **out,
                       struct error *err)
{
    struct sorted_source *s = calloc(1, sizeof(*s));

    if (!s) {
        event_source_close(inner);
        return error_no_memory(err, "sorting");
    }
    s->source.ops = &sorted_source_ops;
    s->inner = inner;
    if (record_sorter_new(folder, memory_bytes, &s->sorter, err) < 0) {
        sorted_source_close(&s->source);
        return -1;
    }
    *out = &s->source;
    return 0;
}
