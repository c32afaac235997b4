/*
 * demo.c - `pctr demo`: the whole way in one process, for a first
 * look. An embedded broker, a feed, two scoring workers, a trainer, and an
 * observer that reads what they write.
 */
#include "cli/command.h"
#include "cli/demo/demo_parts.h"
#include "cli/demo/demo_view.h"

#include "cli/data/table_settings.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    TERMINAL_MS = 250,
    PLAIN_MS = 2000,
    DRAIN_MS = 20000, /* from the last impression to the last prediction */
    DEADLINE_MS = 20000,
};

#define FIELD(f)                                                               \
    offsetof(struct demo_settings, f), sizeof(((struct demo_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "rate",            CONFIG_F64,  FIELD(rate), "2000", 1, 1e6, NULL, "impressions a second"},
    TABLE_KEYS(table.table),
    PAIR_COLUMN_KEYS(table.user, table.ad),
    CLICK_COLUMN_KEYS(table.click, table.click_min),
    {GROUP_FIELDS, "field.anonymous", CONFIG_TEXT, FIELD(anonymous), "", 0, 0, NULL, "user ids that stand for an unknown person, comma separated"},
    {GROUP_MODEL, "model.algorithm", CONFIG_TEXT, FIELD(algorithm), "fields", 1, 0, NULL, "algorithm of the trainer"},
    {GROUP_MODEL, "model.params",    CONFIG_TEXT, FIELD(params), "", 0, 0, NULL, "its parameters, as 'factors=20'"},
    {GROUP_MODEL, "retrain.rows",    CONFIG_U64,  FIELD(retrain_rows), "6000", 100, 1e9, NULL, "number of new rows that starts a fit"},
    {GROUP_MODEL, "publish.every_ms", CONFIG_U32, FIELD(publish_every_ms), "1000", 0, 3600000, NULL, "time between two deltas, which bring scorers what was learned since; 0: there are none"},
    {GROUP_WORLD, "rows",            CONFIG_U64,  FIELD(world.rows), "50000", 1000, 1e9, NULL, "impressions of the synthetic world"},
    {GROUP_WORLD, "users",           CONFIG_U32,  FIELD(world.users), "500", 1, 10000000, NULL, "users of the world"},
    {GROUP_WORLD, "ads",             CONFIG_U32,  FIELD(world.ads), "100", 1, 10000000, NULL, "ads of the world"},
    {GROUP_WORLD, "seed",            CONFIG_U64,  FIELD(seed), "1", 0, 4294967295.0, NULL, "seed of the world and of the model"},
    CONFIG_END,
};
/* clang-format on */

/* --- Watching --------------------------------------------------------- */

static bool all_alive(const struct demo *demo)
{
    return scorer_is_running(demo->scorer) && trainer_is_running(demo->trainer);
}

static bool is_complete(const struct demo *demo)
{
    struct demo_observer_counts seen = demo_observer_counts(demo->observer);
    struct feed_counts fed = feed_counts(demo->feed);

    return seen.predictions + seen.dead_letters >= fed.impressions &&
           seen.labels >= fed.labels;
}

static int watch(struct demo *demo, struct error *err)
{
    struct demo_view view;
    int64_t shown_ms = 0;
    struct demo_moment moment = {.seconds = 0};

    demo_view_start(&view);
    int64_t started_ms = clock_monotonic_ms();
    int64_t fed_at_ms = started_ms; /* a small file is fed before the loop */
    while (all_alive(demo)) {
        if (demo_observer_serve(demo->observer, TERMINAL_MS / 2, err) < 0)
            return -1;
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms - shown_ms >= (view.terminal ? TERMINAL_MS : PLAIN_MS)) {
            moment.seconds = (double)(now_ms - started_ms) / 1e3;
            moment.impressions = feed_counts(demo->feed).impressions;
            moment.serving = model_board_epoch(demo->board);
            if (demo_observer_moment(demo->observer, &moment, err) < 0)
                return -1;
            demo_view_show(&view, &moment);
            shown_ms = now_ms;
        }
        if (!demo->fed)
            fed_at_ms = now_ms;
        else if (is_complete(demo) || now_ms - fed_at_ms > DRAIN_MS)
            return 0;
    }
    return 0;
}

/* --- The end ---------------------------------------------------------- */

static void print_gain(const struct demo_version *versions, size_t count)
{
    const struct demo_version *first = versions, *last = versions + count - 1;

    while (first < last && first->version == 0)
        first++;
    if (first >= last)
        return;
    double before = first->evaluation.normalised_entropy;
    double after = last->evaluation.normalised_entropy;
    if (!isfinite(before) || !isfinite(after))
        return; /* without clicks there is nothing to compare */
    printf("\nModel %" PRIu64 " against model %" PRIu64 ": AUC %.4f -> %.4f,\n"
           "normalised entropy %.4f -> %.4f (%.1f %% %s).\n",
           last->version, first->version, first->evaluation.auc,
           last->evaluation.auc, before, after,
           100 * (after < before ? before - after : after - before) / before,
           after < before ? "better" : "worse");
}

static void print_freshness(struct first_clicks_summary summary)
{
    if (summary.users == 0)
        return;
    printf(
        "A new user's first click is in predictions after %.1f s, and in 9 of "
        "10\ncases after %.1f s (%zu users).\n",
        summary.median_ms / 1e3, summary.p90_ms / 1e3, summary.users);
}

static int print_account(struct demo *demo,
                         const struct trainer_counts *learned,
                         struct error *err)
{
    struct demo_version versions[DEMO_VERSIONS_MAX];
    struct demo_moment end = {.versions = versions};
    struct demo_observer_counts seen = demo_observer_counts(demo->observer);
    uint64_t in = feed_counts(demo->feed).impressions;
    uint64_t out = seen.predictions + seen.dead_letters;

    demo_observer_close_windows(demo->observer);
    if (demo_observer_moment(demo->observer, &end, err) < 0)
        return -1;
    putchar('\n');
    demo_view_versions(end.versions, end.version_count);
    if (end.version_count > 0)
        print_gain(end.versions, end.version_count);
    print_freshness(demo_observer_first_clicks(demo->observer));
    printf("\nimpressions in %" PRIu64 " %s predictions %" PRIu64
           " + dead letters %" PRIu64 "\n"
           "published %" PRIu64 " snapshots and %" PRIu64
           " deltas, joined %" PRIu64 " clicks\n",
           in, in == out ? "=" : "!=", seen.predictions, seen.dead_letters,
           learned->models.published, learned->deltas, learned->books.joined);
    if (seen.repeated > 0)
        printf("scored again after a rebalance %" PRIu64 "\n", seen.repeated);
    fputs("The embedded broker has no transactions: this was at-least-once.\n"
          "Exactly-once needs a real Kafka (deploy/kafka, pctr score).\n",
          stdout);
    if (in != out)
        return error_set(err, ERROR_FAILED, "the account does not balance");
    return 0;
}

/* --- The command ------------------------------------------------------ */

static int open_source(const struct invocation *with,
                       struct demo_settings *settings,
                       struct event_source **source, struct error *err)
{
    if (with->argument_count > 1)
        return error_set(err, ERROR_USAGE, "name one FILE at most");
    settings->world.seed = settings->seed;
    settings->world.rank = 4;
    settings->world.click_rate = 0.15;
    settings->world.spread = 1;
    settings->world.affinity = 0.6;
    settings->world.zipf = 0.7;
    settings->world.drift = 0.3;
    if (with->argument_count == 0)
        return world_open(&settings->world, source, err);
    settings->table.path = with->arguments[0];
    settings->table.id_start = 1;
    text_copy(settings->table.extras, sizeof(settings->table.extras), "none");
    return table_source_open(&settings->table, source, err);
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    struct demo_settings *settings = given;
    struct demo demo = {.settings = settings, .kafka = with->kafka};
    struct trainer_counts learned = {0};

    if (isatty(STDERR_FILENO))
        log_set_level(LOG_WARN); /* lines would tear the table */
    fputs("A first look: everything in one process, on an embedded broker.\n"
          "feed -> impressions -> 2 scoring workers -> predictions\n"
          "     -> labels -----> trainer -> snapshots -> the workers again\n\n",
          stderr);
    if (stop_on_signals(DEADLINE_MS, err) < 0)
        return -1;
    int status = open_source(with, settings, &demo.source, err);
    if (status == 0)
        status = demo_start(&demo, err);
    if (status == 0)
        status = watch(&demo, err);
    status = demo_stop(&demo, &learned, status, err);
    if (status == 0)
        status = print_account(&demo, &learned, err);
    demo_free(&demo);
    return status < 0 ? -1 : stop_exit_status();
}

const struct command demo_command = {
    .name = "demo",
    .summary = "see it all in one process, in under a minute",
    .arguments = "[FILE]",
    .examples = "  pctr demo\n"
                "  pctr demo clicks.csv.gz --field.anonymous=0\n",
    .help = "Feeds FILE (CSV, ARFF; see pctr feed) or a synthetic world to two "
            "scoring workers and a trainer on an embedded broker, shows what "
            "happens, and ends with an account: what each model was worth, how "
            "soon the first click of a new user was in predictions, and that "
            "nothing is missing.\n",
    .keys = keys,
    .settings_size = sizeof(struct demo_settings),
    .run = run,
};
