#include "consumer/replay/folded_contender.h"

#include "consumer/learn/folding.h"
#include "consumer/replay/event_interval.h"

#include <stdlib.h>

struct folded_contender {
    struct folding *folding;
    struct event_interval publications;
};

int folded_contender_new(const struct folded_contender_config *config,
                         struct folded_contender **out, struct error *err)
{
    struct folded_contender *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "a contender");
    self->publications = event_interval_of(config->publish_ms);
    if (folding_new(config->ids_max, &self->folding, err) < 0) {
        free(self);
        return -1;
    }
    *out = self;
    return 0;
}

void folded_contender_free(struct folded_contender *self)
{
    if (!self)
        return;
    folding_free(self->folding);
    free(self);
}

int folded_contender_start(struct folded_contender *self,
                           const struct training_log *log, struct error *err)
{
    return folding_start(self->folding, log, err);
}

int folded_contender_finish(struct folded_contender *self,
                            const struct training_log *log,
                            const struct fit_result *result, struct error *err)
{
    return folding_finish(self->folding, log, result, err);
}

int folded_contender_take(struct folded_contender *self,
                          const struct training_log *log,
                          const struct join_outcome *outcome, struct error *err)
{
    return folding_take(self->folding, log, outcome, err);
}

int folded_contender_advance(struct folded_contender *self, int64_t ts_ms,
                             struct snapshot *snapshot, struct error *err)
{
    struct bias_fold *state = folding_state(self->folding);

    if (!event_interval_is_over(&self->publications, ts_ms) || !state ||
        bias_fold_changes(state) == 0)
        return 0;
    if (bias_fold_bring(state, snapshot, err) < 0)
        return -1;
    bias_fold_forget(state);
    return 0;
}
