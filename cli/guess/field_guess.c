#include "cli/guess/field_guess.h"

#include <ctype.h>
#include <string.h>

enum { WORDS_MAX = 16, WORD_SIZE = 24 };

/* How much a word speaks for a role. */
struct clue {
    const char *word;
    double weight;
};

static const struct clue id_clues[] = {
    {"impression", 10}, {"imp", 9},    {"view", 7}, {"event", 7},
    {"request", 5},     {"serve", 5},  {"bid", 4},  {"message", 3},
    {"trace", 1},       {"record", 3}, {NULL, 0},
};
static const struct clue ts_clues[] = {
    {"ts", 10},      {"timestamp", 10}, {"time", 9},     {"datetime", 9},
    {"occurred", 9}, {"at", 6},         {"date", 6},     {"when", 6},
    {"created", 6},  {"clock", 3},      {"received", 3}, {"ingested", 2},
    {NULL, 0},
};
static const struct clue user_clues[] = {
    {"user", 10},     {"usr", 9},       {"uid", 10},    {"userid", 10},
    {"visitor", 8},   {"customer", 8},  {"member", 8},  {"subscriber", 8},
    {"viewer", 8},    {"player", 7},    {"account", 6}, {"profile", 6},
    {"person", 7},    {"reader", 6},    {"device", 5},  {"cookie", 5},
    {"household", 5}, {"anonymous", 4}, {"client", 4},  {"subject", 4},
    {"session", 3.1}, {NULL, 0},
};
static const struct clue ad_clues[] = {
    {"ad", 10},      {"ads", 9},        {"adid", 10},   {"advert", 9},
    {"banner", 8},   {"creative", 8},   {"item", 6},    {"product", 6},
    {"sku", 6},      {"movie", 6},      {"article", 5}, {"offer", 5},
    {"video", 5},    {"campaign", 5},   {"content", 4}, {"advertisement", 9},
    {"document", 4}, {"advertiser", 4}, {"listing", 5}, {"asset", 4},
    {"target", 3.5}, {"keyword", 3.5},  {NULL, 0},
};
static const struct clue click_clues[] = {
    {"click", 10},  {"clicked", 10},  {"isclick", 10},   {"label", 8},
    {"outcome", 8}, {"converted", 7}, {"conversion", 7}, {"action", 6},
    {"engaged", 6}, {"liked", 6},     {"target", 5},     {"response", 5},
    {"result", 5},  {"type", 5},      {"kind", 5},       {"event", 5},
    {"y", 4},       {NULL, 0},
};
static const struct clue *const clues[GUESS_ROLES] = {
    id_clues, ts_clues, user_clues, ad_clues, click_clues};

/* Words that say how a value is written, not what it is. */
static const char *const endings[] = {
    "id",  "ids",  "uuid", "guid",   "key", "number", "no",
    "num", "hash", "code", "epoch",  "ms",  "millis", "s",
    "sec", "secs", "us",   "micros", "ns",  "nanos",  "utc",
    "iso", "flag", "ref",  NULL};
/* Words that stand around what matters. */
static const char *const wrappings[] = {
    "data",   "payload",    "body",    "context",  "properties", "detail",
    "after",  "value",      "record",  "fields",   "attributes", "header",
    "ce",     "x",          "is",      "was",      "has",        "meta",
    "params", "parameters", "message", "envelope", NULL};

static bool is_one_of(const char *word, const char *const list[])
{
    for (size_t i = 0; list[i]; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

/* "banners" are as good as a banner. */
static double weight_of(const struct clue *list, const char *word)
{
    const size_t size = strlen(word);

    for (size_t i = 0; list[i].word; i++) {
        const size_t known = strlen(list[i].word);
        if (strncmp(list[i].word, word, known) == 0 &&
            (size == known || (size == known + 1 && word[known] == 's')))
            return list[i].weight;
    }
    return 0;
}

/* "context.userId" has the words context, user, id. Digits are no words. */
static size_t split(const char *path, char words[WORDS_MAX][WORD_SIZE])
{
    size_t count = 0, size = 0;

    for (const char *at = path;; at++) {
        const bool is_letter = isalpha((unsigned char)*at) != 0;
        const bool begins = is_letter && isupper((unsigned char)*at) &&
                            at > path && islower((unsigned char)at[-1]);
        if (size > 0 && (!is_letter || begins)) {
            words[count++][size] = '\0';
            size = 0;
        }
        if (*at == '\0' || count == WORDS_MAX)
            return count;
        if (is_letter && size < WORD_SIZE - 1)
            words[count][size++] = (char)tolower((unsigned char)*at);
    }
}

const char *field_guess_name(enum guess_role role)
{
    static const char *const names[GUESS_ROLES] = {"id", "ts", "user", "ad",
                                                   "click"};
    return names[role];
}

/* The last word that says what the value is has its full weight; a word before
 * that is about something that the value belongs to. */
double field_guess_by_name(enum guess_role role, const char *path)
{
    char words[WORDS_MAX][WORD_SIZE];
    size_t count = split(path, words);
    bool is_id = false;
    double best = 0;

    if (*path == '@')
        return 0;
    while (count > 0 && is_one_of(words[count - 1], endings) &&
           weight_of(clues[role], words[count - 1]) == 0) {
        const char *word = words[--count];
        is_id = is_id || strcmp(word, "id") == 0 || strcmp(word, "uuid") == 0 ||
                strcmp(word, "guid") == 0;
    }
    while (count > 0 && is_one_of(words[count - 1], wrappings))
        count--;
    if (count == 0)
        return role == GUESS_ID && is_id ? 8 : 0;
    best = weight_of(clues[role], words[count - 1]);
    if (best > 0)
        return best < 9.5 && is_id ? best + 0.5 : best;
    for (size_t i = 0; i + 1 < count; i++) {
        const double weight = weight_of(clues[role], words[i]) / 5;
        best = weight > best ? weight : best;
    }
    return best;
}

/* --- Values ----------------------------------------------------------- */

/* What a guess goes by. */
struct guessing {
    struct field_survey *survey;
    uint64_t needed; /* records of which nearly all must have a field */
    struct field_guess *guess;
};

/* Nearly all of the records. */
static bool is_most(uint64_t part, uint64_t of)
{
    return of > 0 && part * 20 >= of * 19;
}

static bool has_words(const struct surveyed_field *field)
{
    return field->word_count > 0 && !field->has_more_words &&
           field->types[SURVEY_TEXT] == field->records;
}

static bool is_beside(const struct surveyed_field *field)
{
    return field->path[0] == '@';
}

/* Keys are users more often than not; keys that never come again are ids. */
static double by_key(enum guess_role role, const char *path, bool is_unique)
{
    if (strcmp(path, "@key") != 0)
        return 0;
    if (role == GUESS_ID)
        return is_unique ? 3.2 : 0;
    return role == GUESS_USER && !is_unique ? 3.2 : 0;
}

static double by_ids(const struct guessing *with, enum guess_role role,
                     size_t i)
{
    const struct surveyed_field *field = field_survey_at(with->survey, i);
    double score = field_guess_by_name(role, field->path);
    size_t of;
    const size_t different = field_survey_different(with->survey, i, &of);

    if (is_beside(field))
        score = by_key(role, field->path, different * 20 >= of * 19);
    if (!is_most(field->ids, field->records) || field->types[SURVEY_BOOLEAN])
        return 0;
    if (role == GUESS_ID)
        return different * 2 < of         ? 0
               : different * 20 < of * 19 ? score / 2
                                          : score;
    if (is_most(field->text_times, field->records))
        return 0;
    return different < 2 && of > 20 ? score / 2 : score;
}

static double by_times(const struct surveyed_field *field)
{
    const double name = field_guess_by_name(GUESS_TS, field->path);

    if (strcmp(field->path, "@timestamp") == 0)
        return 6;
    if (!is_most(field->times, field->records))
        return 0;
    if (is_most(field->text_times + field->types[SURVEY_TIME], field->records))
        return 6.5 + name;
    return name > 3 ? 3 + name : 0;
}

static double by_clicks(const struct surveyed_field *field)
{
    const double name = field_guess_by_name(GUESS_CLICK, field->path);

    if (name < 4 || is_beside(field))
        return 0;
    if (is_most(field->clicks, field->records))
        return field->types[SURVEY_BOOLEAN] ? name + 1 : name;
    return 0;
}

static double score(const struct guessing *with, enum guess_role role, size_t i)
{
    const struct surveyed_field *field = field_survey_at(with->survey, i);

    if (field->repeated > 0 || !is_most(field->records, with->needed))
        return 0;
    switch (role) {
    case GUESS_TS:
        return by_times(field);
    case GUESS_CLICK:
        return by_clicks(field);
    default:
        return by_ids(with, role, i);
    }
}

static bool is_taken(const struct field_guess *guess,
                     const struct surveyed_field *field)
{
    for (int role = 0; role < GUESS_ROLES; role++)
        if (guess->fields[role] == field)
            return true;
    return false;
}

/* The best of those that no other role has, and the next best. */
static void choose(const struct guessing *with, enum guess_role role)
{
    struct field_guess *guess = with->guess;
    const double enough = 3, enough_for_time = 6;
    double best = 0, second = 0;

    for (size_t i = 0; i < field_survey_count(with->survey); i++) {
        const struct surveyed_field *field = field_survey_at(with->survey, i);
        const double now = is_taken(guess, field) ? 0 : score(with, role, i);
        if (now < (role == GUESS_TS ? enough_for_time : enough))
            continue;
        if (now > best) {
            second = best;
            guess->others[role] = guess->fields[role];
            best = now;
            guess->fields[role] = field;
        } else if (now > second) {
            second = now;
            guess->others[role] = field;
        }
    }
}

/* --- Words that say what happened ------------------------------------- */

static bool contains(const char *text, const char *const parts[])
{
    char low[SURVEY_WORD_SIZE];
    size_t i = 0;

    for (; text[i]; i++)
        low[i] = (char)tolower((unsigned char)text[i]);
    low[i] = '\0';
    for (i = 0; parts[i]; i++)
        if (strstr(low, parts[i]))
            return true;
    return false;
}

bool field_guess_can_set(const char *word)
{
    if (*word == '\0')
        return false;
    for (; *word; word++)
        if (!isalnum((unsigned char)*word) && !strchr("_-./", *word))
            return false;
    return true;
}

static const struct survey_word *find_word(const struct surveyed_field *field,
                                           const char *const parts[])
{
    const struct survey_word *best = NULL;

    for (uint32_t i = 0; i < field->word_count; i++)
        if (field_guess_can_set(field->words[i].text) &&
            contains(field->words[i].text, parts) &&
            (!best || field->words[i].records > best->records))
            best = &field->words[i];
    return best;
}

/* A field of few words, one of which is about a click. */
static void find_words(const struct guessing *with)
{
    static const char *const clicks[] = {"click", "tap",    "conver",
                                         "yes",   "purcha", NULL};
    static const char *const views[] = {"view",   "imp",   "show", "display",
                                        "render", "serve", NULL};
    struct field_guess *guess = with->guess;
    double best = 3.9;

    for (size_t i = 0; i < field_survey_count(with->survey); i++) {
        const struct surveyed_field *field = field_survey_at(with->survey, i);
        const double name = field_guess_by_name(GUESS_CLICK, field->path);
        if (name <= best || !has_words(field) || field->repeated > 0 ||
            strstr(field->path, "==") ||
            !is_most(field->records, with->needed) || !find_word(field, clicks))
            continue;
        best = name;
        guess->words_of = field;
        guess->click_word = find_word(field, clicks);
        guess->view_word = find_word(field, views);
        if (guess->view_word == guess->click_word)
            guess->view_word = NULL;
    }
}

/* --- Together --------------------------------------------------------- */

static enum event_time_unit unit_in(const struct surveyed_field *field)
{
    enum event_time_unit unit = EVENT_TIME_AUTO;

    for (int i = 0; field && i < EVENT_TIME_AUTO; i++) {
        if (field->units[i] == 0)
            continue;
        if (unit != EVENT_TIME_AUTO)
            return EVENT_TIME_AUTO; /* several */
        unit = (enum event_time_unit)i;
    }
    return unit;
}

static enum guess_kind kind_of(const struct field_guess *guess)
{
    const bool has_pair = guess->fields[GUESS_USER] && guess->fields[GUESS_AD];

    if (guess->words_of && guess->view_word)
        return GUESS_MIXED;
    if (!guess->fields[GUESS_CLICK])
        return GUESS_IMPRESSIONS;
    return has_pair ? GUESS_OUTCOMES : GUESS_LABELS;
}

static const char *format_of(const struct field_survey *survey)
{
    const uint64_t *looks = field_survey_looks(survey);
    const uint64_t avro = field_survey_avro(survey);

    if (avro > 0)
        return avro == field_survey_maps(survey) ? "avro" : "auto";
    return looks[LOOK_JSON] + looks[LOOK_REGISTRY_JSON] > 0 ? "json"
                                                            : "msgpack";
}

struct field_guess field_guess_of(struct field_survey *survey)
{
    struct field_guess guess = {.kind = GUESS_NOTHING, .unit = EVENT_TIME_AUTO};
    const struct guessing all = {survey, field_survey_maps(survey), &guess};
    struct guessing impressions = all;

    if (field_survey_maps(survey) == 0)
        return guess;
    guess.format = format_of(survey);
    find_words(&all);
    if (guess.view_word)
        impressions.needed = guess.view_word->records;
    choose(&impressions, GUESS_TS);
    if (guess.words_of)
        guess.fields[GUESS_CLICK] = guess.words_of;
    choose(&impressions, GUESS_ID);
    choose(&impressions, GUESS_USER);
    choose(&impressions, GUESS_AD);
    if (!guess.words_of)
        choose(&all, GUESS_CLICK);
    guess.unit = unit_in(guess.fields[GUESS_TS]);
    guess.kind = kind_of(&guess);
    return guess;
}
