#include "consumer/score/answer_sender.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/event/record_look.h"

#include "consumer/letters/dead_letter.h"
#include "consumer/score/batch_scorer.h"
#include "consumer/score/scorer_metrics.h"
#include "consumer/score/trace_headers.h"

#include <inttypes.h>
#include <stdlib.h>

enum { RUN_MAX = 256 };

/* Predictions that go to the publisher together, in the order of their
 * messages. */
struct run {
    struct outgoing out[RUN_MAX];
    const struct message *of[RUN_MAX];
    const struct scored *scored[RUN_MAX];
    struct record_header traces[RUN_MAX][TRACE_HEADERS_MAX];
    size_t count;
};

struct answer_sender {
    const struct scorer_config *config;
    struct batch_scorer *batch;
    struct dead_letter *letter;
    struct run run; /* of the batch at hand */
    /* Bad records before the first good one; STRANGERS_MAX when that one has
     * come, or when it has been said that none does. */
    unsigned strangers;
    uint64_t guessed_times; /* that were counted */
};

/* A thousand bad records before any good one are records of another format. */
enum { STRANGERS_MAX = 1000 };

int answer_sender_new(const struct scorer_config *config,
                      struct answer_sender **out, struct error *err)
{
    struct batch_scorer_config batch = {.fields = config->fields,
                                        .batch_max = config->batch_max_events,
                                        .prior = config->no_model_p};
    struct answer_sender *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the sender of answers");
    self->config = config;
    if (batch_scorer_new(&batch, &self->batch, err) < 0 ||
        dead_letter_new(config->impressions, &self->letter, err) < 0) {
        answer_sender_free(self);
        return -1;
    }
    *out = self;
    return 0;
}

static int bury(struct answer_sender *self,
                const struct answer_sender_parts *with,
                const struct message *message, int reason,
                const struct dead_letter_cause *cause, struct error *err)
{
    struct outgoing out = {.topic = ANSWER_DEAD_LETTERS,
                           .partition = delivery_place(with->delivery,
                                                       ANSWER_DEAD_LETTERS,
                                                       message->partition)};

    dead_letter_write(self->letter, message, cause, &out);
    tally_dead_letter(with->tally, reason);
    return delivery_send(with->delivery, &out, err);
}

static int bury_refused(struct answer_sender *self,
                        const struct answer_sender_parts *with,
                        const struct message *message, const struct error *why,
                        struct error *err)
{
    struct dead_letter_cause cause = {"score", "refused", NULL, why->text};

    return bury(self, with, message, DEAD_LETTER_REFUSED, &cause, err);
}

static int bury_faulty(struct answer_sender *self,
                       const struct answer_sender_parts *with,
                       const struct message *message,
                       const struct scored *scored, struct error *err)
{
    struct dead_letter_cause cause = {"score", event_fault_name(scored->fault),
                                      scored->field, NULL};

    return bury(self, with, message, (int)scored->fault, &cause, err);
}

/* Sends what was gathered. One that is refused becomes a dead letter, and the
 * rest goes on. */
static int send_run(struct answer_sender *self,
                    const struct answer_sender_parts *with, struct error *err)
{
    struct run *run = &self->run;
    size_t at = 0;
    struct error why;

    for (;;) {
        size_t sent = delivery_send_many(with->delivery, run->out + at,
                                         run->count - at, &why);
        for (; sent > 0; sent--, at++)
            tally_prediction(with->tally, run->scored[at]->basis,
                             run->scored[at]->ts_ms, run->of[at]->timestamp_ms);
        if (at == run->count)
            break;
        if (why.code != ERROR_LIMIT && why.code != ERROR_FORMAT) {
            *err = why;
            return -1;
        }
        if (bury_refused(self, with, run->of[at], &why, err) < 0)
            return -1;
        at++;
    }
    run->count = 0;
    return 0;
}

static void gather(struct answer_sender *self,
                   const struct answer_sender_parts *with,
                   const struct message *message, const struct scored *scored)
{
    struct run *run = &self->run;
    struct record_header *trace = run->traces[run->count];

    run->out[run->count] = (struct outgoing){
        .topic = ANSWER_PREDICTIONS,
        .partition = delivery_place(with->delivery, ANSWER_PREDICTIONS,
                                    message->partition),
        .key = message->key,
        .key_size = message->key_size,
        .value = batch_scorer_bytes(self->batch) + scored->at,
        .value_size = scored->size,
        .headers = trace,
        .header_count = trace_headers(message, trace),
    };
    run->of[run->count] = message;
    run->scored[run->count] = scored;
    run->count++;
}

static int send(struct answer_sender *self,
                const struct answer_sender_parts *with,
                const struct message *message, const struct scored *scored,
                struct error *err)
{
    struct record_position record = {message->partition, message->offset};

    if (culprit_is(with->culprit, record))
        return bury_refused(self, with, message, &with->culprit->why, err);
    if (scored->fault == EVENT_PASSED_OVER) {
        with->tally->passed_over++;
        return 0;
    }
    if (scored->fault != EVENT_OK)
        return bury_faulty(self, with, message, scored, err);
    gather(self, with, message, scored);
    return self->run.count == RUN_MAX ? send_run(self, with, err) : 0;
}

/* Says once what the first records of a worker look like, where all of them are
 * no impressions. */
static void note_format(struct answer_sender *self,
                        const struct message *message, enum event_fault fault)
{
    char text[256];

    if (self->strangers >= STRANGERS_MAX)
        return;
    if (fault == EVENT_OK || fault == EVENT_PASSED_OVER) {
        self->strangers = STRANGERS_MAX;
        return;
    }
    if (++self->strangers < STRANGERS_MAX)
        return;
    record_look_explain(event_fault_name(fault), message->value,
                        message->value_size, text, sizeof(text));
    log_warn("none of the first records is an impression",
             "topic=\"%s\" records=%d newest=\"%s\" advice=\"pctr cat "
             "--topic=%s --guess says what they look like and which settings "
             "read them\"",
             self->config->impressions, STRANGERS_MAX, text,
             self->config->impressions);
}

/* A number alone says seconds or milliseconds by its size only. */
static void note_guessed_times(struct answer_sender *self,
                               struct metrics *metrics)
{
    uint64_t now = batch_scorer_guessed_times(self->batch);

    if (now == self->guessed_times)
        return;
    metrics_add(metrics, SCORER_GUESSED_TIMES, 0, now - self->guessed_times);
    if (self->guessed_times == 0)
        log_warn("event times are not in milliseconds, and their unit is "
                 "guessed from their size",
                 "topic=%s times=%" PRIu64
                 " reason=\"set field.ts.unit to what the producers write\"",
                 self->config->impressions, now);
    self->guessed_times = now;
}

int answer_sender_run(struct answer_sender *self,
                      const struct answer_sender_parts *with,
                      const struct message_batch *batch, struct error *err)
{
    const struct scored *scored;
    int64_t start_ns = clock_monotonic_ns();

    if (batch_scorer_run(self->batch, with->model, batch->messages,
                         batch->count, &scored, err) < 0)
        return -1;
    metrics_observe(with->metrics, SCORER_SCORE_SECONDS,
                    (double)(clock_monotonic_ns() - start_ns) / 1e9);
    note_guessed_times(self, with->metrics);
    self->run.count = 0; /* a batch may have failed half way */
    for (size_t i = 0; i < batch->count; i++) {
        const struct message *message = &batch->messages[i];
        note_format(self, message, scored[i].fault);
        if (send(self, with, message, &scored[i], err) < 0 ||
            flood_note(with->flood, message->partition,
                       scored[i].fault != EVENT_OK &&
                           scored[i].fault != EVENT_PASSED_OVER,
                       err) < 0)
            return -1;
    }
    return send_run(self, with, err);
}

void answer_sender_free(struct answer_sender *self)
{
    if (!self)
        return;
    batch_scorer_free(self->batch);
    dead_letter_free(self->letter);
    free(self);
}
