/*
 * check_replay_truth.c - in a world whose true probabilities are known, the
 * truth is the best contender, its diagram is diagonal, and a slow program of
 * its own finds the report's figures.
 */
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/base/file.h"
#include "common/event/event_codec.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ROWS = 20000,
    CONTENDERS = 4,
    BINS = 12,
    MISSES_MAX = 2, /* of the bins: each interval is one of 95 % */
    WAIT_MS = 120000,
};

static const char *const names[CONTENDERS] = {"truth", "svd", "baseline",
                                              "popular"};
static struct error err;
static struct pipeline way;
static char path[64];

static void make_world(void)
{
    const char *const world[] = {"--world",
                                 "--world.rows=20000",
                                 "--world.users=300",
                                 "--world.ads=60",
                                 "--world.truth_field=truth",
                                 "--clock.start=2025-03-01",
                                 "--seed=5",
                                 NULL};

    pipeline_create(&way, 3);
    free(pipeline_run(&way, "feed", world, WAIT_MS));
    snprintf(path, sizeof(path), "/tmp/check_replay_truth.%d", (int)getpid());
}

/* So much later that all windows before it are over, and without a truth. */
static void close_windows(void)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const struct impression last = {.id = id_from_number(INT64_C(1) << 40),
                                    .user = id_from_number(1),
                                    .ad = id_from_number(1),
                                    .ts_ms = INT64_C(1740960000000)};
    struct buffer bytes = {0};

    event_encode_impression(&fields, &last, NULL, 0, &bytes);
    kafka_fixture_send(way.names[PIPE_IMPRESSIONS],
                       &(struct outgoing){.value = bytes.bytes,
                                          .value_size = bytes.size,
                                          .timestamp_ms = last.ts_ms});
    buffer_free(&bytes);
}

static void remove_files(void)
{
    unlink(path);
}

/* --- The slow program ------------------------------------------------- */

struct sample {
    double label[ROWS], p[CONTENDERS][ROWS];
    size_t count;
};

/* partition,offset,ts,label and for each contender p,version,basis */
static void take_line(struct sample *sample, const char *line)
{
    const char *field = line;

    for (int i = 0; i < 3; i++)
        field = strchr(field, ',') + 1;
    if (*field == ',')
        return; /* open */
    ck_assert_uint_lt(sample->count, ROWS);
    sample->label[sample->count] = strtod(field, NULL);
    for (int c = 0; c < CONTENDERS; c++) {
        for (int i = 0; i < (c == 0 ? 1 : 3); i++)
            field = strchr(field, ',') + 1;
        sample->p[c][sample->count] = strtod(field, NULL);
    }
    sample->count++;
}

static struct sample *read_sample(void)
{
    struct sample *sample = calloc(1, sizeof(*sample));
    uint8_t *bytes = NULL;
    size_t size = 0;
    char *rest = NULL;

    ck_assert_ptr_nonnull(sample);
    ck_assert_ok(file_read(path, 64 << 20, &bytes, &size, &err), err);
    char *text = strndup((char *)bytes, size);
    strtok_r(text, "\n", &rest); /* the names of the columns */
    for (char *line; (line = strtok_r(NULL, "\n", &rest));)
        take_line(sample, line);
    free(text);
    free(bytes);
    return sample;
}

static double slow_logloss(const struct sample *sample, const double *p)
{
    long double sum = 0;

    for (size_t i = 0; i < sample->count; i++)
        sum -= sample->label[i] > 0 ? logl(p[i]) : logl(1 - (long double)p[i]);
    return (double)(sum / (long double)sample->count);
}

static double slow_entropy(const struct sample *sample, const double *p)
{
    long double rate = 0;

    for (size_t i = 0; i < sample->count; i++)
        rate += sample->label[i];
    rate /= (long double)sample->count;
    return (double)(slow_logloss(sample, p) /
                    -(rate * logl(rate) + (1 - rate) * logl(1 - rate)));
}

/* Every click against every other row. */
static double slow_auc(const struct sample *sample, const double *p)
{
    uint64_t halves = 0, pairs = 0;

    for (size_t i = 0; i < sample->count; i++) {
        for (size_t j = 0; j < sample->count && sample->label[i] > 0; j++) {
            if (sample->label[j] > 0)
                continue;
            pairs++;
            halves += (unsigned)(p[i] > p[j]) + (unsigned)(p[i] >= p[j]);
        }
    }
    return (double)((long double)halves / 2 / (long double)pairs);
}

/* --- The report ------------------------------------------------------- */

static json_t *lines; /* of JSON */

static void read_report(void)
{
    char predictions[96], *rest = NULL;
    snprintf(predictions, sizeof(predictions), "--predictions.file=%s", path);
    const char *const more[] = {"--json",
                                "--refit.every_ms=3600000",
                                predictions,
                                "truth=field:truth",
                                "svd=refit:svd",
                                "baseline=refit:baseline",
                                "popular=refit:popular",
                                NULL};
    char *output = pipeline_run(&way, "replay", more, WAIT_MS);

    lines = json_array();
    for (char *line = strtok_r(output, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        json_array_append_new(lines, json_loads(line, 0, NULL));
    free(output);
}

static bool is_text(const json_t *line, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(line, key));

    return value ? strcmp(value, text) == 0 : !text;
}

static double figure(const json_t *line, const char *name)
{
    return json_number_value(json_object_get(line, name));
}

static double bound(const json_t *interval, size_t which)
{
    return json_number_value(json_array_get(interval, which));
}

/* The first line of the kind about the contender. */
static const json_t *find(const char *kind, const char *contender)
{
    size_t i;
    json_t *line;

    json_array_foreach(
        lines, i, line) if (is_text(line, "kind", kind) &&
                            (!contender || is_text(line, "contender",
                                                   contender))) return line;
    ck_abort_msg("no %s of %s", kind, contender ? contender : "all");
}

static void assert_measured(const struct sample *sample)
{
    for (int c = 0; c < CONTENDERS; c++) {
        const json_t *total = find("total", names[c]);
        const double *p = sample->p[c];
        ck_assert_double_eq_tol(figure(total, "logloss"),
                                slow_logloss(sample, p), 1e-12);
        ck_assert_double_eq_tol(figure(total, "normalised_entropy"),
                                slow_entropy(sample, p), 1e-12);
        ck_assert_double_eq_tol(figure(total, "auc"), slow_auc(sample, p),
                                1e-12);
    }
}

/* By more than chance: paired over the same impressions. */
static void assert_truth_is_best(void)
{
    size_t i, found = 0;
    json_t *line;

    json_array_foreach(lines, i, line)
    {
        if (!is_text(line, "kind", "difference") ||
            !is_text(line, "contender", "truth"))
            continue;
        const json_t *entropy = json_object_get(
            json_object_get(line, "intervals"), "normalised_entropy");
        ck_assert_double_lt(figure(line, "normalised_entropy"), 0);
        ck_assert_double_lt(bound(entropy, 1), 0);
        found++;
    }
    ck_assert_uint_eq(found, CONTENDERS - 1);
}

static void assert_diagonal(void)
{
    size_t i, bins = 0, misses = 0;
    json_t *line;

    json_array_foreach(lines, i, line)
    {
        if (!is_text(line, "kind", "reliability") ||
            !is_text(line, "contender", "truth"))
            continue;
        const json_t *interval = json_object_get(line, "interval");
        double predicted = figure(line, "predicted");
        misses +=
            predicted < bound(interval, 0) || predicted > bound(interval, 1);
        bins++;
    }
    ck_assert_uint_eq(bins, BINS);
    ck_assert_uint_le(misses, MISSES_MAX);
}

static void assert_calibrated(void)
{
    const json_t *interval = json_object_get(
        json_object_get(find("total", "truth"), "intervals"), "calibration");

    ck_assert_double_le(bound(interval, 0), 1);
    ck_assert_double_ge(bound(interval, 1), 1);
    ck_assert_double_lt(bound(interval, 1) - bound(interval, 0), 0.1);
}

START_TEST(the_truth_is_best_and_diagonal_and_measured_right)
{
    close_windows();
    read_report();
    struct sample *sample = read_sample();
    const json_t *head = find("replay", NULL);

    ck_assert_uint_eq(sample->count, ROWS);
    ck_assert_double_eq(figure(head, "impressions"), ROWS);
    ck_assert_double_eq(figure(head, "fieldless"), 1);
    assert_measured(sample);
    assert_truth_is_best();
    assert_diagonal();
    assert_calibrated();
    free(sample);
    json_decref(lines);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay_truth");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, make_world, remove_files);
    tcase_add_test(tests, the_truth_is_best_and_diagonal_and_measured_right);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "replay of a known truth");
}
