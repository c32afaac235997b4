#include "model/stand_in.h"

#include <stdlib.h>

static int new_biases(uint32_t users, uint32_t items, struct stand_in *out,
                      struct error *err)
{
    *out = (struct stand_in){.user = calloc((size_t)users + 1, sizeof(double)),
                             .item = calloc((size_t)items + 1, sizeof(double))};
    if (out->user && out->item)
        return 0;
    stand_in_free(out);
    return error_no_memory(err, "the biases of %u users and %u items", users,
                           items);
}

int stand_in_fit(stand_in_fit_fn *fit, const struct ratings *train,
                 const atomic_bool *cancel, struct stand_in *out,
                 struct error *err)
{
    struct stand_in self;

    if (new_biases(train->users, train->items, &self, err) < 0)
        return -1;
    if (fit(train, cancel, self.user, self.item, err) < 0) {
        stand_in_free(&self);
        return -1;
    }
    *out = self;
    return 0;
}

int stand_in_load(struct bytes_reader *from, uint32_t users, uint32_t items,
                  struct stand_in *out, struct error *err)
{
    struct stand_in self;

    if (((uint64_t)users + items) * sizeof(double) > from->left)
        return error_set(err, ERROR_FORMAT, "the biases are cut short");
    if (new_biases(users, items, &self, err) < 0)
        return -1;
    bytes_read_f64_into(from, self.user, users);
    bytes_read_f64_into(from, self.item, items);
    if (bytes_reader_failed(from)) {
        stand_in_free(&self);
        return bytes_reader_refuse(from, "biases that are not finite", err);
    }
    *out = self;
    return 0;
}

void stand_in_save(const struct stand_in *self, uint32_t users, uint32_t items,
                   struct buffer *to)
{
    if (!self->user)
        return;
    buffer_append_f64_array(to, self->user, users);
    buffer_append_f64_array(to, self->item, items);
}

double stand_in_biases(const struct stand_in *self, struct pair pair,
                       uint32_t users, uint32_t items)
{
    double biases = 0;

    if (self->user && pair.user < users)
        biases += self->user[pair.user];
    if (self->item && pair.item < items)
        biases += self->item[pair.item];
    return biases;
}

void stand_in_free(struct stand_in *self)
{
    free(self->user);
    free(self->item);
    *self = (struct stand_in){.user = NULL};
}
