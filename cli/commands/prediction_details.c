#include "cli/commands/prediction_details.h"

#include "common/base/basis.h"

#include <inttypes.h>

const char *prediction_details_head(const struct model *model)
{
    return model->ops->fields ? ",basis,impossible,neighbours,support"
                              : ",basis,impossible,neighbours";
}

void prediction_details_print(FILE *out, const struct prediction *answer)
{
    fprintf(out, ",%s,%d,%" PRIu32, basis_name(answer->basis),
            answer->impossible, answer->neighbours);
    if (answer->has_support)
        fprintf(out, ",%.3g", answer->support);
}
