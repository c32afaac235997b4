#include "consumer/crash_plan.h"

#include <signal.h>

void crash_plan_pass(struct crash_plan *plan, enum crash_point point)
{
    if (plan->point != point)
        return;
    if (plan->passes-- == 0)
        raise(SIGKILL);
}

/* splitmix64: any seed will do. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

bool crash_plan_aborts(struct crash_plan *plan)
{
    return plan->random_aborts > 0 &&
           draw(&plan->random) % plan->random_aborts == 0;
}
