#include "common/event/event_plan.h"

int event_plan_add(struct event_plan *plan, const char *text, struct error *err)
{
    const unsigned next = plan->count;
    struct event_path path;

    if (next == EVENT_PLAN_MAX)
        return error_set(err, ERROR_LIMIT,
                         "'%s': more than %d fields of a record are wanted",
                         text, EVENT_PLAN_MAX);
    if (event_path_parse(text, &path, err) < 0)
        return -1;
    if (plan->order)
        *plan->order = (struct event_order){.known = {{.place = 0}}};
    plan->paths[next] = path;
    plan->count++;
    if (path.place != EVENT_IN_VALUE)
        return 0;
    plan->in_value |= 1u << next;
    plan->ends[path.count - 1] |= 1u << next;
    for (unsigned step = 0; step < path.count; step++) {
        const uint8_t *name = (const uint8_t *)path.text + path.steps[step].at;
        const uint32_t size = path.steps[step].size;
        plan->by_letter[step][event_plan_letter(name, size)] |= 1u << next;
        plan->tokens[step][next] = event_plan_token(name, size, size);
    }
    return 0;
}
