#include "model/algorithms/pair_values.h"

#include <stdlib.h>

int pair_values_new(const struct field_list *list, uint32_t users, uint32_t ads,
                    struct pair_values *out, struct error *err)
{
    struct pair_values pairs = {.user_value = field_list_value(list, "user"),
                                .ad_value = field_list_value(list, "ad"),
                                .users = users,
                                .ads = ads};

    if (pairs.user_value >= 0)
        pairs.user_keys = calloc((size_t)users + 1, sizeof(uint64_t));
    if (pairs.ad_value >= 0)
        pairs.ad_keys = calloc((size_t)ads + 1, sizeof(uint64_t));
    if ((pairs.user_value >= 0 && !pairs.user_keys) ||
        (pairs.ad_value >= 0 && !pairs.ad_keys)) {
        pair_values_free(&pairs);
        return error_no_memory(err, "the keys of %u users and %u ads", users,
                               ads);
    }
    *out = pairs;
    return 0;
}

void pair_values_free(struct pair_values *pairs)
{
    free(pairs->user_keys);
    free(pairs->ad_keys);
    pairs->user_keys = pairs->ad_keys = NULL;
}

void pair_values_note(struct pair_values *pairs, const struct fit_row *row,
                      const uint64_t *values)
{
    if (pairs->user_value >= 0 && row->user < pairs->users)
        pairs->user_keys[row->user] = values[pairs->user_value];
    if (pairs->ad_value >= 0 && row->ad < pairs->ads)
        pairs->ad_keys[row->ad] = values[pairs->ad_value];
}

void pair_values_assume(struct pair_values *pairs,
                        const struct field_list *list, const uint64_t *values)
{
    pairs->assumes = false;
    for (uint32_t v = 0; v < list->values; v++) {
        bool is_asked =
            (int)v == pairs->user_value || (int)v == pairs->ad_value;
        pairs->assumed[v] = is_asked ? FIELD_ABSENT : values[v];
        pairs->assumes = pairs->assumes || pairs->assumed[v] != FIELD_ABSENT;
    }
}

void pair_values_save(const struct pair_values *pairs, struct buffer *to)
{
    for (uint32_t u = 0; pairs->user_keys && u < pairs->users; u++)
        buffer_append_u64(to, pairs->user_keys[u]);
    for (uint32_t a = 0; pairs->ad_keys && a < pairs->ads; a++)
        buffer_append_u64(to, pairs->ad_keys[a]);
}

static void load_keys(struct bytes_reader *from, uint64_t *to, uint32_t count)
{
    for (uint32_t i = 0; to && i < count; i++)
        to[i] = bytes_read_u64(from);
}

void pair_values_load(struct pair_values *pairs, struct bytes_reader *from)
{
    load_keys(from, pairs->user_keys, pairs->users);
    load_keys(from, pairs->ad_keys, pairs->ads);
}
