#include "cli/data/seen_ads.h"

#include "common/base/array.h"

#include "model/rows/ratings.h"

#include <stdlib.h>
#include <string.h>

struct seen_pair {
    uint32_t user, ad;
};

struct seen_ads {
    struct id_map *users; /* of the file */
    struct seen_pair *pairs;
    size_t count, room;
    size_t *first; /* (users + 1) into `ads` */
    uint32_t *ads; /* (count) */
};

static int no_memory(struct error *err)
{
    return error_no_memory(err, "the seen ads");
}

/* --- Reading ---------------------------------------------------------- */

static int add_pair(struct seen_ads *seen, struct seen_pair pair,
                    struct error *err)
{
    struct seen_pair *pairs =
        array_with_room(seen->pairs, seen->count, &seen->room, sizeof(*pairs));

    if (!pairs)
        return no_memory(err);
    seen->pairs = pairs;
    seen->pairs[seen->count++] = pair;
    return 0;
}

/* Ads that the model does not know are none of its answers. */
static int read_pairs(struct seen_ads *seen, struct pair_table *from,
                      const struct id_map *ads, struct error *err)
{
    for (;;) {
        struct seen_pair pair;
        struct id user, ad;
        bool found;
        if (pair_table_next(from, &found, &user, &ad, err) < 0)
            return -1;
        if (!found)
            return 0;
        pair.ad = id_map_find(ads, &ad);
        if (pair.ad != INDEX_UNKNOWN &&
            (id_map_add(seen->users, &user, &pair.user, err) < 0 ||
             add_pair(seen, pair, err) < 0))
            return -1;
    }
}

/* --- By user ---------------------------------------------------------- */

static int by_user_and_ad(const void *a, const void *b)
{
    const struct seen_pair *x = a, *y = b;

    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    return (x->ad > y->ad) - (x->ad < y->ad);
}

static int group(struct seen_ads *seen, struct error *err)
{
    uint32_t users = id_map_count(seen->users);

    seen->first = calloc((size_t)users + 1, sizeof(*seen->first));
    seen->ads = malloc((seen->count + 1) * sizeof(*seen->ads));
    if (!seen->first || !seen->ads)
        return no_memory(err);
    if (seen->count > 0)
        qsort(seen->pairs, seen->count, sizeof(*seen->pairs), by_user_and_ad);
    for (size_t i = 0; i < seen->count; i++) {
        seen->ads[i] = seen->pairs[i].ad;
        seen->first[seen->pairs[i].user + 1] = i + 1;
    }
    free(seen->pairs);
    seen->pairs = NULL;
    return 0;
}

int seen_ads_read(const struct pair_file *file, const struct id_map *ads,
                  struct seen_ads **out, struct error *err)
{
    struct seen_ads *seen = calloc(1, sizeof(*seen));
    struct pair_table pairs = {0};
    int status = -1;

    if (!seen)
        return no_memory(err);
    if (id_map_new(&seen->users, err) < 0 ||
        pair_table_open(file, &pairs, err) < 0)
        goto out;
    if (read_pairs(seen, &pairs, ads, err) < 0 || group(seen, err) < 0) {
        error_wrap(err, "'%s'", file->path);
        goto out;
    }
    *out = seen;
    seen = NULL;
    status = 0;

out:
    pair_table_close(&pairs);
    seen_ads_free(seen);
    return status;
}

const uint32_t *seen_ads_of(const struct seen_ads *seen, const struct id *user,
                            size_t *count)
{
    uint32_t at = seen ? id_map_find(seen->users, user) : INDEX_UNKNOWN;

    *count = 0;
    if (at == INDEX_UNKNOWN)
        return NULL;
    *count = seen->first[at + 1] - seen->first[at];
    return seen->ads + seen->first[at];
}

void seen_ads_free(struct seen_ads *seen)
{
    if (!seen)
        return;
    id_map_free(seen->users);
    free(seen->pairs);
    free(seen->first);
    free(seen->ads);
    free(seen);
}
