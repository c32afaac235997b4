/*
 * event_prediction.h - what the fields of a prediction mean.
 */
#ifndef COMMON_EVENT_PREDICTION_H
#define COMMON_EVENT_PREDICTION_H

#include "common/event/event_find.h"

/* Reads what was found by the plan of EVENT_PREDICTIONS. found->about is set to
 * the field that a fault is about, and to EVENT_PLAN_MAX where there is none;
 * `out` is undefined after a fault. */
enum event_fault event_prediction_read(struct event_found *found,
                                       struct prediction_event *out);

#endif
