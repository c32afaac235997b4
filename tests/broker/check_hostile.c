/*
 * check_hostile.c - one writer of impressions and labels does its worst beside
 * an honest one: the honest impressions are predicted, the honest labels are
 * joined, and the model is as good as without it.
 *
 * The honest producer and its world are the same in both runs. What is judged
 * is its own: predictions by id, labels by the place of their impression, and
 * the published model on impressions that it never sent. One trainer comes
 * later and reads all from the beginning, one works while both producers write.
 */
#include "support/attacker.h"
#include "support/honest_world.h"
#include "support/metrics_page.h"
#include "support/one_event.h"
#include "support/pipeline.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"
#include "support/truth.h"

#include "common/base/clock.h"
#include "common/event/event_codec.h"

#include "producer/publisher.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PARTITIONS = 4,
    ROWS = 16000,
    UNSEEN = 8000,     /* further impressions, which nobody learns from */
    STRIKE_EVERY = 16, /* honest impressions */
    FLOOD = 6000,
    SETTLED = ROWS - 1200, /* whose windows are over at the end */
    WAIT_MS = 60000,
    PATH_SIZE = 32,
    FIT_ROWS = 4000, /* from one model to the next of a live trainer */
};

#define NE_SHARE_MAX 0.01
#define UNIT "--field.ts.unit=ms" /* the attacker's times are no guesses */

/* What a run says of the honest producer. */
struct outcome {
    uint64_t predicted; /* of its impressions: exactly once */
    uint64_t unjoined;  /* of its clicks */
    uint64_t wrong;     /* labels of its impressions that are settled */
    double ne;          /* of the model, on those that nobody has seen */
};

static struct error err;
static struct pipeline way;
static struct child_process scorer, live_trainer;
static struct proceedings proceedings;
static struct publisher *honest;

/* When honest events happen, and when the join has done with them. */
struct timing {
    int64_t rows;              /* honest impressions */
    int64_t start_ms, step_us; /* from an impression to the next */
    int64_t click_rows;        /* from an impression to its click */
    const char *window, *late;
    bool is_live; /* they are sent when they happen */
};

static struct timing timing = {.rows = ROWS,
                               .step_us = 500 * 1000,
                               .click_rows = 40,
                               .window = "--join.window_ms=120000",
                               .late = "--join.late_ms=240000"};

static void stop(void)
{
    publisher_close(honest);
    honest = NULL;
    proceedings_free(&proceedings);
    child_end(&scorer);
    child_end(&live_trainer);
}

/* --- The honest world: all follows from an impression's number -------- */

static int64_t time_of(int64_t number)
{
    return timing.start_ms + number * timing.step_us / 1000;
}

static void send_honest(size_t topic, int64_t number, int64_t record_ms,
                        struct buffer *bytes)
{
    struct outgoing out = {.topic = topic,
                           .partition = (int32_t)(number % PARTITIONS),
                           .value = bytes->bytes,
                           .value_size = bytes->size,
                           .timestamp_ms = record_ms};

    ck_assert_ok(publisher_send(honest, &out, &err), err);
    buffer_free(bytes);
}

static void send_impression(int64_t number)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct impression event = {.id = id_from_number(number),
                               .user = id_from_number(honest_user(number)),
                               .ad = id_from_number(honest_ad(number)),
                               .ts_ms = time_of(number)};
    struct buffer bytes = {0};

    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    send_honest(0, number, event.ts_ms, &bytes);
}

static void send_label(int64_t number)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct label event = {.id = id_from_number(number),
                          .ts_ms = time_of(number + timing.click_rows),
                          .click = honest_is_clicked(number)};
    struct buffer bytes = {0};

    event_encode_label(&fields, &event, &bytes);
    send_honest(1, number, event.ts_ms, &bytes);
}

static bool is_labelled(int64_t number)
{
    return timing.is_live || honest_is_clicked(number);
}

static uint64_t count_clicks(void)
{
    uint64_t clicks = 0;

    for (int64_t i = 0; i < timing.rows; i++)
        clicks += honest_is_clicked(i);
    return clicks;
}

static void pace(int64_t at_ms)
{
    int64_t wait_ms = at_ms - clock_wall_ms();

    if (timing.is_live && wait_ms > 0)
        clock_sleep_ms(wait_ms);
}

/* Impressions and clicks in the order of their times, `attacker` among them. */
static void feed(struct attacker *attacker)
{
    struct publisher_config config = {
        .kafka = kafka_fixture_settings(),
        .linger_ms = 5,
        .topics = {way.names[PIPE_IMPRESSIONS], way.names[PIPE_LABELS], NULL}};

    ck_assert_ok(publisher_open(&config, &honest, &err), err);
    for (int64_t i = 0; i < timing.rows + timing.click_rows; i++) {
        pace(time_of(i));
        if (i < timing.rows)
            send_impression(i);
        if (i >= timing.click_rows && is_labelled(i - timing.click_rows))
            send_label(i - timing.click_rows);
        if (attacker && i % STRIKE_EVERY == 0)
            attacker_strike(attacker, time_of(i));
        if (attacker && i == timing.rows / 3)
            attacker_flood(attacker, 1, FLOOD, time_of(i));
    }
    ck_assert_ok(publisher_flush(honest, WAIT_MS, &err), err);
}

/* --- Scoring ---------------------------------------------------------- */

static void start_scorer(void)
{
    const char *more[] = {"--workers=2", "--http.port=0",
                          /* Else the flood takes a minute. */
                          "--dead_letters.rate_max=2000", UNIT, NULL};

    pipeline_start(&way, "score", more, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
    child_await_error(&scorer, "partitions=2 of=4", WAIT_MS);
}

/* The number of an honest impression, or -1. */
static int64_t honest_number(const struct id *id)
{
    return !id->text && id->number >= 0 && id->number < ROWS ? id->number : -1;
}

static uint64_t count_predicted_once(void)
{
    uint8_t *times = calloc(ROWS, 1);
    uint64_t once = 0;

    ck_assert_ptr_nonnull(times);
    for (size_t i = 0; i < proceedings.predictions.count; i++) {
        const struct fixture_record *record = &proceedings.predictions.at[i];
        struct prediction_event event;
        ck_assert_int_eq(
            one_prediction(record->value, record->value_size, &event, NULL),
            EVENT_OK);
        struct id id = event_span_id(event.raw_id);
        int64_t number = honest_number(&id);
        if (number >= 0 && times[number] < 2)
            times[number]++;
    }
    for (int64_t i = 0; i < ROWS; i++)
        once += times[i] == 1;
    free(times);
    return once;
}

/* Letters of labels lie beside those of impressions. */
static size_t drop_letters_of_labels(struct fixture_records *letters)
{
    struct fixture_records kept = {letters->at, 0}, dropped = {NULL, 0};

    dropped.at = calloc(letters->count + 1, sizeof(*dropped.at));
    ck_assert_ptr_nonnull(dropped.at);
    for (size_t i = 0; i < letters->count; i++) {
        const struct fixture_header *topic =
            fixture_record_header(&letters->at[i], "pctr.topic");
        ck_assert_ptr_nonnull(topic);
        bool is_kept = strcmp((const char *)topic->value,
                              way.names[PIPE_IMPRESSIONS]) == 0;
        struct fixture_records *to = is_kept ? &kept : &dropped;
        to->at[to->count++] = letters->at[i];
    }
    size_t count = dropped.count;
    *letters = kept;
    fixture_records_free(&dropped);
    return count;
}

/* --- Learning --------------------------------------------------------- */

/* What the trainer said. The caller frees. */
static char *train(void)
{
    const char *more[] = {"--exit.at_end",
                          "--http.port=0",
                          timing.window,
                          timing.late,
                          UNIT,
                          NULL};
    struct child_process trainer = {.pid = 0};

    pipeline_start(&way, "train", more, &trainer);
    int status = child_wait(&trainer, WAIT_MS);
    char *log = child_errors(&trainer);
    ck_assert_msg(status == 0, "status %d: %s", status, log);
    child_end(&trainer);
    return log;
}

/* Standard files of a run, away again at its end. */
static FILE *new_file(char path[PATH_SIZE])
{
    strcpy(path, "/tmp/pctr-hostile.XXXXXX");
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    ck_assert_ptr_nonnull(file);
    return file;
}

/* Log-loss over that of always saying the mean, on impressions that nobody
 * learned from. */
static double normalised_entropy(uint64_t version)
{
    char path[PATH_SIZE];
    double loss = 0, clicks = 0;

    FILE *pairs = new_file(path);
    fputs("user,ad\n", pairs);
    for (int64_t i = ROWS; i < ROWS + UNSEEN; i++)
        fprintf(pairs, "%" PRId64 ",%" PRId64 "\n", honest_user(i),
                honest_ad(i));
    ck_assert_int_eq(fclose(pairs), 0);
    char *output = truth_answers(&way, version, path);
    unlink(path);

    const char *line = strchr(output, '\n');
    for (int64_t i = ROWS; i < ROWS + UNSEEN; i++) {
        double p = NAN;
        ck_assert(line && sscanf(line, "\n%*[^,],%*[^,],%lf", &p) == 1);
        line = strchr(line + 1, '\n');
        loss -= log(honest_is_clicked(i) ? p : 1 - p);
        clicks += honest_is_clicked(i);
    }
    free(output);
    double mean = clicks / UNSEEN;
    return loss / UNSEEN / -(mean * log(mean) + (1 - mean) * log(1 - mean));
}

/* --- Labels, by the place of their impression ------------------------- */

/* The honest number at a place; -1: another's. */
static int32_t *numbers_by_place(int32_t partition)
{
    const struct fixture_records *all = &proceedings.impressions;
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    int32_t *numbers = malloc((all->count + 1) * sizeof(*numbers));

    ck_assert_ptr_nonnull(numbers);
    memset(numbers, -1, (all->count + 1) * sizeof(*numbers));
    for (size_t i = 0; i < all->count; i++) {
        const struct fixture_record *record = &all->at[i];
        struct impression event;
        if (record->partition == partition &&
            one_impression(&fields, record->value, record->value_size, &event,
                           NULL) == EVENT_OK)
            numbers[record->offset] = (int32_t)honest_number(&event.id);
    }
    return numbers;
}

/* A line for each impression. The caller closes it. */
static FILE *replayed_labels(void)
{
    char path[PATH_SIZE], option[PATH_SIZE + 24];
    const char *more[] = {
        "--bootstrap=0", option, timing.window, timing.late, UNIT,
        "epoch:1",       NULL};

    fclose(new_file(path));
    snprintf(option, sizeof(option), "--predictions.file=%s", path);
    free(pipeline_run(&way, "replay", more, WAIT_MS));
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    unlink(path);
    return file;
}

/* Impressions are settled when their window is over; a click joins before. */
static void judge_labels(struct outcome *outcome)
{
    int32_t *numbers[PARTITIONS];
    FILE *lines = replayed_labels();
    char line[256];
    uint64_t right = 0, joined = 0;

    for (int32_t p = 0; p < PARTITIONS; p++)
        numbers[p] = numbers_by_place(p);
    while (fgets(line, sizeof(line), lines)) {
        int partition;
        long long offset;
        double label;
        if (sscanf(line, "%d,%lld,%*d,%lf", &partition, &offset, &label) != 3)
            continue; /* the head, or without a label */
        int32_t number = numbers[partition][offset];
        bool is_right =
            number >= 0 && label == (double)honest_is_clicked(number);
        right += is_right && number < SETTLED;
        joined += is_right && honest_is_clicked(number);
    }
    fclose(lines);
    for (int32_t p = 0; p < PARTITIONS; p++)
        free(numbers[p]);
    outcome->unjoined = count_clicks() - joined;
    outcome->wrong = SETTLED - right;
}

/* --- Runs ------------------------------------------------------------- */

static void check_letters(const struct attacker_books *sent, size_t of_labels,
                          const char *log)
{
    struct verdict verdict = verifier_judge(&proceedings.evidence);

    verdict_print("hostile", &verdict);
    ck_assert_uint_eq(verdict.lost + verdict.doubled + verdict.strange +
                          verdict.torn + verdict.disorder + verdict.backwards,
                      0);
    ck_assert_uint_eq(verdict.dead_letters, sent->bad_impressions);
    ck_assert_uint_eq(verdict.predictions, ROWS + sent->impressions);
    ck_assert_uint_eq(child_log_number(log, "labels", "bad_records"),
                      sent->bad_labels + sent->bad_impressions);
    ck_assert_uint_eq(child_log_number(log, "labels", "dead_letters"),
                      of_labels);
}

/* The honest producer sends, and the other one beside it. */
static struct attacker_books feed_beside(bool is_attacked)
{
    struct attacker_books sent = {.impressions = 0};
    struct attacker *attacker =
        is_attacked ? attacker_open(&way, HONEST_SEED, HONEST_USERS, HONEST_ADS)
                    : NULL;

    feed(attacker);
    if (attacker)
        sent = attacker_close(attacker);
    return sent;
}

/* Both producers send while the scorer scores. */
static struct attacker_books feed_and_score(bool is_attacked)
{
    pipeline_create(&way, PARTITIONS);
    start_scorer();
    struct attacker_books sent = feed_beside(is_attacked);
    publisher_close(honest);
    honest = NULL;
    pipeline_await_scored(&way, WAIT_MS);
    pipeline_stop(&scorer, WAIT_MS);
    child_end(&scorer);
    return sent;
}

static struct outcome run(bool is_attacked)
{
    int64_t began_ms = clock_monotonic_ms();
    struct attacker_books sent = feed_and_score(is_attacked);
    struct outcome outcome;
    char *log = train();

    pipeline_read(&way, &proceedings);
    size_t of_labels = drop_letters_of_labels(&proceedings.dead_letters);
    outcome.predicted = count_predicted_once();
    judge_labels(&outcome);
    outcome.ne = normalised_entropy(1);
    check_letters(&sent, of_labels, log);
    /* By record above; the trainer itself says sums, with the attacker's. */
    uint64_t joined = child_log_number(log, "labels", "joined") +
                      child_log_number(log, "labels", "late");
    ck_assert_uint_ge(joined, count_clicks());
    ck_assert_uint_le(joined, count_clicks() + sent.own_clicks);
    printf("%s: predicted once=%" PRIu64 " of %d, unjoined=%" PRIu64
           " of %" PRIu64 ", wrong labels=%" PRIu64 ", NE=%.5f; attacker: "
           "%" PRIu64 " impressions and %" PRIu64 " labels, no events: %" PRIu64
           " and %" PRIu64 "; took %d ms\n",
           is_attacked ? "attacked" : "alone", outcome.predicted, ROWS,
           outcome.unjoined, count_clicks(), outcome.wrong, outcome.ne,
           sent.impressions, sent.labels, sent.bad_impressions, sent.bad_labels,
           (int)(clock_monotonic_ms() - began_ms));
    free(log);
    proceedings_free(&proceedings);
    return outcome;
}

static void assert_served(const struct outcome *outcome)
{
    ck_assert_uint_eq(outcome->predicted, ROWS);
    ck_assert_uint_eq(outcome->unjoined, 0);
    ck_assert_uint_eq(outcome->wrong, 0);
}

START_TEST(an_honest_producer_is_served_as_if_the_other_were_not_there)
{
    /* The newest records are of now: what is ahead of them is ahead of the
     * clock, too. */
    timing.start_ms =
        clock_wall_ms() / 1000 * 1000 - ROWS * timing.step_us / 1000;
    struct outcome alone = run(false), attacked = run(true);

    assert_served(&alone);
    assert_served(&attacked);
    ck_assert_double_lt(alone.ne, 0.99); /* it knows something */
    ck_assert_double_lt(fabs(attacked.ne / alone.ne - 1), NE_SHARE_MAX);
}
END_TEST

/* --- A trainer that runs meanwhile ------------------------------------ */

static unsigned start_live_trainer(void)
{
    unsigned port = metrics_page_free_port();
    char http[32], rows[32];
    const char *more[] = {
        http,        rows, "--retrain.every_ms=0", timing.window,
        timing.late, UNIT, "--evaluate=false",     NULL};

    snprintf(http, sizeof(http), "--http.port=%u", port);
    snprintf(rows, sizeof(rows), "--retrain.rows=%d", FIT_ROWS);
    pipeline_start(&way, "train", more, &live_trainer);
    child_await_error(&live_trainer, "\"training\"", WAIT_MS);
    return port;
}

static uint64_t newest_version(void)
{
    char *log = child_errors(&live_trainer);
    uint64_t version = strstr(log, "\"model published\"")
                           ? child_log_number(log, "model published", "version")
                           : 0;

    free(log);
    return version;
}

/* A model of all that is known by now. */
static uint64_t publish_now(void)
{
    int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;
    uint64_t before = newest_version();

    child_signal(&live_trainer, SIGUSR1);
    while (newest_version() == before) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(100);
    }
    return before + 1;
}

/* As fast as it happens, and so with windows of seconds. What is not clicked is
 * labelled, too: else there would be no saying whether its label was joined. */
static const struct timing live = {.rows = 8000,
                                   .step_us = 400,
                                   .click_rows = 750, /* 300 ms */
                                   .window = "--join.window_ms=6000",
                                   .late = "--join.late_ms=12000",
                                   .is_live = true};

/* Windows that the attacker's impressions keep open end the training set. */
static void move_time_on(void)
{
    enum { WINDOW_MS = 7000 };
    int64_t first =
        live.rows + live.click_rows + WINDOW_MS * 1000 / live.step_us;

    for (int64_t i = first; i < first + PARTITIONS; i++) {
        pace(time_of(i));
        send_impression(i);
    }
    ck_assert_ok(publisher_flush(honest, WAIT_MS, &err), err);
}

/* Returns the NE of the last model. */
static double run_live(bool is_attacked)
{
    int64_t began_ms = clock_monotonic_ms();

    pipeline_create(&way, PARTITIONS);
    timing = live;
    unsigned port = start_live_trainer();
    timing.start_ms = clock_wall_ms();
    struct attacker_books sent = feed_beside(is_attacked);
    move_time_on();
    publisher_close(honest);
    honest = NULL;
    ck_assert_int_ge(topic_ends_sum(way.names[PIPE_IMPRESSIONS]),
                     live.rows + PARTITIONS +
                         (int64_t)(sent.impressions + sent.bad_impressions));
    ck_assert_int_ge(topic_ends_sum(way.names[PIPE_LABELS]),
                     live.rows + (int64_t)(sent.labels + sent.bad_labels));
    pipeline_await_learned(&way, port, WAIT_MS);
    uint64_t version = publish_now();
    pipeline_stop(&live_trainer, WAIT_MS);
    char *log = child_errors(&live_trainer);
    child_end(&live_trainer);
    uint64_t joined = child_log_number(log, "labels", "joined") +
                      child_log_number(log, "labels", "late");
    double ne = normalised_entropy(version);
    printf("%s, live: joined=%" PRIu64 " of %" PRId64 " and %" PRIu64
           " of the attacker's, models=%" PRIu64 ", NE=%.5f; took %d ms\n",
           is_attacked ? "attacked" : "alone", joined, live.rows,
           sent.own_clicks, version, ne,
           (int)(clock_monotonic_ms() - began_ms));
    /* Those of nobody join nothing: all honest ones are among these. */
    ck_assert_msg(joined == (uint64_t)live.rows + sent.own_clicks, "%s",
                  child_last_words(log));
    free(log);
    return ne;
}

START_TEST(a_trainer_that_runs_meanwhile_learns_as_if_the_other_were_not_there)
{
    double alone = run_live(false), attacked = run_live(true);

    ck_assert_double_lt(alone, 0.99);
    ck_assert_double_lt(fabs(attacked / alone - 1), NE_SHARE_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(tests,
                   an_honest_producer_is_served_as_if_the_other_were_not_there);
    suite_add_tcase(suite, tests);
    tests = tcase_create("live");
    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, NULL, stop);
    tcase_add_test(
        tests,
        a_trainer_that_runs_meanwhile_learns_as_if_the_other_were_not_there);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(
        suite, "an honest producer beside one that does its worst");
}
