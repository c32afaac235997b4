#include "common/registry/schema_registry.h"

#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/condition.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/text.h"
#include "common/registry/registry_answer.h"
#include "common/registry/registry_copies.h"
#include "common/registry/registry_references.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENTRIES_MAX = 4096,     /* numbers that are remembered */
    MEMORY_MAX = 256 << 20, /* bytes of all schemas */
    FIRST_PAUSE_MS = 200,   /* after a question in vain; it doubles */
    MOST_PAUSE_MS = 10000,  /* up to this */
    UNKNOWN_MS = 10000,     /* before an unknown number is asked for again */
    FORGET_MS = 60000,      /* a number that nobody wanted for so long is not
                               asked for any more */
    REFUSALS_MAX = 5,       /* in a row, before the program gives up */
    WAIT_MOST_MS = 20000,   /* of a reader, where others are asked for before */
    VAIN_SPAN_MS = 60000,   /* in which waits for nothing are summed up */
    VAIN_REST_MS = 10,      /* what a wait may take after too many */
    VAIN_REST_PART = 5,     /* of the wait: such rests in all */
};

enum entry_state {
    ENTRY_WANTED,  /* to be asked for */
    ENTRY_UNKNOWN, /* the registry has no such schema */
    ENTRY_KNOWN,
};

struct entry {
    uint32_t number;
    enum entry_state state;
    bool is_copy;      /* known from a copy: to be asked for, too */
    unsigned waiters;  /* who wait for it at this time */
    int64_t wanted_ms; /* when somebody wanted it last */
    int64_t asked_ms;  /* when the registry was asked last; 0: not yet */
    int64_t vain_ms;   /* since when it was asked in vain; 0: it was not */
    int64_t begun_ms;  /* of the question on its way; 0: there is none */
    int64_t next_ms;   /* when it may be asked again */
    struct backoff backoff;
    struct registry_answer *answer; /* where it is known */
};

struct schema_registry {
    struct schema_registry_config config;
    char folder[512];
    struct event_schemas schemas;
    atomic_uint version; /* rises when a schema is replaced */
    struct registry_client *client;
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* an entry, or that it ends */
    bool ends;
    struct entry entries[ENTRIES_MAX];
    size_t count, known, memory;
    struct registry_answer *old[ENTRIES_MAX]; /* replaced, and perhaps in use */
    size_t old_count;
    struct backoff backoff;
    int64_t next_ms;      /* of the next question, while it does not answer */
    int64_t away_ms;      /* since when it does not; 0: it does */
    int64_t span_ms;      /* when the span of vain waits began */
    int64_t spent_ms;     /* on waits within it that ended in "there is none" */
    unsigned refusals;    /* in a row */
    struct error refusal; /* the newest */
};

/* --- Entries, under the lock ------------------------------------------ */

static struct entry *find_entry(struct schema_registry *self, uint32_t number)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->entries[i].number == number)
            return &self->entries[i];
    return NULL;
}

/* A place for one more; of those that are not known and that nobody waits for,
 * the one that nobody wanted for longest is given up. NULL where there is none.
 */
static struct entry *free_entry(struct schema_registry *self)
{
    struct entry *oldest = NULL;

    if (self->count < ENTRIES_MAX)
        return &self->entries[self->count++];
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        struct entry *entry = &self->entries[i];
        if (entry->state != ENTRY_KNOWN && entry->waiters == 0 &&
            (!oldest || entry->wanted_ms < oldest->wanted_ms))
            oldest = entry;
    }
    return oldest;
}

/* The entry of a number that somebody wants. */
static struct entry *want_entry(struct schema_registry *self, uint32_t number,
                                int64_t now_ms)
{
    struct entry *entry = find_entry(self, number);

    if (!entry) {
        entry = free_entry(self);
        if (!entry)
            return NULL;
        *entry = (struct entry){.number = number,
                                .state = ENTRY_WANTED,
                                .backoff = {FIRST_PAUSE_MS, MOST_PAUSE_MS, 0}};
    }
    if (entry->state == ENTRY_UNKNOWN && now_ms - entry->asked_ms >= UNKNOWN_MS)
        entry->state = ENTRY_WANTED;
    entry->wanted_ms = now_ms;
    return entry;
}

/* An answer that readers may still use. Those are few: a registry does not
 * change a schema in its life. Beyond the room for them one is lost. */
static void keep_old(struct schema_registry *self,
                     struct registry_answer *answer)
{
    if (self->old_count < ENTRIES_MAX)
        self->old[self->old_count++] = answer;
}

/* The entry becomes known, or known as another schema. */
static void take_answer(struct schema_registry *self, struct entry *entry,
                        struct registry_answer *answer, bool is_copy)
{
    const bool is_new = !entry->answer;
    const bool is_same = !is_new &&
                         entry->answer->schema.kind == answer->schema.kind &&
                         digest_equals(&entry->answer->digest, &answer->digest);

    entry->is_copy = is_copy;
    entry->vain_ms = 0;
    if (is_same || self->memory + answer->memory > MEMORY_MAX) {
        if (is_new) {
            entry->state = ENTRY_UNKNOWN;
            log_error("no room for a further schema", "number=%" PRIu32,
                      entry->number);
        }
        registry_answer_free(answer);
        return;
    }
    self->memory += answer->memory;
    entry->state = ENTRY_KNOWN;
    if (is_new) {
        metrics_set(self->config.metrics,
                    self->config.metrics_first + REGISTRY_KNOWN, 0,
                    (double)++self->known);
    } else {
        log_error("the schema registry has another schema under a number that "
                  "was known",
                  "number=%" PRIu32, entry->number);
        metrics_add(self->config.metrics,
                    self->config.metrics_first + REGISTRY_CHANGED, 0, 1);
        keep_old(self, entry->answer);
        atomic_fetch_add(&self->version, 1);
    }
    entry->answer = answer;
    log_info("schema", "number=%" PRIu32 " from=%s readable=%s reason=\"%s\"",
             entry->number, is_copy ? "copy" : "registry",
             answer->why[0] ? "no" : "yes", answer->why);
}

/* --- Asking ----------------------------------------------------------- */

/* Should the entry be asked for before the other? */
static bool is_sooner(const struct entry *entry, const struct entry *other)
{
    if (!other || (entry->waiters > 0) != (other->waiters > 0))
        return !other || entry->waiters > 0;
    return entry->asked_ms < other->asked_ms;
}

/* The entry to ask for: of those that somebody wants, or that are copies, one
 * that is waited for, and the one whose turn was longest ago. NULL: none may be
 * asked for at this time. */
static struct entry *next_question(struct schema_registry *self, int64_t now_ms)
{
    struct entry *next = NULL;

    if (now_ms < self->next_ms)
        return NULL;
    for (size_t i = 0; i < self->count; i++) {
        struct entry *entry = &self->entries[i];
        const bool is_wanted = entry->state == ENTRY_WANTED &&
                               now_ms - entry->wanted_ms < FORGET_MS;
        if ((is_wanted || entry->is_copy) && now_ms >= entry->next_ms &&
            is_sooner(entry, next))
            next = entry;
    }
    return next;
}

/* After a question in vain: a copy will do until the registry answers. */
static void fall_back(struct schema_registry *self, uint32_t number)
{
    const struct registry_copies copies = {self->folder,
                                           self->config.settings.url};
    struct registry_answer *answer = NULL;
    struct buffer bytes = {0};
    struct error err;

    if (registry_copies_read(&copies, number, &bytes) &&
        registry_answer_read(bytes.bytes, bytes.size, &answer, &err) < 0)
        log_warn("the copy of a schema is damaged",
                 "number=%" PRIu32 " reason=\"%s\"", number, err.text);
    buffer_free(&bytes);
    if (!answer)
        return;
    pthread_mutex_lock(&self->lock);
    struct entry *entry = find_entry(self, number);
    if (entry && entry->state != ENTRY_KNOWN)
        take_answer(self, entry, answer, true);
    else
        registry_answer_free(answer);
    pthread_mutex_unlock(&self->lock);
}

/* Notes whether the registry is there. A wrong answer is one. */
static void note_presence(struct schema_registry *self,
                          enum registry_result result, const struct error *why,
                          int64_t now_ms)
{
    const bool is_away =
        result == REGISTRY_UNAVAILABLE || result == REGISTRY_UNAUTHORIZED;

    metrics_add(self->config.metrics,
                self->config.metrics_first + REGISTRY_QUESTIONS, (int)result,
                1);
    if (result == REGISTRY_UNAUTHORIZED) {
        self->refusals++;
        self->refusal = *why;
    } else {
        self->refusals = 0;
    }
    if (!is_away) {
        backoff_reset(&self->backoff);
        self->next_ms = self->away_ms = 0;
        return;
    }
    self->next_ms = now_ms + backoff_next(&self->backoff);
    if (!self->away_ms)
        self->away_ms = now_ms;
}

/* Notes what came of a question, under the lock. */
static void note(struct schema_registry *self, uint32_t number,
                 enum registry_result result, struct registry_answer *answer,
                 const struct error *why)
{
    const int64_t now_ms = clock_monotonic_ms();
    struct entry *entry = find_entry(self, number);

    note_presence(self, result, why, now_ms);
    if (result != REGISTRY_OK)
        log_warn("no schema", "number=%" PRIu32 " reason=\"%s\"", number,
                 why->text);
    if (!entry) { /* it was given up for another */
        registry_answer_free(answer);
        return;
    }
    entry->asked_ms = now_ms;
    entry->begun_ms = 0;
    if (answer) {
        take_answer(self, entry, answer, false);
    } else if (result == REGISTRY_UNKNOWN) {
        entry->is_copy = false; /* where there is one, it is all there is */
        if (entry->state == ENTRY_WANTED)
            entry->state = ENTRY_UNKNOWN;
    } else {
        entry->vain_ms = entry->vain_ms ? entry->vain_ms : now_ms;
        if (result == REGISTRY_WRONG)
            entry->next_ms = now_ms + backoff_next(&entry->backoff);
    }
}

static void ask(struct schema_registry *self, uint32_t number,
                struct buffer *bytes)
{
    const struct registry_copies copies = {self->folder,
                                           self->config.settings.url};
    struct registry_answer *answer = NULL;
    struct error why = {.text = ""};

    enum registry_result result =
        registry_client_ask(self->client, number, bytes, &why);
    if (result == REGISTRY_OK)
        result = registry_references_resolve(self->client, bytes, &why);
    if (result == REGISTRY_OK &&
        registry_answer_read(bytes->bytes, bytes->size, &answer, &why) < 0)
        result = REGISTRY_WRONG;
    if (result == REGISTRY_OK)
        registry_copies_write(&copies, number, bytes);
    else if (result != REGISTRY_UNKNOWN)
        fall_back(self, number);
    pthread_mutex_lock(&self->lock);
    note(self, number, result, answer, &why);
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void *serve(void *context)
{
    struct schema_registry *self = context;
    struct buffer bytes = {0};

    pthread_mutex_lock(&self->lock);
    while (!self->ends) {
        const int64_t now_ms = clock_monotonic_ms();
        struct entry *entry = next_question(self, now_ms);
        if (!entry) {
            condition_wait_until(&self->changed, &self->lock,
                                 now_ms + STOP_SLICE_MS);
            continue;
        }
        const uint32_t number = entry->number;
        entry->begun_ms = now_ms;
        pthread_mutex_unlock(&self->lock);
        ask(self, number, &bytes);
        pthread_mutex_lock(&self->lock);
    }
    pthread_mutex_unlock(&self->lock);
    buffer_free(&bytes);
    return NULL;
}

/* --- For readers ------------------------------------------------------ */

static bool has_waited_enough(const struct schema_registry *self)
{
    return self->spent_ms >= self->config.settings.wait_ms;
}

/* How long a reader may wait from start_ms on, by what it was good for before.
 */
static int64_t allowance_ms(struct schema_registry *self, int64_t start_ms)
{
    const int64_t wait_ms = self->config.settings.wait_ms;

    if (start_ms - self->span_ms >= VAIN_SPAN_MS) {
        self->span_ms = start_ms;
        self->spent_ms = 0;
    }
    if (!has_waited_enough(self))
        return wait_ms - self->spent_ms;
    return self->spent_ms < wait_ms + wait_ms / VAIN_REST_PART ? VAIN_REST_MS
                                                               : 0;
}

/* Since when the registry owes the answer: while it has others to answer, the
 * time does not run; and nobody waits again for what was waited for in vain. */
static int64_t owed_since_ms(const struct schema_registry *self,
                             const struct entry *entry, int64_t start_ms,
                             int64_t now_ms)
{
    int64_t since_ms = start_ms;

    if (!self->away_ms && !entry->vain_ms && !entry->begun_ms)
        return now_ms;
    if (!self->away_ms && !entry->vain_ms)
        return entry->begun_ms > start_ms ? entry->begun_ms : start_ms;
    if (self->away_ms && self->away_ms < since_ms)
        since_ms = self->away_ms;
    if (entry->vain_ms && entry->vain_ms < since_ms)
        since_ms = entry->vain_ms;
    return since_ms;
}

/* Until when a schema that is wanted since start_ms is waited for. */
static int64_t patience_ms(struct schema_registry *self,
                           const struct entry *entry, int64_t start_ms,
                           int64_t now_ms)
{
    const int64_t allowance = allowance_ms(self, start_ms);
    const int64_t most_ms = self->config.settings.wait_ms > WAIT_MOST_MS
                                ? start_ms + self->config.settings.wait_ms
                                : start_ms + WAIT_MOST_MS;

    if (has_waited_enough(self))
        return start_ms + allowance;
    const int64_t until_ms =
        owed_since_ms(self, entry, start_ms, now_ms) + allowance;
    return until_ms < most_ms ? until_ms : most_ms;
}

static const struct event_schema *find(void *context, uint32_t number)
{
    struct schema_registry *self = context;
    const int64_t start_ms = clock_monotonic_ms();
    const struct event_schema *schema = NULL;

    pthread_mutex_lock(&self->lock);
    struct entry *entry = want_entry(self, number, start_ms);
    if (entry && entry->state == ENTRY_WANTED)
        pthread_cond_broadcast(&self->changed);
    if (entry) /* it stays where it is while it is waited for */
        entry->waiters++;
    while (entry && entry->state == ENTRY_WANTED && !stop_requested() &&
           self->refusals < REFUSALS_MAX) {
        const int64_t now_ms = clock_monotonic_ms();
        const int64_t until_ms = patience_ms(self, entry, start_ms, now_ms);
        if (now_ms >= until_ms)
            break;
        condition_wait_until(&self->changed, &self->lock,
                             until_ms < now_ms + STOP_SLICE_MS
                                 ? until_ms
                                 : now_ms + STOP_SLICE_MS);
    }
    if (entry)
        entry->waiters--;
    /* A wait that was cut short because of these counts as one of them. */
    if (entry && entry->state != ENTRY_KNOWN &&
        (entry->state == ENTRY_UNKNOWN ||
         (self->spent_ms > 0 && !self->away_ms)))
        self->spent_ms += clock_monotonic_ms() - start_ms;
    if (entry && entry->state == ENTRY_KNOWN)
        schema = &entry->answer->schema;
    pthread_mutex_unlock(&self->lock);
    return schema;
}

static int check(void *context, struct error *err)
{
    struct schema_registry *self = context;
    int status = 0;

    if (stop_requested())
        return stop_error(err);
    pthread_mutex_lock(&self->lock);
    if (self->refusals >= REFUSALS_MAX) {
        *err = self->refusal;
        status = -1;
    }
    pthread_mutex_unlock(&self->lock);
    return status;
}

/* --- The whole -------------------------------------------------------- */

int schema_registry_open(const struct schema_registry_config *config,
                         struct schema_registry **out, struct error *err)
{
    struct schema_registry *self = NULL;

    *out = NULL;
    if (config->settings.url[0] == '\0')
        return 0;
    self = calloc(1, sizeof(*self));
    if (!self)
        return error_no_memory(err, "the client of the schema registry");
    self->config = *config;
    text_copy(self->folder, sizeof(self->folder),
              config->folder ? config->folder : "");
    self->backoff = (struct backoff){FIRST_PAUSE_MS, MOST_PAUSE_MS, 0};
    self->schemas = (struct event_schemas){
        .find = find, .check = check, .version = &self->version, self};
    if (registry_client_new(&config->settings, &self->client, err) < 0) {
        free(self);
        return -1;
    }
    pthread_mutex_init(&self->lock, NULL);
    condition_init(&self->changed);
    const int failure = pthread_create(&self->thread, NULL, serve, self);
    if (failure) {
        registry_client_free(self->client);
        free(self);
        return error_set(err, ERROR_FAILED,
                         "the thread of the schema registry: %s",
                         strerror(failure));
    }
    *out = self;
    return 0;
}

const struct event_schemas *
schema_registry_schemas(const struct schema_registry *registry)
{
    return registry ? &registry->schemas : NULL;
}

void schema_registry_close(struct schema_registry *registry)
{
    if (!registry)
        return;
    pthread_mutex_lock(&registry->lock);
    registry->ends = true;
    pthread_cond_broadcast(&registry->changed);
    pthread_mutex_unlock(&registry->lock);
    registry_client_abort(registry->client);
    pthread_join(registry->thread, NULL);
    registry_client_free(registry->client);
    for (size_t i = 0; i < registry->count; i++)
        registry_answer_free(registry->entries[i].answer);
    for (size_t i = 0; i < registry->old_count; i++)
        registry_answer_free(registry->old[i]);
    pthread_cond_destroy(&registry->changed);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}
