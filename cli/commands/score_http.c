#include "cli/commands/score_http.h"

#include "common/base/buffer.h"
#include "common/base/json_writer.h"

#include "consumer/score/score_request.h"

#include <stdlib.h>

enum { OK = 200, WRONG = 400, TOO_LARGE = 413, UNAVAILABLE = 503 };

/* --- Writing ---------------------------------------------------------- */

static int status_of(enum error_code code)
{
    switch (code) {
    case ERROR_FORMAT:
        return WRONG;
    case ERROR_LIMIT:
        return TOO_LARGE;
    default:
        return UNAVAILABLE;
    }
}

static int finish(struct json_writer *to, FILE *body, int status)
{
    struct error err;

    json_writer_close(to, '}');
    if (json_writer_print_line(to, body, &err) < 0)
        status = UNAVAILABLE;
    buffer_free(to->to);
    return status;
}

static int refuse(const struct error *err, FILE *body)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};

    json_writer_open(&to, '{');
    json_writer_member_text(&to, "error", err->text);
    return finish(&to, body, status_of(err->code));
}

static void write_answer(struct json_writer *to,
                         const struct prediction *answer)
{
    json_writer_member_real(to, "p", answer->value);
    json_writer_member_text(to, "basis", basis_name(answer->basis));
    if (answer->has_support)
        json_writer_member_real(to, "support", answer->support);
}

static void write_list(struct json_writer *to,
                       const struct score_request *request,
                       const struct prediction *answers,
                       struct score_place *places)
{
    size_t count = score_request_order(request, answers, places);

    json_writer_name(to, "answers");
    json_writer_open(to, '[');
    for (size_t i = 0; i < count; i++) {
        const size_t at = places[i].at;
        json_writer_open(to, '{');
        if (request->says_user[at]) {
            json_writer_name(to, "user");
            json_writer_id(to, &request->questions[at].user);
        }
        json_writer_name(to, "ad");
        json_writer_id(to, &request->questions[at].ad);
        write_answer(to, &answers[at]);
        json_writer_close(to, '}');
    }
    json_writer_close(to, ']');
}

/* --- Answering -------------------------------------------------------- */

enum style { ONE, LIST };

/* The questions of a request, answered with one model. */
static int answer(const struct scorer *scorer, const struct served_model *model,
                  const struct score_request *request, enum style style,
                  FILE *body)
{
    const struct score_rules rules = scorer_rules(scorer);
    struct prediction *answers = calloc(request->count + 1, sizeof(*answers));
    struct score_place *places = calloc(request->count + 1, sizeof(*places));
    struct buffer line = {0};
    struct json_writer to = {.to = &line};
    struct error err;
    int status;

    if (!answers || !places) {
        error_no_memory(&err, "%zu answers", request->count);
        status = refuse(&err, body);
    } else {
        score_questions(&rules, model, request->questions, request->count,
                        answers);
        json_writer_open(&to, '{');
        if (style == ONE)
            write_answer(&to, answers);
        json_writer_member_unsigned(&to, "model",
                                    model ? model->manifest.epoch : 0);
        if (style == LIST)
            write_list(&to, request, answers, places);
        status = finish(&to, body, OK);
    }
    free(answers);
    free(places);
    return status;
}

static const char *argument(const void *query, const char *name)
{
    return status_query_get(query, name);
}

/* Without a model one pair has the prior as its answer, as an impression has,
 * unless impressions wait for a model. Priors have no order. */
static int check_model(const struct scorer *scorer,
                       const struct served_model *model, enum style style,
                       struct error *err)
{
    if (model || (style == ONE && scorer_answers_without_model(scorer)))
        return 0;
    return error_set(err, ERROR_UNAVAILABLE,
                     "no model is in service yet: ask again later");
}

static int answer_with(const struct scorer *scorer,
                       const struct served_model *model,
                       const struct status_query *query,
                       enum score_request_form form, FILE *body)
{
    const struct field_list *list =
        model ? model_fields(model->snapshot->model) : NULL;
    const enum style style = form == SCORE_REQUEST_PAIR ? ONE : LIST;
    struct score_request request;
    struct error err;
    size_t size;
    uint8_t *bytes = status_query_body(query, &size);

    if (check_model(scorer, model, style, &err) < 0)
        return refuse(&err, body);
    int status =
        form == SCORE_REQUEST_JSON
            ? score_request_read_json(list, bytes, size, &request, &err)
            : score_request_read_arguments(form, list, argument, query,
                                           &request, &err);
    if (status < 0)
        return refuse(&err, body);
    status = answer(scorer, model, &request, style, body);
    score_request_free(&request);
    return status;
}

static int serve(const struct score_http *http,
                 const struct status_query *query, enum score_request_form form,
                 FILE *body)
{
    const struct served_model *model = scorer_take_model(http->scorer);
    int status = answer_with(http->scorer, model, query, form, body);

    scorer_put_model(http->scorer, model);
    return status;
}

static int get_score(void *context, const struct status_query *query,
                     FILE *body)
{
    return serve(context, query, SCORE_REQUEST_PAIR, body);
}

static int get_rank(void *context, const struct status_query *query, FILE *body)
{
    return serve(context, query, SCORE_REQUEST_RANK, body);
}

static int post_score(void *context, const struct status_query *query,
                      FILE *body)
{
    return serve(context, query, SCORE_REQUEST_JSON, body);
}

const struct status_route score_http_routes[] = {
    {"/score", STATUS_GET, 0, get_score},
    {"/rank", STATUS_GET, 0, get_rank},
    {"/score", STATUS_POST, SCORE_REQUEST_BYTES_MAX, post_score},
    {NULL, STATUS_GET, 0, NULL},
};
