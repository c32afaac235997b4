#include "consumer/learn/intake.h"

#include "common/base/id_set.h"

#include "consumer/learn/field_scan.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLOCK_FORMAT = 1 };

struct intake {
    struct intake_config config;
    struct event_reader *readers[2];     /* by enum intake_kind */
    struct event_scratch scratch;        /* of one record */
    struct field_scan scans[2];          /* by enum intake_kind, of the list */
    uint64_t labelled[FIELD_VALUES_MAX]; /* values of a label with a pair */
    struct join_outcome ready;           /* what became of it, */
    bool is_ready;                       /* until it is pulled */
    struct id_set *nobody;               /* user ids of field.anonymous */
    struct join *join;
    struct training_log *log;
    struct intake_counts counts;
    struct stream_time time;
    int64_t newest_ms;
};

/* Partitions of impressions and of labels in turns. */
static struct stream_origin lane_of(enum intake_kind kind,
                                    const struct intake_origin *origin)
{
    size_t partition = origin->partition < 0 ? 0 : (size_t)origin->partition;

    return (struct stream_origin){.lane = 2 * partition + (size_t)kind,
                                  .record_ms = origin->record_ms,
                                  .read_ms = origin->read_ms,
                                  .ahead_ms = origin->ahead_ms};
}

struct stream_stamp intake_stamp(const struct intake *intake,
                                 enum intake_kind kind, int64_t event_ms,
                                 const struct intake_origin *origin)
{
    struct stream_origin lane = lane_of(kind, origin);

    return stream_time_stamp(&intake->time, event_ms, &lane);
}

/* After the join has seen the event itself. */
static int advance(struct intake *intake, enum intake_kind kind,
                   const struct stream_stamp *stamp,
                   const struct intake_origin *origin, struct error *err)
{
    struct stream_origin lane = lane_of(kind, origin);

    if (stream_time_take(&intake->time, stamp, &lane, err) < 0)
        return -1;
    if (stamp->ts_ms > intake->newest_ms)
        intake->newest_ms = stamp->ts_ms;
    join_advance(intake->join, intake->time.now_ms);
    return 0;
}

void intake_rest(struct intake *intake)
{
    stream_time_rest(&intake->time);
    join_advance(intake->join, intake->time.now_ms);
}

bool intake_next_outcome(struct intake *intake, struct join_outcome *out)
{
    if (intake->is_ready) {
        *out = intake->ready;
        intake->is_ready = false;
        return true;
    }
    if (!join_next(intake->join, out))
        return false;
    training_log_label(intake->log, out->sequence, out->label);
    return true;
}

struct event_ids {
    const struct id *id, *user, *ad;
};

static int append_row(struct intake *intake, struct event_ids ids,
                      const struct stream_stamp *stamp, float label,
                      struct error *err)
{
    bool nobody = id_set_has(intake->nobody, ids.user);
    struct training_row row = {.user = nobody ? NULL : ids.user,
                               .ad = ids.ad,
                               .ts_ms = stamp->ts_ms,
                               .counts_ms = stamp->counts_ms,
                               .tie = (uint32_t)id_hash(ids.id),
                               .label = label};

    return training_log_append(intake->log, &row, err);
}

int intake_impression(struct intake *intake, const struct impression *event,
                      const struct intake_origin *origin,
                      struct intake_row *row, struct error *err)
{
    struct stream_stamp stamp =
        intake_stamp(intake, INTAKE_IMPRESSION, event->ts_ms, origin);
    struct event_ids ids = {&event->id, &event->user, &event->ad};
    struct join_place place;

    intake->counts.impressions++;
    if (join_impression(intake->join, &event->id, stamp.ts_ms, &place, err) < 0)
        return -1;
    assert(!place.is_new ||
           place.sequence == training_log_counts(intake->log).appended);
    if (place.is_new && append_row(intake, ids, &stamp, NAN, err) < 0)
        return -1;
    *row = (struct intake_row){.sequence = place.sequence,
                               .is_new = place.is_new,
                               .is_unknown = place.is_unknown,
                               .ts_ms = stamp.ts_ms,
                               .values = place.values};
    return advance(intake, INTAKE_IMPRESSION, &stamp, origin, err);
}

int intake_label(struct intake *intake, const struct label *event,
                 const struct intake_origin *origin, struct error *err)
{
    struct stream_stamp stamp =
        intake_stamp(intake, INTAKE_LABEL, event->ts_ms, origin);
    struct event_ids ids = {&event->id, &event->user, &event->ad};
    int status;

    intake->counts.labels++;
    if (intake->config.mode == JOIN_LABELS)
        status = append_row(intake, ids, &stamp, (float)event->click, err);
    else
        status = join_label(intake->join, &event->id, stamp.ts_ms, event->click,
                            err);
    return status < 0 ? -1 : advance(intake, INTAKE_LABEL, &stamp, origin, err);
}

static int take_impression(struct intake *intake,
                           const struct intake_record *record,
                           const struct event_record *read,
                           struct intake_result *became, struct error *err)
{
    struct impression event;

    became->fault =
        event_reader_impression(intake->readers[INTAKE_IMPRESSION], read,
                                &intake->scratch, &event, &became->field);
    if (became->fault)
        return event_reader_check(&intake->config.fields, became->fault, err);
    if (intake_impression(intake, &event, &record->origin, &became->row, err) <
        0)
        return -1;
    if (became->row.values)
        field_scan_values(&intake->scans[INTAKE_IMPRESSION],
                          &intake->scratch.found, became->row.values);
    became->row.values = NULL;
    return 0;
}

struct join_outcome intake_labelled(const struct intake *intake,
                                    const struct label *label,
                                    const uint64_t *values)
{
    return (struct join_outcome){
        .sequence = training_log_counts(intake->log).appended - 1,
        .label = (float)label->click,
        .before = NAN,
        .values = values};
}

static void show_labelled(struct intake *intake, const struct label *event)
{
    const bool has_values = intake->config.list != NULL;

    if (has_values)
        field_scan_values(&intake->scans[INTAKE_LABEL], &intake->scratch.found,
                          intake->labelled);
    intake->ready =
        intake_labelled(intake, event, has_values ? intake->labelled : NULL);
    intake->is_ready = true;
}

static int take_label(struct intake *intake, const struct intake_record *record,
                      const struct event_record *read,
                      struct intake_result *became, struct error *err)
{
    struct label event;

    became->fault =
        event_reader_label(intake->readers[INTAKE_LABEL], read,
                           &intake->scratch, &event, &became->field);
    if (!became->fault && intake->config.mode == JOIN_LABELS &&
        !event.has_pair) {
        became->fault = EVENT_MISSING;
        became->field = intake->config.fields.user;
    }
    if (became->fault)
        return event_reader_check(&intake->config.fields, became->fault, err);
    if (intake_label(intake, &event, &record->origin, err) < 0)
        return -1;
    if (intake->config.mode == JOIN_LABELS)
        show_labelled(intake, &event);
    return 0;
}

int intake_take(struct intake *intake, const struct intake_record *record,
                struct intake_result *became, struct error *err)
{
    const struct event_record read = {
        .value = record->bytes,
        .key = record->key,
        .value_size = record->size,
        .key_size = record->key_size,
        .timestamp_ms = record->origin.record_ms,
        .partition = record->origin.partition,
        .headers = record->headers,
    };

    *became = (struct intake_result){.fault = EVENT_OK};
    event_scratch_clear(&intake->scratch);
    if (event_scratch_ready(&intake->scratch, err) < 0)
        return -1;
    return record->kind == INTAKE_IMPRESSION
               ? take_impression(intake, record, &read, became, err)
               : take_label(intake, record, &read, became, err);
}

const struct event_reader *intake_reader(const struct intake *intake,
                                         enum intake_kind kind)
{
    return intake->readers[kind];
}

/* Makes the readers find the values of the list. Labels have them where they
 * are rows. */
static int want_fields(struct intake *intake, struct error *err)
{
    const struct intake_config *config = &intake->config;
    int kind = config->mode == JOIN_LABELS ? INTAKE_LABEL : INTAKE_IMPRESSION;

    return config->list
               ? field_scan_want(&intake->scans[kind], &config->fields,
                                 config->list, intake->readers[kind], err)
               : 0;
}

/* How far whoever may date a record can push stream time: windows end that much
 * too early, and labels that came before their impressions wait that much less.
 * So it has to be a small part of a window, and of the time after it. */
static int64_t ahead_ms_of(const struct join_config *config)
{
    int64_t of_window = config->window_ms / 10, of_late = config->late_ms / 2;

    return of_window < of_late ? of_window : of_late;
}

int intake_new(const struct intake_config *config, struct intake **out,
               struct error *err)
{
    struct intake *intake = calloc(1, sizeof(*intake));

    if (!intake)
        return error_no_memory(err, "the intake");
    intake->config = *config;
    intake->newest_ms = INT64_MIN;
    intake->time =
        stream_time_from(config->join.window_ms + config->join.late_ms,
                         ahead_ms_of(&config->join));
    intake->config.join.values = config->list ? config->list->values : 0;
    if (id_set_new(config->fields.anonymous, &intake->nobody, err) < 0 ||
        event_reader_new(&config->fields, EVENT_IMPRESSIONS,
                         &intake->readers[INTAKE_IMPRESSION], err) < 0 ||
        event_reader_new(&config->fields, EVENT_LABELS,
                         &intake->readers[INTAKE_LABEL], err) < 0 ||
        want_fields(intake, err) < 0 ||
        join_new(&intake->config.join, &intake->join, err) < 0 ||
        training_log_new(&config->log, &intake->log, err) < 0) {
        intake_free(intake);
        return -1;
    }
    *out = intake;
    return 0;
}

const struct training_log *intake_log(const struct intake *intake)
{
    return intake->log;
}

struct join_books intake_books(const struct intake *intake)
{
    return join_books(intake->join);
}

const struct click_delays *intake_delays(const struct intake *intake)
{
    return join_delays(intake->join);
}

/* A label that carries its pair is a row that is never corrected. */
int64_t intake_final_ms(const struct intake *intake)
{
    return intake->config.mode == JOIN_LABELS ? INT64_MAX
                                              : intake_reach_ms(intake);
}

struct intake_counts intake_counts(const struct intake *intake)
{
    struct intake_counts counts = intake->counts;

    memcpy(counts.odd, intake->time.counts, sizeof(counts.odd));
    counts.guessed_times = intake->scratch.guessed_times;
    return counts;
}

int64_t intake_stream_ms(const struct intake *intake)
{
    return intake->time.now_ms;
}

int64_t intake_newest_ms(const struct intake *intake)
{
    return intake->newest_ms;
}

void intake_save_clock(const struct intake *intake, struct buffer *to)
{
    buffer_append_u32(to, CLOCK_FORMAT);
    buffer_append_u64(to, (uint64_t)intake->newest_ms);
    stream_time_save(&intake->time, to);
}

int intake_load_clock(struct intake *intake, const uint8_t *bytes, size_t size,
                      struct error *err)
{
    struct bytes_reader from = {.at = bytes, .left = size};
    uint32_t format = bytes_read_u32(&from);
    int64_t newest_ms = (int64_t)bytes_read_u64(&from);

    if (!bytes_reader_failed(&from) && format != CLOCK_FORMAT)
        return error_set(err, ERROR_FORMAT,
                         "a saved clock of format %" PRIu32
                         ": this program reads %d",
                         format, CLOCK_FORMAT);
    if (stream_time_load(&intake->time, &from, err) < 0)
        return -1;
    intake->newest_ms = newest_ms;
    join_advance(intake->join, intake->time.now_ms);
    return 0;
}

int64_t intake_reach_ms(const struct intake *intake)
{
    int64_t reach_ms = intake->time.reach_ms;

    return intake->time.now_ms < INT64_MIN + reach_ms
               ? INT64_MIN
               : intake->time.now_ms - reach_ms;
}

size_t intake_bytes(const struct intake *intake)
{
    return join_bytes(intake->join) + training_log_bytes(intake->log);
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    event_reader_free(intake->readers[INTAKE_IMPRESSION]);
    event_reader_free(intake->readers[INTAKE_LABEL]);
    event_scratch_free(&intake->scratch);
    id_set_free(intake->nobody);
    stream_time_free(&intake->time);
    join_free(intake->join);
    training_log_free(intake->log);
    free(intake);
}
