/*
 * event_contract.h - what stands in the records of events, as a table for
 * documents that are generated. Models and evaluations have tables of their own
 * (manifest_fields.h, evaluation_fields.h).
 */
#ifndef COMMON_EVENT_CONTRACT_H
#define COMMON_EVENT_CONTRACT_H

#include "common/event/event_reader.h"

#include <stdbool.h>

enum contract_kind {
    CONTRACT_ID,
    CONTRACT_TIME,   /* of an event: a number, or text with a date */
    CONTRACT_CLICK,  /* 0 to 1, or a word */
    CONTRACT_P,      /* double, 0 to 1 */
    CONTRACT_MODEL,  /* version and hash */
    CONTRACT_BASIS,  /* one of BASIS_WORDS */
    CONTRACT_SOURCE, /* partition and offset */
    CONTRACT_COUNT,  /* double, 0 or more */
    CONTRACT_TEXT,
};

struct contract_field {
    const char *name;
    enum contract_kind kind;
    enum { CONTRACT_MAY, CONTRACT_MUST } presence;
    const char *meaning;
};

/* Ends with a row without a name. The names of impressions and labels are those
 * that settings have by default. */
const struct contract_field *event_contract(enum event_kind kind);

#endif
