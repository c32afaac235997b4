#include "consumer/score/worker_time.h"

#include "common/base/clock.h"

#include "consumer/score/scorer_metrics.h"

static void add(const struct worker_time *time, enum worker_activity on,
                int64_t ns)
{
    static const int families[] = {[WORKER_WAITS] = SCORER_WAIT_TIME,
                                   [WORKER_SCORES] = SCORER_BUSY_TIME,
                                   [WORKER_COMMITS] = SCORER_COMMIT_TIME};

    if (ns > 0)
        metrics_add(time->metrics, families[on], time->worker, (uint64_t)ns);
}

void worker_time_start(struct worker_time *time, struct metrics *metrics,
                       unsigned worker)
{
    *time = (struct worker_time){.metrics = metrics,
                                 .worker = (int)worker,
                                 .since_ns = clock_monotonic_ns()};
}

void worker_time_spent(struct worker_time *time, enum worker_activity on)
{
    worker_time_spent_beside(time, on, 0);
}

void worker_time_spent_beside(struct worker_time *time, enum worker_activity on,
                              int64_t waited_ns)
{
    int64_t now_ns = clock_monotonic_ns();
    int64_t all_ns = now_ns - time->since_ns;

    if (waited_ns > all_ns)
        waited_ns = all_ns;
    add(time, WORKER_WAITS, waited_ns);
    add(time, on, all_ns - waited_ns);
    time->since_ns = now_ns;
}
