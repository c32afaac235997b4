#include "consumer/replay/online_contender.h"

#include "consumer/learn/online.h"
#include "consumer/replay/event_interval.h"

#include "model/rows/id_map.h"

#include <assert.h>
#include <stdlib.h>

struct online_contender {
    struct online *online;
    struct event_interval publications; /* every 0 ms: it answers itself */
    uint8_t columns[FIELD_VALUES_MAX];  /* its values among those given */
    struct snapshot snapshot; /* without a user or an ad; its model is a copy,
                                 or the learner's own. NULL: none yet */
    struct served_model served;
};

/* What was learned is in its next answer: nothing is published. */
static bool answers_itself(const struct online_contender *self)
{
    return self->publications.every_ms == 0;
}

int online_contender_new(const struct online_contender_config *config,
                         struct online_contender **out, struct error *err)
{
    struct online_contender *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "a contender");
    self->publications = event_interval_of(config->publish_ms);
    self->served.snapshot = &self->snapshot;
    self->served.manifest.epoch = 1;
    if (online_new(&config->fit, &self->online, err) < 0 ||
        (!answers_itself(self) && online_track(self->online, err) < 0) ||
        id_map_new(&self->snapshot.users, err) < 0 ||
        id_map_new(&self->snapshot.ads, err) < 0) {
        online_contender_free(self);
        return -1;
    }
    online_contender_read(self, online_contender_fields(self));
    *out = self;
    return 0;
}

void online_contender_free(struct online_contender *self)
{
    if (!self)
        return;
    if (!answers_itself(self))
        model_free(self->snapshot.model);
    id_map_free(self->snapshot.users);
    id_map_free(self->snapshot.ads);
    online_free(self->online);
    free(self);
}

/* --- Learning --------------------------------------------------------- */

const struct field_list *
online_contender_fields(const struct online_contender *self)
{
    return online_fields(self->online);
}

void online_contender_read(struct online_contender *self,
                           const struct field_list *given)
{
    const struct field_list *own = online_fields(self->online);
    struct error missing;
    int status = field_list_match(own, given, self->columns, &missing);

    assert(status == 0);
    (void)status;
}

int online_contender_take(struct online_contender *self,
                          const struct join_outcome *outcome, struct error *err)
{
    const struct field_list *own = online_fields(self->online);
    uint64_t values[FIELD_VALUES_MAX];
    struct join_outcome mine = *outcome;

    if (outcome->values) {
        for (uint32_t v = 0; v < own->values; v++)
            values[v] = outcome->values[self->columns[v]];
        mine.values = values;
    }
    return online_take(self->online, &mine, err);
}

/* --- Publishing ------------------------------------------------------- */

static int publish(struct online_contender *self, struct error *err)
{
    if (!online_has_started(self->online))
        return 0;
    return self->snapshot.model
               ? online_bring(self->online, self->snapshot.model, err)
               : online_copy(self->online, &self->snapshot.model, err);
}

int online_contender_advance(struct online_contender *self, int64_t ts_ms,
                             struct error *err)
{
    if (answers_itself(self) ||
        !event_interval_is_over(&self->publications, ts_ms))
        return 0;
    return publish(self, err);
}

const struct served_model *online_contender_model(struct online_contender *self)
{
    if (answers_itself(self))
        self->snapshot.model = online_model(self->online);
    return self->snapshot.model ? &self->served : NULL;
}
