/*
 * field_survey.h - what the records of a topic hold: formats, fields by path,
 * and for each field its types, an example, how many records have it, and what
 * its values could be.
 *
 * Any records may be taken, whoever wrote them. Memory is bounded by
 * SURVEY_FIELDS_MAX and SURVEY_VALUES_MAX. One thread.
 */
#ifndef CLI_FIELD_SURVEY_H
#define CLI_FIELD_SURVEY_H

#include "common/base/error.h"
#include "common/event/event_path.h"
#include "common/event/event_schemas.h"
#include "common/event/event_time.h"
#include "common/event/record_look.h"

#include "consumer/read/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SURVEY_FIELDS_MAX = 256,  /* further fields are counted only */
    SURVEY_VALUES_MAX = 4096, /* of a field that are told apart */
    SURVEY_WORDS_MAX = 8,     /* values of a field that are kept as they are */
    SURVEY_WORD_SIZE = 32,
    SURVEY_EXAMPLE_SIZE = 64,
};

enum survey_type {
    SURVEY_NULL,
    SURVEY_BOOLEAN,
    SURVEY_INTEGER,
    SURVEY_REAL,
    SURVEY_TEXT,
    SURVEY_BYTES,
    SURVEY_TIME, /* msgpack's timestamp */
    SURVEY_EXTENSION,
    SURVEY_OBJECT,
    SURVEY_ARRAY,
    SURVEY_TYPES
};

/* A value of few bytes, as text. */
struct survey_word {
    char text[SURVEY_WORD_SIZE];
    uint32_t records;
};

struct surveyed_field {
    char path[EVENT_PATH_SIZE];
    uint32_t records;  /* that have it */
    uint32_t repeated; /* records that have it twice */
    uint32_t types[SURVEY_TYPES];
    uint32_t ids;                    /* values that an id can be */
    uint32_t clicks;                 /* values that a click can be */
    uint32_t times;                  /* values that a time can be */
    uint32_t text_times;             /* of these, dates in text */
    uint32_t units[EVENT_TIME_AUTO]; /* of these, numbers, by their magnitude */
    uint32_t zoneless;               /* dates in text that have no zone */
    char example[SURVEY_EXAMPLE_SIZE]; /* safe on a terminal */
    struct survey_word words[SURVEY_WORDS_MAX];
    uint32_t word_count;
    bool has_more_words; /* or longer ones */
};

struct field_survey;

/* Records in Avro are read by the schemas, which are borrowed; NULL: there are
 * none. Fails with ERROR_MEMORY. */
int field_survey_new(const struct event_schemas *schemas,
                     struct field_survey **out, struct error *err) MUST_CHECK;

/* Fails with ERROR_MEMORY; the survey is as good as before then. */
int field_survey_take(struct field_survey *survey,
                      const struct message *message,
                      const struct record_header *headers, size_t header_count,
                      struct error *err) MUST_CHECK;

/* Forgets all records. */
void field_survey_clear(struct field_survey *survey);

/* Records by what they look like. */
const uint64_t *field_survey_looks(const struct field_survey *survey);
uint64_t field_survey_records(const struct field_survey *survey);

/* The records whose fields were seen: maps that are in good form. */
uint64_t field_survey_maps(const struct field_survey *survey);

/* How many of these are in Avro. */
uint64_t field_survey_avro(const struct field_survey *survey);

/* Fields that had no room, and names that no path can have. */
uint64_t field_survey_left_out(const struct field_survey *survey);

/* The fields, in the order in which they were met. Valid until the survey is
 * cleared. */
size_t field_survey_count(const struct field_survey *survey);
const struct surveyed_field *field_survey_at(const struct field_survey *survey,
                                             size_t i);

/* How many different values field `i` has among the first *of that it has (at
 * most SURVEY_VALUES_MAX). */
size_t field_survey_different(struct field_survey *survey, size_t i,
                              size_t *of);

/* NULL is fine. */
void field_survey_free(struct field_survey *survey);

#endif
