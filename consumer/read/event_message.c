#include "consumer/read/event_message.h"

#include <string.h>

enum { HEADERS_MAX = 128 }; /* of a record; further ones are not looked at */

void event_message_headers(const struct message *message,
                           const struct event_reader *reader,
                           struct span headers[EVENT_PLAN_MAX])
{
    struct record_header all[HEADERS_MAX];
    size_t count =
        message->handle ? message_headers(message, all, HEADERS_MAX) : 0;

    if (count > HEADERS_MAX)
        count = HEADERS_MAX;
    for (unsigned at = 0; at < EVENT_PLAN_MAX; at++) {
        const char *name = event_reader_header(reader, at);
        headers[at] = (struct span){NULL, 0};
        for (size_t i = count; name && i-- > 0;) {
            if (strcmp(all[i].name, name) != 0 || !all[i].value)
                continue;
            headers[at] = (struct span){all[i].value, (uint32_t)all[i].size};
            break;
        }
    }
}
