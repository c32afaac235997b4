#include "consumer/learn/intake.h"

#include "common/base/id_set.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* A producer's clock may be wrong by so much. Further ahead it would close
 * everybody's windows. */
enum { SKEW_MAX_MS = 30 * 60 * 1000 };

struct intake {
    struct intake_config config;
    struct id_set *nobody; /* user ids of field.anonymous */
    struct join *join;
    struct training_log *log;
    struct intake_counts counts;
    int64_t stream_ms;
};

int64_t intake_plausible_ms(int64_t event_ms,
                            const struct intake_origin *origin)
{
    int64_t record_ms = origin->record_ms;

    return record_ms < 0 || event_ms - record_ms <= SKEW_MAX_MS ? event_ms
                                                                : record_ms;
}

static int64_t plausible_time(struct intake *intake, int64_t event_ms,
                              const struct intake_origin *origin)
{
    int64_t ts_ms = intake_plausible_ms(event_ms, origin);

    intake->counts.skewed += ts_ms != event_ms;
    return ts_ms;
}

static void advance(struct intake *intake, int64_t event_ms)
{
    if (event_ms > intake->stream_ms)
        intake->stream_ms = event_ms;
    join_advance(intake->join, event_ms);
}

bool intake_next_outcome(struct intake *intake, struct join_outcome *out)
{
    if (!join_next(intake->join, out))
        return false;
    training_log_label(intake->log, out->sequence, out->label);
    return true;
}

static int append_row(struct intake *intake, const struct id *id,
                      const struct id *user, const struct id *ad, int64_t ts_ms,
                      float label, struct error *err)
{
    bool nobody = id_set_has(intake->nobody, user);
    struct training_row row = {.user = nobody ? NULL : user,
                               .ad = ad,
                               .ts_ms = ts_ms,
                               .tie = (uint32_t)id_hash(id),
                               .label = label};

    return training_log_append(intake->log, &row, err);
}

int intake_impression(struct intake *intake, const struct impression *event,
                      const struct intake_origin *origin,
                      struct intake_row *row, struct error *err)
{
    int64_t ts_ms = plausible_time(intake, event->ts_ms, origin);
    uint64_t sequence = 0;
    bool is_new = false;

    intake->counts.impressions++;
    if (join_impression(intake->join, &event->id, ts_ms, &sequence, &is_new,
                        err) < 0)
        return -1;
    assert(!is_new || sequence == training_log_counts(intake->log).appended);
    if (is_new && append_row(intake, &event->id, &event->user, &event->ad,
                             ts_ms, NAN, err) < 0)
        return -1;
    *row = (struct intake_row){sequence, is_new, ts_ms};
    advance(intake, ts_ms);
    return 0;
}

int intake_label(struct intake *intake, const struct label *event,
                 const struct intake_origin *origin, struct error *err)
{
    int64_t ts_ms = plausible_time(intake, event->ts_ms, origin);

    intake->counts.labels++;
    if (intake->config.mode == JOIN_LABELS)
        return append_row(intake, &event->id, &event->user, &event->ad, ts_ms,
                          (float)event->click, err);
    if (join_label(intake->join, &event->id, ts_ms, event->click, err) < 0)
        return -1;
    advance(intake, ts_ms);
    return 0;
}

static int take_impression(struct intake *intake,
                           const struct intake_record *record,
                           struct intake_result *became, struct error *err)
{
    struct impression event;

    became->fault =
        event_decode_impression(&intake->config.fields, record->bytes,
                                record->size, &event, &became->field);
    return became->fault ? 0
                         : intake_impression(intake, &event, &record->origin,
                                             &became->row, err);
}

static int take_label(struct intake *intake, const struct intake_record *record,
                      struct intake_result *became, struct error *err)
{
    const struct event_fields *fields = &intake->config.fields;
    struct label event;

    became->fault = event_decode_label(fields, record->bytes, record->size,
                                       &event, &became->field);
    if (!became->fault && intake->config.mode == JOIN_LABELS &&
        !event.has_pair) {
        became->fault = EVENT_MISSING;
        became->field = fields->user;
    }
    return became->fault ? 0
                         : intake_label(intake, &event, &record->origin, err);
}

int intake_take(struct intake *intake, const struct intake_record *record,
                struct intake_result *became, struct error *err)
{
    *became = (struct intake_result){.fault = EVENT_OK};
    return record->kind == INTAKE_IMPRESSION
               ? take_impression(intake, record, became, err)
               : take_label(intake, record, became, err);
}

int intake_new(const struct intake_config *config, struct intake **out,
               struct error *err)
{
    struct intake *intake = calloc(1, sizeof(*intake));

    if (!intake)
        return error_no_memory(err, "the intake");
    intake->config = *config;
    intake->stream_ms = INT64_MIN;
    if (id_set_new(config->fields.anonymous, &intake->nobody, err) < 0 ||
        join_new(&config->join, &intake->join, err) < 0 ||
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

struct intake_counts intake_counts(const struct intake *intake)
{
    return intake->counts;
}

int64_t intake_stream_ms(const struct intake *intake)
{
    return intake->stream_ms;
}

int64_t intake_reach_ms(const struct intake *intake)
{
    const struct join_config *join = &intake->config.join;
    int64_t reach_ms = join->window_ms + join->late_ms;

    return intake->stream_ms < INT64_MIN + reach_ms
               ? INT64_MIN
               : intake->stream_ms - reach_ms;
}

size_t intake_bytes(const struct intake *intake)
{
    return join_bytes(intake->join) + training_log_bytes(intake->log);
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    id_set_free(intake->nobody);
    join_free(intake->join);
    training_log_free(intake->log);
    free(intake);
}
