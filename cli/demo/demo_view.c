#include "cli/demo/demo_view.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

void demo_view_start(struct demo_view *view)
{
    view->terminal = isatty(STDERR_FILENO);
    view->drawn = 0;
}

static void print_latency(const struct demo_moment *moment)
{
    if (isnan(moment->p50_ms))
        return;
    fprintf(stderr, "  latency p50 %.0f ms, p99 %.0f ms", moment->p50_ms,
            moment->p99_ms);
}

static void print_figure(FILE *out, double figure)
{
    if (isnan(figure))
        fprintf(out, " %10s", "-");
    else
        fprintf(out, " %10.4f", figure);
}

static void print_version(FILE *out, const struct demo_version *v)
{
    if (v->version == 0)
        fprintf(out, "%-9s", "none yet");
    else
        fprintf(out, "%-9" PRIu64, v->version);
    fprintf(out, " %8zu", v->evaluation.rows);
    print_figure(out, v->evaluation.click_rate);
    print_figure(out, v->evaluation.logloss);
    print_figure(out, v->evaluation.normalised_entropy);
    print_figure(out, v->evaluation.auc);
    fputc('\n', out);
}

static void print_head(FILE *out)
{
    fprintf(out, "%-9s %8s %10s %10s %10s %10s\n", "model", "rows", "clicks",
            "log-loss", "entropy", "AUC");
}

static void draw(struct demo_view *view, const struct demo_moment *moment)
{
    if (view->drawn > 0)
        fprintf(stderr, "\033[%zuA\033[J", view->drawn);
    fprintf(stderr,
            "%5.1f s  %" PRIu64 " impressions  %" PRIu64
            " predictions (%.0f/s)  %" PRIu64 " dead letters\n"
            "         serving model %" PRIu64,
            moment->seconds, moment->impressions, moment->predictions,
            moment->rate, moment->dead_letters, moment->serving);
    print_latency(moment);
    fputs("\n\n", stderr);
    print_head(stderr);
    for (size_t i = 0; i < moment->version_count; i++)
        print_version(stderr, &moment->versions[i]);
    view->drawn = 4 + moment->version_count;
}

static void print_line(const struct demo_moment *moment)
{
    fprintf(stderr, "%5.1f s  %" PRIu64 " predictions, %.0f/s, model %" PRIu64,
            moment->seconds, moment->predictions, moment->rate,
            moment->serving);
    print_latency(moment);
    if (moment->version_count > 0) {
        const struct evaluation *last =
            &moment->versions[moment->version_count - 1].evaluation;
        if (last->rows > 0)
            fprintf(stderr, "  log-loss %.4f", last->logloss);
        if (last->rows > 0 && !isnan(last->auc)) /* there are clicks */
            fprintf(stderr, "  AUC %.4f", last->auc);
    }
    fputc('\n', stderr);
}

void demo_view_show(struct demo_view *view, const struct demo_moment *moment)
{
    if (view->terminal)
        draw(view, moment);
    else
        print_line(moment);
}

void demo_view_versions(const struct demo_version *versions, size_t count)
{
    print_head(stdout);
    for (size_t i = 0; i < count; i++)
        print_version(stdout, &versions[i]);
}
