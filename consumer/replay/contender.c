#include "consumer/replay/contender.h"

#include "common/base/log.h"
#include "common/base/text.h"

#include "consumer/learn/online.h"
#include "consumer/score/score_question.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISH_MS_MAX INT64_C(315360000000) /* ten years */

/* --- The words of the command line ------------------------------------ */

/* The length of NAME in "NAME=...": letters, digits and -_. only, since a
 * parameter of a model has an equals sign too. 0: there is no name. */
static size_t name_length(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    return text[length] == '=' ? length : 0;
}

static int parse_epoch(const char *text, struct contender_spec *out,
                       struct error *err)
{
    char *end = NULL;

    errno = 0;
    out->kind = CONTENDER_EPOCH;
    out->epoch = strtoull(text, &end, 10);
    if (errno || *end || text[0] == '-' || out->epoch == 0)
        return error_set(err, ERROR_USAGE,
                         "epoch:%s: write epoch:N, a published version", text);
    return 0;
}

/* "ALGORITHM PARAMS...". */
static int parse_fit(const char *text, struct fit_config *out,
                     struct error *err)
{
    size_t length = strcspn(text, " ,");
    char algorithm[32];

    snprintf(algorithm, sizeof(algorithm), "%.*s",
             (int)(length < sizeof(algorithm) ? length : sizeof(algorithm) - 1),
             text);
    if (model_find(algorithm, &out->ops, err) < 0 ||
        params_start_served(out->ops, &out->params, err) < 0)
        return -1;
    return params_set(out->ops, text + length, &out->params, err);
}

static int parse_refit(const char *text, struct contender_spec *out,
                       struct error *err)
{
    out->kind = CONTENDER_REFIT;
    return parse_fit(text, &out->fit, err);
}

static const char publish_word[] = "publish.every_ms=";

static int parse_publish(const char *text, int64_t *out, struct error *err)
{
    char *end = NULL;

    errno = 0;
    long long ms = strtoll(text, &end, 10);
    if (errno || end == text || *end || ms < 0 || ms > PUBLISH_MS_MAX)
        return error_set(err, ERROR_USAGE,
                         "%s%s: write milliseconds of event time, 0 to %lld",
                         publish_word, text, (long long)PUBLISH_MS_MAX);
    *out = ms;
    return 0;
}

/* What goes on learning; a word among the parameters is the contender's own. */
static int parse_learning(const char *text, struct contender_spec *out,
                          struct error *err)
{
    char copy[1024], rest_of[1024] = "", *rest = NULL;

    out->publish_ms = -1;
    if (strlen(text) >= sizeof(copy))
        return error_set(err, ERROR_USAGE, "longer than %zu bytes",
                         sizeof(copy) - 1);
    text_copy(copy, sizeof(copy), text);
    for (char *word = strtok_r(copy, " ,", &rest); word;
         word = strtok_r(NULL, " ,", &rest)) {
        if (strncmp(word, publish_word, sizeof(publish_word) - 1) != 0) {
            if (rest_of[0])
                strcat(rest_of, " ");
            strcat(rest_of, word);
        } else if (parse_publish(word + sizeof(publish_word) - 1,
                                 &out->publish_ms, err) < 0) {
            return -1;
        }
    }
    return parse_fit(rest_of, &out->fit, err);
}

static int parse_folded(const char *text, struct contender_spec *out,
                        struct error *err)
{
    out->kind = CONTENDER_REFIT;
    out->folds = true;
    if (parse_learning(text, out, err) < 0)
        return -1;
    if (!out->fit.ops->biases)
        return error_set(err, ERROR_USAGE,
                         "%s has no biases that go on: write folded:baseline, "
                         "folded:svd or folded:svdpp",
                         out->fit.ops->name);
    out->fit.counts_rows = true;
    return 0;
}

static int parse_online(const char *text, struct contender_spec *out,
                        struct error *err)
{
    out->kind = CONTENDER_ONLINE;
    if (parse_learning(text, out, err) < 0)
        return -1;
    if (!online_is_for(out->fit.ops))
        return error_set(err, ERROR_USAGE,
                         "%s is fitted, and learns no label by itself: write "
                         "refit:%s",
                         out->fit.ops->name, out->fit.ops->name);
    return 0;
}

static int parse_field(const char *text, struct contender_spec *out,
                       struct error *err)
{
    size_t length = strlen(text);

    if (length == 0 || length >= sizeof(out->field))
        return error_set(err, ERROR_USAGE,
                         "field:%s: write field:NAME, a field of the "
                         "impressions of 1 to %zu bytes",
                         text, sizeof(out->field) - 1);
    out->kind = CONTENDER_FIELD;
    text_copy(out->field, sizeof(out->field), text);
    return 0;
}

static bool parse_word(const char *text, struct contender_spec *out)
{
    static const struct {
        const char *word;
        enum contender_kind kind;
    } words[] = {{"live", CONTENDER_LIVE},
                 {"served", CONTENDER_SERVED},
                 {"newest", CONTENDER_NEWEST}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].word) != 0)
            continue;
        out->kind = words[i].kind;
        return true;
    }
    return false;
}

static int parse_spec(const char *text, struct contender_spec *out,
                      struct error *err)
{
    if (parse_word(text, out))
        return 0;
    if (strncmp(text, "epoch:", 6) == 0)
        return parse_epoch(text + 6, out, err);
    if (strncmp(text, "refit:", 6) == 0)
        return parse_refit(text + 6, out, err);
    if (strncmp(text, "folded:", 7) == 0)
        return parse_folded(text + 7, out, err);
    if (strncmp(text, "online:", 7) == 0)
        return parse_online(text + 7, out, err);
    if (strncmp(text, "field:", 6) == 0)
        return parse_field(text + 6, out, err);
    if (strlen(text) == 0 || strlen(text) >= sizeof(out->path))
        return error_set(err, ERROR_USAGE,
                         "contender '%.100s': write live, served, newest, "
                         "epoch:N, refit:ALGORITHM, folded:ALGORITHM, "
                         "online:fields, field:NAME, or the name of a snapshot "
                         "file",
                         text);
    out->kind = CONTENDER_FILE;
    text_copy(out->path, sizeof(out->path), text);
    return 0;
}

int contender_parse(const char *text, struct contender_spec *out,
                    struct error *err)
{
    struct contender_spec spec = {.kind = CONTENDER_FILE};
    size_t length = name_length(text);
    const char *rest = length > 0 ? text + length + 1 : text;

    if (parse_spec(rest, &spec, err) < 0)
        return error_wrap(err, "contender %.100s", text);
    snprintf(spec.name, sizeof(spec.name), "%.*s",
             length > 0 ? (int)length : (int)sizeof(spec.name) - 1, text);
    *out = spec;
    return 0;
}

/* --- Models ----------------------------------------------------------- */

bool contender_is_version(const struct contender_spec *spec)
{
    return spec->kind == CONTENDER_EPOCH || spec->kind == CONTENDER_SERVED ||
           spec->kind == CONTENDER_NEWEST;
}

static int open_model(struct contender *contender, struct live_models *live,
                      struct error *err)
{
    struct snapshot **snapshot = &contender->model.snapshot;
    uint64_t *epoch = &contender->model.manifest.epoch;

    switch (contender->spec.kind) {
    case CONTENDER_FILE:
        return snapshot_read(contender->spec.path, snapshot, err);
    case CONTENDER_EPOCH:
        *epoch = contender->spec.epoch;
        return live_models_fetch(live, *epoch, snapshot, err);
    case CONTENDER_SERVED:
        return live_models_fetch_served(live, epoch, snapshot, err);
    case CONTENDER_NEWEST:
        return live_models_fetch_newest(live, epoch, snapshot, err);
    default:
        return 0;
    }
}

static int open_online(struct contender *contender, struct error *err)
{
    const struct contender_spec *spec = &contender->spec;
    const struct online_contender_config config = {
        .fit = spec->fit, .publish_ms = spec->publish_ms};

    return spec->kind == CONTENDER_ONLINE
               ? online_contender_new(&config, &contender->online, err)
               : 0;
}

static int open_folded(struct contender *contender, struct error *err)
{
    const struct contender_spec *spec = &contender->spec;
    const struct folded_contender_config config = {
        .ids_max = spec->ids_max, .publish_ms = spec->publish_ms};

    return spec->folds ? folded_contender_new(&config, &contender->folded, err)
                       : 0;
}

int contender_open(const struct contender_spec *spec, struct live_models *live,
                   struct event_reader *reader, struct contender *out,
                   struct error *err)
{
    struct contender contender = {.spec = *spec};

    if ((spec->kind == CONTENDER_FIELD &&
         event_reader_want(reader, spec->field, &contender.field_at, err) <
             0) ||
        open_model(&contender, live, err) < 0 ||
        open_online(&contender, err) < 0 || open_folded(&contender, err) < 0)
        return error_wrap(err, "contender %s", spec->name);
    *out = contender;
    return 0;
}

/* --- Answers ---------------------------------------------------------- */

/* `pctr feed` publishes the columns of a CSV as text. */
static double number_in(const struct cursor_value *value)
{
    char text[64], *end = NULL;

    if (value->type == CURSOR_FLOAT)
        return value->real;
    if (value->type == CURSOR_INTEGER)
        return (double)value->integer;
    if (value->type != CURSOR_TEXT || value->size == 0 ||
        value->size >= sizeof(text))
        return NAN;
    memcpy(text, value->bytes, value->size);
    text[value->size] = '\0';
    double number = strtod(text, &end);
    return end == text + value->size ? number : NAN;
}

static struct replay_answer answer_field(struct contender *contender,
                                         const struct event_found *found)
{
    double p = found->seen >> contender->field_at & 1
                   ? number_in(&found->values[contender->field_at])
                   : NAN;

    if (!(p >= 0 && p <= 1)) {
        p = NAN;
        contender->fieldless++;
    }
    return (struct replay_answer){.p = p, .basis = BASIS_NONE};
}

static enum support_band band_of(const struct prediction *answer)
{
    if (!answer->has_support)
        return SUPPORT_NONE;
    if (!(answer->support > 0))
        return SUPPORT_0;
    if (answer->support < 9.5)
        return SUPPORT_FEW;
    return answer->support < 99.5 ? SUPPORT_SOME : SUPPORT_MANY;
}

int contender_answer(struct contender *contender,
                     const struct contender_questions *questions,
                     const struct impression *event,
                     const struct message *message, struct replay_answer *out,
                     struct error *err)
{
    const struct served_model *model =
        contender->model.snapshot ? &contender->model : NULL;
    bool is_gone = false;

    if (contender->spec.kind == CONTENDER_FIELD) {
        *out = answer_field(contender, questions->found);
        contender->said = (struct prediction){.value = out->p,
                                              .basis = (enum basis)out->basis};
        return 0;
    }
    if (contender->spec.kind == CONTENDER_LIVE &&
        live_models_at(questions->live, message, &model, &is_gone, err) < 0)
        return -1;
    if (contender->spec.kind == CONTENDER_ONLINE)
        model = online_contender_model(contender->online);
    contender->state = (struct model_state){.version = 0};
    contender->said = (struct prediction){.value = NAN};
    if (is_gone) {
        *out = (struct replay_answer){.p = NAN, .basis = BASIS_NONE};
        return 0;
    }
    contender->state = served_model_state(model);
    if (!contender->reader &&
        impression_reader_new(questions->names, &contender->reader, err) < 0)
        return -1;
    event_scratch_clear(&contender->scratch);
    const struct score_rules rules = {.reader = contender->reader,
                                      .scratch = &contender->scratch,
                                      .nobody = questions->nobody,
                                      .prior = questions->prior,
                                      .defaults = questions->names->defaults};
    struct prediction prediction;
    if (score_impression(&rules, model, event, message, &prediction, err) < 0)
        return -1;
    contender->said = prediction;
    *out = (struct replay_answer){.p = prediction.value,
                                  .version = model ? model->manifest.epoch : 0,
                                  .basis = (uint8_t)prediction.basis,
                                  .support = (uint8_t)band_of(&prediction)};
    return 0;
}

/* --- Learning --------------------------------------------------------- */

int contender_advance(struct contender *contender, int64_t ts_ms,
                      struct error *err)
{
    if (contender->online)
        return online_contender_advance(contender->online, ts_ms, err);
    return contender->folded
               ? folded_contender_advance(contender->folded, ts_ms,
                                          contender->model.snapshot, err)
               : 0;
}

int contender_learn(struct contender *contender, const struct training_log *log,
                    const struct join_outcome *outcome, struct error *err)
{
    if (contender->online)
        return online_contender_take(contender->online, outcome, err);
    return contender->folded
               ? folded_contender_take(contender->folded, log, outcome, err)
               : 0;
}

/* --- Fits ------------------------------------------------------------- */

int contender_take_fit(struct contender *contender,
                       const struct training_log *log, struct error *err)
{
    struct fit_result result = {0};
    struct snapshot *snapshot = NULL;

    if (!contender->job)
        return 0;
    int status = fit_job_finish(contender->job, &result, err);
    contender->job = NULL;
    if (status == 0)
        status = snapshot_decode(result.bytes.bytes, result.bytes.size,
                                 &snapshot, err);
    if (status == 0 && contender->folded)
        status = folded_contender_finish(contender->folded, log, &result, err);
    if (status < 0) {
        snapshot_free(snapshot);
    } else {
        snapshot_free(contender->model.snapshot);
        contender->model.snapshot = snapshot;
        contender->model.manifest.epoch++;
        log_debug("refitted",
                  "contender=%s version=%" PRIu64 " rows=%" PRIu64
                  " seconds=%.3f",
                  contender->spec.name, contender->model.manifest.epoch,
                  result.rows, result.seconds);
    }
    fit_result_free(&result);
    return status < 0 ? error_wrap(err, "contender %s", contender->spec.name)
                      : 0;
}

void contender_close(struct contender *contender)
{
    struct fit_result result = {0};
    struct error ignored;

    if (contender->job) {
        fit_job_cancel(contender->job);
        if (fit_job_finish(contender->job, &result, &ignored) == 0)
            fit_result_free(&result);
    }
    snapshot_free(contender->model.snapshot);
    online_contender_free(contender->online);
    folded_contender_free(contender->folded);
    impression_reader_free(contender->reader);
    event_scratch_free(&contender->scratch);
    contender->model.snapshot = NULL;
    contender->online = NULL;
    contender->folded = NULL;
    contender->reader = NULL;
    contender->job = NULL;
}
