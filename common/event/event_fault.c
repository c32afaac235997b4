#include "common/event/event_codec.h"

const char *event_fault_name(enum event_fault fault)
{
    static const char *const names[EVENT_FAULT_COUNT] = {
        [EVENT_OK] = "ok",
        [EVENT_EMPTY] = "empty",
        [EVENT_TRUNCATED] = "truncated",
        [EVENT_TRAILING] = "trailing",
        [EVENT_INVALID] = "invalid",
        [EVENT_NOT_A_MAP] = "not_a_map",
        [EVENT_TOO_DEEP] = "too_deep",
        [EVENT_TOO_MANY] = "too_many",
        [EVENT_MISSING] = "missing",
        [EVENT_TYPE] = "type",
        [EVENT_RANGE] = "range",
        [EVENT_ID_LENGTH] = "id_length",
        [EVENT_REPEATED] = "repeated",
        [EVENT_TOO_LARGE] = "too_large",
        [EVENT_PASSED_OVER] = "passed_over",
        [EVENT_SCHEMA_UNKNOWN] = "schema_unknown",
        [EVENT_SCHEMA_UNFIT] = "schema_unfit",
        [EVENT_NO_REGISTRY] = "no_registry",
    };
    return names[fault];
}
