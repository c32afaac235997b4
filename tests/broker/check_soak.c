/*
 * check_soak.c - the whole way on three brokers for as long as is wanted, with
 * faults of processes, brokers, network and records at random: the account is
 * exact at the end, and memory did not grow.
 *
 * The environment's PCTR_SOAK_MINUTES says how long (default 2), PCTR_SEED
 * repeats the choice of faults, and PCTR_SOAK_FILE names a file for samples of
 * memory, as CSV.
 */
#include "support/chance.h"
#include "support/own_broker.h"
#include "support/poison.h"
#include "support/run_suite.h"
#include "support/tcp_proxy.h"
#include "support/topic_ends.h"
#include "support/whole_run.h"

#include "common/base/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BROKERS = 3,
    PARTITIONS = 4,
    RATE = 300, /* impressions a second */
    WAIT_MS = 240000,
    PROGRESS = 100, /* records */
    SAMPLE_MS = 1000,
    REST_MS = 12000, /* at most, between two faults */
    FREEZE_MS = 20000,
    POISONS = 20, /* records at a time */
    MINUTES = 2,
    MINUTES_MAX = 600,
    THIRDS = 3,
    SAMPLES = 12 * 60 * 60, /* of a third, at most */
    GROWTH_KIB = 16 * 1024, /* and an eighth */
    SCORER_MAX_KIB = 160 * 1024,
    TRAINER_MAX_KIB = 256 * 1024,
    LONG_MINUTES = 30, /* from then on all that is bounded has filled up */
};

static struct whole_run run;
static struct proceedings proceedings;
static struct tcp_proxy *proxies[BROKERS]; /* of scorers and trainer */
static uint64_t random_state, poisons;
static int64_t start_ms, length_ms, sampled_ms;

/* Of a process in a third of the time. */
static struct memory {
    long kib[SAMPLES];
    size_t count;
} memory[WHOLE_RUN_PARTS][THIRDS];

static FILE *samples;

static int64_t at_random(int64_t most)
{
    return chance_below(&random_state, most);
}

/* --- Memory ----------------------------------------------------------- */

/* Resident, of a process that runs; 0 of one that does not. */
static long resident_kib(pid_t pid)
{
    char path[64];
    long pages = 0;

    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void sample(void)
{
    int64_t now_ms = clock_monotonic_ms() - start_ms;
    int64_t third = now_ms * THIRDS / length_ms;

    if (now_ms - sampled_ms < SAMPLE_MS)
        return;
    sampled_ms = now_ms;
    for (int role = 0; role < WHOLE_RUN_PARTS; role++) {
        const long kib = resident_kib(whole_run_part(&run, role)->pid);
        struct memory *of = &memory[role][third < THIRDS ? third : THIRDS - 1];
        if (kib > 0 && of->count < SAMPLES)
            of->kib[of->count++] = kib;
        if (samples)
            fprintf(samples, "%s%ld", role ? "," : "", kib);
    }
    if (samples)
        fprintf(samples, ",%" PRId64 "\n", now_ms);
}

static void sleep_and_sample(int64_t ms)
{
    for (int64_t until = clock_monotonic_ms() + ms;
         clock_monotonic_ms() < until; clock_sleep_ms(100))
        sample();
}

static int by_size(const void *a, const void *b)
{
    const long x = *(const long *)a, y = *(const long *)b;

    return (x > y) - (x < y);
}

/* What is bounded fills up within the first third of an hour, and is compared
 * after it: how much there is at rest, which is the median. Peaks are those of
 * what was not read while the broker was away, and have bounds of their own. */
static void assert_memory_is_flat(void)
{
    for (int role = 0; role < WHOLE_RUN_PARTS; role++) {
        long rest[THIRDS], peak[THIRDS];
        for (int third = 0; third < THIRDS; third++) {
            struct memory *of = &memory[role][third];
            ck_assert_uint_gt(of->count, 0);
            qsort(of->kib, of->count, sizeof(of->kib[0]), by_size);
            rest[third] = of->kib[of->count / 2];
            peak[third] = of->kib[of->count - 1];
        }
        printf("memory of %s, MiB in each third: median %ld %ld %ld, peak %ld "
               "%ld %ld\n",
               whole_run_name(role), rest[0] / 1024, rest[1] / 1024,
               rest[2] / 1024, peak[0] / 1024, peak[1] / 1024, peak[2] / 1024);
        if (length_ms >= LONG_MINUTES * INT64_C(60000))
            ck_assert_int_le(rest[2], rest[1] + rest[1] / 8 + GROWTH_KIB);
        ck_assert_int_le(peak[2], role == WHOLE_RUN_TRAINER ? TRAINER_MAX_KIB
                                                            : SCORER_MAX_KIB);
    }
}

/* --- Faults ----------------------------------------------------------- */

/* Beside the samples: all that a process said, before its successor begins. */
static void keep_log(int role)
{
    const char *beside = getenv("PCTR_SOAK_FILE");
    char path[600];

    if (!beside || !*beside)
        return;
    snprintf(path, sizeof(path), "%s.%s.log", beside, whole_run_name(role));
    FILE *file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    char *log = child_errors(whole_run_part(&run, role));
    fputs(log, file);
    free(log);
    ck_assert_int_eq(fclose(file), 0);
}

static void say(const char *what, int role)
{
    char now[CLOCK_TEXT_SIZE];

    printf("%s: %s%s\n", clock_format(clock_wall_ms(), now), what,
           role < WHOLE_RUN_PARTS ? whole_run_name(role) : "");
    fflush(stdout);
}

static void start_again(int role)
{
    keep_log(role);
    whole_run_start_part(&run, role);
}

static void kill_one(void)
{
    const int role = (int)at_random(WHOLE_RUN_PARTS);

    say("kills ", role);
    whole_run_kill(&run, role);
    start_again(role);
}

static void stop_one(void)
{
    const int role = (int)at_random(WHOLE_RUN_PARTS);

    say("stops ", role);
    pipeline_stop(whole_run_part(&run, role), WAIT_MS);
    start_again(role);
}

static void freeze_one(void)
{
    const int role = (int)at_random(WHOLE_RUN_PARTS);

    say("freezes ", role);
    child_signal(whole_run_part(&run, role), SIGSTOP);
    sleep_and_sample(at_random(FREEZE_MS));
    child_signal(whole_run_part(&run, role), SIGCONT);
    say("frees ", role);
}

/* Of brokers only one is away at a time, and only when all copies are there:
 * what an operator of three can promise. The quorum's loss is the exception. */
static int one_broker(const char *what)
{
    char words[64];
    const int broker = 1 + (int)at_random(BROKERS);

    own_broker_await_in_step(WAIT_MS);
    snprintf(words, sizeof(words), "%s broker %d", what, broker);
    say(words, WHOLE_RUN_PARTS);
    return broker;
}

/* One leaves, and is back after a time of less than `most_ms`. */
static void send_away(const char *what, const char *leave, int64_t most_ms,
                      const char *come_back)
{
    const int broker = one_broker(what);

    own_broker_do(leave, broker);
    sleep_and_sample(at_random(most_ms));
    own_broker_do(come_back, broker);
}

static void kill_broker(void)
{
    send_away("kills", "kill", FREEZE_MS, "revive");
}

static void restart_broker(void)
{
    send_away("restarts", "stop", 1, "revive");
}

static void freeze_broker(void)
{
    send_away("freezes", "pause", FREEZE_MS, "resume");
}

static void rob_of_quorum(void)
{
    const int stays = one_broker("kills all but");

    for (int broker = 1; broker <= BROKERS; broker++)
        if (broker != stays)
            own_broker_do("kill", broker);
    sleep_and_sample(at_random(FREEZE_MS));
    for (int broker = 1; broker <= BROKERS; broker++)
        if (broker != stays)
            own_broker_do("revive", broker);
}

/* --- A bad network, to one broker or to all of them ------------------- */

static const struct proxy_weather good = {.delay_ms = 0};

/* One of them, or BROKERS for all. */
static int choose_way(const char *what)
{
    char words[64];
    const int chosen = (int)at_random(BROKERS + 1);

    snprintf(words, sizeof(words), "%s, to broker %d", what, chosen + 1);
    say(chosen < BROKERS ? words : what, WHOLE_RUN_PARTS);
    return chosen;
}

static void set_weather(int chosen, struct proxy_weather weather)
{
    for (int i = 0; i < BROKERS; i++)
        if (i == chosen || chosen == BROKERS)
            tcp_proxy_set(proxies[i], weather);
}

static void for_way(int chosen, void (*act)(struct tcp_proxy *proxy))
{
    for (int i = 0; i < BROKERS; i++)
        if (i == chosen || chosen == BROKERS)
            act(proxies[i]);
}

static void cut_network(void)
{
    const int chosen = choose_way("cuts the network");

    set_weather(chosen, (struct proxy_weather){.holds_requests = true,
                                               .holds_replies = true});
    sleep_and_sample(at_random(FREEZE_MS));
    set_weather(chosen, good);
}

static void lose_replies(void)
{
    const int chosen = choose_way("loses replies");

    set_weather(chosen, (struct proxy_weather){.holds_replies = true});
    sleep_and_sample(at_random(FREEZE_MS));
    for_way(chosen, tcp_proxy_reset);
    set_weather(chosen, good);
}

/* What was sent arrives when the client has long sent it again elsewhere. */
static void deliver_late(void)
{
    const int chosen = choose_way("delivers late");

    for_way(chosen, tcp_proxy_hold_open_ones);
    sleep_and_sample(at_random(FREEZE_MS));
    for_way(chosen, tcp_proxy_release);
}

static void reset_connections(void)
{
    for_way(choose_way("resets connections"), tcp_proxy_reset);
}

static void slow_down(void)
{
    const int chosen = choose_way("slows the network down");

    set_weather(chosen,
                (struct proxy_weather){.delay_ms = 100, .jitter_ms = 200});
    sleep_and_sample(at_random(FREEZE_MS));
    set_weather(chosen, good);
}

/* --- Bad records ------------------------------------------------------ */

static void send_poison(void)
{
    struct buffer bytes = {0};

    say("sends poison", WHOLE_RUN_PARTS);
    own_broker_await_in_step(WAIT_MS);
    for (int i = 0; i < POISONS; i++) {
        buffer_clear(&bytes);
        poison_make(poisons++, &random_state, &bytes);
        const struct outgoing out = {.partition =
                                         (int32_t)at_random(PARTITIONS),
                                     .value = bytes.size ? bytes.bytes : NULL,
                                     .value_size = bytes.size};
        kafka_fixture_send(run.pipe.names[PIPE_IMPRESSIONS], &out);
    }
    buffer_free(&bytes);
}

/* --- One after the other ---------------------------------------------- */

static struct {
    const char *name;
    void (*provoke)(void);
    int times;
} faults[] = {
    {"killed", kill_one},
    {"stopped", stop_one},
    {"frozen", freeze_one},
    {"broker killed", kill_broker},
    {"broker restarted", restart_broker},
    {"broker frozen", freeze_broker},
    {"quorum lost", rob_of_quorum},
    {"network cut", cut_network},
    {"replies lost", lose_replies},
    {"requests late", deliver_late},
    {"connections reset", reset_connections},
    {"network slow", slow_down},
    {"poison sent", send_poison},
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

static int provoke_at_random(void)
{
    int times = 0;

    while (clock_monotonic_ms() - start_ms < length_ms) {
        const int64_t which = at_random(FAULTS);
        sleep_and_sample(at_random(REST_MS));
        faults[which].provoke();
        faults[which].times++;
        times++;
        topic_ends_await_more(run.pipe.names[PIPE_PREDICTIONS], PROGRESS,
                              WAIT_MS);
    }
    return times;
}

/* --- The run ---------------------------------------------------------- */

static int minutes(void)
{
    const char *text = getenv("PCTR_SOAK_MINUTES");
    int asked = text ? atoi(text) : MINUTES;

    return asked < 1 ? 1 : asked > MINUTES_MAX ? MINUTES_MAX : asked;
}

static void start_broker(void)
{
    own_broker_start_detour("soak", BROKERS);
}

/* What a trainer remembers is bounded, and the bounds are met within the first
 * third of an hour: what grows after it is a leak. */
static const char *const bounded[] = {"--model.params=factors=10 epochs=10",
                                      "--retrain.every_ms=0",
                                      "--retrain.rows=3000",
                                      "--training.max_rows=100000",
                                      "--evaluation.window_ms=60000",
                                      NULL};

/* Returns the addresses on this side of them. */
static const char *start_proxies(void)
{
    static char addresses[128];
    size_t size = 0;

    for (int i = 0; i < BROKERS; i++) {
        const unsigned listens = own_broker_detour(i + 1);
        proxies[i] = tcp_proxy_start(listens + 1, listens);
        size += (size_t)snprintf(addresses + size, sizeof(addresses) - size,
                                 "%s127.0.0.1:%u", i ? "," : "", listens + 1);
    }
    return addresses;
}

static void start(void)
{
    const char *file = getenv("PCTR_SOAK_FILE");

    random_state = chance_seed();
    printf("minutes=%d\n", minutes());
    ck_assert_int_eq(setenv("PCTR_DATA", "", 1), 0); /* it would run dry */
    length_ms = minutes() * INT64_C(60000);
    samples = file && *file ? fopen(file, "w") : NULL;
    if (samples) /* a test that fails does not close it */
        setvbuf(samples, NULL, _IOLBF, 0);
    if (samples)
        fputs("scorer_0_kib,scorer_1_kib,trainer_kib,ms\n", samples);
    /* Twice what is fed meanwhile; the feed is stopped. */
    run.rows = (uint64_t)length_ms / 1000 * RATE * 2 + 100000;
    run.options.trainer = bounded;
    run.options.brokers = start_proxies();
    whole_run_start(&run, PARTITIONS, RATE);
    child_await_error(&run.trainer, "msg=\"model published\"", WAIT_MS);
    start_ms = clock_monotonic_ms();
}

static void stop(void)
{
    if (samples)
        fclose(samples);
    proceedings_free(&proceedings);
    whole_run_end(&run);
    for (int i = 0; i < BROKERS; i++)
        tcp_proxy_end(proxies[i]);
}

START_TEST(the_account_is_exact_and_memory_is_flat)
{
    int times = provoke_at_random();

    whole_run_stop_feed(&run);
    pipeline_await_scored(&run.pipe, WAIT_MS);
    for (int role = 0; role < WHOLE_RUN_PARTS; role++) {
        pipeline_stop(whole_run_part(&run, role), WAIT_MS);
        keep_log(role);
    }
    for (int i = 0; i < FAULTS; i++)
        printf("%s: %d times\n", faults[i].name, faults[i].times);
    printf("fault 37|soak|%d minutes of faults at random of processes, three "
           "brokers, network and records|%d\n",
           minutes(), times);
    struct verdict verdict = pipeline_judge(&run.pipe, "soak", &proceedings);
    /* A feed may write an event twice when its broker is killed. */
    verdict.repeated = 0;
    ck_assert(verdict_is_clean(&verdict));
    ck_assert_uint_eq(verdict.dead_letters, poisons);
    ck_assert_uint_eq(verdict.predictions + poisons, verdict.impressions);
    assert_memory_is_flat();
}
END_TEST

int main(void)
{
    /* Check tells the time that a process of its own took in 31 bits of
     * microseconds: after 35 minutes it calls a good end an error. */
    if (setenv("CK_FORK", "no", 1) != 0)
        return EXIT_FAILURE;
    Suite *suite = suite_create("soak");
    TCase *tests = tcase_create("own broker");

    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, the_account_is_exact_and_memory_is_flat);
    suite_add_tcase(suite, tests);
    return kafka_fixture_main(suite, "faults at random, for long");
}
