#include "cli/commands/verify_print.h"

#include "common/base/json_writer.h"
#include "common/event/msgpack_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const field_names[REPRODUCTION_FIELDS] = {
    "id", "ts", "user", "ad", "p", "model", "basis", "src", "support"};

static bool differs(const struct reproduction_finding *finding, unsigned field)
{
    return finding->fields >> field & 1;
}

/* --- A prediction's parts --------------------------------------------- */

static void write_span(struct json_writer *to, struct span span)
{
    struct cursor cursor = cursor_over(span.bytes, span.size, EVENT_VALUES_MAX);

    msgpack_json(to, &cursor, BYTES_TAGGED);
}

static void write_model(struct json_writer *to,
                        const struct prediction_event *event)
{
    json_writer_open(to, '{');
    json_writer_name(to, "version");
    json_writer_unsigned(to, event->model_version);
    json_writer_name(to, "hash");
    json_writer_hex(to, event->model_hash, MODEL_HASH_SIZE);
    if (event->delta) {
        json_writer_member_unsigned(to, "delta", event->delta);
        json_writer_name(to, "delta_hash");
        json_writer_hex(to, event->delta_hash, MODEL_HASH_SIZE);
    }
    json_writer_close(to, '}');
}

static void write_place(struct json_writer *to, const char *topic,
                        int32_t partition, int64_t offset)
{
    json_writer_open(to, '{');
    if (topic) {
        json_writer_name(to, "topic");
        json_writer_text(to, topic);
    }
    json_writer_name(to, "partition");
    json_writer_integer(to, partition);
    json_writer_name(to, "offset");
    json_writer_integer(to, offset);
    json_writer_close(to, '}');
}

static void write_part(struct json_writer *to,
                       const struct prediction_event *event, unsigned field)
{
    switch ((enum reproduction_field)field) {
    case REPRODUCTION_ID:
        write_span(to, event->raw_id);
        break;
    case REPRODUCTION_TS:
        write_span(to, event->raw_ts);
        break;
    case REPRODUCTION_USER:
        write_span(to, event->raw_user);
        break;
    case REPRODUCTION_AD:
        write_span(to, event->raw_ad);
        break;
    case REPRODUCTION_P:
        json_writer_real(to, event->p);
        break;
    case REPRODUCTION_MODEL:
        write_model(to, event);
        break;
    case REPRODUCTION_BASIS:
        json_writer_text(to, basis_name(event->basis));
        break;
    case REPRODUCTION_SUPPORT:
        if (event->has_support)
            json_writer_real(to, event->support);
        else
            json_writer_null(to);
        break;
    default:
        write_place(to, NULL, event->src_partition, event->src_offset);
    }
}

static void write_prediction(struct json_writer *to,
                             const struct prediction_event *event)
{
    if (!event) {
        json_writer_null(to);
        return;
    }
    json_writer_open(to, '{');
    for (unsigned field = 0; field < REPRODUCTION_FIELDS; field++) {
        json_writer_name(to, field_names[field]);
        write_part(to, event, field);
    }
    json_writer_close(to, '}');
}

/* --- A finding -------------------------------------------------------- */

static int print_json(const struct reproduction_finding *finding,
                      const char *predictions, const char *impressions,
                      struct error *err)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};

    json_writer_open(&to, '{');
    json_writer_name(&to, "finding");
    json_writer_text(&to, reproduction_outcome_name(finding->outcome));
    json_writer_name(&to, "prediction");
    write_place(&to, predictions, finding->partition, finding->offset);
    if (finding->was) {
        json_writer_name(&to, "input");
        write_place(&to, impressions, finding->was->src_partition,
                    finding->was->src_offset);
    }
    json_writer_name(&to, "differs");
    json_writer_open(&to, '[');
    for (unsigned field = 0; field < REPRODUCTION_FIELDS; field++)
        if (differs(finding, field))
            json_writer_text(&to, field_names[field]);
    json_writer_close(&to, ']');
    if (finding->text) {
        json_writer_name(&to, "reason");
        json_writer_text(&to, finding->text);
    }
    json_writer_name(&to, "was");
    write_prediction(&to, finding->was);
    json_writer_name(&to, "is");
    write_prediction(&to, finding->is);
    json_writer_close(&to, '}');
    int status = json_writer_print_line(&to, stdout, err);
    buffer_free(&line);
    return status;
}

static void print_part(const char *word, const struct prediction_event *event,
                       unsigned field)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};

    if (!event)
        return;
    printf("  %s ", word);
    write_part(&to, event, field);
    fwrite(line.bytes, 1, line.size, stdout);
    buffer_free(&line);
}

static void print_parts(const struct reproduction_finding *finding)
{
    for (unsigned field = 0; field < REPRODUCTION_FIELDS; field++) {
        printf("  %c %-6s", differs(finding, field) ? '!' : ' ',
               field_names[field]);
        print_part("", finding->was, field);
        if (differs(finding, field))
            print_part("-> again:", finding->is, field);
        putchar('\n');
    }
}

static void print_text(const struct reproduction_finding *finding,
                       const char *predictions, const char *impressions)
{
    printf("%s: %s/%" PRId32 " offset %" PRId64,
           reproduction_outcome_name(finding->outcome), predictions,
           finding->partition, finding->offset);
    if (finding->was)
        printf(", input %s/%" PRId32 " offset %" PRId64 ", model %" PRIu64,
               impressions, finding->was->src_partition,
               finding->was->src_offset, finding->was->model_version);
    if (finding->text)
        printf(": %s", finding->text);
    putchar('\n');
    if (finding->was)
        print_parts(finding);
}

int verify_print_finding(const struct verify_print *how,
                         const struct reproduction_finding *finding,
                         struct error *err)
{
    if (how->json)
        return print_json(finding, how->predictions, how->impressions, err);
    print_text(finding, how->predictions, how->impressions);
    return 0;
}

/* --- The account ------------------------------------------------------ */

static void count_kinds(const struct reproduction_counts *counts,
                        uint64_t *mismatched, uint64_t *unverifiable)
{
    *mismatched = *unverifiable = 0;
    for (int i = REPRODUCTION_VERIFIED + 1; i < REPRODUCTION_OUTCOMES; i++)
        *(reproduction_is_mismatch((enum reproduction_outcome)i)
              ? mismatched
              : unverifiable) += counts->outcomes[i];
}

static int print_account_json(const struct verify_account *account,
                              struct error *err)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};
    const struct reproduction_counts *counts = account->counts;
    uint64_t mismatched, unverifiable;

    count_kinds(counts, &mismatched, &unverifiable);
    json_writer_open(&to, '{');
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {{"read", account->read},
                {"predictions", account->taken},
                {"verified", counts->outcomes[REPRODUCTION_VERIFIED]},
                {"mismatched", mismatched},
                {"unverifiable", unverifiable},
                {"models", counts->models.models},
                {"model_loads", counts->models.loads}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_writer_name(&to, rows[i].name);
        json_writer_unsigned(&to, rows[i].count);
    }
    json_writer_name(&to, "outcomes");
    json_writer_open(&to, '{');
    for (int i = 0; i < REPRODUCTION_OUTCOMES; i++) {
        json_writer_name(
            &to, reproduction_outcome_name((enum reproduction_outcome)i));
        json_writer_unsigned(&to, counts->outcomes[i]);
    }
    json_writer_close(&to, '}');
    json_writer_name(&to, "fields");
    json_writer_open(&to, '{');
    for (unsigned i = 0; i < REPRODUCTION_FIELDS; i++) {
        json_writer_name(&to, field_names[i]);
        json_writer_unsigned(&to, counts->fields[i]);
    }
    json_writer_close(&to, '}');
    json_writer_name(&to, "seconds");
    json_writer_real(&to, account->seconds);
    json_writer_close(&to, '}');
    int status = json_writer_print_line(&to, stdout, err);
    buffer_free(&line);
    return status;
}

enum outcome_kind { MISMATCHES, UNVERIFIABLE };

static void print_outcomes(const struct reproduction_counts *counts,
                           enum outcome_kind kind)
{
    const bool mismatches = kind == MISMATCHES;

    for (int i = REPRODUCTION_VERIFIED + 1; i < REPRODUCTION_OUTCOMES; i++)
        if (counts->outcomes[i] > 0 &&
            reproduction_is_mismatch((enum reproduction_outcome)i) ==
                mismatches)
            printf("  %-20s %10" PRIu64 "\n",
                   reproduction_outcome_name((enum reproduction_outcome)i),
                   counts->outcomes[i]);
}

int verify_print_account(const struct verify_print *how,
                         const struct verify_account *account,
                         struct error *err)
{
    const struct reproduction_counts *counts = account->counts;
    uint64_t mismatched, unverifiable;
    double seconds = account->seconds > 0 ? account->seconds : 1e-3;

    if (how->json)
        return print_account_json(account, err);
    count_kinds(counts, &mismatched, &unverifiable);
    printf("predictions            %10" PRIu64, account->taken);
    if (account->taken != account->read)
        printf(" of %" PRIu64, account->read);
    printf("\nverified               %10" PRIu64
           "\nmismatched             %10" PRIu64 "\n",
           counts->outcomes[REPRODUCTION_VERIFIED], mismatched);
    print_outcomes(counts, MISMATCHES);
    printf("unverifiable           %10" PRIu64 "\n", unverifiable);
    print_outcomes(counts, UNVERIFIABLE);
    printf("models                 %10" PRIu64 ", loaded %" PRIu64 " times\n"
           "took                   %10.1f s (%.0f predictions/s)\n",
           counts->models.models, counts->models.loads, seconds,
           (double)account->taken / seconds);
    return 0;
}
