#include "common/base/unpacked_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { PACKED_SIZE = 1 << 16, UNPACKED_SIZE = 1 << 17 };
enum { GZIP_ONLY = 16 + MAX_WBITS }; /* of inflateInit2() */

/* What the bytes at hand are. */
enum part {
    PART_FIRST,  /* not looked at yet */
    PART_PLAIN,  /* of a file that is not gzip */
    PART_MEMBER, /* within a gzip member */
    PART_BEHIND, /* behind one */
};

struct unpacked_file {
    int fd;
    bool is_read; /* to its end */
    enum part part;
    bool has_stream;
    z_stream stream;
    uint64_t bytes; /* read so far */
    uint8_t packed[PACKED_SIZE], unpacked[UNPACKED_SIZE];
};

int unpacked_file_open(int fd, struct unpacked_file **out, struct error *err)
{
    struct unpacked_file *file = calloc(1, sizeof(*file));

    if (!file) {
        close(fd);
        return error_no_memory(err, "the file to read");
    }
    file->fd = fd;
    file->stream.next_in = file->packed;
    *out = file;
    return 0;
}

/* Has `wanted` bytes at hand, or all that are left. */
static int look(struct unpacked_file *file, size_t wanted, struct error *err)
{
    z_stream *at = &file->stream;

    if (at->avail_in >= wanted || file->is_read)
        return 0;
    memmove(file->packed, at->next_in, at->avail_in);
    at->next_in = file->packed;
    while (at->avail_in < wanted && !file->is_read) {
        ssize_t got = read(file->fd, file->packed + at->avail_in,
                           sizeof(file->packed) - at->avail_in);
        if (got < 0)
            return error_set(err, ERROR_INPUT, "%s", strerror(errno));
        file->is_read = got == 0;
        file->bytes += (uint64_t)got;
        at->avail_in += (uInt)got;
    }
    return 0;
}

static int start_member(struct unpacked_file *file, struct error *err)
{
    int code = file->has_stream ? inflateReset(&file->stream)
                                : inflateInit2(&file->stream, GZIP_ONLY);

    if (code != Z_OK)
        return error_no_memory(err, "the gzip file");
    file->has_stream = true;
    file->part = PART_MEMBER;
    return 0;
}

/* Passes over zeros up to the end of the file. */
static int check_rest(struct unpacked_file *file, struct error *err)
{
    z_stream *at = &file->stream;

    do {
        for (; at->avail_in > 0; at->avail_in--)
            if (*at->next_in++ != 0)
                return error_set(err, ERROR_FORMAT,
                                 "bytes that are not gzip follow the gzip "
                                 "data: the file is damaged, or two files "
                                 "were joined");
        if (look(file, 1, err) < 0)
            return -1;
    } while (at->avail_in > 0);
    return 0;
}

/* Finds out what begins here. */
static int start_part(struct unpacked_file *file, struct error *err)
{
    if (look(file, 2, err) < 0)
        return -1;

    const z_stream *at = &file->stream;
    if (at->avail_in >= 2 && at->next_in[0] == 0x1f && at->next_in[1] == 0x8b)
        return start_member(file, err);
    if (file->part == PART_BEHIND)
        return check_rest(file, err);
    file->part = PART_PLAIN;
    return 0;
}

static int next_plain(struct unpacked_file *file, const uint8_t **piece,
                      size_t *size, struct error *err)
{
    z_stream *at = &file->stream;

    if (look(file, 1, err) < 0)
        return -1;
    *piece = at->next_in;
    *size = at->avail_in;
    at->next_in += at->avail_in;
    at->avail_in = 0;
    return 0;
}

/* *size may be 0 within a member. */
static int unpack(struct unpacked_file *file, size_t *size, struct error *err)
{
    z_stream *at = &file->stream;

    if (look(file, 1, err) < 0)
        return -1;
    if (at->avail_in == 0)
        return error_set(err, ERROR_INPUT, "the gzip file ends too early");
    at->next_out = file->unpacked;
    at->avail_out = sizeof(file->unpacked);
    int code = inflate(at, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR)
        return error_no_memory(err, "the gzip file");
    if (code == Z_STREAM_END)
        file->part = PART_BEHIND;
    else if (code != Z_OK)
        return error_set(err, ERROR_INPUT, "the gzip file is damaged: %s",
                         at->msg ? at->msg : zError(code));
    *size = sizeof(file->unpacked) - at->avail_out;
    return 0;
}

int unpacked_file_next(struct unpacked_file *file, const uint8_t **piece,
                       size_t *size, struct error *err)
{
    *size = 0;
    for (;;) {
        if ((file->part == PART_FIRST || file->part == PART_BEHIND) &&
            start_part(file, err) < 0)
            return -1;
        if (file->part == PART_PLAIN)
            return next_plain(file, piece, size, err);
        if (file->part == PART_BEHIND)
            return 0;
        if (unpack(file, size, err) < 0)
            return -1;
        *piece = file->unpacked;
        if (*size > 0)
            return 0;
    }
}

uint64_t unpacked_file_offset(const struct unpacked_file *file)
{
    return file->bytes - file->stream.avail_in;
}

void unpacked_file_close(struct unpacked_file *file)
{
    if (!file)
        return;
    if (file->has_stream)
        inflateEnd(&file->stream);
    close(file->fd);
    free(file);
}
