#include "consumer/models/local_copy.h"

#include "common/base/bytes_reader.h"
#include "common/base/log.h"

#include "model/snapshot_delta.h"

/* Whether the delta could be applied. */
static bool apply(const struct local_copy_source *from,
                  const struct stored_delta *delta, struct snapshot *snapshot)
{
    struct error why;

    return manifest_check_signature(&delta->manifest, from->trusted, &why) ==
               0 &&
           snapshot_delta_apply(snapshot, delta->manifest.epoch, delta->bytes,
                                delta->size, &why) == 0;
}

/* Returns how many bytes of the run were good. */
static size_t apply_run(const struct local_copy_source *from,
                        const struct buffer *run, struct snapshot *snapshot)
{
    struct bytes_reader left = {.at = run->bytes, .left = run->size};
    struct stored_delta delta;
    size_t good = 0;
    bool is_good = true;

    while (is_good && left.left > 0 && stored_delta_next(&left, &delta)) {
        is_good = apply(from, &delta, snapshot);
        if (is_good)
            good = run->size - left.left;
        manifest_free(&delta.manifest);
    }
    return good;
}

static void follow(const struct local_copy_source *from,
                   const struct manifest *manifest, struct snapshot *snapshot)
{
    struct buffer run = {0};
    struct error err = {ERROR_NONE};

    if (snapshot_store_load_deltas(from->store, manifest->name, manifest->epoch,
                                   &run, &err) < 0)
        log_warn("no local copy of the deltas", "error=\"%s\"", err.text);
    size_t good = apply_run(from, &run, snapshot);
    if (good < run.size)
        snapshot_store_cut_deltas(from->store, manifest->name, manifest->epoch,
                                  good);
    buffer_free(&run);
}

static int decode(const struct local_copy_source *from,
                  const struct buffer *bytes, struct local_copy *copy,
                  struct error *err)
{
    copy->why = REFUSED_SIGNATURE;
    if (manifest_check_signature(&copy->manifest, from->trusted, err) < 0)
        return -1;
    copy->why = REFUSED_FORMAT;
    if (snapshot_decode(bytes->bytes, bytes->size, &copy->snapshot, err) < 0)
        return -1;
    if (snapshot_delta_is_for(copy->snapshot->model))
        follow(from, &copy->manifest, copy->snapshot);
    return 0;
}

int local_copy_load(const struct local_copy_source *from,
                    struct local_copy *out, struct error *err)
{
    struct buffer bytes = {0};
    bool found = false;

    *out = (struct local_copy){.why = REFUSED_MANIFEST};
    if (snapshot_store_load(from->store, from->name, &out->manifest, &bytes,
                            &found, err) < 0)
        return -1;
    int status = found ? decode(from, &bytes, out, err) : 0;
    buffer_free(&bytes);
    return status;
}
