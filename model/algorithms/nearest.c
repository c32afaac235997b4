#include "model/algorithms/nearest.h"

#include "model/maths/kernel.h"

#include <string.h>

/* SAMPLE: of the list, for the threshold. Steps of halving, and how many above
 * k are as good as k. */
enum { SAMPLE = 2048, STEPS = 14, SURPLUS = 8 };

/* Returns a value that at least k of the list reach, if k are above 0: an entry
 * below it is not among the k best. It is found in float, since rounding keeps
 * the order. */
static float threshold(const struct kernel *kernel, const float *similarity,
                       uint32_t n, uint32_t k)
{
    float low = 0, high = 1;

    for (int step = 0; step < STEPS; step++) {
        float middle = (low + high) / 2;
        uint32_t count = kernel->count_from(similarity, n, middle);
        if (count < k)
            high = middle;
        else
            low = middle;
        if (count >= k && count <= k + SURPLUS)
            break;
    }
    return low;
}

static uint32_t count_before(const double *list, uint32_t n, double similarity)
{
    uint64_t count = 0; /* as wide as a double */

    for (uint32_t i = 0; i < n; i++)
        count += list[i] >= similarity;
    return (uint32_t)count;
}

/* An equal one goes behind; the last falls off where there are k. */
static void offer(struct nearest *best, uint32_t k, double similarity,
                  const struct rated *entry)
{
    /* looking at all has no branch to guess wrong */
    uint32_t to = count_before(best->similarity, best->n, similarity);
    if (to == k)
        return;
    if (best->n < k)
        best->n++;
    size_t behind = best->n - 1 - to;
    memmove(&best->similarity[to + 1], &best->similarity[to],
            behind * sizeof(best->similarity[0]));
    memmove(&best->entry[to + 1], &best->entry[to],
            behind * sizeof(best->entry[0]));
    best->similarity[to] = similarity;
    best->entry[to] = entry;
}

void nearest_select(struct nearest *best, uint32_t k, const double *row,
                    const struct rated *list, size_t n)
{
    const struct kernel *kernel = kernel_best();
    float sample[SAMPLE];
    uint32_t sampled = n < SAMPLE ? (uint32_t)n : SAMPLE;
    float floor;

    best->n = 0;
    kernel->gather(sample, row, list, sampled);
    floor = sampled > k + SURPLUS ? threshold(kernel, sample, sampled, k) : 0;
    for (uint32_t i = 0; i < sampled; i++) {
        double similarity;
        if (sample[i] < floor)
            continue;
        similarity = row[list[i].other];
        if (similarity > 0)
            offer(best, k, similarity, &list[i]);
    }
    for (size_t i = sampled; i < n; i++) {
        double similarity = row[list[i].other];
        if (similarity > 0 &&
            (best->n < k || similarity > best->similarity[k - 1]))
            offer(best, k, similarity, &list[i]);
    }
}
