#include "common/base/metrics.h"

#include "common/base/utf8.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double bounds[] = {
    1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2,
    5e-2, 0.1,    0.25, 0.5,  1,      2.5,  5,    10,     25,   50,   100};
enum { BOUNDS = sizeof(bounds) / sizeof(bounds[0]) };
_Static_assert((int)METRIC_DELAY_BOUNDS <= (int)BOUNDS, "they have room");

const double metric_delay_bounds[METRIC_DELAY_BOUNDS] = {
    1, 5, 15, 60, 300, 600, 1200, 1800, 3600, 10800, 43200, 86400};

/* A counter counts in `count`; a gauge keeps the bits of a double there. */
struct series {
    _Atomic uint64_t count;
    atomic_bool shown;
};

struct histogram {
    _Atomic uint64_t buckets[BOUNDS + 1]; /* the last one is +Inf */
    _Atomic uint64_t sum; /* the bits of a double: of old records the sum is
                             beyond nanoseconds in 64 bits */
};

struct family {
    struct series *series; /* (series_count) */
    size_t series_count;
    struct histogram *histogram; /* of a histogram only */
    char info[METRIC_INFO_MAX];  /* guarded by metrics.lock */
};

struct metrics {
    const struct metric_family *described;
    struct family *families; /* (count) */
    size_t count;
    pthread_mutex_t lock; /* of the info texts */
};

static bool is_histogram(const struct metric_family *family)
{
    return family->kind == METRIC_HISTOGRAM || family->kind == METRIC_DELAYS;
}

static size_t word_count(const char *words)
{
    size_t count = 1;

    for (; *words; words++)
        count += *words == '|';
    return count;
}

static size_t series_count(const struct metric_family *family)
{
    if (!family->label)
        return 1;
    return family->words ? word_count(family->words) : family->series_max;
}

static int family_open(struct family *family,
                       const struct metric_family *described)
{
    family->series_count = series_count(described);
    family->series = calloc(family->series_count, sizeof(*family->series));
    if (is_histogram(described)) {
        family->histogram = calloc(1, sizeof(*family->histogram));
        if (!family->histogram)
            return -1;
    }
    return family->series ? 0 : -1;
}

int metrics_new(const struct metric_family *families, struct metrics **out,
                struct error *err)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));
    size_t count = 0;

    while (families[count].name)
        count++;
    if (!metrics)
        return error_no_memory(err, "the metrics");
    pthread_mutex_init(&metrics->lock, NULL);
    metrics->described = families;
    metrics->families = calloc(count + 1, sizeof(*metrics->families));
    if (!metrics->families)
        goto failed;
    metrics->count = count;
    for (size_t i = 0; i < count; i++)
        if (family_open(&metrics->families[i], &families[i]) < 0)
            goto failed;
    *out = metrics;
    return 0;

failed:
    metrics_free(metrics);
    return error_no_memory(err, "the metrics");
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    for (size_t i = 0; metrics->families && i < metrics->count; i++) {
        free(metrics->families[i].series);
        free(metrics->families[i].histogram);
    }
    free(metrics->families);
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static struct series *find(const struct metrics *metrics, int family,
                           int series)
{
    if (!metrics || series < 0 ||
        (size_t)series >= metrics->families[family].series_count)
        return NULL;
    return &metrics->families[family].series[series];
}

void metrics_add(struct metrics *metrics, int family, int series,
                 uint64_t amount)
{
    struct series *to = find(metrics, family, series);

    if (!to)
        return;
    atomic_fetch_add_explicit(&to->count, amount, memory_order_relaxed);
    to->shown = true;
}

void metrics_set(struct metrics *metrics, int family, int series, double value)
{
    struct series *to = find(metrics, family, series);
    uint64_t bits;

    if (!to)
        return;
    memcpy(&bits, &value, sizeof(bits));
    atomic_store_explicit(&to->count, bits, memory_order_relaxed);
    to->shown = true;
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static void add_to_sum(struct histogram *to, double seconds)
{
    uint64_t before = atomic_load_explicit(&to->sum, memory_order_relaxed);
    uint64_t after;

    do {
        double sum = double_of(before) + seconds;
        memcpy(&after, &sum, sizeof(after));
    } while (!atomic_compare_exchange_weak_explicit(
        &to->sum, &before, after, memory_order_relaxed, memory_order_relaxed));
}

void metrics_observe(struct metrics *metrics, int family, double seconds)
{
    metrics_observe_many(metrics, family, seconds, 1);
}

void metrics_observe_many(struct metrics *metrics, int family, double seconds,
                          uint64_t count)
{
    if (!metrics)
        return;

    struct histogram *to = metrics->families[family].histogram;
    size_t bucket = 0;
    while (bucket < BOUNDS && seconds > bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&to->buckets[bucket], count,
                              memory_order_relaxed);
    if (seconds > 0)
        add_to_sum(to, seconds * (double)count);
}

void metrics_set_delays(struct metrics *metrics, int family,
                        const uint64_t *counts, double sum)
{
    uint64_t bits;

    if (!metrics)
        return;
    struct histogram *to = metrics->families[family].histogram;
    for (size_t b = 0; b <= METRIC_DELAY_BOUNDS; b++)
        atomic_store_explicit(&to->buckets[b], counts[b], memory_order_relaxed);
    memcpy(&bits, &sum, sizeof(bits));
    atomic_store_explicit(&to->sum, bits, memory_order_relaxed);
}

static double observations(const struct histogram *of)
{
    uint64_t sum = 0;

    for (size_t b = 0; b <= BOUNDS; b++)
        sum += of->buckets[b];
    return (double)sum;
}

double metrics_value(const struct metrics *metrics, int family, int series)
{
    const struct series *from = find(metrics, family, series);

    if (!from)
        return 0;
    switch (metrics->described[family].kind) {
    case METRIC_COUNTER:
        return (double)from->count;
    case METRIC_TIME:
        return (double)from->count / 1e9;
    case METRIC_HISTOGRAM:
    case METRIC_DELAYS:
        return observations(metrics->families[family].histogram);
    default:
        return double_of(from->count);
    }
}

/* Prometheus knows three escapes in the value of a label. It refuses a page
 * that is not UTF-8, so that a byte that is not becomes U+FFFD. */
static void print_label_value(FILE *out, const char *value)
{
    const uint8_t *bytes = (const uint8_t *)value;
    size_t size = strlen(value);

    for (size_t at = 0, step; at < size; at += step) {
        step = utf8_sequence(bytes + at, size - at);
        if (step == 0) {
            fputs("\xef\xbf\xbd", out);
            step = 1;
        } else if (bytes[at] == '\n') {
            fputs("\\n", out);
        } else {
            if (bytes[at] == '\\' || bytes[at] == '"')
                fputc('\\', out);
            fwrite(bytes + at, 1, step, out);
        }
    }
}

void metrics_set_info(struct metrics *metrics, int family,
                      const struct metric_label *labels)
{
    char info[METRIC_INFO_MAX] = "";

    if (!metrics)
        return;
    for (size_t i = 0, used = 0; labels[i].name; i++) {
        FILE *out = fmemopen(info + used, sizeof(info) - used, "w");
        if (!out)
            break;
        fprintf(out, "%s%s=\"", used > 0 ? "," : "", labels[i].name);
        print_label_value(out, labels[i].value);
        fputc('"', out);
        bool is_whole = !ferror(out) && fflush(out) == 0;
        long length = ftell(out);
        fclose(out);
        if (is_whole && length > 0 && used + (size_t)length < sizeof(info) - 1)
            used += (size_t)length;
        info[used] = '\0';
    }
    pthread_mutex_lock(&metrics->lock);
    memcpy(metrics->families[family].info, info, sizeof(info));
    pthread_mutex_unlock(&metrics->lock);
    metrics_set(metrics, family, 0, 1);
}

/* --- Rendering -------------------------------------------------------- */

/* The word of an index, and its size. */
static const char *word_at(const char *words, size_t index, size_t *size)
{
    for (; index > 0; index--)
        words += strcspn(words, "|") + 1;
    *size = strcspn(words, "|");
    return words;
}

static void render_labels(const struct metrics *metrics, size_t i, size_t index,
                          FILE *out)
{
    const struct metric_family *family = &metrics->described[i];
    size_t size;

    if (metrics->families[i].info[0]) {
        fprintf(out, "{%s}", metrics->families[i].info);
    } else if (family->words) {
        const char *word = word_at(family->words, index, &size);
        fprintf(out, "{%s=\"%.*s\"}", family->label, (int)size, word);
    } else if (family->label) {
        fprintf(out, "{%s=\"%zu\"}", family->label, index);
    }
}

static void render_series(const struct metrics *metrics, size_t i, FILE *out)
{
    const struct metric_family *family = &metrics->described[i];
    bool sparse =
        (family->label && !family->words) || family->kind == METRIC_GAUGE;

    for (size_t s = 0; s < metrics->families[i].series_count; s++) {
        size_t size = 1;
        if (family->words)
            (void)word_at(family->words, s, &size);
        if (size == 0 || (sparse && !metrics->families[i].series[s].shown))
            continue;
        fputs(family->name, out);
        render_labels(metrics, i, s, out);
        fprintf(out, " %.15g\n", metrics_value(metrics, (int)i, (int)s));
    }
}

static void render_histogram(const struct metric_family *family,
                             const struct histogram *from, FILE *out)
{
    const bool is_delays = family->kind == METRIC_DELAYS;
    const double *limits = is_delays ? metric_delay_bounds : bounds;
    const size_t count = is_delays ? METRIC_DELAY_BOUNDS : BOUNDS;
    const char *name = family->name;
    uint64_t total = 0;

    for (size_t b = 0; b < count; b++) {
        total += from->buckets[b];
        fprintf(out, "%s_bucket{le=\"%g\"} %llu\n", name, limits[b],
                (unsigned long long)total);
    }
    total += from->buckets[count];
    fprintf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name,
            (unsigned long long)total);
    fprintf(out, "%s_sum %.9g\n%s_count %llu\n", name, double_of(from->sum),
            name, (unsigned long long)total);
}

static const char *const kinds[] = {[METRIC_COUNTER] = "counter",
                                    [METRIC_GAUGE] = "gauge",
                                    [METRIC_HISTOGRAM] = "histogram",
                                    [METRIC_DELAYS] = "histogram",
                                    [METRIC_TIME] = "counter"};

static void render_head(const struct metric_family *family, FILE *out)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help,
            family->name, kinds[family->kind]);
}

void metrics_render(struct metrics *metrics, FILE *out)
{
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < metrics->count; i++) {
        const struct metric_family *family = &metrics->described[i];
        render_head(family, out);
        if (is_histogram(family))
            render_histogram(family, metrics->families[i].histogram, out);
        else
            render_series(metrics, i, out);
    }
    pthread_mutex_unlock(&metrics->lock);
}

void metrics_render_value(const struct metric_family *family, double value,
                          FILE *out)
{
    render_head(family, out);
    fprintf(out, "%s %.15g\n", family->name, value);
}

void metrics_describe(const struct metric_family *families, FILE *out)
{
    fputs("| metric | kind | labels | meaning |\n|---|---|---|---|\n", out);
    for (const struct metric_family *f = families; f->name; f++) {
        fprintf(out, "| `%s` | %s | %s", f->name, kinds[f->kind],
                f->label ? f->label : "");
        const char *between = ": ";
        for (const char *w = f->words ? f->words : ""; *w;) {
            size_t size = strcspn(w, "|");
            if (size > 0) {
                fprintf(out, "%s%.*s", between, (int)size, w);
                between = ", ";
            }
            w += size + (w[size] == '|');
        }
        fprintf(out, " | %s |\n", f->help);
    }
}
