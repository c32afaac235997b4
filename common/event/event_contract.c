#include "common/event/event_contract.h"

#include <stddef.h>

static const struct contract_field impression[] = {
    {"id", CONTRACT_ID, CONTRACT_MUST, "of the impression: unique"},
    {"ts", CONTRACT_TIME, CONTRACT_MUST, "time of the event"},
    {"user", CONTRACT_ID, CONTRACT_MUST, "who saw it"},
    {"ad", CONTRACT_ID, CONTRACT_MUST, "what was shown"},
    {NULL, CONTRACT_TEXT, CONTRACT_MAY, NULL},
};

static const struct contract_field label[] = {
    {"id", CONTRACT_ID, CONTRACT_MUST, "of the impression"},
    {"ts", CONTRACT_TIME, CONTRACT_MUST, "time of the click"},
    {"click", CONTRACT_CLICK, CONTRACT_MUST, "above 0 it is a click"},
    {"user", CONTRACT_ID, CONTRACT_MAY,
     "with user and ad, the label needs no impression"},
    {"ad", CONTRACT_ID, CONTRACT_MAY,
     "with user and ad, the label needs no impression"},
    {NULL, CONTRACT_TEXT, CONTRACT_MAY, NULL},
};

static const struct contract_field prediction[] = {
    {"id", CONTRACT_ID, CONTRACT_MUST, "as it came"},
    {"ts", CONTRACT_TIME, CONTRACT_MUST, "as it came; in JSON, ms since 1970"},
    {"user", CONTRACT_ID, CONTRACT_MUST, "as it came"},
    {"ad", CONTRACT_ID, CONTRACT_MUST, "as it came"},
    {"p", CONTRACT_P, CONTRACT_MUST, "probability of a click"},
    {"model", CONTRACT_MODEL, CONTRACT_MUST,
     "its version (0: there was none), and the first 8 bytes of its SHA-256"},
    {"basis", CONTRACT_BASIS, CONTRACT_MUST, "on what the prediction rests"},
    {"src", CONTRACT_SOURCE, CONTRACT_MUST,
     "partition and offset of the impression"},
    {"support", CONTRACT_COUNT, CONTRACT_MAY,
     "rows behind the value that the model knows least of, where it has "
     "fields"},
    {"contender", CONTRACT_TEXT, CONTRACT_MAY,
     "who answered, where a replay wrote it"},
    {NULL, CONTRACT_TEXT, CONTRACT_MAY, NULL},
};

const struct contract_field *event_contract(enum event_kind kind)
{
    switch (kind) {
    case EVENT_IMPRESSIONS:
        return impression;
    case EVENT_LABELS:
        return label;
    case EVENT_PREDICTIONS:
        return prediction;
    }
    return NULL;
}
