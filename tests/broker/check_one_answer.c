/*
 * check_one_answer.c - one pair has one answer, whoever is asked: the scorer,
 * /score, `pctr predict --topic` and `pctr predict FILE` say the same p, bit by
 * bit, on the same basis, for users that the model knows, does not know, and
 * for those that mean nobody; one by one, many in a request, and ranked; and
 * with the fields that a model of fields wants.
 */
#include "support/child_process.h"
#include "support/impression_feed.h"
#include "support/metrics_page.h"
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"
#include "support/test_producer.h"
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
static void keep_model(const char *algorithm)
{
    struct snapshot_store *store = NULL;
    struct buffer bytes = {0};
    struct manifest manifest = {.format = MANIFEST_FORMAT,
                                .epoch = VERSION,
                                .created_ms = clock_wall_ms(),
                                .trainer = "test",
                                .users = id_map_count(model->users),
                                .ads = id_map_count(model->ads),
                                .rows = model->rows};

    snprintf(manifest.name, sizeof(manifest.name), "%.63s",
             line.names[PIPE_MODEL]);
    snprintf(manifest.algorithm, sizeof(manifest.algorithm), "%s", algorithm);
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

static char path[64]; /* of the model's file */

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(state_option, sizeof(state_option), "--state.dir=%s", folder);
    snprintf(path, sizeof(path), "%s/model.snap", folder);
    snprintf(snapshot_option, sizeof(snapshot_option), "--snapshot=%s", path);
    pipeline_create(&line, 1);
    kafka_fixture_name("again", again);
    kafka_fixture_create(again, 1, "-1");
    impressions.topic = line.names[PIPE_IMPRESSIONS];
    snprintf(topic_option, sizeof(topic_option), "--topic=%s",
             impressions.topic);
}

static void serve_tiny_model(void)
{
    model = tiny_model(1);
    ck_assert_ok(snapshot_write(path, model, &err), err);
    keep_model("baseline");
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
    char pairs[64], ad[AD_TEXT_SIZE], text[ID_PRINT_SIZE];

    snprintf(pairs, sizeof(pairs), "%s/pairs.csv", folder);
    FILE *file = fopen(pairs, "w");
    ck_assert_ptr_nonnull(file);
    fputs("user,ad\n", file);
    for (int64_t i = 0; i < COUNT; i++) {
        struct impression event = impression_feed_event(&impressions, i, ad);
        id_print(&event.user, text);
        fprintf(file, "%s,%s\n", text, ad);
    }
    ck_assert_int_eq(fclose(file), 0);
    return without(run_predict(pairs, "--format=csv"), 0);
}

/* --- HTTP ------------------------------------------------------------- */

/* The body of an answer with that status; the caller frees *page. */
static const char *body_of(char *answer, const char *status, char **page)
{
    ck_assert_ptr_nonnull(answer);
    *page = answer;
    ck_assert_msg(strncmp(answer + 9, status, 3) == 0, "%s", answer);
    const char *body = strstr(answer, "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    return body + 4;
}

/* Takes a text that must be there. */
static const char *pass(const char *at, const char *text)
{
    ck_assert_msg(strncmp(at, text, strlen(text)) == 0, "no %s in %.200s", text,
                  at);
    return at + strlen(text);
}

/* Takes the members p and basis, and support of a model of fields, which must
 * be those of the event. */
static const char *pass_answer(const char *at,
                               const struct prediction_event *event)
{
    char wanted[LINE_SIZE], *rest = NULL;

    double p = strtod(pass(at, "\"p\":"), &rest);
    ck_assert_mem_eq(&p, &event->p, sizeof(p));
    snprintf(wanted, sizeof(wanted), ",\"basis\":\"%s\"",
             basis_name(event->basis));
    at = pass(rest, wanted);
    if (!model_fields(model->model))
        return at;
    ck_assert(strtod(pass(at, ",\"support\":"), &rest) >= 0);
    return rest;
}

static void print_ids(const struct prediction_event *event, char *user,
                      char *ad)
{
    struct id user_id = event_span_id(event->raw_user);
    struct id ad_id = event_span_id(event->raw_ad);

    id_print(&user_id, user);
    id_print(&ad_id, ad);
}

/* `fields` follows the pair in the question. */
static void check_http(const struct prediction_event *event, const char *fields)
{
    char url[LINE_SIZE], wanted[LINE_SIZE], *page;
    char user[ID_PRINT_SIZE], ad[ID_PRINT_SIZE];

    print_ids(event, user, ad);
    snprintf(url, sizeof(url), "/score?user=%.99s&ad=%.99s%s", user, ad,
             fields);
    snprintf(wanted, sizeof(wanted), ",\"model\":%" PRIu64 "}\n",
             event->model_version);
    const char *body = body_of(metrics_page_get(port, url), "200", &page);
    body = pass_answer(pass(body, "{"), event);
    ck_assert_str_eq(body, wanted);
    free(page);
}

/* All events in one request; `field_of` adds the fields of each. */
static void check_list(const struct prediction_event *events, size_t count,
                       void (*field_of)(size_t at, char out[LINE_SIZE]))
{
    char *text = malloc(count * LINE_SIZE + 64), *page;
    char user[ID_PRINT_SIZE], ad[ID_PRINT_SIZE], line_text[LINE_SIZE];
    char field[LINE_SIZE];
    size_t size;

    ck_assert_ptr_nonnull(text);
    size = (size_t)sprintf(text, "{\"pairs\":[");
    for (size_t i = 0; i < count; i++) {
        print_ids(&events[i], user, ad);
        field_of(i, field);
        size += (size_t)sprintf(text + size,
                                "%s{\"user\":\"%.60s\",\"ad\":\"%.60s\"%.99s}",
                                i > 0 ? "," : "", user, ad, field);
    }
    strcpy(text + size, "]}");
    const char *body =
        body_of(metrics_page_post(port, "/score", text), "200", &page);
    body = pass(body, "{\"model\":12,\"answers\":[");
    for (size_t i = 0; i < count; i++) {
        print_ids(&events[i], user, ad);
        snprintf(line_text, sizeof(line_text),
                 "%s{\"user\":\"%.60s\",\"ad\":\"%.60s\",", i > 0 ? "," : "",
                 user, ad);
        body = pass(pass_answer(pass(body, line_text), &events[i]), "}");
    }
    ck_assert_str_eq(body, "]}\n");
    free(page);
    free(text);
}

static void no_field(size_t at, char out[LINE_SIZE])
{
    (void)at;
    out[0] = '\0';
}

/* The best ads of one user, by GET and by POST: as many as were asked for, the
 * best first, and what /score says of each. */
static void check_rank(void)
{
    char url[LINE_SIZE], *page, *rest = NULL;
    double last = 1;

    static const char wanted[] = "/rank?user=1&ads=ad0,ad1,ad2,ad3,none&n=3";
    char *by_get =
        strdup(body_of(metrics_page_get(port, wanted), "200", &page));
    ck_assert_ptr_nonnull(by_get);
    free(page);
    const char *by_post = body_of(
        metrics_page_post(port, "/score",
                          "{\"user\":1,\"rank\":3,\"ads\":[\"ad0\",\"ad1\","
                          "\"ad2\",\"ad3\",\"none\"]}"),
        "200", &page);
    ck_assert_str_eq(by_get, by_post);
    free(page);
    const char *at = pass(by_get, "{\"model\":12,\"answers\":[");
    for (int i = 0; i < 3; i++) {
        char ad[16] = "", *single;
        at = pass(at, i > 0 ? ",{\"ad\":\"" : "{\"ad\":\"");
        memcpy(ad, at, strcspn(at, "\"") % sizeof(ad));
        const char *said = strchr(at, ',') + 1;
        double p = strtod(pass(said, "\"p\":"), &rest);
        ck_assert(p <= last);
        last = p;
        snprintf(url, sizeof(url), "/score?user=1&ad=%s", ad);
        const char *alone =
            body_of(metrics_page_get(port, url), "200", &single);
        ck_assert_int_eq(strncmp(said, alone + 1, strcspn(said, "}")), 0);
        free(single);
        at = strchr(said, '}') + 1;
    }
    ck_assert_str_eq(at, "]}\n");
    free(by_get);
}

static void check_refused(const char *json, const char *status,
                          const char *says)
{
    char *page;
    const char *body =
        body_of(metrics_page_post(port, "/score", json), status, &page);

    ck_assert_msg(strstr(body, says), "no %s in %s", says, body);
    free(page);
}

static void start_scorer(const char *option)
{
    char port_option[32];
    const char *more[] = {port_option, NOBODY, state_option, option, NULL};

    port = metrics_page_free_port();
    snprintf(port_option, sizeof(port_option), "--http.port=%u", port);
    pipeline_start(&line, "score", more, &scorer);
}

/* The scorer's predictions, which borrow the records. */
static struct fixture_records read_predictions(struct prediction_event *events)
{
    kafka_fixture_await(line.names[PIPE_PREDICTIONS], COUNT, WAIT_MS);
    struct fixture_records scored =
        kafka_fixture_read(line.names[PIPE_PREDICTIONS]);

    ck_assert_uint_eq(scored.count, COUNT);
    for (size_t i = 0; i < scored.count; i++) {
        ck_assert_int_eq(one_prediction(scored.at[i].value,
                                        scored.at[i].value_size, &events[i],
                                        NULL),
                         EVENT_OK);
        ck_assert_uint_eq(events[i].model_version, VERSION);
    }
    return scored;
}

/* --- A model of pairs ------------------------------------------------- */

START_TEST(whoever_is_asked_says_the_same)
{
    char to_option[128];
    size_t of_basis[BASIS_COUNT] = {0};
    static struct prediction_event events[COUNT];

    serve_tiny_model();
    impression_feed_send(&impressions, 0, COUNT, FEED_COMMITS);
    start_scorer(NULL);
    struct fixture_records scored = read_predictions(events);
    for (size_t i = 0; i < COUNT; i++) {
        of_basis[events[i].basis]++;
        check_http(&events[i], "");
    }
    check_list(events, COUNT, no_field);
    check_rank();
    check_refused("{\"user\":1,\"ads\":[1,{}]}", "400",
                  "ads[1]: 'ad' is missing");
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

/* --- A model of fields ------------------------------------------------ */

enum { USERS = 9, ADS = 5, POSITIONS = 3 };

static bool lacks_position(size_t at)
{
    return at % 4 == 0;
}

/* One user and one ad are unknown to the model, and one position. */
static size_t user_of(size_t at)
{
    return at * at % (USERS + 1);
}

static size_t ad_of(size_t at)
{
    return at % (ADS + 1);
}

static size_t position_of(size_t at)
{
    return 1 + at % (POSITIONS + 1);
}

static void position_member(size_t at, char out[LINE_SIZE])
{
    out[0] = '\0';
    if (!lacks_position(at))
        snprintf(out, LINE_SIZE, ",\"position\":%zu", position_of(at));
}

static void fit_fields(void)
{
    char rows[64], output_option[80];
    const char *arguments[] = {"fit",
                               rows,
                               output_option,
                               "--model=fields",
                               "--fields=user+ad+position",
                               "--params=fields=user+ad+position bits=12",
                               "--scale=0..1",
                               NULL};
    struct child_process child = {.pid = 0};

    snprintf(rows, sizeof(rows), "%s/rows.csv", folder);
    snprintf(output_option, sizeof(output_option), "--output=%s", path);
    FILE *file = fopen(rows, "w");
    ck_assert_ptr_nonnull(file);
    fputs("user,ad,position,click\n", file);
    for (int i = 0; i < 400; i++)
        fprintf(file, "%d,a%d,%d,%d\n", i * i % USERS, i % ADS,
                1 + i % POSITIONS, i * 7 % 10 < i % 3 * 4);
    ck_assert_int_eq(fclose(file), 0);
    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    child_end(&child);
    ck_assert_ok(snapshot_read(path, &model, &err), err);
    ck_assert_ptr_nonnull(model_fields(model->model));
}

static void send_impressions(void)
{
    struct test_producer *producer = test_producer_new(line.brokers);
    char text[LINE_SIZE], position[LINE_SIZE];

    for (size_t i = 0; i < COUNT; i++) {
        position_member(i, position);
        snprintf(text, sizeof(text),
                 "{\"id\":%zu,\"ts\":%zu,\"user\":%zu,\"ad\":\"a%zu\"%.60s}", i,
                 1700000000000 + i, user_of(i), ad_of(i), position);
        test_producer_send_text(producer, impressions.topic, "key", text);
    }
    test_producer_free(producer);
}

/* What predict says of the same pairs with their positions in a file: p, basis
 * in the order of the impressions. */
static void check_predicted(const struct prediction_event *events)
{
    char pairs[64], *rest = NULL;
    const char *arguments[] = {"predict",
                               pairs,
                               snapshot_option,
                               "--field.default=position:2",
                               "--details",
                               "--format=csv",
                               NULL};
    struct child_process child = {.pid = 0};

    snprintf(pairs, sizeof(pairs), "%s/pairs.csv", folder);
    FILE *file = fopen(pairs, "w");
    ck_assert_ptr_nonnull(file);
    fputs("user,ad,position\n", file);
    for (size_t i = 0; i < COUNT; i++) {
        fprintf(file, "%zu,a%zu,", user_of(i), ad_of(i));
        if (!lacks_position(i))
            fprintf(file, "%zu", position_of(i));
        fputc('\n', file);
    }
    ck_assert_int_eq(fclose(file), 0);
    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    char *of_file = without(child_output(&child), 2);
    const char *at = of_file;
    for (size_t i = 0; i < COUNT; i++) {
        double p = strtod(at, &rest);
        ck_assert_mem_eq(&p, &events[i].p, sizeof(p));
        at = pass(pass(rest, ","), basis_name(events[i].basis));
        at = strchr(at, '\n') + 1;
    }
    free(of_file);
    child_end(&child);
}

START_TEST(a_question_has_the_fields_of_an_impression)
{
    static struct prediction_event events[COUNT];
    size_t of_basis[BASIS_COUNT] = {0};
    char argument[LINE_SIZE] = "";

    fit_fields();
    keep_model("fields");
    send_impressions();
    start_scorer("--field.default=position:2");
    struct fixture_records scored = read_predictions(events);
    for (size_t i = 0; i < COUNT; i++) {
        of_basis[events[i].basis]++;
        snprintf(argument, sizeof(argument), "&position=%zu", position_of(i));
        check_http(&events[i], lacks_position(i) ? "" : argument);
    }
    check_list(events, COUNT, position_member);
    pipeline_stop(&scorer, WAIT_MS);
    check_predicted(events);
    fixture_records_free(&scored);
    ck_assert_uint_gt(of_basis[BASIS_LEARNED], 0);
    ck_assert_uint_gt(of_basis[BASIS_PARTIAL], 0);
    ck_assert_uint_gt(of_basis[BASIS_ASSUMED], 0);
}
END_TEST

/* A ranking without a model would have no meaning. */
START_TEST(without_a_model_nothing_is_ranked)
{
    char *page;

    start_scorer("--no_model.p=0.25");
    metrics_page_await(port, "process_resident_memory_bytes", 1, WAIT_MS);
    const char *body =
        body_of(metrics_page_get(port, "/score?user=1&ad=2"), "200", &page);
    ck_assert_str_eq(body, "{\"p\":0.25,\"basis\":\"none\",\"model\":0}\n");
    free(page);
    check_refused("{\"user\":1,\"ad\":2}", "503", "no model");
    body_of(metrics_page_get(port, "/rank?user=1&ads=2"), "503", &page);
    free(page);
    pipeline_stop(&scorer, WAIT_MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("one answer");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, whoever_is_asked_says_the_same);
    tcase_add_test(tests, a_question_has_the_fields_of_an_impression);
    tcase_add_test(tests, without_a_model_nothing_is_ranked);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "one answer for one pair");
}
