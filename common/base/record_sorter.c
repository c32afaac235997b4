#include "common/base/record_sorter.h"
#include "common/base/array.h"
#include "common/base/descriptors.h"

#include "common/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RUNS_MAX = 512, /* files that are merged; each has a buffer of stdio */
    PATH_SIZE = 4096,
};

/* A record in memory: `at` is its place in the bytes. */
struct entry {
    int64_t key;
    uint64_t number; /* in the order of adding */
    size_t at;
    uint32_t size;
};

/* A run being read: its first record that was not given yet. */
struct run {
    FILE *file;
    struct entry head;
    struct buffer bytes;
    bool is_over;
};

struct record_sorter {
    char folder[PATH_SIZE];
    size_t memory_bytes;
    struct buffer bytes; /* of the records in memory */
    struct entry *entries;
    size_t count, room, at;
    uint64_t added;
    struct run runs[RUNS_MAX];
    size_t run_count;
    struct run *given; /* the run that gave the last record */
};

int record_sorter_new(const char *folder, size_t memory_bytes,
                      struct record_sorter **out, struct error *err)
{
    struct record_sorter *sorter = calloc(1, sizeof(*sorter));
    const char *usual = getenv("TMPDIR");

    if (!sorter)
        return error_no_memory(err, "sorting");
    if (!folder || !*folder)
        folder = usual && *usual ? usual : "/tmp";
    snprintf(sorter->folder, sizeof(sorter->folder), "%s", folder);
    sorter->memory_bytes = memory_bytes;
    *out = sorter;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* A file without a name: gone with the process, however that ends. */
static FILE *open_nameless(struct record_sorter *sorter, struct error *err)
{
    char path[PATH_SIZE + 32];

    snprintf(path, sizeof(path), "%s/pctr-sort-XXXXXX", sorter->folder);
    int fd = mkstemp(path);
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "w+b") : NULL;
    if (fd >= 0)
        unlink(path);
    if (!file) {
        error_system(err, ERROR_IO, errno, "sort in '%s'", sorter->folder);
        if (fd >= 0)
            close(fd);
    }
    return file;
}

static int write_run(struct record_sorter *sorter, struct error *err)
{
    if (sorter->run_count == RUNS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "more than %d sorted runs: give more memory to sort "
                         "in",
                         RUNS_MAX);
    FILE *file = open_nameless(sorter, err);
    if (!file)
        return -1;
    struct run *run = &sorter->runs[sorter->run_count++];
    run->file = file;
    qsort(sorter->entries, sorter->count, sizeof(*sorter->entries), by_key);
    for (size_t i = 0; i < sorter->count; i++) {
        const struct entry *entry = &sorter->entries[i];
        fwrite(entry, sizeof(*entry), 1, file);
        fwrite(sorter->bytes.bytes + entry->at, 1, entry->size, file);
    }
    if (fflush(file) != 0 || ferror(file))
        return error_set(err, ERROR_IO, "sort in '%s': %s", sorter->folder,
                         strerror(errno));
    sorter->count = 0;
    buffer_clear(&sorter->bytes);
    return 0;
}

int record_sorter_add(struct record_sorter *sorter, int64_t key,
                      const void *record, size_t size, struct error *err)
{
    size_t used = sorter->bytes.size + size +
                  (sorter->count + 1) * sizeof(*sorter->entries);

    if (size > UINT32_MAX)
        return error_set(err, ERROR_LIMIT, "a record of %zu bytes", size);
    if (sorter->count > 0 && used > sorter->memory_bytes &&
        write_run(sorter, err) < 0)
        return -1;
    struct entry *entries = array_with_room(sorter->entries, sorter->count,
                                            &sorter->room, sizeof(*entries));
    if (!entries)
        return error_no_memory(err, "sorting");
    sorter->entries = entries;
    sorter->entries[sorter->count++] = (struct entry){.key = key,
                                                      .number = sorter->added++,
                                                      .at = sorter->bytes.size,
                                                      .size = (uint32_t)size};
    buffer_append(&sorter->bytes, record, size);
    return buffer_failed(&sorter->bytes) ? error_no_memory(err, "sorting") : 0;
}

/* Reads the next record of a run into its head. */
static int advance(struct record_sorter *sorter, struct run *run,
                   struct error *err)
{
    uint8_t piece[4096];

    if (fread(&run->head, sizeof(run->head), 1, run->file) != 1) {
        run->is_over = true;
        if (ferror(run->file))
            return error_set(err, ERROR_IO, "sort in '%s': %s", sorter->folder,
                             strerror(errno));
        return 0;
    }
    buffer_clear(&run->bytes);
    for (size_t left = run->head.size; left > 0;) {
        size_t size = left < sizeof(piece) ? left : sizeof(piece);
        if (fread(piece, 1, size, run->file) != size)
            return error_set(err, ERROR_IO, "sort in '%s': a run is cut short",
                             sorter->folder);
        buffer_append(&run->bytes, piece, size);
        left -= size;
    }
    return buffer_failed(&run->bytes) ? error_no_memory(err, "sorting") : 0;
}

int record_sorter_sort(struct record_sorter *sorter, struct error *err)
{
    if (sorter->run_count == 0) {
        if (sorter->count > 0)
            qsort(sorter->entries, sorter->count, sizeof(*sorter->entries),
                  by_key);
        return 0;
    }
    if (sorter->count > 0 && write_run(sorter, err) < 0)
        return -1;
    for (size_t i = 0; i < sorter->run_count; i++) {
        rewind(sorter->runs[i].file);
        if (advance(sorter, &sorter->runs[i], err) < 0)
            return -1;
    }
    return 0;
}

int record_sorter_next(struct record_sorter *sorter, const uint8_t **record,
                       size_t *size, struct error *err)
{
    struct run *least = NULL;

    *record = NULL;
    if (sorter->run_count == 0) {
        if (sorter->at == sorter->count)
            return 0;
        const struct entry *entry = &sorter->entries[sorter->at++];
        *record = sorter->bytes.bytes + entry->at;
        *size = entry->size;
        return 0;
    }
    if (sorter->given && advance(sorter, sorter->given, err) < 0)
        return -1;
    for (size_t i = 0; i < sorter->run_count; i++) {
        struct run *run = &sorter->runs[i];
        if (!run->is_over && (!least || by_key(&run->head, &least->head) < 0))
            least = run;
    }
    sorter->given = least;
    if (!least)
        return 0;
    *record = least->bytes.bytes;
    *size = least->head.size;
    return 0;
}

size_t record_sorter_runs(const struct record_sorter *sorter)
{
    return sorter->run_count;
}

void record_sorter_free(struct record_sorter *sorter)
{
    if (!sorter)
        return;
    for (size_t i = 0; i < sorter->run_count; i++) {
        fclose(sorter->runs[i].file);
        buffer_free(&sorter->runs[i].bytes);
    }
    buffer_free(&sorter->bytes);
    free(sorter->entries);
    free(sorter);
}
