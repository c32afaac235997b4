#include "consumer/score/crash_plan.h"

#include "common/base/random.h"

#include <signal.h>

void crash_plan_pass(struct crash_plan *plan, enum crash_point point)
{
    if (plan->point != point)
        return;
    if (plan->passes-- == 0)
        raise(SIGKILL);
}

bool crash_plan_aborts(struct crash_plan *plan)
{
    return plan->random_aborts > 0 &&
           random_next(&plan->random) % plan->random_aborts == 0;
}
