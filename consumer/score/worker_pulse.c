#include "consumer/score/worker_pulse.h"

#include "common/base/clock.h"
#include "common/base/stop.h"

enum {
    SILENCE_MS = 45000, /* a round may wait that long */
    /* librdkafka's calls about a transaction return within two minutes,
     * whatever the broker does. */
    BROKER_SILENCE_MS = 180000,
};

static void beat_for(struct worker_pulse *pulse, int64_t silence_ms)
{
    atomic_store(&pulse->status.silence_ms, silence_ms);
    atomic_store(&pulse->status.beat_ms, clock_monotonic_ms());
    atomic_fetch_add(&pulse->status.beats, 1);
}

void worker_pulse_start(struct worker_pulse *pulse, struct metrics *metrics,
                        unsigned worker)
{
    worker_time_start(&pulse->time, metrics, worker);
    worker_pulse_beat(pulse);
}

void worker_pulse_beat(struct worker_pulse *pulse)
{
    beat_for(pulse, SILENCE_MS);
}

bool worker_pulse_must_stop(const struct worker_pulse *pulse)
{
    return atomic_load(pulse->stop);
}

void worker_pulse_rest(struct worker_pulse *pulse, int64_t wait_ms)
{
    worker_time_spent(&pulse->time, WORKER_SCORES);
    while (wait_ms > 0 && !worker_pulse_must_stop(pulse)) {
        clock_sleep_ms(wait_ms < STOP_SLICE_MS ? wait_ms : STOP_SLICE_MS);
        worker_time_spent(&pulse->time, WORKER_WAITS);
        wait_ms -= STOP_SLICE_MS;
        worker_pulse_beat(pulse);
    }
}

void worker_pulse_enter_broker(struct worker_pulse *pulse)
{
    worker_time_spent(&pulse->time, WORKER_SCORES);
    beat_for(pulse, BROKER_SILENCE_MS);
}

void worker_pulse_leave_broker(struct worker_pulse *pulse)
{
    worker_time_spent(&pulse->time, WORKER_COMMITS);
    worker_pulse_beat(pulse);
}
