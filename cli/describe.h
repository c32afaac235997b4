/*
 * describe.h - the pages of docs/ that are the program's own tables.
 */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include <stdbool.h>
#include <stdio.h>

/* docs/configuration.md: every command's settings, and our defaults for
 * librdkafka. */
void describe_config(FILE *out);

/* docs/metrics.md: every family of every command that exports metrics. */
void describe_metrics(FILE *out);

/* docs/asyncapi.json: every topic and what travels on it, as AsyncAPI 3. */
void describe_events(FILE *out);

/* docs/schemas/NAME.avsc: the schema of our records in Avro. False where there
 * is none of that name. */
bool describe_schema(const char *name, FILE *out);

#endif
