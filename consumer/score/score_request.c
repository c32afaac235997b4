#include "consumer/score/score_request.h"

#include "common/event/event_value.h"
#include "common/event/json_cursor.h"

#include "consumer/learn/field_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For one pair, and for what the request has besides. */
enum { VALUES_OF_A_PAIR = 64, VALUES_MAX = 1000 * VALUES_OF_A_PAIR };
enum { TOP_DEPTH = 1, LIST_DEPTH = 2, ENTRY_DEPTH = 3 };

_Static_assert((int)VALUES_OF_A_PAIR > 2 * ((int)FIELD_VALUES_MAX + 2) &&
                   (int)VALUES_MAX ==
                       (int)SCORE_REQUEST_PAIRS_MAX * (int)VALUES_OF_A_PAIR,
               "whoever gives each pair all fields is not refused");

#define ID_FORM "a whole number, or a text of 1 to 255 bytes"
_Static_assert(ID_TEXT_MAX == 255, "ID_FORM says so");

/* What an object says of one pair, or of all. */
struct entry {
    struct id user, ad;
    bool has_user, has_ad;
    uint32_t seen; /* values of the list, a bit each */
    uint64_t values[FIELD_VALUES_MAX];
};
_Static_assert(FIELD_VALUES_MAX <= 32, "a bit for each value");

/* What stands outside of the list. */
struct top {
    struct entry shared;
    const char *list; /* how it is called: "ads" or "pairs"; NULL: none */
    struct json_cursor entries; /* behind its bracket */
    size_t count, rank;
};

struct parser {
    const struct field_list *list;
    uint8_t *bytes;
    struct json_cursor cursor;
    char where[32]; /* "ads[3]: " for messages; empty: outside of the list */
};

/* --- JSON ------------------------------------------------------------- */

static int broken(const struct parser *parser, enum cursor_fault fault,
                  struct error *err)
{
    static const char *const texts[] = {
        [CURSOR_TRUNCATED] = "the JSON ends too early",
        [CURSOR_INVALID] = "no JSON",
        [CURSOR_TOO_DEEP] = "too many lists and objects within each other",
        [CURSOR_TOO_MANY] = "too many values",
    };

    return error_set(err, fault == CURSOR_TOO_MANY ? ERROR_LIMIT : ERROR_FORMAT,
                     "byte %zu: %s",
                     (size_t)(parser->cursor.at - parser->bytes), texts[fault]);
}

static int twice(const struct parser *parser, const char *name,
                 struct error *err)
{
    return error_set(err, ERROR_FORMAT, "%s'%s' is there twice", parser->where,
                     name);
}

/* Resolves escapes in place: a text only ever gets shorter. */
static void unescape(struct parser *parser, const uint8_t **bytes,
                     uint32_t *size, bool has_escapes)
{
    if (!has_escapes)
        return;
    uint8_t *out = parser->bytes + (*bytes - parser->bytes);
    *size = (uint32_t)json_unescape(*bytes, *size, out, *size);
}

/* Goes to the next entry of a container. */
static int step(struct parser *parser, enum cursor_type container,
                bool is_first, bool *is_closed, struct error *err)
{
    enum cursor_fault fault = CURSOR_OK;
    enum json_step to = json_next(&parser->cursor, container, is_first, &fault);

    *is_closed = to == JSON_CLOSED;
    return to == JSON_FAULT ? broken(parser, fault, err) : 0;
}

/* Takes a value whose text is without escapes; of a container the bracket. */
static int take(struct parser *parser, struct cursor_value *out,
                struct error *err)
{
    bool has_escapes;
    enum cursor_fault fault = json_take(&parser->cursor, out, &has_escapes);

    if (fault != CURSOR_OK)
        return broken(parser, fault, err);
    if (out->type == CURSOR_TEXT)
        unescape(parser, &out->bytes, &out->size, has_escapes);
    return 0;
}

static int skip(struct parser *parser, const struct cursor_value *value,
                unsigned depth, struct error *err)
{
    if (!cursor_is_container(value))
        return 0;
    enum cursor_fault fault =
        json_skip_contents(&parser->cursor, value->type, depth);
    return fault == CURSOR_OK ? 0 : broken(parser, fault, err);
}

static int take_id(struct parser *parser, const char *name, bool *is_there,
                   struct id *out, struct error *err)
{
    struct cursor_value value;

    if (*is_there)
        return twice(parser, name, err);
    if (take(parser, &value, err) < 0)
        return -1;
    if (event_value_id(&value, out) != EVENT_OK)
        return error_set(err, ERROR_FORMAT, "%s'%s' is no id: " ID_FORM,
                         parser->where, name);
    *is_there = true;
    return 0;
}

static int take_field(struct parser *parser, int field, unsigned depth,
                      struct entry *to, struct error *err)
{
    struct cursor_value value;
    struct id id;

    if (take(parser, &value, err) < 0 ||
        skip(parser, &value, depth + 1, err) < 0)
        return -1;
    if (field < 0)
        return 0;
    if (to->seen >> field & 1)
        return twice(parser, parser->list->names[field], err);
    to->seen |= (uint32_t)1 << field;
    to->values[field] = field_scan_id(&value, &id)
                            ? field_list_key(parser->list, (uint32_t)field, &id)
                            : FIELD_ABSENT;
    return 0;
}

/* Counts the entries of the list and passes over them. */
static int take_list(struct parser *parser, const char *name, struct top *top,
                     struct error *err)
{
    struct cursor_value value;
    bool is_closed, has_escapes;

    if (top->list)
        return error_set(err, ERROR_FORMAT,
                         "a second list, '%s': one is asked for", name);
    if (take(parser, &value, err) < 0)
        return -1;
    if (value.type != CURSOR_ARRAY)
        return error_set(err, ERROR_FORMAT, "'%s' is no list", name);
    top->list = name;
    top->entries = parser->cursor;
    for (;;) {
        if (step(parser, CURSOR_ARRAY, top->count == 0, &is_closed, err) < 0)
            return -1;
        if (is_closed)
            return 0;
        if (++top->count > SCORE_REQUEST_PAIRS_MAX)
            return error_set(err, ERROR_LIMIT,
                             "'%s' has more than %d entries: ask in parts",
                             name, SCORE_REQUEST_PAIRS_MAX);
        enum cursor_fault fault =
            json_take(&parser->cursor, &value, &has_escapes);
        if (fault != CURSOR_OK)
            return broken(parser, fault, err);
        if (skip(parser, &value, ENTRY_DEPTH, err) < 0)
            return -1;
    }
}

static int take_rank(struct parser *parser, struct top *top, struct error *err)
{
    struct cursor_value value;

    if (top->rank > 0)
        return twice(parser, "rank", err);
    if (take(parser, &value, err) < 0)
        return -1;
    if (value.type != CURSOR_INTEGER || value.integer < 1)
        return error_set(err, ERROR_FORMAT,
                         "'rank' is no whole number from 1 on");
    top->rank = (size_t)value.integer;
    return 0;
}

static bool is_name(const struct json_text *text, const char *name)
{
    return text->size == strlen(name) &&
           memcmp(text->bytes, name, text->size) == 0;
}

static int field_of(const struct parser *parser, const struct json_text *name)
{
    for (uint32_t v = 0; parser->list && v < parser->list->values; v++)
        if (is_name(name, parser->list->names[v]))
            return (int)v;
    return -1;
}

/* A member whose name has been taken. `top` is NULL in an entry. */
static int take_member(struct parser *parser, const struct json_text *name,
                       struct top *top, struct entry *entry, struct error *err)
{
    if (is_name(name, "user"))
        return take_id(parser, "user", &entry->has_user, &entry->user, err);
    if (is_name(name, "ad"))
        return take_id(parser, "ad", &entry->has_ad, &entry->ad, err);
    if (top && is_name(name, "ads"))
        return take_list(parser, "ads", top, err);
    if (top && is_name(name, "pairs"))
        return take_list(parser, "pairs", top, err);
    if (top && is_name(name, "rank"))
        return take_rank(parser, top, err);
    return take_field(parser, field_of(parser, name),
                      top ? TOP_DEPTH : ENTRY_DEPTH, entry, err);
}

/* The members of an object whose bracket has been taken. */
static int take_members(struct parser *parser, struct top *top,
                        struct entry *entry, struct error *err)
{
    struct json_text name;
    bool is_closed;

    for (bool is_first = true;; is_first = false) {
        if (step(parser, CURSOR_MAP, is_first, &is_closed, err) < 0)
            return -1;
        if (is_closed)
            return 0;
        enum cursor_fault fault = json_take_name(&parser->cursor, &name);
        if (fault != CURSOR_OK)
            return broken(parser, fault, err);
        unescape(parser, &name.bytes, &name.size, name.has_escapes);
        if (take_member(parser, &name, top, entry, err) < 0)
            return -1;
    }
}

/* All but the entries of the list. */
static int take_top(struct parser *parser, struct top *top, struct error *err)
{
    struct cursor_value value;

    if (take(parser, &value, err) < 0)
        return -1;
    if (value.type != CURSOR_MAP)
        return error_set(err, ERROR_FORMAT, "no JSON object: { is expected");
    if (take_members(parser, top, &top->shared, err) < 0)
        return -1;
    json_skip_blanks(&parser->cursor);
    if (parser->cursor.at < parser->cursor.end)
        return error_set(err, ERROR_FORMAT,
                         "byte %zu: something follows the object",
                         (size_t)(parser->cursor.at - parser->bytes));
    return 0;
}

/* An ad alone, or an object. */
static int take_entry(struct parser *parser, struct entry *entry,
                      struct error *err)
{
    struct cursor_value value;

    entry->has_user = entry->has_ad = false;
    entry->seen = 0;
    if (take(parser, &value, err) < 0)
        return -1;
    if (value.type == CURSOR_MAP)
        return take_members(parser, NULL, entry, err);
    if (event_value_id(&value, &entry->ad) != EVENT_OK)
        return error_set(err, ERROR_FORMAT,
                         "%sno ad (" ID_FORM ") and no object with one",
                         parser->where);
    entry->has_ad = true;
    return 0;
}

/* --- The request ------------------------------------------------------ */

static int reserve(struct score_request *out, const struct field_list *list,
                   size_t count, struct error *err)
{
    size_t values = list ? list->values : 0;

    *out = (struct score_request){
        .questions = calloc(count + 1, sizeof(*out->questions)),
        .says_user = calloc(count + 1, sizeof(*out->says_user)),
        .values = calloc(count * values + 1, sizeof(*out->values)),
        .count = count,
    };
    if (!out->questions || !out->says_user || !out->values) {
        score_request_free(out);
        return error_no_memory(err, "%zu questions", count);
    }
    for (size_t i = 0; list && i < count; i++)
        out->questions[i].values = out->values + i * values;
    return 0;
}

/* Question `at` is what the entry says, or else what is said of all. */
static int put(struct score_request *out, const struct parser *parser,
               const struct entry *shared, const struct entry *entry, size_t at,
               struct error *err)
{
    const struct field_list *list = parser->list;
    struct score_question *question = &out->questions[at];

    if (!entry->has_user && !shared->has_user)
        return error_set(err, ERROR_FORMAT, "%s'user' is missing",
                         parser->where);
    if (!entry->has_ad && !shared->has_ad)
        return error_set(err, ERROR_FORMAT, "%s'ad' is missing", parser->where);
    question->user = entry->has_user ? entry->user : shared->user;
    question->ad = entry->has_ad ? entry->ad : shared->ad;
    for (uint32_t v = 0; list && v < list->values; v++) {
        const struct entry *from = entry->seen >> v & 1 ? entry : shared;
        if (from->seen >> v & 1)
            out->values[at * list->values + v] = from->values[v];
    }
    return 0;
}

/* The entries once more, of which it is known that they are JSON. */
static int put_entries(struct parser *parser, const struct top *top,
                       struct score_request *out, struct error *err)
{
    struct entry entry;
    bool is_closed;

    parser->cursor = top->entries;
    for (size_t i = 0; i < top->count; i++) {
        snprintf(parser->where, sizeof(parser->where), "%s[%zu]: ", top->list,
                 i);
        if (step(parser, CURSOR_ARRAY, i == 0, &is_closed, err) < 0 ||
            take_entry(parser, &entry, err) < 0 ||
            put(out, parser, &top->shared, &entry, i, err) < 0)
            return -1;
        out->says_user[i] = entry.has_user;
    }
    return 0;
}

int score_request_read_json(const struct field_list *list, uint8_t *bytes,
                            size_t size, struct score_request *out,
                            struct error *err)
{
    struct parser parser = {.list = list,
                            .bytes = bytes,
                            .cursor =
                                json_cursor_over(bytes, size, VALUES_MAX)};
    static const struct entry nothing;
    struct top top = {.list = NULL};

    *out = (struct score_request){.count = 0};
    if (size == 0)
        return error_set(err, ERROR_FORMAT, "nothing came: send a JSON object");
    if (take_top(&parser, &top, err) < 0 ||
        reserve(out, list, top.list ? top.count : 1, err) < 0)
        return -1;
    out->rank = top.rank;
    int status = top.list ? put_entries(&parser, &top, out, err)
                          : put(out, &parser, &top.shared, &nothing, 0, err);
    if (status < 0)
        score_request_free(out);
    return status;
}

/* --- Arguments -------------------------------------------------------- */

struct arguments {
    enum score_request_form form;
    const struct field_list *list;
    score_request_get_fn *get;
    const void *context;
};

static int id_of_text(const char *name, const char *text, size_t size,
                      struct id *out, struct error *err)
{
    if (size == 0 || size > ID_TEXT_MAX)
        return error_set(err, ERROR_FORMAT, "give %s=, 1 to %d bytes", name,
                         ID_TEXT_MAX);
    *out = id_from_text(text, size);
    return 0;
}

/* The values that are the same for every ad; what is too long for an id is
 * absent, as in an impression. */
static void argument_values(const struct arguments *from, uint64_t *values)
{
    const struct field_list *list = from->list;

    for (uint32_t v = 0; v < list->values; v++) {
        const char *text = from->get(from->context, list->names[v]);
        size_t size = text ? strlen(text) : 0;
        if (size == 0 || size > ID_TEXT_MAX)
            continue;
        struct id id = id_from_text(text, size);
        values[v] = field_list_key(list, v, &id);
    }
}

static int argument_rank(const struct arguments *from, size_t *rank,
                         struct error *err)
{
    const char *text = from->get(from->context, "n");
    const size_t digits = text ? strspn(text, "0123456789") : 0;

    *rank = SCORE_REQUEST_PAIRS_MAX;
    if (!text)
        return 0;
    const unsigned long n = strtoul(text, NULL, 10);
    if (digits == 0 || text[digits] || n < 1)
        return error_set(err, ERROR_FORMAT, "n= is no whole number from 1 on");
    *rank = n;
    return 0;
}

static size_t count_parts(const char *text)
{
    size_t count = 1;

    for (; *text; text++)
        count += *text == ',';
    return count;
}

static int put_arguments(const struct arguments *from, const char *ads,
                         struct score_request *out, struct error *err)
{
    const char *user = from->get(from->context, "user");
    const char *name = from->form == SCORE_REQUEST_RANK ? "ads" : "ad";
    struct id user_id;

    if (id_of_text("user", user, user ? strlen(user) : 0, &user_id, err) < 0)
        return -1;
    for (size_t i = 0; i < out->count; i++) {
        size_t size = out->count == 1 ? strlen(ads) : strcspn(ads, ",");
        if (id_of_text(name, ads, size, &out->questions[i].ad, err) < 0)
            return -1;
        out->questions[i].user = user_id;
        out->questions[i].values = out->questions[0].values;
        ads += size + 1;
    }
    if (from->list)
        argument_values(from, out->values);
    return 0;
}

int score_request_read_arguments(enum score_request_form form,
                                 const struct field_list *list,
                                 score_request_get_fn *get, const void *context,
                                 struct score_request *out, struct error *err)
{
    const struct arguments from = {form, list, get, context};
    const bool is_rank = form == SCORE_REQUEST_RANK;
    const char *ads = get(context, is_rank ? "ads" : "ad");
    size_t count = ads && is_rank ? count_parts(ads) : 1;
    size_t rank = 0;

    *out = (struct score_request){.count = 0};
    if (count > SCORE_REQUEST_PAIRS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "ads= has more than %d: ask in parts",
                         SCORE_REQUEST_PAIRS_MAX);
    if ((is_rank && argument_rank(&from, &rank, err) < 0) ||
        reserve(out, list, count, err) < 0)
        return -1;
    out->rank = rank;
    if (put_arguments(&from, ads ? ads : "", out, err) < 0) {
        score_request_free(out);
        return -1;
    }
    return 0;
}

/* --- The answer ------------------------------------------------------- */

static int best_first(const void *left, const void *right)
{
    const struct score_place *a = left, *b = right;

    if (a->p != b->p)
        return a->p > b->p ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

size_t score_request_order(const struct score_request *request,
                           const struct prediction *answers,
                           struct score_place *places)
{
    for (size_t i = 0; i < request->count; i++)
        places[i] = (struct score_place){i, answers[i].value};
    if (request->rank == 0)
        return request->count;
    qsort(places, request->count, sizeof(*places), best_first);
    return request->rank < request->count ? request->rank : request->count;
}

void score_request_free(struct score_request *request)
{
    free(request->questions);
    free(request->says_user);
    free(request->values);
    *request = (struct score_request){.count = 0};
}
