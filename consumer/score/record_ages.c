#include "consumer/score/record_ages.h"

#include <stdlib.h>
#include <string.h>

int record_ages_new(struct record_ages **out, struct error *err)
{
    struct record_ages *ages = calloc(1, sizeof(*ages));

    if (!ages)
        return error_no_memory(err, "the ages of records");
    ages->first = RECORD_AGES_SLOTS;
    ages->last = -1;
    *out = ages;
    return 0;
}

void record_ages_open(struct record_ages *ages, int64_t now_ms)
{
    if (ages->last >= ages->first)
        memset(ages->fresh + ages->first, 0,
               (size_t)(ages->last - ages->first + 1) * sizeof(*ages->fresh));
    memset(ages->old, 0, sizeof(ages->old));
    ages->oldest_ms = 0;
    ages->first = RECORD_AGES_SLOTS;
    ages->last = -1;
    ages->opened_ms = now_ms;
}

void record_ages_add_old(struct record_ages *ages, int64_t before_ms)
{
    int64_t second = before_ms / 1000;

    if (second >= RECORD_AGES_SECONDS - 1) {
        second = RECORD_AGES_SECONDS - 1;
        ages->oldest_ms += before_ms;
    }
    ages->old[second]++;
}

static void observe(struct metrics *metrics, int family, double age_ms,
                    uint32_t count)
{
    if (count > 0)
        metrics_observe_many(metrics, family, age_ms / 1e3, count);
}

void record_ages_report(const struct record_ages *ages, int64_t now_ms,
                        struct metrics *metrics, int family)
{
    const double open_ms = (double)(now_ms - ages->opened_ms);
    const uint32_t oldest = ages->old[RECORD_AGES_SECONDS - 1];

    for (int32_t slot = ages->first; slot <= ages->last; slot++)
        observe(metrics, family, open_ms + RECORD_AGES_BEFORE_MS - slot,
                ages->fresh[slot]);
    for (int second = 0; second < RECORD_AGES_SECONDS - 1; second++)
        observe(metrics, family, open_ms + second * 1000 + 500,
                ages->old[second]);
    if (oldest > 0)
        observe(metrics, family, open_ms + (double)ages->oldest_ms / oldest,
                oldest);
}

void record_ages_free(struct record_ages *ages)
{
    free(ages);
}
