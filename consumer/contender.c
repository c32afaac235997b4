#include "consumer/contender.h"

#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- What is written on the command line ------------------------------------
 */

/* "NAME=" in front: letters, digits and -_. only, as a parameter of a model
 * has an equals sign too. */
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

static int parse_refit(const char *text, struct contender_spec *out,
                       struct error *err)
{
    size_t length = strcspn(text, " ,");
    char algorithm[32];

    out->kind = CONTENDER_REFIT;
    snprintf(algorithm, sizeof(algorithm), "%.*s",
             (int)(length < sizeof(algorithm) ? length : sizeof(algorithm) - 1),
             text);
    if (model_find(algorithm, &out->refit.ops, err) < 0 ||
        params_start(out->refit.ops, &out->refit.params, err) < 0)
        return -1;
    return params_set(out->refit.ops, text + length, &out->refit.params, err);
}

static int parse_spec(const char *text, struct contender_spec *out,
                      struct error *err)
{
    if (strcmp(text, "live") == 0) {
        out->kind = CONTENDER_LIVE;
        return 0;
    }
    if (strncmp(text, "epoch:", 6) == 0)
        return parse_epoch(text + 6, out, err);
    if (strncmp(text, "refit:", 6) == 0)
        return parse_refit(text + 6, out, err);
    if (strlen(text) == 0 || strlen(text) >= sizeof(out->path))
        return error_set(err, ERROR_USAGE,
                         "contender '%.100s': write live, epoch:N, "
                         "refit:ALGORITHM, or the name of a snapshot file",
                         text);
    out->kind = CONTENDER_FILE;
    strcpy(out->path, text);
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

/* --- Its models -------------------------------------------------------------
 */

int contender_open(const struct contender_spec *spec, struct live_models *live,
                   struct contender *out, struct error *err)
{
    struct contender contender = {.spec = *spec};

    contender.model.manifest.epoch = spec->epoch;
    if ((spec->kind == CONTENDER_FILE &&
         snapshot_read(spec->path, &contender.model.snapshot, err) < 0) ||
        (spec->kind == CONTENDER_EPOCH &&
         live_models_fetch(live, spec->epoch, &contender.model.snapshot, err) <
             0))
        return error_wrap(err, "contender %s", spec->name);
    *out = contender;
    return 0;
}

int contender_take_fit(struct contender *contender, struct error *err)
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
    if (status == 0) {
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
    contender->model.snapshot = NULL;
    contender->job = NULL;
}
