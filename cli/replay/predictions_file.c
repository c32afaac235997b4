#include "cli/replay/predictions_file.h"

#include "common/base/basis.h"
#include "common/base/descriptors.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct predictions_file {
    const char *path;
    const struct replay_config *config;
    FILE *out;
};

/* A quote in the contender's name is written twice. */
static void print_column(FILE *out, const char *name, const char *what)
{
    fputs(",\"", out);
    for (; *name; name++) {
        if (*name == '"')
            fputc('"', out);
        fputc(*name, out);
    }
    fprintf(out, ".%s\"", what);
}

static void print_head(const struct replay_config *config, FILE *out)
{
    fputs("partition,offset,ts,label", out);
    for (size_t c = 0; c < config->contender_count; c++) {
        const char *name = config->contenders[c].name;
        print_column(out, name, "p");
        print_column(out, name, "version");
        print_column(out, name, "basis");
    }
    fputc('\n', out);
}

int predictions_file_open(const char *path, const struct replay_config *config,
                          struct predictions_file **out, struct error *err)
{
    struct predictions_file *file = calloc(1, sizeof(*file));

    if (!file)
        return error_no_memory(err, "writing %s", path);
    *file = (struct predictions_file){path, config, fopen(path, "w")};
    if (!file->out) {
        int why = errno;
        free(file);
        return error_system(err, ERROR_IO, why, "%s", path);
    }
    print_head(config, file->out);
    *out = file;
    return 0;
}

static int print_row(void *context, const struct replay_row *row,
                     struct error *err)
{
    const struct predictions_file *file = context;
    FILE *out = file->out;

    fprintf(out, "%" PRId32 ",%" PRId64 ",%" PRId64 ",", row->partition,
            row->offset, row->ts_ms);
    if (!isnan(row->label))
        fprintf(out, "%.9g", (double)row->label);
    for (size_t c = 0; c < file->config->contender_count; c++) {
        const struct replay_answer *answer = &row->answers[c];
        if (isnan(answer->p))
            fputs(",,,", out);
        else
            fprintf(out, ",%.17g,%" PRIu64 ",%s", answer->p, answer->version,
                    basis_name((enum basis)answer->basis));
    }
    fputc('\n', out);
    return ferror(out)
               ? error_set(err, ERROR_IO, "%s: %s", file->path, strerror(errno))
               : 0;
}

struct replay_sink predictions_file_sink(struct predictions_file *file)
{
    return (struct replay_sink){print_row, file};
}

int predictions_file_close(struct predictions_file *file, struct error *err)
{
    int status = 0;

    if (!file)
        return 0;
    int failed = ferror(file->out);
    if (fclose(file->out) != 0 || failed)
        status = error_set(err, ERROR_IO, "%s: not all could be written",
                           file->path);
    free(file);
    return status;
}
