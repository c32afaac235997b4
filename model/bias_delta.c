#include "model/bias_delta.h"

#include "common/base/bytes_reader.h"

#include <math.h>

/* --- Writing ---------------------------------------------------------- */

static void save_side(const double *biases, uint32_t count,
                      const struct bias_changes *changes, struct buffer *to)
{
    buffer_append_u32(to, changes->count);
    for (uint32_t first = 0; first < count; first += 64)
        for (uint64_t left = changes->bits[first / 64]; left;
             left &= left - 1) {
            const uint32_t at = first + (uint32_t)__builtin_ctzll(left);
            buffer_append_u32(to, at);
            buffer_append_f64(to, biases[at]);
        }
}

void bias_delta_save(const struct snapshot *snapshot,
                     const struct bias_changes *users,
                     const struct bias_changes *ads, struct buffer *to)
{
    struct model *model = snapshot->model;
    struct model_biases biases = {.users = NULL};

    id_map_save_from(snapshot->users, users->known, to);
    id_map_save_from(snapshot->ads, ads->known, to);
    if (!model->ops->biases->find(model, &biases))
        return;
    save_side(biases.users, model->users, users, to);
    save_side(biases.items, model->items, ads, to);
}

/* --- Reading ---------------------------------------------------------- */

/* A body that was read and makes sense. */
struct body {
    struct id_map *users, *ads; /* the new ones */
    struct bytes_reader of_users, of_ads;
    uint32_t users_changed, ads_changed;
};

/* Beyond it the sum of two would not be finite. */
static const double bias_max = 1e300;

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_FORMAT, "delta: %s", why);
}

/* The state has none of the ids that are said to be new. */
static bool are_new(const struct id_map *known, const struct id_map *more)
{
    for (uint32_t i = 0; i < id_map_count(more); i++) {
        const struct id id = id_map_id(more, i);
        if (id_map_find(known, &id) != INDEX_UNKNOWN)
            return false;
    }
    return true;
}

static int read_ids(struct bytes_reader *from, const struct id_map *known,
                    struct id_map **out, struct error *err)
{
    if (id_map_load(from, out, err) < 0)
        return error_wrap(err, "delta");
    return are_new(known, *out) ? 0 : refuse(err, "an id that is not new");
}

/* Looks at the changes of a side, whose indices rise and are below `ids`, and
 * whose biases have finite sums. */
static int read_side(struct bytes_reader *from, uint32_t ids, uint32_t *count,
                     struct bytes_reader *out, struct error *err)
{
    uint32_t least = 0;

    *count = bytes_read_u32(from);
    *out = *from;
    for (uint32_t i = 0; i < *count && !bytes_reader_failed(from); i++) {
        const uint32_t at = bytes_read_u32(from);
        const double bias = bytes_read_f64(from);
        if (at < least || at >= ids || !(fabs(bias) <= bias_max))
            from->failed = true;
        least = at + 1;
    }
    return bytes_reader_failed(from)
               ? refuse(err, "cut short, out of order or not finite")
               : 0;
}

static int read_body(const struct snapshot *snapshot, struct bytes_reader *from,
                     struct body *out, struct error *err)
{
    if (read_ids(from, snapshot->users, &out->users, err) < 0 ||
        read_ids(from, snapshot->ads, &out->ads, err) < 0)
        return -1;
    const uint32_t users =
        id_map_count(snapshot->users) + id_map_count(out->users);
    const uint32_t ads = id_map_count(snapshot->ads) + id_map_count(out->ads);
    if (read_side(from, users, &out->users_changed, &out->of_users, err) < 0 ||
        read_side(from, ads, &out->ads_changed, &out->of_ads, err) < 0)
        return -1;
    return from->left == 0 ? 0 : refuse(err, "bytes behind its end");
}

/* --- Applying --------------------------------------------------------- */

/* There is room for all of them. */
static void add_ids(struct id_map *to, const struct id_map *more)
{
    struct error ignored;

    for (uint32_t i = 0; i < id_map_count(more); i++) {
        const struct id id = id_map_id(more, i);
        uint32_t index;
        if (id_map_add(to, &id, &index, &ignored) < 0)
            return;
    }
}

static void set_side(struct bytes_reader from, uint32_t count, double *biases)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t at = bytes_read_u32(&from);
        biases[at] = bytes_read_f64(&from);
    }
}

/* What can fail comes first, and changes nothing that anybody sees. */
static int apply(struct snapshot *snapshot, const struct body *body,
                 struct error *err)
{
    struct model *model = snapshot->model;
    struct model_biases biases;

    if (!model->ops->biases->find(model, &biases))
        return refuse(err, "the model was fit without biases");
    if (id_map_reserve(snapshot->users, body->users, err) < 0 ||
        id_map_reserve(snapshot->ads, body->ads, err) < 0 ||
        model->ops->biases->grow(
            model, model->users + id_map_count(body->users),
            model->items + id_map_count(body->ads), err) < 0)
        return error_wrap(err, "delta");
    add_ids(snapshot->users, body->users);
    add_ids(snapshot->ads, body->ads);
    if (model->ops->biases->find(model, &biases)) {
        set_side(body->of_users, body->users_changed, biases.users);
        set_side(body->of_ads, body->ads_changed, biases.items);
    }
    return 0;
}

int bias_delta_apply(struct snapshot *snapshot, struct bytes_reader *from,
                     struct error *err)
{
    struct body body = {.users = NULL};

    int status = read_body(snapshot, from, &body, err);
    if (status == 0)
        status = apply(snapshot, &body, err);
    id_map_free(body.users);
    id_map_free(body.ads);
    return status;
}
