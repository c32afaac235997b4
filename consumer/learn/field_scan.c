#include "consumer/learn/field_scan.h"

#include "common/event/event_value.h"

#include <string.h>

_Static_assert(
    (int)FIELD_VALUES_MAX + 5 <= (int)EVENT_PLAN_MAX,
    "an impression with its filter and all values of a list fit into "
    "one plan");

int field_scan_want(struct field_scan *self, const struct event_fields *names,
                    const struct field_list *list, struct event_reader *reader,
                    struct error *err)
{
    self->list = list;
    for (uint32_t v = 0; v < list->values; v++) {
        const char *name = list->names[v];
        if (strcmp(name, "user") == 0)
            name = names->user;
        else if (strcmp(name, "ad") == 0)
            name = names->ad;
        unsigned place;
        if (event_reader_want(reader, name, &place, err) < 0)
            return -1;
        self->places[v] = (uint8_t)place;
    }
    return 0;
}

bool field_scan_id(const struct cursor_value *value, struct id *out)
{
    switch (value->type) {
    case CURSOR_BOOL:
        *out = id_from_number(value->boolean);
        return true;
    case CURSOR_FLOAT:
        if (!(value->real >= -0x1p53 && value->real <= 0x1p53) ||
            value->real != (double)(int64_t)value->real)
            return false;
        *out = id_from_number((int64_t)value->real);
        return true;
    default:
        return event_value_id(value, out) == EVENT_OK;
    }
}

void field_scan_values(const struct field_scan *self,
                       const struct event_found *found, uint64_t *values)
{
    for (uint32_t v = 0; v < self->list->values; v++) {
        unsigned place = self->places[v];
        struct id id;
        bool is_there = found->seen >> place & 1 &&
                        field_scan_id(&found->values[place], &id);
        values[v] =
            is_there ? field_list_key(self->list, v, &id) : FIELD_ABSENT;
    }
}
