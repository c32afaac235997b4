#include "consumer/replay/contenders.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include "consumer/learn/fit_need.h"

#include <inttypes.h>

/* --- Opening and closing ---------------------------------------------- */

/* What contenders learn from is said once for all of them. */
static struct contender_spec spec_of(const struct replay_config *config,
                                     size_t contender)
{
    struct contender_spec spec = config->contenders[contender];

    spec.fit.scale = config->scale;
    spec.fit.calibrate = config->calibrate;
    spec.ids_max = config->intake.log.ids_max;
    if (spec.publish_ms < 0)
        spec.publish_ms = config->publish_every_ms;
    return spec;
}

int contenders_open(struct contenders *self, const struct replay_config *config,
                    struct live_models *live, struct event_reader *rows,
                    struct error *err)
{
    self->config = config;
    self->refits = event_interval_of(config->refit_every_ms);
    for (size_t c = 0; c < config->contender_count; c++) {
        const struct contender_spec spec = spec_of(config, c);
        if (contender_open(&spec, live, rows, &self->all[c], err) < 0)
            return -1;
        self->count++;
    }
    return 0;
}

int contenders_add_values(struct contenders *self, struct field_list *list,
                          struct error *err)
{
    for (size_t c = 0; c < self->count; c++)
        if (self->all[c].online &&
            field_list_add_values(
                list, online_contender_fields(self->all[c].online), err) < 0)
            return error_wrap(err, "the fields of all contenders");
    for (size_t c = 0; c < self->count; c++)
        if (self->all[c].online)
            online_contender_read(self->all[c].online, list);
    return 0;
}

void contenders_close(struct contenders *self)
{
    for (size_t c = 0; c < self->count; c++)
        contender_close(&self->all[c]);
}

/* --- Fits ------------------------------------------------------------- */

static void warn_of_unknown(const struct training_set *set, uint64_t ids_max)
{
    if (set->users_unknown > 0 || set->ads_unknown > 0)
        log_warn("some ids are not learned",
                 "max_ids=%" PRIu64 " users_unknown=%u ads_unknown=%u "
                 "rows_left_out=%zu reason=\"there are more users and ads "
                 "than training.max_ids; those with the fewest rows are "
                 "unknown to this fit\"",
                 ids_max, set->users_unknown, set->ads_unknown,
                 set->rows_left_out);
}

static int start_fit(struct contenders *self, struct contender *contender,
                     struct intake *intake, struct error *err)
{
    struct training_set *set = NULL;
    struct fit_config fit = contender->spec.fit;
    const struct fit_need limits = fit_need_limits();

    if (training_log_select(intake_log(intake), self->config->holdout,
                            intake_final_ms(intake), &set, err) < 0)
        return -1;
    if (set->count == 0 ||
        set->all_count + set->rows_left_out < self->config->refit_rows_min) {
        training_set_free(set);
        return 0; /* too few rows: the contender keeps its model */
    }
    warn_of_unknown(set, self->config->intake.log.ids_max);
    if (fit_need_check(&fit, set, &limits, err) < 0) {
        training_set_free(set);
        return -1;
    }
    if (contender->folded &&
        folded_contender_start(contender->folded, intake_log(intake), err) <
            0) {
        training_set_free(set);
        return -1;
    }
    self->fits++;
    return fit_job_start(&fit, set, &contender->job, err);
}

/* Fits all contenders at once, each in its thread, and waits for all. */
static int refit(struct contenders *self, struct intake *intake,
                 struct error *err)
{
    int64_t start_ns = clock_monotonic_ns();

    for (size_t c = 0; c < self->count; c++)
        if (self->all[c].spec.kind == CONTENDER_REFIT &&
            start_fit(self, &self->all[c], intake, err) < 0)
            return -1;
    for (size_t c = 0; c < self->count; c++)
        if (contender_take_fit(&self->all[c], intake_log(intake), err) < 0)
            return -1;
    self->fit_seconds += (double)(clock_monotonic_ns() - start_ns) / 1e9;
    return 0;
}

/* --- Learning --------------------------------------------------------- */

int contenders_advance(struct contenders *self, struct intake *intake,
                       int64_t ts_ms, struct error *err)
{
    if (event_interval_is_over(&self->refits, ts_ms) &&
        refit(self, intake, err) < 0)
        return -1;
    for (size_t c = 0; c < self->count; c++)
        if (contender_advance(&self->all[c], ts_ms, err) < 0)
            return -1;
    return 0;
}

int contenders_learn(struct contenders *self, const struct training_log *log,
                     const struct join_outcome *outcome, struct error *err)
{
    for (size_t c = 0; c < self->count; c++)
        if (contender_learn(&self->all[c], log, outcome, err) < 0)
            return -1;
    return 0;
}

uint64_t contenders_fieldless(const struct contenders *self)
{
    uint64_t fieldless = 0;

    for (size_t c = 0; c < self->count; c++)
        fieldless += self->all[c].fieldless;
    return fieldless;
}
