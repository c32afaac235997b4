#include "consumer/learn/retrain_policy.h"

enum { POSTPONE_MS = 200 };

void retrain_policy_request(struct retrain_policy *policy)
{
    policy->requested = true;
}

bool retrain_policy_is_due(const struct retrain_policy *policy, int64_t now_ms,
                           uint64_t answered)
{
    uint64_t fresh = answered - policy->trained_answered;

    if (now_ms < policy->not_before_ms || answered < policy->rows_min)
        return false;
    if (policy->requested || !policy->trained)
        return true;
    if (fresh == 0)
        return false;
    return (policy->rows > 0 && fresh >= policy->rows) ||
           (policy->every_ms > 0 &&
            now_ms - policy->trained_ms >= policy->every_ms);
}

void retrain_policy_start(struct retrain_policy *policy, int64_t now_ms,
                          uint64_t answered)
{
    policy->trained = true;
    policy->requested = false;
    policy->trained_ms = now_ms;
    policy->trained_answered = answered;
}

void retrain_policy_postpone(struct retrain_policy *policy, int64_t now_ms)
{
    policy->not_before_ms = now_ms + POSTPONE_MS;
}
