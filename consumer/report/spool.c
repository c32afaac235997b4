#include "consumer/report/spool.h"

#include "common/base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct spool {
    const char *folder;
    size_t record_size;
    int file;        /* -1: none yet */
    uint64_t stored; /* records in it */
    char *buffer;
    size_t room, count; /* records */
};

static const char *folder_of(const struct spool *spool)
{
    const char *named = getenv("TMPDIR");

    if (spool->folder[0])
        return spool->folder;
    return named && named[0] ? named : "/tmp";
}

static int fail(const struct spool *spool, const char *what, struct error *err)
{
    if (errno == EMFILE || errno == ENFILE)
        return error_system(err, ERROR_IO, errno, "%s: %s a temporary file",
                            folder_of(spool), what);
    return error_set(err, ERROR_IO,
                     "%s: %s a temporary file: %s: make room there, or name "
                     "another folder by spool.dir",
                     folder_of(spool), what, strerror(errno));
}

int spool_new(const char *folder, size_t record_size, size_t buffer_bytes,
              struct spool **out, struct error *err)
{
    struct spool *spool = calloc(1, sizeof(*spool));
    size_t room = buffer_bytes / record_size + (buffer_bytes < record_size);

    if (!spool || !(spool->buffer = malloc(room * record_size))) {
        free(spool);
        return error_no_memory(err, "spooling records");
    }
    spool->folder = folder ? folder : "";
    spool->record_size = record_size;
    spool->file = -1;
    spool->room = room;
    *out = spool;
    return 0;
}

/* --- Writing ---------------------------------------------------------- */

static int open_file(struct spool *spool, struct error *err)
{
    char path[1024];
    int length =
        snprintf(path, sizeof(path), "%s/pctr.XXXXXX", folder_of(spool));

    if (length < 0 || (size_t)length >= sizeof(path))
        return error_set(err, ERROR_CONFIG, "spool.dir: longer than %zu bytes",
                         sizeof(path) - sizeof("/pctr.XXXXXX"));
    spool->file = mkstemp(path);
    if (spool->file < 0)
        return fail(spool, "create", err);
    (void)fcntl(spool->file, F_SETFD, FD_CLOEXEC);
    unlink(path);
    return 0;
}

static int store(struct spool *spool, struct error *err)
{
    size_t size = spool->count * spool->record_size, done = 0;
    uint64_t at = spool->stored * spool->record_size;

    if (spool->file < 0 && open_file(spool, err) < 0)
        return -1;
    while (done < size) {
        ssize_t written = pwrite(spool->file, spool->buffer + done, size - done,
                                 (off_t)(at + done));
        if (written < 0 && errno != EINTR)
            return fail(spool, "write", err);
        done += written > 0 ? (size_t)written : 0;
    }
    spool->stored += spool->count;
    spool->count = 0;
    return 0;
}

int spool_add(struct spool *spool, const void *record, struct error *err)
{
    if (spool->count == spool->room && store(spool, err) < 0)
        return -1;
    memcpy(spool->buffer + spool->count * spool->record_size, record,
           spool->record_size);
    spool->count++;
    return 0;
}

uint64_t spool_count(const struct spool *spool)
{
    return spool->stored + spool->count;
}

void spool_clear(struct spool *spool)
{
    spool->stored = spool->count = 0;
}

void spool_free(struct spool *spool)
{
    if (!spool)
        return;
    if (spool->file >= 0)
        close(spool->file);
    free(spool->buffer);
    free(spool);
}

/* --- Reading ---------------------------------------------------------- */

void spool_cursor_begin(struct spool_cursor *cursor, const struct spool *spool,
                        struct spool_range range, void *buffer, size_t room)
{
    *cursor = (struct spool_cursor){.spool = spool,
                                    .next = range.first,
                                    .end = range.end,
                                    .buffer = buffer,
                                    .room = room};
}

static int fetch(const struct spool *spool, uint64_t first, size_t count,
                 char *to, struct error *err)
{
    size_t size = count * spool->record_size, done = 0;
    uint64_t at = first * spool->record_size;

    while (done < size) {
        ssize_t got =
            pread(spool->file, to + done, size - done, (off_t)(at + done));
        if (got == 0)
            errno = EIO; /* somebody cut it off */
        if (got == 0 || (got < 0 && errno != EINTR))
            return fail(spool, "read", err);
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

/* From the file as far as that goes, then from memory. */
static int refill(struct spool_cursor *cursor, struct error *err)
{
    const struct spool *spool = cursor->spool;
    uint64_t left = cursor->end - cursor->next;
    size_t count = left < cursor->room ? (size_t)left : cursor->room;

    if (cursor->next < spool->stored) {
        if (count > spool->stored - cursor->next)
            count = (size_t)(spool->stored - cursor->next);
        if (fetch(spool, cursor->next, count, cursor->buffer, err) < 0)
            return -1;
    } else {
        memcpy(cursor->buffer,
               spool->buffer +
                   (size_t)(cursor->next - spool->stored) * spool->record_size,
               count * spool->record_size);
    }
    cursor->next += count;
    cursor->count = count;
    cursor->at = 0;
    return 0;
}

int spool_cursor_next(struct spool_cursor *cursor, const void **record,
                      struct error *err)
{
    *record = NULL;
    if (cursor->at == cursor->count) {
        if (cursor->next == cursor->end)
            return 0;
        if (refill(cursor, err) < 0)
            return -1;
    }
    *record = cursor->buffer + cursor->at++ * cursor->spool->record_size;
    return 0;
}
