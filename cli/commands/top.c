/*
 * top.c - `pctr top` names the best ads for a user, or for all.
 */
#include "cli/command.h"
#include "cli/commands/settings.h"
#include "cli/data/csv_text.h"
#include "cli/data/seen_ads.h"
#include "cli/data/table_settings.h"
#include "common/base/json_writer.h"

#include "model/ask/top.h"
#include "model/rows/field_defaults.h"
#include "model/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 64 /* answered at a time */ };

enum output { OUTPUT_CSV, OUTPUT_JSON };
#define OUTPUT_WORDS "csv|json"

struct top_settings {
    char snapshot[512], user[ID_PRINT_SIZE], exclude[512];
    char user_column[64], ad_column[64];
    struct event_fields fields; /* their defaults alone */
    struct table_options table;
    int output;
    uint32_t n;
    bool csv_safe;
};

#define FIELD(f)                                                               \
    offsetof(struct top_settings, f), sizeof(((struct top_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "snapshot",    CONFIG_TEXT,   FIELD(snapshot), NULL, 0, 0, NULL, "file to rank with (pctr fit, pctr snapshot fetch)"},
    {GROUP_DATA, "user",        CONFIG_TEXT,   FIELD(user), "", 0, 0, NULL, "user to rank ads for; empty: every user of the snapshot"},
    {GROUP_DATA, "n",           CONFIG_U32,    FIELD(n), "10", 1, TOP_MAX, NULL, "ads for each user"},
    {GROUP_DATA, "output",      CONFIG_CHOICE, FIELD(output), "csv", 0, 0, OUTPUT_WORDS, "print a line for each ad, or a JSON object for each user"},
    CSV_SAFE_KEY(csv_safe),
    {GROUP_DATA, "exclude",     CONFIG_TEXT,   FIELD(exclude), "", 0, 0, NULL, "file of pairs that users have seen; they are left out"},
    TABLE_KEYS(table),
    PAIR_COLUMN_KEYS(user_column, ad_column),
    DEFAULT_FIELD_KEY(fields),
    CONFIG_END,
};
/* clang-format on */

/* Users whose answers are made together. */
struct block {
    struct top_request requests[USERS];
    struct id users[USERS];
    struct top_entry *entries; /* (USERS, n) */
    struct pair *pairs;        /* (n) */
    struct prediction *answers;
    size_t count;
    enum csv_cells cells;
};

/* --- Printing --------------------------------------------------------- */

static void print_csv(const struct snapshot *snapshot,
                      const struct block *block, size_t at)
{
    for (size_t i = 0; i < block->requests[at].found; i++) {
        struct id ad = id_map_id(snapshot->ads, block->pairs[i].item);
        csv_print_id(stdout, &block->users[at], block->cells);
        printf(",%zu,", i + 1);
        csv_print_id(stdout, &ad, block->cells);
        printf(",%.17g\n", block->answers[i].value);
    }
}

static int print_json(const struct snapshot *snapshot,
                      const struct block *block, size_t at, struct error *err)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};

    json_writer_open(&to, '{');
    json_writer_name(&to, "user");
    json_writer_id(&to, &block->users[at]);
    json_writer_name(&to, "ads");
    json_writer_open(&to, '[');
    for (size_t i = 0; i < block->requests[at].found; i++) {
        struct id ad = id_map_id(snapshot->ads, block->pairs[i].item);
        json_writer_open(&to, '{');
        json_writer_name(&to, "ad");
        json_writer_id(&to, &ad);
        json_writer_member_real(&to, "p", block->answers[i].value);
        json_writer_member_text(&to, "basis",
                                basis_name(block->answers[i].basis));
        json_writer_close(&to, '}');
    }
    json_writer_close(&to, ']');
    json_writer_close(&to, '}');
    int status = json_writer_print_line(&to, stdout, err);
    buffer_free(&line);
    return status;
}

/* The entries have estimates alone. Their whole answers are asked for here, and
 * printed. */
static int print_user(const struct top_settings *settings,
                      const struct snapshot *snapshot, struct block *block,
                      size_t at, struct error *err)
{
    const struct top_request *request = &block->requests[at];

    for (size_t i = 0; i < request->found; i++)
        block->pairs[i] = (struct pair){request->user, request->out[i].item};
    model_predict(snapshot->model, block->pairs, request->found,
                  block->answers);
    if (settings->output == OUTPUT_JSON)
        return print_json(snapshot, block, at, err);
    print_csv(snapshot, block, at);
    return 0;
}

/* --- Asking ----------------------------------------------------------- */

static void add_user(const struct top_settings *settings,
                     const struct snapshot *snapshot,
                     const struct seen_ads *seen, struct block *block,
                     struct id user)
{
    size_t at = block->count++;
    struct top_request *request = &block->requests[at];

    block->users[at] = user;
    *request = (struct top_request){
        .user = id_map_find(snapshot->users, &user),
        .out = block->entries + at * settings->n,
    };
    request->seen = seen_ads_of(seen, &user, &request->seen_count);
}

static int answer(const struct top_settings *settings,
                  const struct snapshot *snapshot, struct block *block,
                  struct error *err)
{
    if (top_rank(snapshot->model, block->requests, block->count, settings->n,
                 err) < 0)
        return -1;
    for (size_t i = 0; i < block->count; i++)
        if (print_user(settings, snapshot, block, i, err) < 0)
            return -1;
    block->count = 0;
    return 0;
}

static int answer_all(const struct top_settings *settings,
                      const struct snapshot *snapshot,
                      const struct seen_ads *seen, struct block *block,
                      struct error *err)
{
    if (settings->output == OUTPUT_CSV)
        puts("user,rank,ad,p");
    if (settings->user[0]) {
        struct id user = id_from_text(settings->user, strlen(settings->user));
        add_user(settings, snapshot, seen, block, user);
        return answer(settings, snapshot, block, err);
    }
    for (uint32_t u = 0; u < id_map_count(snapshot->users); u++) {
        add_user(settings, snapshot, seen, block,
                 id_map_id(snapshot->users, u));
        if (block->count == USERS && answer(settings, snapshot, block, err) < 0)
            return -1;
    }
    return answer(settings, snapshot, block, err);
}

static void block_free(struct block *block)
{
    if (!block)
        return;
    free(block->entries);
    free(block->pairs);
    free(block->answers);
    free(block);
}

static struct block *block_new(size_t n)
{
    struct block *block = calloc(1, sizeof(*block));

    if (!block)
        return NULL;
    block->entries = malloc(USERS * n * sizeof(*block->entries));
    block->pairs = malloc(n * sizeof(*block->pairs));
    block->answers = malloc(n * sizeof(*block->answers));
    if (!block->entries || !block->pairs || !block->answers) {
        block_free(block);
        return NULL;
    }
    return block;
}

/* Values that a pair lacks. A model that learned online knows values, but no
 * list of ads that could be ranked. */
static int prepare(const struct top_settings *settings,
                   struct snapshot *snapshot, struct error *err)
{
    const struct field_list *list = model_fields(snapshot->model);
    uint64_t assumed[FIELD_VALUES_MAX];

    if (field_defaults_keys(settings->fields.defaults, list, assumed, err) < 0)
        return -1;
    if (list)
        snapshot->model->ops->fields->assume(snapshot->model, assumed);
    if (list && id_map_count(snapshot->ads) == 0)
        return error_set(err, ERROR_INPUT,
                         "'%s' has no list of ads: it was learned online; "
                         "write the pairs to a file and take `pctr predict`",
                         settings->snapshot);
    return 0;
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    const struct top_settings *settings = given;
    struct block *block = block_new(settings->n);
    struct snapshot *snapshot = NULL;
    struct seen_ads *seen = NULL;
    int status = -1;

    (void)with;
    if (!block) {
        error_no_memory(err, "the top ads");
        goto out;
    }
    block->cells = csv_cells_of(settings->csv_safe);
    if (snapshot_read(settings->snapshot, &snapshot, err) < 0 ||
        prepare(settings, snapshot, err) < 0)
        goto out;
    if (settings->exclude[0] &&
        seen_ads_read(&(struct pair_file){settings->exclude, &settings->table,
                                          settings->user_column,
                                          settings->ad_column},
                      snapshot->ads, &seen, err) < 0)
        goto out;
    status = answer_all(settings, snapshot, seen, block, err);
    if (status == 0 && fflush(stdout) != 0)
        status = error_set(err, ERROR_IO, "write the ads");

out:
    seen_ads_free(seen);
    snapshot_free(snapshot);
    block_free(block);
    return status;
}

const struct command top_command = {
    .name = "top",
    .summary = "the best ads for a user, or for all",
    .examples =
        "  pctr top --snapshot=c.snap --user=42\n"
        "  pctr top --snapshot=c.snap --exclude=clicks.csv.gz --output=json\n",
    .help = "Ranks all ads of a snapshot and prints the first --n with their "
            "click probability: the same as `pctr predict` prints for the "
            "pair. An unknown user gets the ads that are best for anybody.\n",
    .keys = keys,
    .settings_size = sizeof(struct top_settings),
    .run = run,
};
