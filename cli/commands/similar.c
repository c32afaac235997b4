/*
 * similar.c - `pctr similar` names the users (or ads) that are most
 * like one.
 */
#include "cli/command.h"
#include "cli/commands/settings.h"
#include "cli/data/csv_text.h"
#include "cli/data/dataset_file.h"

#include "model/ask/similar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MATRIX_MAX = 1000 };

enum matrix { MATRIX_NONE, MATRIX_USERS, MATRIX_ADS };
#define MATRIX_WORDS "none|users|ads"

struct similar_command {
    struct dataset_file data;
    struct similar_settings how;
    char user[ID_PRINT_SIZE], ad[ID_PRINT_SIZE];
    int matrix;
    uint32_t n;
    bool csv_safe;
};

#define FIELD(f)                                                               \
    offsetof(struct similar_command, f),                                       \
        sizeof(((struct similar_command *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "user",        CONFIG_TEXT,   FIELD(user), "", 0, 0, NULL, "user to find similar users for"},
    {GROUP_DATA, "ad",          CONFIG_TEXT,   FIELD(ad), "", 0, 0, NULL, "ad to find similar ads for"},
    {GROUP_DATA, "matrix",      CONFIG_CHOICE, FIELD(matrix), "none", 0, 0, MATRIX_WORDS, "print how similar all of them are"},
    {GROUP_DATA, "n",           CONFIG_U32,    FIELD(n), "10", 1, 1000000, NULL, "number of similar ones to print"},
    CSV_SAFE_KEY(csv_safe),
    {GROUP_MODEL, "by",          CONFIG_CHOICE, FIELD(how.by), "cosine", 0, 0, SIMILAR_WORDS, "the first four compare the ratings that both have; matrix is the cosine of the rows of the user x ad matrix; svd is the same behind a truncated SVD"},
    {GROUP_MODEL, "min_support", CONFIG_U32,    FIELD(how.min_support), "1", 0, 4294967295.0, NULL, "least number of common ratings; with fewer the similarity is 0"},
    {GROUP_MODEL, "shrinkage",   CONFIG_F64,    FIELD(how.shrinkage), "100", 0, 1e9, NULL, "shrinkage of pearson_baseline"},
    {GROUP_MODEL, "factors",     CONFIG_U32,    FIELD(how.factors), "2", 1, 10000, NULL, "singular values that svd keeps"},
    {GROUP_MODEL, "seed",        CONFIG_U32,    FIELD(how.seed), "0", 0, 4294967295.0, NULL, "seed of svd"},
    DATASET_FILE_KEYS(data),
    CONFIG_END,
};
/* clang-format on */

/* The users, or the ads: their names, and indices from the data set to the
 * training set and back. */
struct side {
    const char *word; /* "user" */
    const struct id_map *ids;
    const uint32_t *inner, *outer;
    enum csv_cells cells;
};

static struct side user_side(const struct dataset *data,
                             const struct trainset *train)
{
    return (struct side){.word = "user",
                         .ids = data->users,
                         .inner = train->users.inner,
                         .outer = train->users.outer};
}

static struct side ad_side(const struct dataset *data,
                           const struct trainset *train)
{
    return (struct side){.word = "ad",
                         .ids = data->items,
                         .inner = train->items.inner,
                         .outer = train->items.outer};
}

static void print_name(const struct side *side, uint32_t inner)
{
    struct id id = id_map_id(side->ids, side->outer[inner]);

    csv_print_id(stdout, &id, side->cells);
}

static int print_nearest(const struct similar_command *settings,
                         struct similar *similar, const struct side *side,
                         struct error *err)
{
    const char *name = settings->how.users ? settings->user : settings->ad;
    struct id id = id_from_text(name, strlen(name));
    uint32_t outer = id_map_find(side->ids, &id);

    if (outer == INDEX_UNKNOWN || side->inner[outer] == INDEX_UNKNOWN)
        return error_set(err, ERROR_INPUT, "no %s '%s' in the file", side->word,
                         name);
    struct similar_entry *entries =
        calloc((size_t)settings->n + 1, sizeof(*entries));
    if (!entries)
        return error_no_memory(err, "the similar ids");
    uint32_t count =
        similar_nearest(similar, side->inner[outer], settings->n, entries);
    printf("%s,similarity\n", side->word);
    for (uint32_t i = 0; i < count; i++) {
        print_name(side, entries[i].x);
        printf(",%.10g\n", entries[i].similarity);
    }
    free(entries);
    return 0;
}

static int print_matrix(struct similar *similar, const struct side *side,
                        struct error *err)
{
    uint32_t count = similar_count(similar);
    double row[MATRIX_MAX];

    if (count > MATRIX_MAX)
        return error_set(err, ERROR_LIMIT,
                         "a matrix of %u %ss: up to %d; ask for one (--%s=ID)",
                         count, side->word, MATRIX_MAX, side->word);
    fputs(side->word, stdout);
    for (uint32_t x = 0; x < count; x++) {
        putchar(',');
        print_name(side, x);
    }
    putchar('\n');
    for (uint32_t x = 0; x < count; x++) {
        print_name(side, x);
        similar_row(similar, x, row);
        for (uint32_t other = 0; other < count; other++)
            printf(",%.3f", round(row[other] * 1e3) / 1e3 + 0.0); /* no -0 */
        putchar('\n');
    }
    return 0;
}

static int compare(const struct similar_command *settings,
                   const struct dataset *data, struct scale scale,
                   struct error *err)
{
    struct trainset *train = NULL;
    struct similar *similar = NULL;
    int status = -1;

    if (trainset_build(data, NULL, data->count, scale, &train, err) < 0)
        return -1;
    if (similar_new(train->ratings, &settings->how, &similar, err) == 0) {
        struct side side =
            settings->how.users ? user_side(data, train) : ad_side(data, train);
        side.cells = csv_cells_of(settings->csv_safe);
        status = settings->matrix != MATRIX_NONE
                     ? print_matrix(similar, &side, err)
                     : print_nearest(settings, similar, &side, err);
    }
    similar_free(similar);
    trainset_free(train);
    return status;
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    struct similar_command *settings = given;
    struct dataset *data = NULL;
    struct scale scale;
    int asked = (settings->user[0] != '\0') + (settings->ad[0] != '\0') +
                (settings->matrix != MATRIX_NONE);

    if (with->argument_count != 1)
        return error_set(err, ERROR_USAGE, "name the FILE to compare in");
    if (asked != 1)
        return error_set(err, ERROR_USAGE,
                         "give one of --user=ID, --ad=ID, --matrix=users and "
                         "--matrix=ads");
    settings->how.users = settings->user[0] || settings->matrix == MATRIX_USERS;
    if (dataset_file_read(&settings->data, with->arguments[0], &data, &scale,
                          err) < 0)
        return -1;
    int status = compare(settings, data, scale, err);
    if (status == 0 && fflush(stdout) != 0)
        status = error_set(err, ERROR_IO, "write the similarities");
    dataset_free(data);
    return status;
}

const struct command similar_command = {
    .name = "similar",
    .summary = "the users or ads that are most like one",
    .arguments = "FILE",
    .examples =
        "  pctr similar clicks.csv.gz --ad=3108 --by=pearson\n"
        "  pctr similar clicks.csv.gz --user=42 --by=svd --factors=20\n"
        "  pctr similar music.csv --matrix=users --by=svd --factors=2\n",
    .keys = keys,
    .settings_size = sizeof(struct similar_command),
    .run = run,
};
