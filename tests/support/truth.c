#include "support/truth.h"
#include "support/one_event.h"

#include "support/run_suite.h"

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/event/event_codec.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 30000, PATH_SIZE = 32, SNAPSHOT_MAX = 256 << 20 };

struct scored {
    uint64_t version;
    double p;
    uint8_t hash[MODEL_HASH_SIZE];
    struct id user, ad; /* borrow from the records */
};

static int by_version(const void *left, const void *right)
{
    const struct scored *a = left, *b = right;

    return (a->version > b->version) - (a->version < b->version);
}

static struct scored *decode_all(const struct fixture_records *predictions)
{
    struct scored *all = calloc(predictions->count + 1, sizeof(*all));

    ck_assert_ptr_nonnull(all);
    for (size_t i = 0; i < predictions->count; i++) {
        struct prediction_event event;
        ck_assert_int_eq(one_prediction(predictions->at[i].value,
                                        predictions->at[i].value_size, &event,
                                        NULL),
                         EVENT_OK);
        all[i] = (struct scored){.version = event.model_version,
                                 .p = event.p,
                                 .user = event_span_id(event.raw_user),
                                 .ad = event_span_id(event.raw_ad)};
        memcpy(all[i].hash, event.model_hash, MODEL_HASH_SIZE);
    }
    qsort(all, predictions->count, sizeof(*all), by_version);
    return all;
}

/* Bit by bit: 0 is not -0 here. */
static bool same_bits(double a, double b)
{
    uint64_t a_bits, b_bits;

    memcpy(&a_bits, &a, sizeof(a));
    memcpy(&b_bits, &b, sizeof(b));
    return a_bits == b_bits;
}

static void new_path(char path[PATH_SIZE])
{
    strcpy(path, "/tmp/pctr-truth.XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void write_pairs(const char *path, const struct scored *all,
                        size_t count)
{
    char user[ID_PRINT_SIZE], ad[ID_PRINT_SIZE];
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs("user,ad\n", file);
    for (size_t i = 0; i < count; i++) {
        id_print(&all[i].user, user);
        id_print(&all[i].ad, ad);
        fprintf(file, "%s,%s\n", user, ad);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static void fetch(const struct pipeline *pipe, uint64_t version,
                  const char *path)
{
    char epoch[24], option[PATH_SIZE + 16];
    const char *more[] = {"fetch", epoch, option, NULL};

    snprintf(epoch, sizeof(epoch), "%" PRIu64, version);
    snprintf(option, sizeof(option), "--output=%s", path);
    free(pipeline_run(pipe, "snapshot", more, WAIT_MS));
}

/* What `pctr predict` writes; the caller frees. */
static char *predict(const char *snapshot, const char *pairs,
                     const char *anonymous)
{
    char snapshot_option[PATH_SIZE + 16], anonymous_option[300];
    const char *arguments[] = {"predict", snapshot_option, anonymous_option,
                               pairs, NULL};
    struct child_process child = {.pid = 0};

    snprintf(snapshot_option, sizeof(snapshot_option), "--snapshot=%s",
             snapshot);
    snprintf(anonymous_option, sizeof(anonymous_option), "--field.anonymous=%s",
             anonymous);
    child_start_pctr(&child, arguments);
    ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
    char *output = child_output(&child);
    child_end(&child);
    return output;
}

static uint64_t count_other_hashes(const char *path, const struct scored *all,
                                   size_t count)
{
    struct error err = {ERROR_NONE, ""};
    uint8_t *bytes = NULL;
    size_t size;
    uint64_t others = 0;

    ck_assert_ok(file_read(path, SNAPSHOT_MAX, &bytes, &size, &err), err);
    struct digest digest = digest_of(bytes, size);
    for (size_t i = 0; i < count; i++)
        others += memcmp(all[i].hash, digest.bytes, MODEL_HASH_SIZE) != 0;
    free(bytes);
    return others;
}

/* Line by line behind the header: "user,ad,p". */
static uint64_t count_other_bits(const char *output, const struct scored *all,
                                 size_t count)
{
    const char *line = strchr(output, '\n');
    uint64_t others = 0;

    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(line && line[1], "only %zu predictions", i);
        const char *end = strchr(line + 1, '\n');
        ck_assert_ptr_nonnull(end);
        const char *comma = end;
        while (*comma != ',')
            comma--;
        double p = strtod(comma + 1, NULL);
        others += !same_bits(p, all[i].p);
        line = end;
    }
    return others;
}

static uint64_t compare_one(const struct pipeline *pipe,
                            const struct scored *all, size_t count,
                            const char *anonymous)
{
    char snapshot[PATH_SIZE], pairs[PATH_SIZE];

    new_path(snapshot);
    new_path(pairs);
    write_pairs(pairs, all, count);
    fetch(pipe, all[0].version, snapshot);
    char *output = predict(snapshot, pairs, anonymous);
    uint64_t others = count_other_bits(output, all, count) +
                      count_other_hashes(snapshot, all, count);
    free(output);
    unlink(snapshot);
    unlink(pairs);
    return others;
}

static uint64_t count_no_prior(const struct scored *all, size_t count,
                               double prior)
{
    const uint8_t zeros[MODEL_HASH_SIZE] = {0};
    uint64_t others = 0;

    for (size_t i = 0; i < count; i++)
        others += !same_bits(prior, all[i].p) ||
                  memcmp(all[i].hash, zeros, MODEL_HASH_SIZE) != 0;
    return others;
}

struct truth truth_of(const struct pipeline *pipe,
                      const struct fixture_records *predictions,
                      const char *anonymous, double prior)
{
    struct truth truth = {0, 0};
    struct scored *all = decode_all(predictions);
    size_t end;

    for (size_t at = 0; at < predictions->count; at = end) {
        end = at + 1;
        while (end < predictions->count && all[end].version == all[at].version)
            end++;
        if (all[at].version == 0) {
            truth.mismatched += count_no_prior(&all[at], end - at, prior);
            continue;
        }
        truth.compared += end - at;
        truth.mismatched += compare_one(pipe, &all[at], end - at, anonymous);
    }
    free(all);
    return truth;
}

char *truth_answers(const struct pipeline *pipe, uint64_t version,
                    const char *pairs_path)
{
    char snapshot[PATH_SIZE];

    new_path(snapshot);
    fetch(pipe, version, snapshot);
    char *output = predict(snapshot, pairs_path, "");
    unlink(snapshot);
    return output;
}
