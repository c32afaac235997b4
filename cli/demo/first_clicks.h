/*
 * first_clicks.h - how soon predictions know a new user: the time from the
 * user's first click to the first prediction that was learned from it.
 *
 * A user of whom something is known before the first click, because an
 * impression without a click was learned, says nothing of that. One thread.
 */
#ifndef CLI_FIRST_CLICKS_H
#define CLI_FIRST_CLICKS_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/event/event.h"

#include <stddef.h>
#include <stdint.h>

struct first_clicks;

int first_clicks_new(struct first_clicks **out, struct error *err) MUST_CHECK;

/* NULL is fine. */
void first_clicks_free(struct first_clicks *clicks);

/* A prediction for the user was made at that time, a record time. *index is
 * what the user is called from now on. ERROR_MEMORY, ERROR_LIMIT. */
int first_clicks_prediction(struct first_clicks *clicks, const struct id *user,
                            enum basis basis, int64_t ms, uint32_t *index,
                            struct error *err) MUST_CHECK;

/* The user clicked; the label has that record time. */
void first_clicks_click(struct first_clicks *clicks, uint32_t index,
                        int64_t ms);

struct first_clicks_summary {
    size_t users;             /* who were known after their first click */
    double median_ms, p90_ms; /* of them; NaN: there are none */
};
struct first_clicks_summary
first_clicks_summary(const struct first_clicks *clicks);

#endif
