#include "cli/demo/first_clicks.h"

#include "cli/demo/durations.h"
#include "model/rows/id_map.h"

#include <stdbool.h>
#include <stdlib.h>

enum { GROWTH = 1024 };

struct user {
    bool is_known; /* a prediction was learned from something */
    bool has_clicked;
    int64_t click_ms; /* of the first one */
};

struct first_clicks {
    struct id_map *ids;
    struct user *users; /* (room), by their indices */
    size_t room;
    struct durations took; /* from a first click on */
};

int first_clicks_new(struct first_clicks **out, struct error *err)
{
    struct first_clicks *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the first clicks");
    if (id_map_new(&self->ids, err) < 0) {
        free(self);
        return -1;
    }
    *out = self;
    return 0;
}

void first_clicks_free(struct first_clicks *self)
{
    if (!self)
        return;
    id_map_free(self->ids);
    free(self->users);
    free(self);
}

static int make_room(struct first_clicks *self, struct error *err)
{
    const size_t count = id_map_count(self->ids);
    const size_t room = count + count / 2 + GROWTH;

    if (count <= self->room)
        return 0;
    struct user *users = realloc(self->users, room * sizeof(*users));
    if (!users)
        return error_no_memory(err, "the first clicks of %zu users", room);
    for (size_t at = self->room; at < room; at++)
        users[at] = (struct user){.is_known = false};
    self->users = users;
    self->room = room;
    return 0;
}

int first_clicks_prediction(struct first_clicks *self, const struct id *id,
                            enum basis basis, int64_t ms, uint32_t *index,
                            struct error *err)
{
    if (id_map_add(self->ids, id, index, err) < 0 || make_room(self, err) < 0)
        return -1;
    struct user *user = &self->users[*index];
    if (basis != BASIS_LEARNED || user->is_known)
        return 0;
    user->is_known = true;
    if (user->has_clicked)
        durations_add(&self->took, ms - user->click_ms);
    return 0;
}

void first_clicks_click(struct first_clicks *self, uint32_t index, int64_t ms)
{
    struct user *user = &self->users[index];

    if (user->has_clicked)
        return;
    user->has_clicked = true;
    user->click_ms = ms;
}

struct first_clicks_summary
first_clicks_summary(const struct first_clicks *self)
{
    return (struct first_clicks_summary){
        .users = self->took.count,
        .median_ms = durations_within(&self->took, .5),
        .p90_ms = durations_within(&self->took, .9)};
}
