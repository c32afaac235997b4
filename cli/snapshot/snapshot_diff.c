#include "cli/snapshot/snapshot_diff.h"

#include "cli/json/manifest_json.h"
#include "cli/snapshot/movers_print.h"
#include "common/base/json_writer.h"

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/base/utf8.h"

#include "model/params.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS_SIZE = 512 };

struct side {
    const char *name; /* as it was asked for */
    struct snapshot *snapshot;
    struct manifest manifest; /* of a file only what the file says */
    bool published;
};

/* --- Getting them ----------------------------------------------------- */

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static int take_file(struct side *side, struct error *err)
{
    if (snapshot_read(side->name, &side->snapshot, err) < 0)
        return -1;
    const struct model *model = side->snapshot->model;
    struct manifest *manifest = &side->manifest;
    snprintf(manifest->algorithm, sizeof(manifest->algorithm), "%s",
             model->ops->name);
    params_print(model->ops, &model->params, manifest->params,
                 sizeof(manifest->params));
    manifest->sha256 = side->snapshot->sha256;
    return 0;
}

static int take_published(struct side *side, struct snapshot_reader *reader,
                          unsigned timeout_ms, struct error *err)
{
    uint64_t epoch = strtoull(side->name, NULL, 10);
    const struct manifest *manifest = snapshot_reader_find(reader, epoch);
    struct buffer bytes = {0};
    enum snapshot_refusal why;

    if (!manifest)
        return error_set(err, ERROR_UNAVAILABLE,
                         "no epoch %s is published: see `pctr snapshot list`",
                         side->name);
    int status =
        snapshot_reader_fetch(reader, manifest, timeout_ms, &bytes, &why, err);
    if (status == 0)
        status = snapshot_decode(bytes.bytes, bytes.size, &side->snapshot, err);
    if (status == 0)
        status = manifest_copy(manifest, &side->manifest, err);
    side->published = status == 0;
    buffer_free(&bytes);
    return status;
}

static int take(struct side *side, struct snapshot_reader *reader,
                unsigned timeout_ms, struct error *err)
{
    return is_number(side->name) ? take_published(side, reader, timeout_ms, err)
                                 : take_file(side, err);
}

/* --- Numbers ---------------------------------------------------------- */

enum { NUMBERS = 11 };

static const char *const number_names[NUMBERS] = {
    "users",       "ads", "rows", "bytes", "mean",
    "logloss",     "auc", "rmse", "mae",   "normalised_entropy",
    "holdout_rows"};

/* NaN where it is not known. */
static void numbers_of(const struct side *side, double out[NUMBERS])
{
    const struct manifest *m = &side->manifest;
    const struct snapshot *snapshot = side->snapshot;
    const double known[NUMBERS] = {(double)id_map_count(snapshot->users),
                                   (double)id_map_count(snapshot->ads),
                                   (double)snapshot->rows,
                                   (double)m->size,
                                   snapshot->model->mean,
                                   m->metrics.logloss,
                                   m->metrics.auc,
                                   m->metrics.rmse,
                                   m->metrics.mae,
                                   m->metrics.normalised_entropy,
                                   (double)m->metrics.rows};

    for (size_t i = 0; i < NUMBERS; i++) {
        bool of_manifest = i == 3 || i >= 5;
        out[i] = of_manifest && !side->published ? (double)NAN : known[i];
    }
}

static void print_numbers(const struct side *a, const struct side *b)
{
    double x[NUMBERS], y[NUMBERS];

    numbers_of(a, x);
    numbers_of(b, y);
    for (size_t i = 0; i < NUMBERS; i++) {
        char before[32] = "-", after[32] = "-";
        if (isfinite(x[i]))
            snprintf(before, sizeof(before), "%.10g", x[i]);
        if (isfinite(y[i]))
            snprintf(after, sizeof(after), "%.10g", y[i]);
        printf("%-20s %16s %16s", number_names[i], before, after);
        if (x[i] != y[i] && isfinite(x[i]) && isfinite(y[i]))
            printf("  %+.6g", y[i] - x[i]);
        putchar('\n');
    }
}

static void write_numbers(struct json_writer *to, const struct side *a,
                          const struct side *b)
{
    double x[NUMBERS], y[NUMBERS];

    numbers_of(a, x);
    numbers_of(b, y);
    for (size_t i = 0; i < NUMBERS; i++) {
        json_writer_name(to, number_names[i]);
        json_writer_open(to, '[');
        json_writer_real(to, x[i]);
        json_writer_real(to, y[i]);
        json_writer_close(to, ']');
    }
}

/* --- Parameters ------------------------------------------------------- */

/* Copies the value of `name` in "factors=100 epochs=20"; "-" where the name is
 * not there. */
static void value_of(const char *params, const char *name, size_t size,
                     char out[PARAMS_SIZE])
{
    text_copy(out, PARAMS_SIZE, "-");
    for (const char *at = params; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strncmp(at, name, size) == 0 && at[size] == '=')
            snprintf(out, PARAMS_SIZE, "%.*s", (int)strcspn(at + size + 1, " "),
                     at + size + 1);
}

typedef void parameter_fn(void *context, const char *name, const char *before,
                          const char *after);

enum parameters { PARAMETERS_OF_BEFORE, PARAMETERS_OF_AFTER };

/* Tells the parameters of one side whose values differ; of those of `after`
 * only the ones that `before` does not have. */
static void each_parameter(const struct side *before, const struct side *after,
                           enum parameters whose, parameter_fn *tell,
                           void *context)
{
    const struct side *side = whose == PARAMETERS_OF_BEFORE ? before : after;
    char old[PARAMS_SIZE], new[PARAMS_SIZE], name[PARAMS_SIZE];

    for (const char *at = side->manifest.params; *at;
         at += strcspn(at, " "), at += *at == ' ') {
        size_t size = strcspn(at, "= ");
        value_of(before->manifest.params, at, size, old);
        value_of(after->manifest.params, at, size, new);
        snprintf(name, sizeof(name), "%.*s", (int)size, at);
        if (whose == PARAMETERS_OF_BEFORE ? strcmp(old, new) != 0
                                          : strcmp(old, "-") == 0)
            tell(context, name, old, new);
    }
}

static void print_parameter(void *context, const char *name, const char *before,
                            const char *after)
{
    char safe[3][UTF8_PRINT_SIZE(PARAMS_SIZE)];

    (void)context;
    utf8_print(name, strlen(name), safe[0]);
    utf8_print(before, strlen(before), safe[1]);
    utf8_print(after, strlen(after), safe[2]);
    printf("%-20s %16s %16s\n", safe[0], safe[1], safe[2]);
}

static void write_parameter(void *context, const char *name, const char *before,
                            const char *after)
{
    struct json_writer *to = context;

    json_writer_name(to, name);
    json_writer_open(to, '[');
    json_writer_text(to, before);
    json_writer_text(to, after);
    json_writer_close(to, ']');
}

static void tell_parameters(const struct side *a, const struct side *b,
                            parameter_fn *tell, void *context)
{
    if (strcmp(a->manifest.algorithm, b->manifest.algorithm) != 0)
        tell(context, "algorithm", a->manifest.algorithm,
             b->manifest.algorithm);
    each_parameter(a, b, PARAMETERS_OF_BEFORE, tell, context);
    each_parameter(a, b, PARAMETERS_OF_AFTER, tell, context);
}

/* --- Ranges ----------------------------------------------------------- */

static const struct offset_range *same_range(const struct manifest *manifest,
                                             const struct offset_range *of)
{
    for (size_t i = 0; i < manifest->range_count; i++)
        if (manifest->ranges[i].partition == of->partition &&
            strcmp(manifest->ranges[i].topic, of->topic) == 0)
            return &manifest->ranges[i];
    return NULL;
}

static void print_ranges(const struct side *side, const struct side *other,
                         const char *word)
{
    for (size_t i = 0; i < side->manifest.range_count; i++) {
        const struct offset_range *range = &side->manifest.ranges[i];
        const struct offset_range *now = same_range(&other->manifest, range);
        char topic[UTF8_PRINT_SIZE(sizeof(range->topic))];
        char place[sizeof(topic) + 16];
        utf8_print(range->topic, strlen(range->topic), topic);
        snprintf(place, sizeof(place), "%s/%" PRId32, topic, range->partition);
        if (now && strcmp(word, "before") == 0)
            printf("%-28s %" PRId64 "..%" PRId64 " -> %" PRId64 "..%" PRId64
                   "\n",
                   place, range->first, range->next, now->first, now->next);
        else if (!now)
            printf("%-28s %" PRId64 "..%" PRId64 " only %s\n", place,
                   range->first, range->next, word);
    }
}

/* --- All of it -------------------------------------------------------- */

static void print_text(const struct side *a, const struct side *b,
                       const struct movers *ads, const struct movers *users)
{
    char x[DIGEST_HEX_SIZE], y[DIGEST_HEX_SIZE];

    printf("%-20s %16s %16s\n", "", "before", "after");
    printf("%-20s %16.16s %16.16s\n", "sha256",
           digest_hex(&a->manifest.sha256, x),
           digest_hex(&b->manifest.sha256, y));
    print_numbers(a, b);
    tell_parameters(a, b, print_parameter, NULL);
    if (a->published || b->published)
        printf("\nlearned from:\n");
    print_ranges(a, b, "before");
    print_ranges(b, a, "after");
    movers_print(ads, "ads");
    movers_print(users, "users");
}

static int print_json(const struct side *a, const struct side *b,
                      const struct movers *ads, const struct movers *users,
                      struct error *err)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};
    char hex[DIGEST_HEX_SIZE];

    json_writer_open(&to, '{');
    json_writer_name(&to, "sha256");
    json_writer_open(&to, '[');
    json_writer_text(&to, digest_hex(&a->manifest.sha256, hex));
    json_writer_text(&to, digest_hex(&b->manifest.sha256, hex));
    json_writer_close(&to, ']');
    write_numbers(&to, a, b);
    json_writer_name(&to, "params");
    json_writer_open(&to, '{');
    tell_parameters(a, b, write_parameter, &to);
    json_writer_close(&to, '}');
    json_writer_name(&to, "ranges");
    json_writer_open(&to, '[');
    manifest_json_write_ranges(&to, &a->manifest);
    manifest_json_write_ranges(&to, &b->manifest);
    json_writer_close(&to, ']');
    json_writer_name(&to, "moved_ads");
    movers_write(&to, ads);
    json_writer_name(&to, "moved_users");
    movers_write(&to, users);
    json_writer_close(&to, '}');
    int status = json_writer_print_line(&to, stdout, err);
    buffer_free(&line);
    return status;
}

static int print_both(const struct side *a, const struct side *b,
                      enum diff_output output, struct error *err)
{
    struct movers ads = {.count = 0}, users = {.count = 0};
    int status = -1;

    if (movers_find(a->snapshot, b->snapshot, MOVERS_ADS, SNAPSHOT_DIFF_MOVERS,
                    &ads, err) == 0 &&
        movers_find(a->snapshot, b->snapshot, MOVERS_USERS,
                    SNAPSHOT_DIFF_MOVERS, &users, err) == 0) {
        status = 0;
        if (output == DIFF_AS_JSON)
            status = print_json(a, b, &ads, &users, err);
        else
            print_text(a, b, &ads, &users);
    }
    movers_free(&ads);
    movers_free(&users);
    return status;
}

int snapshot_diff(struct snapshot_reader *reader, unsigned timeout_ms,
                  const char *a, const char *b, enum diff_output output,
                  struct error *err)
{
    struct side sides[2] = {{.name = a}, {.name = b}};
    int status = 0;

    for (int i = 0; status == 0 && i < 2; i++)
        status = take(&sides[i], reader, timeout_ms, err);
    if (status == 0)
        status = print_both(&sides[0], &sides[1], output, err);
    for (int i = 0; i < 2; i++) {
        snapshot_free(sides[i].snapshot);
        manifest_free(&sides[i].manifest);
    }
    return status;
}
