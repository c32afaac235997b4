/*
 * one_schema.h - a schema by its number, without a registry.
 */
#ifndef SUPPORT_ONE_SCHEMA_H
#define SUPPORT_ONE_SCHEMA_H

#include "common/event/event_schemas.h"

/* The schemas of a queue where this number alone has one. Of Avro the text is
 * the schema; of other kinds NULL. Valid until the next call. */
const struct event_schemas *
one_schema(uint32_t number, enum event_schema_kind kind, const char *text);

#endif
