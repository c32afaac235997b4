/*
 * event_prediction.h - what the fields of a prediction mean.
 */
#ifndef COMMON_EVENT_PREDICTION_H
#define COMMON_EVENT_PREDICTION_H

#include "common/event/event_find.h"
#include "common/event/event_scratch.h"

/* Reads what was found by the plan of EVENT_PREDICTIONS. found->about is set to
 * the field that a fault is about, and to EVENT_PLAN_MAX where there is none;
 * `out` is undefined after a fault. */
enum event_fault event_prediction_read(struct event_found *found,
                                       struct prediction_event *out);

/* The same of JSON or Avro: what scratch->found holds was found by the nested
 * plan. Spans are written into the scratch, which must have been ready before
 * the record was looked through. */
enum event_fault event_prediction_read_nested(struct event_scratch *scratch,
                                              bool is_json,
                                              struct prediction_event *out);

/* EVENT_RANGE: the text is the name of no basis. */
enum event_fault event_prediction_basis(const struct cursor_value *value,
                                        enum basis *out);

#endif
