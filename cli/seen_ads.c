#include "cli/seen_ads.h"

#include "model/ratings.h"

#include <inttypes.h>
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
    return error_set(err, ERROR_FAILED, "seen ads: out of memory");
}

/* --- Reading -----------------------------------------------------------------
 */

/* The first of the '|'-separated names that is there, or `given`. */
static int find_column(const struct table *table, const char *given,
                       const char *usual, struct error *err)
{
    char names[64], *rest = NULL;

    if (given[0])
        return table_column(table, given, err);
    memcpy(names, usual, strlen(usual) + 1);
    for (char *name = strtok_r(names, "|", &rest); name;
         name = strtok_r(NULL, "|", &rest)) {
        int column = table_column(table, name, err);
        if (column >= 0)
            return column;
    }
    return error_wrap(err, "none of %s", usual);
}

static int add_pair(struct seen_ads *seen, const struct table_field *user,
                    const struct table_field *ad, const struct id_map *ads,
                    struct error *err)
{
    struct seen_pair pair;

    if (user->size == 0 || user->size > ID_TEXT_MAX || ad->size > ID_TEXT_MAX)
        return error_set(err, ERROR_FORMAT, "ids have 1 to %d bytes",
                         ID_TEXT_MAX);
    struct id user_id = id_from_text(user->text, user->size);
    struct id ad_id = id_from_text(ad->text, ad->size);
    pair.ad = id_map_find(ads, &ad_id);
    if (pair.ad == INDEX_UNKNOWN)
        return 0;
    if (id_map_add(seen->users, &user_id, &pair.user, err) < 0)
        return -1;
    if (seen->count == seen->room) {
        size_t room = seen->room ? seen->room * 2 : 1024;
        struct seen_pair *pairs =
            realloc(seen->pairs, room * sizeof(*seen->pairs));
        if (!pairs)
            return no_memory(err);
        seen->pairs = pairs;
        seen->room = room;
    }
    seen->pairs[seen->count++] = pair;
    return 0;
}

static int read_pairs(struct seen_ads *seen, struct table *table, int user,
                      int ad, const struct id_map *ads, struct error *err)
{
    for (;;) {
        enum table_result result;
        const struct table_field *fields = NULL;
        struct error why = {0};
        if (table_next(table, &result, &fields, &why, err) < 0)
            return -1;
        if (result == TABLE_END)
            return 0;
        if (result == TABLE_BAD ||
            add_pair(seen, &fields[user], &fields[ad], ads, &why) < 0)
            return error_set(err, ERROR_FORMAT, "line %" PRIu64 ": %s",
                             table_line(table), why.text);
    }
}

/* --- By user -----------------------------------------------------------------
 */

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

int seen_ads_read(const char *path, enum table_format format,
                  const char *user_column, const char *ad_column,
                  const struct id_map *ads, struct seen_ads **out,
                  struct error *err)
{
    struct seen_ads *seen = calloc(1, sizeof(*seen));
    struct table *table = NULL;
    int status = -1;

    if (!seen)
        return no_memory(err);
    if (id_map_new(&seen->users, err) < 0 ||
        table_open(path, format, &table, err) < 0)
        goto out;
    int user = find_column(table, user_column, "user|user_id|userId", err);
    int ad = user < 0 ? -1
                      : find_column(table, ad_column,
                                    "ad|ad_id|item|item_id|movieId", err);
    if (ad < 0 || read_pairs(seen, table, user, ad, ads, err) < 0 ||
        group(seen, err) < 0) {
        error_wrap(err, "'%s'", path);
        goto out;
    }
    *out = seen;
    seen = NULL;
    status = 0;

out:
    table_close(table);
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
