#include "model/select/divergence.h"

#include "common/base/buffer.h"
#include "common/base/bytes_reader.h"

int divergence_check(const struct model *model, bool *diverged,
                     struct error *err)
{
    struct buffer bytes = {0};
    struct model *again = NULL;
    struct error why;

    model_save(model, &bytes);
    if (buffer_failed(&bytes)) {
        buffer_free(&bytes);
        return error_no_memory(err, "the fitted model");
    }
    struct bytes_reader from = {.at = bytes.bytes, .left = bytes.size};
    int status = model_load(&from, model->users, model->items, &again, &why);
    model_free(again);
    buffer_free(&bytes);
    if (status < 0 && why.code == ERROR_MEMORY)
        return error_no_memory(err, "the fitted model");
    *diverged = status < 0;
    return 0;
}
