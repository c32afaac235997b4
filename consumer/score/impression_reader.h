/*
 * impression_reader.h - impressions off messages, with the fields that a model
 * wants of them, found in one walk.
 *
 * The settings, the names of the fields and what is assumed for them
 * (field.default) are compiled once, and again only when another list of fields
 * is wanted. One thread.
 */
#ifndef CONSUMER_IMPRESSION_READER_H
#define CONSUMER_IMPRESSION_READER_H

#include "common/base/attributes.h"
#include "common/base/error.h"
#include "common/event/event_reader.h"

#include "consumer/learn/field_scan.h"
#include "consumer/read/message.h"

#include <stdbool.h>
#include <stdint.h>

struct impression_reader;

/* `names` is copied. Fails as event_reader_new() does. */
int impression_reader_new(const struct event_fields *names,
                          struct impression_reader **out,
                          struct error *err) MUST_CHECK;

/* Makes it find the values of the list from now on, which is copied. Fails as
 * field_scan_want() and field_defaults_keys() do, and with ERROR_MEMORY; it
 * then finds what it found before. */
int impression_reader_want(struct impression_reader *reader,
                           const struct field_list *list,
                           struct error *err) MUST_CHECK;

/* As event_reader_impression(); the scratch must be ready. */
enum event_fault impression_reader_read(struct impression_reader *reader,
                                        const struct message *message,
                                        struct event_scratch *scratch,
                                        struct impression *out,
                                        const char **about);

/* As event_reader_check(). */
int impression_reader_check(const struct impression_reader *reader,
                            enum event_fault fault,
                            struct error *err) MUST_CHECK;

/* Of the message that was read last into the scratch: the values of the list
 * that was wanted last, (list->values). Says whether one that the message lacks
 * was assumed. */
bool impression_reader_values(const struct impression_reader *reader,
                              const struct event_scratch *scratch,
                              uint64_t *values);

/* NULL is fine. */
void impression_reader_free(struct impression_reader *reader);

#endif
