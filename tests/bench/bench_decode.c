/*
 * bench_decode.c - ns per decoded impression, beside msgpack_unpack_next on
 * the same bytes in the same run.
 */
#include "common/base/clock.h"
#include "common/event/event_reader.h"

#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS = 4096, ROUNDS = 1, TRIES = 400 };

static struct buffer bytes;
static size_t starts[EVENTS + 1];
static struct event_reader *reader;
static struct event_scratch scratch;

/* id, ts, user, ad and one more: what a feed writes. */
static void make_events(void)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const struct event_extra extra = {.name = "depth",
                                      .value = id_from_number(2)};

    for (int i = 0; i < EVENTS; i++) {
        const struct impression event = {
            .id = id_from_number(1000000 + i),
            .ts_ms = 1700000000000 + i,
            .user = id_from_number(70000 + 13 * i),
            .ad = id_from_number(3000 + i % 500),
        };
        starts[i] = bytes.size;
        event_encode_impression(&fields, &event, &extra, 1, &bytes);
    }
    starts[EVENTS] = bytes.size;
}

static uint64_t decode_all(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < EVENTS; i++) {
        const struct event_record record = {.value = bytes.bytes + starts[i],
                                            .value_size =
                                                starts[i + 1] - starts[i]};
        struct impression event;
        const char *about;
        if (event_reader_impression(reader, &record, &scratch, &event,
                                    &about) == EVENT_OK)
            sum += (uint64_t)event.user.number + (uint64_t)event.ad.number;
    }
    return sum;
}

/* The peer only parses: it does not look a field up, nor check one. */
static uint64_t unpack_all(void)
{
    uint64_t sum = 0;
    msgpack_unpacked unpacked;

    msgpack_unpacked_init(&unpacked);
    for (int i = 0; i < EVENTS; i++)
        if (msgpack_unpack_next(
                &unpacked, (const char *)bytes.bytes + starts[i],
                starts[i + 1] - starts[i], NULL) == MSGPACK_UNPACK_SUCCESS)
            sum += unpacked.data.via.map.size;
    msgpack_unpacked_destroy(&unpacked);
    return sum;
}

/* The best of some tries: the machine is not ours alone. */
static double ns_each(uint64_t (*all)(void), uint64_t *sink)
{
    double best = 0;

    for (int try = 0; try < TRIES; try++) {
        int64_t start = clock_monotonic_ns();
        const int rounds = ROUNDS;
        for (int i = 0; i < rounds; i++)
            *sink += all();
        double ns =
            (double)(clock_monotonic_ns() - start) / ((double)rounds * EVENTS);
        if (try == 0 || ns < best)
            best = ns;
    }
    return best;
}

int main(void)
{
    uint64_t sink = 0;

    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct error err;

    make_events();
    if (event_reader_new(&fields, EVENT_IMPRESSIONS, &reader, &err) < 0 ||
        event_scratch_ready(&scratch, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return EXIT_FAILURE;
    }
    double ours = ns_each(decode_all, &sink);
    double peer = ns_each(unpack_all, &sink);
    printf("decode a 5-field event of %zu bytes: %.1f ns; "
           "msgpack_unpack_next: %.1f ns; ratio %.2f (check %" PRIu64 ")\n",
           starts[1], ours, peer, ours / peer, sink);
    buffer_free(&bytes);
    event_scratch_free(&scratch);
    event_reader_free(reader);
    return sink == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
