/*
 * field_guess.h - which fields of a topic look like an id, a time, a user, an
 * ad and a click, and which settings read them so.
 *
 * Names count and values count: a name alone makes no time of a text, and a
 * value alone makes no user of a number. A guess is for people, who look at it
 * before they use it. No state: any thread.
 */
#ifndef CLI_FIELD_GUESS_H
#define CLI_FIELD_GUESS_H

#include "cli/guess/field_survey.h"

enum guess_role {
    GUESS_ID,
    GUESS_TS,
    GUESS_USER,
    GUESS_AD,
    GUESS_CLICK,
    GUESS_ROLES
};

/* What the records of the topic are. */
enum guess_kind {
    GUESS_NOTHING,     /* no record has fields */
    GUESS_IMPRESSIONS, /* no field says whether something was clicked */
    GUESS_LABELS,      /* clicks that name their impression by id */
    GUESS_OUTCOMES,    /* impressions that say whether they were clicked */
    GUESS_MIXED,       /* impressions and clicks, told apart by a field */
};

struct field_guess {
    enum guess_kind kind;
    const char *format; /* the word of format.impressions */
    const struct surveyed_field *fields[GUESS_ROLES]; /* NULL: none looks so */
    const struct surveyed_field *others[GUESS_ROLES]; /* the next best */
    enum event_time_unit unit;
    /* Where a word says what happened: those of a click and, where the topic is
     * mixed, of an impression. NULL: no such word. */
    const struct surveyed_field *words_of;
    const struct survey_word *click_word, *view_word;
};

/* Borrows from the survey, which must stay as it is. */
struct field_guess field_guess_of(struct field_survey *survey);

/* "id", "ts", "user", "ad", "click": the settings are "field." and this. */
const char *field_guess_name(enum guess_role role);

/* How much the name of a path speaks for a role, from 0 to 10. */
double field_guess_by_name(enum guess_role role, const char *path);

/* Can a list of values in a setting hold the word as it is? */
bool field_guess_can_set(const char *word);

#endif
