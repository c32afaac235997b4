#include "consumer/score/tally.h"

#include "common/base/clock.h"

void tally_open(struct tally *tally)
{
    *tally = (struct tally){.open = true,
                            .opened_ms = clock_monotonic_ms(),
                            .oldest_ms = INT64_MAX,
                            .ages = tally->ages};
    if (tally->ages)
        record_ages_open(tally->ages, clock_wall_ms());
}

void tally_clear(struct tally *tally)
{
    *tally = (struct tally){.open = false, .ages = tally->ages};
}

uint64_t tally_predictions(const struct tally *tally)
{
    uint64_t sum = 0;

    for (int i = 0; i < BASIS_COUNT; i++)
        sum += tally->by_basis[i];
    return sum;
}

uint64_t tally_dead_letters(const struct tally *tally)
{
    uint64_t sum = 0;

    for (int i = 0; i <= DEAD_LETTER_REFUSED; i++)
        sum += tally->by_fault[i];
    return sum;
}

void tally_report(const struct tally *tally, struct metrics *metrics)
{
    int64_t now_ms = clock_wall_ms();

    for (int i = 0; i < BASIS_COUNT; i++)
        if (tally->by_basis[i] > 0)
            metrics_add(metrics, SCORER_PREDICTIONS, i, tally->by_basis[i]);
    for (int i = 0; i <= DEAD_LETTER_REFUSED; i++)
        if (tally->by_fault[i] > 0)
            metrics_add(metrics, SCORER_DEAD_LETTERS, i, tally->by_fault[i]);
    metrics_add(metrics, SCORER_PASSED_OVER, 0, tally->passed_over);
    metrics_add(metrics, SCORER_CONSUMED, 0, tally->records);
    metrics_add(metrics, SCORER_UNITS, UNIT_COMMITTED, 1);
    metrics_observe(metrics, SCORER_UNIT_SECONDS,
                    (double)(clock_monotonic_ms() - tally->opened_ms) / 1e3);
    if (tally->oldest_ms <= now_ms)
        metrics_observe(metrics, SCORER_LATENCY_SECONDS,
                        (double)(now_ms - tally->oldest_ms) / 1e3);
    if (tally->ages)
        record_ages_report(tally->ages, now_ms, metrics, SCORER_AGE_SECONDS);
    metrics_set(metrics, SCORER_LAST_COMMIT, 0, (double)now_ms / 1e3);
}
