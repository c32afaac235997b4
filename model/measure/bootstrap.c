#include "model/measure/bootstrap.h"

#include "common/base/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The sums of a replicate. A column holds one sum of all replicates, so that a
 * row is added to all of them at once. */
enum column {
    PREDICTED,
    SQUARES,
    DISTANCE,
    LOSS,
    RIGHT, /* and so on: as in struct evaluation_sums */
    CLICKS,
    OTHERS,
    TIED_CLICKS,
    TIED_OTHERS,
    GAPS, /* up to and with the bin */
    COLUMNS = GAPS + ECE_BINS
};

struct bootstrap {
    struct bootstrap_config config;
    size_t contenders, room; /* replicates, rounded up to words */
    double *figures;         /* (contenders, FIGURE_COUNT, replicates) */
    double *scratch;         /* (replicates) */
    double *sums;            /* (COLUMNS, room) */
    int16_t *weights;        /* (room) */

    /* The newest rows, of one label and one prediction. */
    struct evaluation_terms run;
    int32_t *times; /* (room) how often they count */
    bool in_tie;    /* runs of the same prediction came before */
};

double evaluation_figure(const struct evaluation *evaluation,
                         enum figure figure)
{
    const double figures[FIGURE_COUNT] = {
        [FIGURE_RMSE] = evaluation->rmse,
        [FIGURE_MAE] = evaluation->mae,
        [FIGURE_LOGLOSS] = evaluation->logloss,
        [FIGURE_ENTROPY] = evaluation->normalised_entropy,
        [FIGURE_AUC] = evaluation->auc,
        [FIGURE_CALIBRATION] = evaluation->calibration,
        [FIGURE_ECE] = evaluation->ece,
    };

    return figures[figure];
}

/* --- How often a unit counts ------------------------------------------ */

/* Takes the weights of four replicates from each number of a generator, which
 * unit and seed start. */
void bootstrap_weights(uint64_t seed, uint64_t unit, int16_t *weights,
                       size_t count)
{
    /* Poisson(1): how many of 65536 draws count at least 1, 2, ... times; mean
     * and variance are 1. */
    static const int16_t least[] = {
        INT16_MAX + 1 - 41426, INT16_MAX + 1 - 17318, INT16_MAX + 1 - 5263,
        INT16_MAX + 1 - 1244,  INT16_MAX + 1 - 240,   INT16_MAX + 1 - 39,
        INT16_MAX + 1 - 5,     INT16_MAX + 1 - 1};
    uint64_t state = seed;

    state = random_next(&state) ^ unit;
    state = random_next(&state);
    for (size_t i = 0; i < count; i += 4) {
        uint64_t word = random_next(&state);
        for (size_t k = 0; k < 4; k++)
            weights[i + k] = (int16_t)(word >> (16 * k));
    }
    for (size_t i = 0; i < count; i++) {
        int16_t drawn = weights[i], times = 0;
        for (size_t k = 0; k < sizeof(least) / sizeof(least[0]); k++)
            times = (int16_t)(times + (drawn >= least[k]));
        weights[i] = times;
    }
}

/* --- Runs of equal rows ----------------------------------------------- */

static double *column(const struct bootstrap *bootstrap, size_t column)
{
    return &bootstrap->sums[column * bootstrap->room];
}

static void add(const struct bootstrap *bootstrap, size_t to, double value)
{
    double *sums = column(bootstrap, to);

    for (size_t r = 0; r < bootstrap->room; r++)
        sums[r] += bootstrap->times[r] * value;
}

static void end_tie(const struct bootstrap *bootstrap)
{
    double *right = column(bootstrap, RIGHT);
    double *clicks = column(bootstrap, CLICKS);
    double *others = column(bootstrap, OTHERS);
    double *tied_clicks = column(bootstrap, TIED_CLICKS);
    double *tied_others = column(bootstrap, TIED_OTHERS);

    for (size_t r = 0; r < bootstrap->room; r++) {
        right[r] += tied_clicks[r] * (others[r] + tied_others[r] / 2);
        clicks[r] += tied_clicks[r];
        others[r] += tied_others[r];
        tied_clicks[r] = tied_others[r] = 0;
    }
}

/* A run of clicks that is a tie by itself, as most are. */
static void add_clicks(const struct bootstrap *bootstrap)
{
    double *right = column(bootstrap, RIGHT);
    double *clicks = column(bootstrap, CLICKS);
    const double *others = column(bootstrap, OTHERS);

    for (size_t r = 0; r < bootstrap->room; r++) {
        right[r] += bootstrap->times[r] * others[r];
        clicks[r] += bootstrap->times[r];
    }
}

/* Whether the prediction changes with the run: else the tie goes on. */
enum tie { TIE_GOES_ON, TIE_ENDS };

static void end_run(struct bootstrap *bootstrap, enum tie tie)
{
    const struct evaluation_terms *run = &bootstrap->run;
    const bool ends_tie = tie == TIE_ENDS;

    add(bootstrap, PREDICTED, run->prediction);
    add(bootstrap, SQUARES, run->square);
    add(bootstrap, DISTANCE, run->distance);
    add(bootstrap, LOSS, run->loss);
    if (ends_tie && !bootstrap->in_tie && run->label <= 0) {
        add(bootstrap, OTHERS, 1);
    } else if (ends_tie && !bootstrap->in_tie && run->label >= 1) {
        add_clicks(bootstrap);
    } else {
        add(bootstrap, TIED_CLICKS, run->label);
        add(bootstrap, TIED_OTHERS, 1 - run->label);
        if (ends_tie)
            end_tie(bootstrap);
    }
    bootstrap->in_tie = !ends_tie;
    memset(bootstrap->times, 0, bootstrap->room * sizeof(*bootstrap->times));
}

/* Notes the difference of predictions and clicks at the end of each bin that
 * has ended. Rows come in the order of predictions, so a bin's own gap is the
 * difference of two notes. */
static void end_bins(const struct bootstrap *bootstrap, size_t end)
{
    const double *predicted = column(bootstrap, PREDICTED);
    const double *clicks = column(bootstrap, CLICKS);

    for (size_t bin = bootstrap->run.bin; bin < end; bin++) {
        double *gaps = column(bootstrap, GAPS + bin);
        for (size_t r = 0; r < bootstrap->room; r++)
            gaps[r] = predicted[r] - clicks[r];
    }
}

void bootstrap_add(struct bootstrap *bootstrap, uint64_t unit,
                   const struct evaluation_terms *row)
{
    const struct evaluation_terms *run = &bootstrap->run;
    bool is_higher =
        row->prediction > run->prediction || row->prediction < run->prediction;

    if (is_higher || row->label > run->label || row->label < run->label) {
        end_run(bootstrap, is_higher ? TIE_ENDS : TIE_GOES_ON);
        end_bins(bootstrap, row->bin);
        bootstrap->run = *row;
    }
    bootstrap_weights(bootstrap->config.seed, unit, bootstrap->weights,
                      bootstrap->room);
    for (size_t r = 0; r < bootstrap->room; r++)
        bootstrap->times[r] += bootstrap->weights[r];
}

/* --- Figures ---------------------------------------------------------- */

static double *cell(const struct bootstrap *bootstrap, size_t contender,
                    size_t figure, size_t replicate)
{
    return &bootstrap->figures[(contender * FIGURE_COUNT + figure) *
                                   bootstrap->config.replicates +
                               replicate];
}

static struct evaluation evaluate_replicate(const struct bootstrap *bootstrap,
                                            size_t replicate)
{
    const double *at = bootstrap->sums + replicate;
    const size_t room = bootstrap->room;
    struct evaluation_sums sums = {.rows =
                                       at[CLICKS * room] + at[OTHERS * room],
                                   .predicted = at[PREDICTED * room],
                                   .squares = at[SQUARES * room],
                                   .distance = at[DISTANCE * room],
                                   .loss = at[LOSS * room],
                                   .right = at[RIGHT * room],
                                   .clicks = at[CLICKS * room],
                                   .others = at[OTHERS * room]};

    for (size_t bin = 0; bin < ECE_BINS; bin++)
        sums.gaps[bin] = at[(GAPS + bin) * room] -
                         (bin > 0 ? at[(GAPS + bin - 1) * room] : 0);
    return evaluation_of(&sums);
}

void bootstrap_end(struct bootstrap *bootstrap, size_t contender)
{
    end_run(bootstrap, TIE_ENDS);
    end_bins(bootstrap, ECE_BINS);
    for (size_t r = 0; r < bootstrap->config.replicates; r++) {
        struct evaluation figures = evaluate_replicate(bootstrap, r);
        for (size_t f = 0; f < FIGURE_COUNT; f++)
            *cell(bootstrap, contender, f, r) =
                evaluation_figure(&figures, (enum figure)f);
    }
    memset(bootstrap->sums, 0,
           COLUMNS * bootstrap->room * sizeof(*bootstrap->sums));
    bootstrap->run = (struct evaluation_terms){0};
}

int bootstrap_new(const struct bootstrap_config *config, size_t contenders,
                  struct bootstrap **out, struct error *err)
{
    size_t count = config->replicates, room = (count + 7) / 8 * 8;
    struct bootstrap *bootstrap = calloc(1, sizeof(*bootstrap));

    if (!bootstrap)
        return error_no_memory(err, "a bootstrap");
    bootstrap->config = *config;
    bootstrap->contenders = contenders;
    bootstrap->room = room;
    bootstrap->figures = calloc(contenders * FIGURE_COUNT * count + 1,
                                sizeof(*bootstrap->figures));
    bootstrap->scratch = calloc(count + 1, sizeof(*bootstrap->scratch));
    bootstrap->sums = calloc(COLUMNS * room + 1, sizeof(*bootstrap->sums));
    bootstrap->weights = calloc(room + 1, sizeof(*bootstrap->weights));
    bootstrap->times = calloc(room + 1, sizeof(*bootstrap->times));
    if (!bootstrap->figures || !bootstrap->scratch || !bootstrap->sums ||
        !bootstrap->weights || !bootstrap->times) {
        bootstrap_free(bootstrap);
        return error_no_memory(err, "%zu replicates", count);
    }
    *out = bootstrap;
    return 0;
}

/* --- Intervals -------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Interpolates between the sorted values, as numpy.percentile does. */
static double percentile(const double *values, size_t n, double share)
{
    double at = share * (double)(n - 1);
    size_t low = (size_t)at;

    if (low + 1 >= n)
        return values[n - 1];
    return values[low] + (at - (double)low) * (values[low + 1] - values[low]);
}

static struct interval percentiles(double *values, size_t n, double level)
{
    if (n == 0)
        return (struct interval){NAN, NAN};
    qsort(values, n, sizeof(*values), by_value);
    return (struct interval){percentile(values, n, (1 - level) / 2),
                             percentile(values, n, (1 + level) / 2)};
}

struct interval bootstrap_interval(const struct bootstrap *bootstrap,
                                   size_t contender, enum figure figure)
{
    size_t n = 0;

    for (size_t r = 0; r < bootstrap->config.replicates; r++) {
        double value = *cell(bootstrap, contender, figure, r);
        if (isfinite(value))
            bootstrap->scratch[n++] = value;
    }
    return percentiles(bootstrap->scratch, n, bootstrap->config.level);
}

struct interval bootstrap_difference(const struct bootstrap *bootstrap,
                                     size_t first, size_t second,
                                     enum figure figure)
{
    size_t n = 0;

    for (size_t r = 0; r < bootstrap->config.replicates; r++) {
        double value = *cell(bootstrap, first, figure, r) -
                       *cell(bootstrap, second, figure, r);
        if (isfinite(value))
            bootstrap->scratch[n++] = value;
    }
    return percentiles(bootstrap->scratch, n, bootstrap->config.level);
}

void bootstrap_free(struct bootstrap *bootstrap)
{
    if (!bootstrap)
        return;
    free(bootstrap->figures);
    free(bootstrap->scratch);
    free(bootstrap->sums);
    free(bootstrap->weights);
    free(bootstrap->times);
    free(bootstrap);
}
