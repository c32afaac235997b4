/*
 * one_event.h - reads one event off its bytes, for tests that have no reader.
 *
 * What an event borrows, and the name of the field, stay until the next call
 * for the same kind. `field` may be NULL. One thread.
 */
#ifndef TESTS_ONE_EVENT_H
#define TESTS_ONE_EVENT_H

#include "common/event/event_reader.h"

/* Fails the test where the id is printed in another way. */
void one_id(const struct id *id, const char *printed);

enum event_fault one_impression(const struct event_fields *fields,
                                const uint8_t *bytes, size_t size,
                                struct impression *out, const char **field);
enum event_fault one_label(const struct event_fields *fields,
                           const uint8_t *bytes, size_t size, struct label *out,
                           const char **field);
enum event_fault one_prediction(const uint8_t *bytes, size_t size,
                                struct prediction_event *out,
                                const char **field);

#endif
