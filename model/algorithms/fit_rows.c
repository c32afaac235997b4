#include "model/algorithms/fit_rows.h"

int fit_rows_over(const struct ratings *train, const struct field_list *list,
                  struct fit_rows *out, struct error *err)
{
    static const char pairs_alone[] = "user,ad";
    const struct field_list *of_rows = NULL;
    struct field_list of_pairs;

    *out = (struct fit_rows){.train = train,
                             .list = list,
                             .user_value = field_list_value(list, "user"),
                             .ad_value = field_list_value(list, "ad")};
    if (train->fields) {
        of_rows = train->fields->list;
    } else {
        if (field_list_parse(pairs_alone, &of_pairs, err) < 0)
            return -1;
        of_rows = &of_pairs;
    }
    return field_list_match(list, of_rows, out->columns, err);
}

static struct fit_row read_fields(const struct fit_rows *rows, size_t i,
                                  uint64_t *values)
{
    const struct field_rows *fields = rows->train->fields;
    const size_t place = fields->places ? fields->places[i] : i;
    const uint64_t *from = fields->keys + place * fields->list->values;

    for (uint32_t v = 0; v < rows->list->values; v++)
        values[v] = from[rows->columns[v]];
    return (struct fit_row){fields->rows[i].user, fields->rows[i].item,
                            fields->rows[i].value};
}

/* Nobody's rows lie behind the users'. */
static struct fit_row read_pair(struct fit_rows *rows, size_t i,
                                uint64_t *values)
{
    const struct ratings *train = rows->train;
    const struct field_list *list = rows->list;

    while (rows->user < train->users && i >= train->user_first[rows->user + 1])
        rows->user++;
    const struct fit_row row = {
        rows->user < train->users ? rows->user : INDEX_UNKNOWN,
        train->by_user[i].other, train->by_user[i].value};
    const struct id user = id_from_number(row.user),
                    ad = id_from_number(row.ad);
    if (rows->user_value >= 0)
        values[rows->user_value] =
            row.user == INDEX_UNKNOWN
                ? FIELD_ABSENT
                : field_list_key(list, (uint32_t)rows->user_value, &user);
    if (rows->ad_value >= 0)
        values[rows->ad_value] =
            field_list_key(list, (uint32_t)rows->ad_value, &ad);
    return row;
}

struct fit_row fit_rows_read(struct fit_rows *rows, size_t i, uint64_t *values)
{
    return rows->train->fields ? read_fields(rows, i, values)
                               : read_pair(rows, i, values);
}
