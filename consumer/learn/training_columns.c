#include "consumer/learn/training_columns.h"

#include <inttypes.h>
#include <stdlib.h>

void training_columns_free(struct training_columns *columns)
{
    free(columns->ts_ms);
    free(columns->user);
    free(columns->ad);
    free(columns->tie);
    free(columns->label);
}

int training_columns_new(uint64_t room, struct training_columns *out,
                         struct error *err)
{
    struct training_columns columns = {
        .ts_ms = malloc(room * sizeof(*columns.ts_ms)),
        .user = malloc(room * sizeof(*columns.user)),
        .ad = malloc(room * sizeof(*columns.ad)),
        .tie = malloc(room * sizeof(*columns.tie)),
        .label = malloc(room * sizeof(*columns.label)),
        .room = room,
    };

    if (!columns.ts_ms || !columns.user || !columns.ad || !columns.tie ||
        !columns.label) {
        training_columns_free(&columns);
        return error_no_memory(
            err,
            "%" PRIu64 " rows of the training log: lower training.max_rows",
            room);
    }
    *out = columns;
    return 0;
}

void training_columns_copy_row(const struct training_columns *from,
                               struct training_columns *to, uint64_t sequence)
{
    uint64_t source = sequence % from->room;
    uint64_t target = sequence % to->room;

    to->ts_ms[target] = from->ts_ms[source];
    to->user[target] = from->user[source];
    to->ad[target] = from->ad[source];
    to->tie[target] = from->tie[source];
    to->label[target] = from->label[source];
}
