/*
 * check_replay.c - what was live is replayed bit for bit, and twice is the
 * same.
 */
#include "support/history.h"
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/base/file.h"
#include "common/event/event_codec.h"

#include "cli/demo/version_evaluation.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ROUND = 1200, /* impressions between two models */
    ROUNDS = 3,
    WINDOW_MS = 600000,
    WAIT_MS = 60000,
    OPTION_SIZE = 128,
};

static struct error err;
static struct history history;
static char paths[4][64]; /* predictions and pages of two replays */

static void make_history(void)
{
    history_open(&history);
    for (size_t i = 0; i < 4; i++)
        snprintf(paths[i], sizeof(paths[i]), "/tmp/check_replay.%d.%zu",
                 (int)getpid(), i);
}

static void remove_files(void)
{
    history_close(&history);
    for (size_t i = 0; i < 4; i++)
        unlink(paths[i]);
}

/* --- The program ------------------------------------------------------ */

static void score(void)
{
    const char *const more[] = {"--exit.at_end", "--http.port=0", NULL};

    free(pipeline_run(&history.way, "score", more, WAIT_MS));
}

static void train(void)
{
    const char *const more[] = {"--exit.at_end", "--http.port=0",
                                "--model.algorithm=baseline", NULL};

    free(pipeline_run(&history.way, "train", more, WAIT_MS));
}

static char *replay(const char *a, const char *b, const char *c, const char *d)
{
    const char *const more[] = {a, b, c, d, NULL};

    return pipeline_run(&history.way, "replay", more, WAIT_MS);
}

/* Scored without a model, then with the first, then with the second. */
static void live(void)
{
    for (int64_t round = 0; round < ROUNDS; round++) {
        history_feed(&history, round * ROUND, ROUND);
        score();
        train();
    }
}

/* --- The tests -------------------------------------------------------- */

/* Every prediction by the place of its impression. */
struct recorded {
    struct prediction_event at[HISTORY_BUSY][ROUNDS * ROUND];
    bool is_there[HISTORY_BUSY][ROUNDS * ROUND];
};

static struct recorded *decode_all(const struct fixture_records *records)
{
    struct recorded *recorded = calloc(1, sizeof(*recorded));
    struct prediction_event event;

    ck_assert_ptr_nonnull(recorded);
    for (size_t i = 0; i < records->count; i++) {
        ck_assert_int_eq(one_prediction(records->at[i].value,
                                        records->at[i].value_size, &event,
                                        NULL),
                         EVENT_OK);
        ck_assert_int_lt(event.src_partition, HISTORY_BUSY);
        ck_assert_int_lt(event.src_offset, ROUNDS * ROUND);
        recorded->at[event.src_partition][event.src_offset] = event;
        recorded->is_there[event.src_partition][event.src_offset] = true;
    }
    return recorded;
}

/* partition,offset,ts,label,p,version,basis */
static void assert_recorded(const char *line, const struct recorded *recorded,
                            uint64_t *versions)
{
    char *end = NULL;
    long partition = strtol(line, &end, 10);
    long long offset = strtoll(end + 1, &end, 10);
    const char *p = strchr(strchr(end + 1, ',') + 1, ',') + 1;
    double replayed = strtod(p, &end);
    unsigned long version = strtoul(end + 1, &end, 10);

    ck_assert(recorded->is_there[partition][offset]);
    const struct prediction_event *event = &recorded->at[partition][offset];
    ck_assert_mem_eq(&replayed, &event->p, sizeof(replayed));
    ck_assert_uint_eq(version, event->model_version);
    ck_assert_mem_eq(end + 1, basis_name(event->basis),
                     strlen(basis_name(event->basis)));
    versions[version]++;
}

static char *read_text(const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;

    ck_assert_ok(file_read(path, 64 << 20, &bytes, &size, &err), err);
    bytes = realloc(bytes, size + 1);
    ck_assert_ptr_nonnull(bytes);
    bytes[size] = '\0';
    return (char *)bytes;
}

START_TEST(what_was_live_is_replayed_bit_for_bit)
{
    char option[OPTION_SIZE];
    uint64_t versions[ROUNDS + 1] = {0};
    size_t lines = 0;

    live();
    snprintf(option, sizeof(option), "--predictions.file=%s", paths[0]);
    char *output = replay(option, "live", NULL, NULL);
    ck_assert_ptr_nonnull(strstr(output, "3600 answers by recorded version"));
    struct fixture_records records =
        kafka_fixture_read(history.way.names[PIPE_PREDICTIONS]);
    struct recorded *recorded = decode_all(&records);
    char *text = read_text(paths[0]), *rest = NULL;
    strtok_r(text, "\n", &rest); /* the names of the columns */
    for (char *line; (line = strtok_r(NULL, "\n", &rest)); lines++)
        assert_recorded(line, recorded, versions);
    ck_assert_uint_eq(lines, (size_t)ROUNDS * ROUND);
    for (size_t i = 0; i < ROUNDS; i++)
        ck_assert_uint_eq(versions[i], ROUND);
    fixture_records_free(&records);
    free(recorded);
    free(text);
    free(output);
}
END_TEST

/* As a consumer of predictions and labels sees it while it happens. */
static struct version_evaluation *evaluate_live(void)
{
    struct version_evaluation_config config = {
        .join = {WINDOW_MS, 2 * WINDOW_MS, 100000}, .rows_max = 10000};
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct version_evaluation *evaluation = NULL;
    struct fixture_records predictions =
        kafka_fixture_read(history.way.names[PIPE_PREDICTIONS]);
    struct fixture_records labels =
        kafka_fixture_read(history.way.names[PIPE_LABELS]);
    struct prediction_event event;
    struct label label;

    ck_assert_ok(version_evaluation_new(&config, &evaluation, &err), err);
    for (size_t i = 0; i < predictions.count; i++) {
        ck_assert_int_eq(one_prediction(predictions.at[i].value,
                                        predictions.at[i].value_size, &event,
                                        NULL),
                         EVENT_OK);
        ck_assert_ok(version_evaluation_prediction(evaluation, &event, 0, &err),
                     err);
    }
    for (size_t i = 0; i < labels.count; i++) {
        ck_assert_int_eq(one_label(&fields, labels.at[i].value,
                                   labels.at[i].value_size, &label, NULL),
                         EVENT_OK);
        ck_assert_ok(version_evaluation_label(evaluation, &label, &err), err);
    }
    fixture_records_free(&predictions);
    fixture_records_free(&labels);
    return evaluation;
}

static double figure(const json_t *line, const char *name)
{
    return json_number_value(json_object_get(line, name));
}

/* Is the line a slice by version? Then its figures must be the live ones. */
static bool assert_measured(const char *text,
                            const struct version_evaluation *evaluation)
{
    json_t *line = json_loads(text, 0, NULL);
    struct evaluation expected;
    const char *by = json_string_value(json_object_get(line, "by"));
    bool is_version = by && strcmp(by, "version") == 0;

    ck_assert_ptr_nonnull(line);
    if (is_version) {
        uint64_t version = strtoull(
            json_string_value(json_object_get(line, "value")), NULL, 10);
        ck_assert_ok(version_evaluation_measure(evaluation, version, 10000,
                                                &expected, &err),
                     err);
        ck_assert_double_eq(figure(line, "impressions"), (double)expected.rows);
        ck_assert_uint_gt(expected.rows, 500);
        ck_assert_double_eq_tol(figure(line, "rmse"), expected.rmse, 1e-12);
        ck_assert_double_eq_tol(figure(line, "logloss"), expected.logloss,
                                1e-12);
        ck_assert_double_eq_tol(figure(line, "ece"), expected.ece, 1e-12);
        /* All are equal where there was no model. */
        ck_assert_double_eq_tol(figure(line, "auc"), expected.auc, 1e-12);
    }
    json_decref(line);
    return is_version;
}

START_TEST(figures_are_those_of_the_live_evaluation)
{
    size_t slices = 0;
    char *rest = NULL;

    live();
    struct version_evaluation *evaluation = evaluate_live();
    char *output = replay("--json", "live", NULL, NULL);
    /* Event time came as far as the last event of either kind. */
    int64_t last = (int64_t)ROUNDS * ROUND - 1;
    int64_t stream_ms = history_time(&history, last);
    for (int64_t i = last; i > last - 10; i--)
        if (history_is_clicked(i) &&
            history_time(&history, i) + 5000 > stream_ms)
            stream_ms = history_time(&history, i) + 5000;
    version_evaluation_advance(evaluation, stream_ms);
    for (char *line = strtok_r(output, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest))
        slices += assert_measured(line, evaluation);
    ck_assert_uint_eq(slices, ROUNDS);
    version_evaluation_free(evaluation);
    free(output);
}
END_TEST

START_TEST(twice_gives_the_same_bytes)
{
    char *outputs[2], *files[4];
    char predictions[2][OPTION_SIZE], pages[2][OPTION_SIZE];
    const char *const refit = "next=refit:svd factors=5 epochs=3";

    history_feed(&history, 0, 3000);
    for (size_t i = 0; i < 2; i++) {
        snprintf(predictions[i], OPTION_SIZE, "--predictions.file=%.99s",
                 paths[i]);
        snprintf(pages[i], OPTION_SIZE, "--html=%.99s", paths[2 + i]);
        outputs[i] =
            replay(predictions[i], pages[i], "--refit.every_ms=600000", refit);
    }
    for (size_t i = 0; i < 4; i++)
        files[i] = read_text(paths[i]);
    ck_assert_str_eq(outputs[0], outputs[1]);
    ck_assert_str_eq(files[0], files[1]);
    ck_assert_str_eq(files[2], files[3]);
    ck_assert_ptr_nonnull(strstr(files[0], ",2,learned")); /* it was refitted */
    ck_assert_ptr_nonnull(strstr(files[2], "<svg"));
    ck_assert_ptr_null(strstr(files[2], "http")); /* nothing from elsewhere */
    for (size_t i = 0; i < 4; i++)
        free(files[i]);
    free(outputs[0]);
    free(outputs[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_history, remove_files);
    tcase_add_test(tests, what_was_live_is_replayed_bit_for_bit);
    tcase_add_test(tests, figures_are_those_of_the_live_evaluation);
    tcase_add_test(tests, twice_gives_the_same_bytes);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "replay");
}
