#include "consumer/replay/replay_pass.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include <assert.h>
#include <math.h>

/* --- Labels ----------------------------------------------------------- */

static struct intake_origin origin_of(const struct message *message)
{
    return (struct intake_origin){.record_ms = message->timestamp_ms};
}

static void take_outcomes(struct replay_pass *pass)
{
    struct join_outcome outcome;

    while (intake_next_outcome(pass->intake, &outcome))
        if (pass->in_range && outcome.sequence >= pass->base)
            replay_log_label(pass->out->log, outcome.sequence - pass->base,
                             outcome.label);
}

/* Outcomes are pulled at once: the log's rows are those of the join. */
static int join_impression_event(struct replay_pass *pass,
                                 const struct impression *event,
                                 const struct message *message,
                                 struct intake_row *row, struct error *err)
{
    struct intake_origin origin = origin_of(message);

    if (intake_impression(pass->intake, event, &origin, row, err) < 0)
        return -1;
    take_outcomes(pass);
    return 0;
}

static int join_label_event(struct replay_pass *pass, const struct label *label,
                            const struct message *message, struct error *err)
{
    struct intake_origin origin = origin_of(message);

    if (intake_label(pass->intake, label, &origin, err) < 0)
        return -1;
    take_outcomes(pass);
    return 0;
}

int replay_take_label(struct replay_pass *pass, const struct message *message,
                      struct error *err)
{
    struct label label;

    if (event_decode_label(&pass->config->intake.fields, message->value,
                           message->value_size, &label, NULL) != EVENT_OK) {
        pass->out->counts.bad_labels++;
        return 0;
    }
    return join_label_event(pass, &label, message, err);
}

/* --- Fits ------------------------------------------------------------- */

static int start_fit(struct replay_pass *pass, struct contender *contender,
                     struct error *err)
{
    struct training_set *set = NULL;
    struct fit_config fit = contender->spec.refit;

    if (training_log_select(intake_log(pass->intake), pass->config->holdout,
                            &set, err) < 0)
        return -1;
    if (set->count == 0 ||
        set->count + set->held_count < pass->config->refit_rows_min) {
        training_set_free(set);
        return 0; /* too little: what there is serves on */
    }
    fit.scale = pass->config->scale;
    fit.calibrate = pass->config->calibrate;
    pass->out->counts.fits++;
    return fit_job_start(&fit, set, &contender->job, err);
}

/* All contenders at once, each in its thread; then all are waited for. */
static int refit(struct replay_pass *pass, struct error *err)
{
    int64_t start_ns = clock_monotonic_ns();

    for (size_t c = 0; c < pass->opened; c++)
        if (pass->contenders[c].spec.kind == CONTENDER_REFIT &&
            start_fit(pass, &pass->contenders[c], err) < 0)
            return -1;
    for (size_t c = 0; c < pass->opened; c++)
        if (contender_take_fit(&pass->contenders[c], err) < 0)
            return -1;
    pass->out->counts.fit_seconds +=
        (double)(clock_monotonic_ns() - start_ns) / 1e9;
    return 0;
}

/* At whole multiples of the interval, so that the schedule does not depend on
 * where the range begins. */
static int refit_when_due(struct replay_pass *pass, int64_t ts_ms,
                          struct error *err)
{
    int64_t every_ms = pass->config->refit_every_ms;
    bool is_due = pass->refit_ms != INT64_MIN && ts_ms >= pass->refit_ms;

    if (pass->refit_ms == INT64_MIN || is_due)
        pass->refit_ms = (ts_ms / every_ms + 1) * every_ms;
    return is_due ? refit(pass, err) : 0;
}

/* --- Answers ---------------------------------------------------------- */

static int answer_all(struct replay_pass *pass, const struct impression *event,
                      const struct message *message, struct replay_row **row,
                      struct error *err)
{
    struct span bytes = {message->value, (uint32_t)message->value_size};

    if (replay_log_append(pass->out->log, event->ts_ms, message->partition,
                          message->offset, bytes, row, err) < 0)
        return -1;
    for (size_t c = 0; c < pass->opened; c++)
        if (contender_answer(&pass->contenders[c], &pass->questions, event,
                             message, &(*row)->answers[c], err) < 0)
            return -1;
    return 0;
}

/* First the answers, then the join: a label that waited for the impression
 * resolves it at once. */
static int take_row(struct replay_pass *pass, const struct impression *event,
                    const struct message *message, struct error *err)
{
    struct replay_log *log = pass->out->log;
    struct replay_row *row = NULL;
    struct intake_row became;

    if (answer_all(pass, event, message, &row, err) < 0 ||
        join_impression_event(pass, event, message, &became, err) < 0)
        return -1;
    if (!became.is_new) {
        replay_log_drop(log);
        return 0;
    }
    assert(became.sequence - pass->base + 1 == log->count);
    row->ts_ms = became.ts_ms;
    if (became.ts_ms < intake_reach_ms(pass->intake)) {
        pass->out->counts.disordered++;
        row->label = NAN; /* none can reach it any more */
    }
    if (replay_log_note_swaps(log, err) < 0)
        return -1;
    if (pass->answers &&
        replay_topic_send(pass->answers, event, message, pass->contenders,
                          row->answers, pass->opened, err) < 0)
        return -1;
    return replay_log_settle(log, intake_reach_ms(pass->intake), err);
}

/* --- Records ---------------------------------------------------------- */

/* Before the range: learned from and not counted. */
static bool is_history(struct replay_pass *pass, const struct message *message)
{
    if (!pass->in_range && message->timestamp_ms < pass->config->from_ms) {
        pass->out->counts.history++;
        return true;
    }
    if (!pass->in_range)
        pass->base = training_log_counts(intake_log(pass->intake)).appended;
    pass->in_range = true;
    return false;
}

int replay_take_impression(struct replay_pass *pass,
                           const struct message *message, struct error *err)
{
    struct impression event;
    struct intake_row row;

    if (event_decode_impression(&pass->config->intake.fields, message->value,
                                message->value_size, &event,
                                NULL) != EVENT_OK) {
        pass->out->counts.bad_impressions++;
        return 0;
    }
    struct intake_origin origin = origin_of(message);
    int64_t ts_ms = intake_plausible_ms(event.ts_ms, &origin);
    if (refit_when_due(pass, ts_ms, err) < 0)
        return -1;
    return is_history(pass, message)
               ? join_impression_event(pass, &event, message, &row, err)
               : take_row(pass, &event, message, err);
}

/* Its label is final at once. */
static int take_labelled_row(struct replay_pass *pass,
                             const struct label *label, int64_t ts_ms,
                             const struct message *message, struct error *err)
{
    const struct impression event = {
        .id = label->id, .user = label->user, .ad = label->ad, .ts_ms = ts_ms};
    struct replay_log *log = pass->out->log;
    struct replay_row *row = NULL;

    if (answer_all(pass, &event, message, &row, err) < 0)
        return -1;
    row->label = (float)label->click;
    if (replay_log_note_swaps(log, err) < 0)
        return -1;
    return replay_log_settle(log, INT64_MAX, err);
}

int replay_take_labelled(struct replay_pass *pass,
                         const struct message *message, struct error *err)
{
    struct label label;

    if (event_decode_label(&pass->config->intake.fields, message->value,
                           message->value_size, &label, NULL) != EVENT_OK ||
        !label.has_pair) {
        pass->out->counts.bad_labels++;
        return 0;
    }
    struct intake_origin origin = origin_of(message);
    int64_t ts_ms = intake_plausible_ms(label.ts_ms, &origin);
    if (refit_when_due(pass, ts_ms, err) < 0 ||
        (!is_history(pass, message) &&
         take_labelled_row(pass, &label, ts_ms, message, err) < 0))
        return -1;
    return join_label_event(pass, &label, message, err);
}
