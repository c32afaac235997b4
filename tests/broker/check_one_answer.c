/*
 * check_one_answer.c - one pair has one answer, whoever is asked: the scorer,
 * /score, `pctr predict --topic` and `pctr predict FILE` say the same p, bit by
 * bit, on the same basis, for users that the model knows, does not know, and
 * for those that mean nobody.
 */
#include "support/child_process.h"
#include "support/impression_feed.h"
#include "support/metrics_page.h"
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"
#include "support/tiny_model.h"

#include "common/base/clock.h"

#include "consumer/models/snapshot_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 60000, COUNT = 200, VERSION = 12, LINE_SIZE = 256 };
#define NOBODY "--field.anonymous=0,3,stranger"

static struct error err;
static struct pipeline line;
static struct child_process scorer;
static struct snapshot *model;
static unsigned port;
static char folder[] = "/tmp/pctr-one-answer-XXXXXX";
static char again[FIXTURE_NAME_SIZE];
static char state_option[64], snapshot_option[80], topic_option[128];

/* Every second user and ad is one that the model knows. */
static struct impression_feed impressions = {
    .partitions = 1, .users = 2 * TINY_USERS, .ads = 2 * TINY_ADS};

/* The scorer's first model is the local copy that it finds. */
static void keep_model(void)
{
    struct snapshot_store *store = NULL;
    struct buffer bytes = {0};
    struct manifest manifest = {.format = MANIFEST_FORMAT,
                                .epoch = VERSION,
                                .created_ms = clock_wall_ms(),
                                .trainer = "test",
                                .algorithm = "baseline",
                                .users = TINY_USERS,
                                .ads = TINY_ADS,
                                .rows = model->rows};

    snprintf(manifest.name, sizeof(manifest.name), "%.63s",
             line.names[PIPE_MODEL]);
    ck_assert_ok(snapshot_encode(model, &bytes, &err), err);
    manifest.size = bytes.size;
    manifest.sha256 = model->sha256;
    manifest.chunk_size = 4096;
    manifest.chunk_count = 1;
    manifest.packed_size = 1;
    ck_assert_ok(snapshot_store_open(folder, &store, &err), err);
    ck_assert_ok(
        snapshot_store_save(store, &manifest, bytes.bytes, bytes.size, &err),
        err);
    snapshot_store_close(store);
    buffer_free(&bytes);
}

static void set_up(void)
{
    char path[64];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(state_option, sizeof(state_option), "--state.dir=%s", folder);
    snprintf(path, sizeof(path), "%s/model.snap", folder);
    snprintf(snapshot_option, sizeof(snapshot_option), "--snapshot=%s", path);
    model = tiny_model(1);
    ck_assert_ok(snapshot_write(path, model, &err), err);
    pipeline_create(&line, 1);
    kafka_fixture_name("again", again);
    kafka_fixture_create(again, 1, "-1");
    impressions.topic = line.names[PIPE_IMPRESSIONS];
    snprintf(topic_option, sizeof(topic_option), "--topic=%s",
             impressions.topic);
    keep_model();
}

static void tear_down(void)
{
    char command[64];

    child_end(&scorer);
    snapshot_free(model);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static char *run_predict(const char *first, const char *second)
{
    const char *arguments[] = {"predict",       "-b",        line.brokers,
                               snapshot_option, NOBODY,      first,
                               second,          "--details", NULL};
    struct child_process child = {.pid = 0};

    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    char *output = child_output(&child);
    child_end(&child);
    return output;
}

/* Everything behind the header and, of each line, behind `skipped` commas. */
static char *without(char *csv, int skipped)
{
    char *out = calloc(1, strlen(csv) + 1), *rest = NULL;

    ck_assert_ptr_nonnull(out);
    strtok_r(csv, "\n", &rest);
    for (char *row; (row = strtok_r(NULL, "\n", &rest));) {
        for (int i = 0; i < skipped; i++)
            row = strchr(row, ',') + 1;
        strcat(out, row);
        strcat(out, "\n");
    }
    free(csv);
    return out;
}

/* The pairs of all impressions as a file, and what is said about it. */
static char *predict_file(void)
{
    char path[64], ad[AD_TEXT_SIZE], text[ID_PRINT_SIZE];

    snprintf(path, sizeof(path), "%s/pairs.csv", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("user,ad\n", file);
    for (int64_t i = 0; i < COUNT; i++) {
        struct impression event = impression_feed_event(&impressions, i, ad);
        id_print(&event.user, text);
        fprintf(file, "%s,%s\n", text, ad);
    }
    ck_assert_int_eq(fclose(file), 0);
    return without(run_predict(path, "--format=csv"), 0);
}

static void check_http(const struct prediction_event *event)
{
    char path[LINE_SIZE], wanted[LINE_SIZE];
    char user[ID_PRINT_SIZE], ad[ID_PRINT_SIZE];
    struct id user_id = event_span_id(event->raw_user);
    struct id ad_id = event_span_id(event->raw_ad);

    id_print(&user_id, user);
    id_print(&ad_id, ad);
    snprintf(path, sizeof(path), "/score?user=%.99s&ad=%.99s", user, ad);
    snprintf(wanted, sizeof(wanted),
             ",\"basis\":\"%s\",\"model\":%" PRIu64 "}\n",
             basis_name(event->basis), event->model_version);
    char *page = metrics_page_get(port, path), *rest = NULL;
    ck_assert_ptr_nonnull(page);
    const char *body = strstr(page, "\r\n\r\n") + 4;
    ck_assert_int_eq(strncmp(body, "{\"p\":", 5), 0);
    double p = strtod(body + 5, &rest);
    ck_assert_mem_eq(&p, &event->p, sizeof(p));
    ck_assert_str_eq(rest, wanted);
    free(page);
}

static void start_scorer(void)
{
    char port_option[32];
    const char *more[] = {port_option, NOBODY, state_option, NULL};

    port = metrics_page_free_port();
    snprintf(port_option, sizeof(port_option), "--http.port=%u", port);
    pipeline_start(&line, "score", more, &scorer);
}

START_TEST(whoever_is_asked_says_the_same)
{
    char to_option[128];
    size_t of_basis[BASIS_COUNT] = {0};

    impression_feed_send(&impressions, 0, COUNT, FEED_COMMITS);
    start_scorer();
    kafka_fixture_await(line.names[PIPE_PREDICTIONS], COUNT, WAIT_MS);
    struct fixture_records scored =
        kafka_fixture_read(line.names[PIPE_PREDICTIONS]);
    for (size_t i = 0; i < scored.count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(one_prediction(scored.at[i].value,
                                        scored.at[i].value_size, &event, NULL),
                         EVENT_OK);
        ck_assert_uint_eq(event.model_version, VERSION);
        of_basis[event.basis]++;
        check_http(&event);
    }
    pipeline_stop(&scorer, WAIT_MS);
    ck_assert_uint_gt(of_basis[BASIS_ANONYMOUS], 0);
    ck_assert_uint_gt(of_basis[BASIS_LEARNED], 0);
    ck_assert_uint_gt(of_basis[BASIS_PARTIAL], 0);

    /* The records of predict are those of the scorer, byte by byte. */
    snprintf(to_option, sizeof(to_option), "--to_topic=%s", again);
    const char *to[] = {
        "predict", "-b",         line.brokers, snapshot_option,
        NOBODY,    topic_option, to_option,    "--model.version=12",
        NULL};
    struct child_process child = {.pid = 0};
    child_start_pctr(&child, to);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);
    struct fixture_records predicted = kafka_fixture_read(again);
    ck_assert_uint_eq(predicted.count, scored.count);
    for (size_t i = 0; i < scored.count; i++) {
        ck_assert_uint_eq(predicted.at[i].value_size, scored.at[i].value_size);
        ck_assert_mem_eq(predicted.at[i].value, scored.at[i].value,
                         scored.at[i].value_size);
    }
    fixture_records_free(&predicted);
    fixture_records_free(&scored);

    /* user, ad, p, basis, impossible, neighbours, of the topic and the file. */
    char *of_topic = without(run_predict(topic_option, "--format=auto"), 2);
    char *of_file = predict_file();
    ck_assert_str_eq(of_topic, of_file);
    free(of_topic);
    free(of_file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("one answer");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, whoever_is_asked_says_the_same);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "one answer for one pair");
}
