#include "consumer/score/score_question.h"

#include "model/rows/field_defaults.h"

#include <string.h>

enum { AT_ONCE = 32 };

/* What a model of fields wants to know. */
struct form {
    const struct field_list *list;
    int user, ad; /* their values; -1: it does not want them */
    bool assumes;
    uint64_t defaults[FIELD_VALUES_MAX];
};

/* Defaults that make no sense are none, as whoever has a setting has checked
 * it. */
static void form_of(const struct score_rules *rules,
                    const struct field_list *list, struct form *out)
{
    struct error ignored;

    out->list = list;
    out->user = field_list_value(list, "user");
    out->ad = field_list_value(list, "ad");
    out->assumes = rules->defaults && rules->defaults[0] &&
                   field_defaults_keys(rules->defaults, list, out->defaults,
                                       &ignored) == 0;
}

/* Fills in the values of a question. An id that means nobody is a value like
 * any other. Returns whether a value was assumed. */
static bool fill(const struct form *form, const struct score_question *question,
                 uint64_t *values)
{
    const struct field_list *list = form->list;

    if (question->values)
        memcpy(values, question->values, list->values * sizeof(*values));
    else
        memset(values, 0, list->values * sizeof(*values));
    if (form->user >= 0)
        values[form->user] =
            field_list_key(list, (uint32_t)form->user, &question->user);
    if (form->ad >= 0)
        values[form->ad] =
            field_list_key(list, (uint32_t)form->ad, &question->ad);
    return form->assumes && field_defaults_fill(list, form->defaults, values);
}

_Static_assert(FIELD_ABSENT == 0, "zeroed values are absent");

static void answer_fields(const struct form *form, const struct model *model,
                          const struct score_question *questions, size_t n,
                          struct prediction *out)
{
    uint64_t values[AT_ONCE * FIELD_VALUES_MAX];
    struct pair unused[AT_ONCE];
    bool is_assumed[AT_ONCE];

    for (size_t i = 0; i < n; i++) {
        unused[i] = (struct pair){INDEX_UNKNOWN, INDEX_UNKNOWN};
        is_assumed[i] =
            fill(form, &questions[i], values + i * form->list->values);
    }
    model_answer(model, &(struct questions){.pairs = unused, .values = values},
                 n, out);
    for (size_t i = 0; i < n; i++)
        score_note_assumed(&out[i], is_assumed[i]);
}

static void answer_pairs(const struct score_rules *rules,
                         const struct snapshot *snapshot,
                         const struct score_question *questions, size_t n,
                         struct prediction *out)
{
    struct pair pairs[AT_ONCE];
    bool is_nobody[AT_ONCE];

    for (size_t i = 0; i < n; i++) {
        is_nobody[i] = id_set_has(rules->nobody, &questions[i].user);
        pairs[i].user = is_nobody[i]
                            ? INDEX_UNKNOWN
                            : id_map_find(snapshot->users, &questions[i].user);
        pairs[i].item = id_map_find(snapshot->ads, &questions[i].ad);
    }
    model_predict(snapshot->model, pairs, n, out);
    for (size_t i = 0; i < n; i++)
        if (is_nobody[i])
            out[i].basis = BASIS_ANONYMOUS;
}

void score_questions(const struct score_rules *rules,
                     const struct served_model *model,
                     const struct score_question *questions, size_t n,
                     struct prediction *out)
{
    const struct field_list *list =
        model ? model_fields(model->snapshot->model) : NULL;
    struct form form;

    if (list)
        form_of(rules, list, &form);
    for (size_t at = 0; at < n; at += AT_ONCE) {
        size_t count = n - at < AT_ONCE ? n - at : AT_ONCE;
        if (list)
            answer_fields(&form, model->snapshot->model, questions + at, count,
                          out + at);
        else if (model)
            answer_pairs(rules, model->snapshot, questions + at, count,
                         out + at);
        for (size_t i = at; !model && i < at + count; i++)
            out[i] =
                (struct prediction){.value = rules->prior, .basis = BASIS_NONE};
    }
}

struct prediction score_pair(const struct score_rules *rules,
                             const struct served_model *model,
                             const struct id *user, const struct id *ad)
{
    const struct score_question question = {.user = *user, .ad = *ad};
    struct prediction answer;

    score_questions(rules, model, &question, 1, &answer);
    return answer;
}

/* Answers with a model of fields. */
static struct prediction answer_values(const struct model *model,
                                       const uint64_t *values, bool is_assumed)
{
    const struct pair unused = {INDEX_UNKNOWN, INDEX_UNKNOWN};
    struct prediction answer;

    model_answer(model, &(struct questions){.pairs = &unused, .values = values},
                 1, &answer);
    score_note_assumed(&answer, is_assumed);
    return answer;
}

/* A record as a model of fields sees it. */
struct said {
    enum event_fault fault; /* EVENT_OK: it is an impression */
    bool is_assumed;
    uint64_t values[FIELD_VALUES_MAX];
};

static int read_values(const struct score_rules *rules,
                       const struct field_list *list,
                       const struct message *message, struct said *out,
                       struct error *err)
{
    struct impression again;
    const char *about;

    if (impression_reader_want(rules->reader, list, err) < 0 ||
        event_scratch_ready(rules->scratch, err) < 0)
        return -1;
    out->fault = impression_reader_read(rules->reader, message, rules->scratch,
                                        &again, &about);
    if (out->fault == EVENT_OK)
        out->is_assumed = impression_reader_values(rules->reader,
                                                   rules->scratch, out->values);
    return 0;
}

int score_impression(const struct score_rules *rules,
                     const struct served_model *model,
                     const struct impression *impression,
                     const struct message *message, struct prediction *out,
                     struct error *err)
{
    const struct field_list *list =
        model ? model_fields(model->snapshot->model) : NULL;
    struct said said;

    if (list && read_values(rules, list, message, &said, err) < 0)
        return -1;
    if (!list || said.fault != EVENT_OK) {
        *out = score_pair(rules, model, &impression->user, &impression->ad);
        return 0;
    }
    *out = answer_values(model->snapshot->model, said.values, said.is_assumed);
    return 0;
}
