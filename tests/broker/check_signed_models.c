/*
 * check_signed_models.c - models, pins and retirements are signed and verified
 * by the processes that write and serve them.
 */
#include "support/metrics_page.h"
#include "support/pipeline.h"
#include "support/run_suite.h"

#include "common/event/manifest.h"

#include "producer/publisher.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS = 2, WAIT_MS = 60000, PATH_SIZE = 64, OPTION_SIZE = 192 };

enum owner { OURS, NEXT, FOREIGN, OWNERS };

static const char *const owners[OWNERS] = {"ours", "next", "foreign"};

static struct error err;
static struct pipeline way;
static struct child_process scorer;
static char folder[] = "/tmp/pctr-signing-XXXXXX";
static unsigned port;
static double refused; /* so far, by the scorer that runs */

/* --- Keys ------------------------------------------------------------- */

static void make_keys(void)
{
    char path[PATH_SIZE];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (int i = 0; i < OWNERS; i++) {
        const char *keygen[] = {"snapshot", "keygen", path, NULL};
        struct child_process child = {.pid = 0};
        snprintf(path, sizeof(path), "%s/%s", folder, owners[i]);
        child_start_pctr(&child, keygen);
        ck_assert_int_eq(child_wait(&child, WAIT_MS), 0);
        child_end(&child);
    }
}

static void sign_with(enum owner owner, char option[OPTION_SIZE])
{
    snprintf(option, OPTION_SIZE, "--signing.key=%s/%s", folder, owners[owner]);
}

/* `more` is trusted as well; the same one: only that one is. */
static void trust(enum owner owner, enum owner more, char option[OPTION_SIZE])
{
    int length = snprintf(option, OPTION_SIZE, "--trusted.keys=%s/%s.pub",
                          folder, owners[owner]);

    if (more != owner)
        snprintf(option + length, OPTION_SIZE - (size_t)length, ",%s/%s.pub",
                 folder, owners[more]);
}

/* --- Processes -------------------------------------------------------- */

/* Learns, and publishes what it has learned; OWNERS: unsigned. */
static void train(enum owner owner)
{
    char key[OPTION_SIZE] = "--signing.key=";
    const char *more[] = {"--exit.at_end", "--http.port=0",
                          "--model.algorithm=baseline", key, NULL};

    if (owner != OWNERS)
        sign_with(owner, key);
    free(pipeline_run(&way, "train", more, WAIT_MS));
}

static void start_scorer(enum owner owner, enum owner more)
{
    char keys[OPTION_SIZE], state[OPTION_SIZE], http[32];
    const char *options[] = {keys, state, http, NULL};

    port = metrics_page_free_port();
    trust(owner, more, keys);
    snprintf(state, sizeof(state), "--state.dir=%s", folder);
    snprintf(http, sizeof(http), "--http.port=%u", port);
    pipeline_start(&way, "score", options, &scorer);
    child_await_error(&scorer, "\"scoring\"", WAIT_MS);
    refused = 0;
}

static void end_scorer(void)
{
    pipeline_stop(&scorer, WAIT_MS);
    child_end(&scorer);
}

static void await_served(uint64_t epoch)
{
    metrics_page_await_value(port, "pctr_model_served_version", (double)epoch,
                             WAIT_MS);
}

/* One more record was refused, for that reason; that epoch serves on. */
static void await_refused(const char *reason, uint64_t epoch)
{
    refused++;
    metrics_page_await(port, "pctr_model_rejected_total{reason=\"signature\"}",
                       refused, WAIT_MS);
    child_await_error(&scorer, reason, WAIT_MS);
    await_served(epoch);
}

static int run_with_keys(const char *command, const char *const words[],
                         const char *keys)
{
    const char *more[8] = {keys};
    struct child_process child = {.pid = 0};

    for (size_t i = 0; words[i]; i++)
        more[i + 1] = words[i];
    pipeline_start(&way, command, more, &child);
    int status = child_wait(&child, WAIT_MS);
    child_end(&child);
    return status;
}

/* --- Records of somebody who may write the topic of models ------------ */

static void write_model_record(const char *rest, const void *value, size_t size)
{
    char key[FIXTURE_NAME_SIZE + 24];

    int length =
        snprintf(key, sizeof(key), "%s%s", way.names[PIPE_MODEL], rest);
    const struct outgoing record = {.key = key,
                                    .key_size = (size_t)length,
                                    .value = value,
                                    .value_size = size};
    kafka_fixture_send(way.names[PIPE_MODELS], &record);
}

/* The first manifest that was published, as a later version. */
static void write_first_again(uint64_t epoch)
{
    struct fixture_records all = kafka_fixture_read(way.names[PIPE_MODELS]);
    struct manifest manifest;
    struct buffer bytes = {0};
    char rest[24];

    ck_assert_uint_gt(all.count, 0);
    ck_assert_ok(
        manifest_decode(all.at[0].value, all.at[0].value_size, &manifest, &err),
        err);
    ck_assert(manifest.is_signed);
    manifest.epoch = epoch;
    manifest_encode(&manifest, &bytes);
    snprintf(rest, sizeof(rest), "@%" PRIu64, epoch);
    write_model_record(rest, bytes.bytes, bytes.size);
    buffer_free(&bytes);
    manifest_free(&manifest);
    fixture_records_free(&all);
}

/* {"epoch": n}, as a pin was before pins were signed */
static void write_unsigned_pin(uint8_t epoch)
{
    uint8_t value[] = {0x81, 0xa5, 'e', 'p', 'o', 'c', 'h', epoch};

    write_model_record("!pin", value, sizeof(value));
}

/* The pin that is there, in the same bytes. */
static void write_pin_again(size_t record)
{
    struct fixture_records all = kafka_fixture_read(way.names[PIPE_MODELS]);

    ck_assert_uint_lt(record, all.count);
    write_model_record("!pin", all.at[record].value, all.at[record].value_size);
    fixture_records_free(&all);
}

static size_t count_model_records(void)
{
    struct fixture_records all = kafka_fixture_read(way.names[PIPE_MODELS]);
    size_t count = all.count;

    fixture_records_free(&all);
    return count;
}

/* `pctr snapshot` with a key to sign with, and all ours to trust. */
static void snapshot(const char *action, const char *epoch, enum owner owner)
{
    char keys[OPTION_SIZE], key[OPTION_SIZE];
    const char *words[] = {key, action, epoch, NULL};

    trust(OURS, NEXT, keys);
    sign_with(owner, key);
    ck_assert_int_eq(run_with_keys("snapshot", words, keys), 0);
}

/* --- The test --------------------------------------------------------- */

static void start(void)
{
    const char *world[] = {"--world", "--world.rows=2000", "--world.users=40",
                           "--clock.step_ms=1000", NULL};

    make_keys();
    pipeline_create(&way, PARTITIONS);
    free(pipeline_run(&way, "feed", world, WAIT_MS));
    train(OURS);
}

static void stop(void)
{
    char command[PATH_SIZE];

    child_end(&scorer);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Who reads models without being a scorer. */
static void check_readers(enum owner trusted, bool is_good)
{
    char keys[OPTION_SIZE], output[OPTION_SIZE];
    const char *const fetch[] = {"fetch", "1", output, NULL};
    const char *const replay[] = {"--bootstrap=0", "epoch:1", NULL};
    const char *const verify[] = {NULL};

    trust(trusted, trusted, keys);
    snprintf(output, sizeof(output), "--output=%s/fetched", folder);
    ck_assert_int_eq(run_with_keys("snapshot", fetch, keys) == 0, is_good);
    ck_assert_int_eq(run_with_keys("replay", replay, keys) == 0, is_good);
    ck_assert_int_eq(run_with_keys("verify", verify, keys) == 0, is_good);
}

START_TEST(only_what_a_trusted_key_signed_is_served)
{
    start_scorer(OURS, OURS);
    await_served(1);
    train(OWNERS);
    await_refused("epoch 2 is not signed, and trusted.keys is set", 1);
    train(FOREIGN);
    await_refused("epoch 3 is not signed by a trusted key", 1);
    write_first_again(4);
    await_refused("epoch 4 is not signed by a trusted key", 1);
    train(OURS); /* what was refused is in nobody's way */
    await_served(5);
    pipeline_await_scored(&way, WAIT_MS);
    end_scorer();
}
END_TEST

START_TEST(keys_change_while_scorers_serve)
{
    start_scorer(OURS, NEXT);
    await_served(1);
    train(NEXT);
    await_served(2);
    end_scorer();
    start_scorer(NEXT, NEXT); /* the old key is taken away */
    await_served(2);
    train(OURS);
    await_refused("epoch 3 is not signed by a trusted key", 2);
    end_scorer();
}
END_TEST

START_TEST(pins_and_retirements_are_signed_too)
{
    start_scorer(OURS, NEXT);
    train(OURS);
    await_served(2);
    write_unsigned_pin(1);
    await_refused("the pin is not signed, and trusted.keys is set", 2);
    write_model_record("@2", NULL, 0);
    await_refused("the retirement of epoch 2 is not signed", 2);

    size_t first_pin = count_model_records();
    snapshot("pin", "1", OURS);
    await_served(1);
    snapshot("unpin", NULL, NEXT);
    await_served(2);
    write_pin_again(first_pin);
    await_refused("was made before the one that is in force", 2);
    snapshot("retire", "2", OURS);
    child_await_error(&scorer, "was retired", WAIT_MS);
    end_scorer();
}
END_TEST

START_TEST(every_reader_of_models_verifies)
{
    start_scorer(OURS, OURS);
    await_served(1);
    pipeline_await_scored(&way, WAIT_MS);
    end_scorer();
    check_readers(OURS, true);
    check_readers(FOREIGN, false);
    /* Its copy in state.dir was signed by another. */
    start_scorer(FOREIGN, FOREIGN);
    child_await_error(&scorer, "epoch 1 is not signed by a trusted key",
                      WAIT_MS);
    await_served(0);
    end_scorer();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signed_models");
    TCase *tests = tcase_create("broker");

    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, only_what_a_trusted_key_signed_is_served);
    tcase_add_test(tests, keys_change_while_scorers_serve);
    tcase_add_test(tests, pins_and_retirements_are_signed_too);
    tcase_add_test(tests, every_reader_of_models_verifies);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "signed models, pins and retirements");
}
