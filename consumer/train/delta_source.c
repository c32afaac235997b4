#include "consumer/train/delta_source.h"

#include <stdlib.h>

void learned_delta_free(struct learned_delta *delta)
{
    buffer_free(&delta->bytes);
    free(delta->ranges);
    *delta = (struct learned_delta){.changes = 0};
}
