/*
 * replay_pages.c - pages of replays that never were, for a browser to look at.
 *
 *   replay_pages FOLDER
 *
 * Writes FOLDER/<name>.html and FOLDER/<name>.txt, what a terminal shows, for
 * each of the cases below: the same code as `pctr replay` on made-up answers.
 */
#include "cli/replay/replay_view.h"

#include "common/base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_MS = 3600000 };

/* 2026-11-02T00:00Z */
#define START_MS INT64_C(1793577600000)

struct page_case {
    const char *name;
    size_t contenders, rows;
    int64_t hours;         /* that the rows are spread over */
    int64_t window_hours;  /* 0: the report chooses */
    double base;           /* click rate, about */
    int64_t swap_every_ms; /* of the first contender; others: a day */
    bool unlabelled, unclicked, sliced;
    bool silent;                       /* the last contender never answers */
    const char *names[CONTENDERS_MAX]; /* NULL: c<number> */
};

static const struct page_case cases[] = {
    {.name = "plain",
     .contenders = 4,
     .rows = 20000,
     .hours = 24 * 28,
     .base = 0.2,
     .swap_every_ms = INT64_C(24) * HOUR_MS,
     .sliced = true,
     .names = {"live", "svd", "baseline", "popular"}},
    {.name = "one",
     .contenders = 1,
     .rows = 6000,
     .hours = 24 * 7,
     .base = 0.1,
     .swap_every_ms = HOUR_MS / 4,
     .names = {"live"}},
    {.name = "one-window",
     .contenders = 2,
     .rows = 3000,
     .hours = 1,
     .window_hours = 2,
     .base = 0.3,
     .swap_every_ms = INT64_C(24) * HOUR_MS,
     .names = {"live", "next"}},
    {.name = "rare",
     .contenders = 3,
     .rows = 60000,
     .hours = 24 * 30,
     .base = 0.004,
     .swap_every_ms = INT64_C(12) * HOUR_MS,
     .names = {"live", "svd", "baseline"}},
    {.name = "eight",
     .contenders = 8,
     .rows = 40000,
     .hours = 200,
     .window_hours = 1,
     .base = 0.25,
     .swap_every_ms = INT64_C(2) * HOUR_MS,
     .names = {"live", "refit:svd factors=20 epochs=30 learning_rate=0.005",
               "a-snapshot-file-with-a-name-that-has-no-place-to-break.snap",
               "refit:baseline", "refit:popular", "knn of ads",
               "<script>alert(1)</script>", "last & \"least\""}},
    {
        .name = "sixteen",
        .contenders = 16,
        .rows = 8000,
        .hours = 24 * 10,
        .base = 0.3,
        .swap_every_ms = INT64_C(24) * HOUR_MS,
    },
    {.name = "no-clicks",
     .contenders = 2,
     .rows = 500,
     .hours = 48,
     .base = 0.1,
     .unclicked = true,
     .swap_every_ms = INT64_C(24) * HOUR_MS,
     .names = {"live", "next"}},
    {.name = "no-labels",
     .contenders = 2,
     .rows = 500,
     .hours = 48,
     .base = 0.1,
     .unlabelled = true,
     .swap_every_ms = INT64_C(24) * HOUR_MS,
     .names = {"live", "next"}},
    {.name = "silent",
     .contenders = 2,
     .rows = 500,
     .hours = 48,
     .base = 0.1,
     .silent = true,
     .swap_every_ms = INT64_C(24) * HOUR_MS,
     .names = {"live", "gone"}},
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void check(int status, const struct error *err)
{
    if (status < 0) {
        fprintf(stderr, "replay_pages: %s\n", err->text);
        exit(EXIT_FAILURE);
    }
}

/* --- Answers ---------------------------------------------------------- */

/* What a reader finds in {"position": number}. */
static struct event_found position(struct replay_log *log, size_t number)
{
    struct event_found found = {.seen = 1u << log->field_at[0]};

    found.values[log->field_at[0]] = (struct cursor_value){
        .type = CURSOR_INTEGER, .integer = (int64_t)number};
    return found;
}

static uint64_t version_at(const struct page_case *of, size_t contender,
                           int64_t after_ms)
{
    int64_t every_ms =
        contender == 0 ? of->swap_every_ms : INT64_C(24) * HOUR_MS;

    return (uint64_t)(1 + after_ms / every_ms);
}

/* The truth, blurred: more so for later contenders. */
static double answer(double log_odds, size_t contender, uint64_t *state)
{
    double blurred = log_odds + (0.2 + 0.15 * (double)contender) *
                                    (random_normal(state) + 0.2);

    return 1 / (1 + exp(-blurred));
}

static void add_row(const struct page_case *of, struct replay_log *made,
                    size_t row, uint64_t *state)
{
    struct error err;
    /* By night there is less of it, and it is clicked less. */
    double at = ((double)row + random_uniform(state)) / (double)of->rows;
    int64_t after_ms = (int64_t)(at * (double)(of->hours * HOUR_MS));
    double day = sin(2 * 3.14159 * (double)after_ms / (24.0 * HOUR_MS));
    double log_odds =
        log(of->base / (1 - of->base)) + 0.3 * day + 0.9 * random_normal(state);

    struct replay_row *added = NULL;

    struct event_found found = position(made, row % 5);
    struct replay_row head = {.ts_ms = START_MS + after_ms,
                              .offset = (int64_t)row,
                              .unit = row,
                              .label = NAN};
    check(replay_log_append(made, &head, &found, &added, &err), &err);
    for (size_t c = 0; c < of->contenders; c++)
        added->answers[c] = (struct replay_answer){
            .p = of->silent && c + 1 == of->contenders
                     ? NAN
                     : answer(log_odds, c, state),
            .version = version_at(of, c, after_ms),
            .basis =
                random_uniform(state) < 0.7 ? BASIS_LEARNED : BASIS_PARTIAL};
    bool clicked = random_uniform(state) < 1 / (1 + exp(-log_odds));
    if (!of->unlabelled)
        added->label = clicked && !of->unclicked ? 1.0F : 0.0F;
    check(replay_log_note_swaps(made, &err), &err);
}

static struct replay_log *make_log(const struct page_case *of)
{
    struct replay_log_config config = {.contenders = of->contenders,
                                       .rows_max = of->rows};
    struct replay_log *log = NULL;
    struct error err;
    uint64_t state = 7;

    if (of->sliced)
        snprintf(config.fields[0], sizeof(config.fields[0]), "position");
    check(replay_log_new(&config, &log, &err), &err);
    for (size_t row = 0; row < of->rows; row++)
        add_row(of, log, row, &state);
    check(replay_log_settle(log, INT64_MAX, &err), &err);
    return log;
}

/* --- Pages ------------------------------------------------------------ */

static void print_to(const char *folder, const char *name, const char *suffix,
                     const struct replay_view *view,
                     void (*print)(const struct replay_view *, FILE *))
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s.%s", folder, name, suffix);
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    print(view, out);
    if (fclose(out) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static void write_case(const char *folder, const struct page_case *of)
{
    struct replay_config config = {.name = "click",
                                   .impressions = "pctr.impressions",
                                   .contender_count = of->contenders};
    struct replay_report_config wanted = {.window_ms =
                                              of->window_hours * HOUR_MS,
                                          .settled_before_ms = INT64_MAX,
                                          .bootstrap = {100, 1, 0.95},
                                          .slices_max = 20,
                                          .sort_bytes = 16 << 20};
    struct replay replay = {.log = make_log(of)};
    struct replay_report *report = NULL;
    struct error err;

    for (size_t c = 0; c < of->contenders; c++)
        if (of->names[c])
            snprintf(config.contenders[c].name,
                     sizeof(config.contenders[c].name), "%s", of->names[c]);
        else
            snprintf(config.contenders[c].name,
                     sizeof(config.contenders[c].name), "c%zu", c);
    check(replay_report_make(replay.log, &wanted, &report, &err), &err);
    struct replay_view view = {&config, &replay, report};
    print_to(folder, of->name, "html", &view, replay_print_page);
    print_to(folder, of->name, "txt", &view, replay_print_tables);
    replay_report_free(report);
    replay_log_free(replay.log);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: replay_pages FOLDER\n", stderr);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < CASES; i++)
        write_case(argv[1], &cases[i]);
    return EXIT_SUCCESS;
}
