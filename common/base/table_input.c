#include "common/base/table_input.h"

#include "common/base/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct table_input {
    char path[512];
    gzFile file;    /* reads plain files as they are */
    double size;    /* of the file on disk; 0 when unknown */
    uint64_t lines; /* read so far */
    int ahead;      /* a byte that was peeked at; -1: none */
};

int table_input_open(const char *path, struct table_input **out,
                     struct error *err)
{
    struct stat info;
    bool is_stdin = strcmp(path, "-") == 0;
    struct table_input *input = calloc(1, sizeof(*input));

    if (!input)
        return error_no_memory(err, "the file to read");
    int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
        error_set(err, ERROR_INPUT, "read '%s': %s", path,
                  fd < 0 ? strerror(errno) : "is a folder");
        goto failed;
    }
    input->file = gzdopen(fd, "rb");
    if (!input->file) {
        error_no_memory(err, "reading '%s'", path);
        goto failed;
    }
    gzbuffer(input->file, 1 << 17);
    snprintf(input->path, sizeof(input->path), "%s",
             is_stdin ? "standard input" : path);
    input->size = is_stdin ? 0 : (double)info.st_size;
    input->ahead = -1;
    *out = input;
    return 0;

failed:
    if (fd >= 0)
        close(fd);
    free(input);
    return -1;
}

static int take_byte(struct table_input *input)
{
    int byte = input->ahead;

    if (byte < 0)
        return gzgetc(input->file);
    input->ahead = -1;
    return byte;
}

int table_input_peek(struct table_input *input)
{
    if (input->ahead < 0)
        input->ahead = gzgetc(input->file);
    return input->ahead;
}

static int check_end(struct table_input *input, struct error *err)
{
    int code;
    const char *text = gzerror(input->file, &code);

    if (code == Z_OK || code == Z_STREAM_END)
        return 0;
    return error_set(err, ERROR_INPUT, "read '%s' behind line %llu: %s",
                     input->path, (unsigned long long)input->lines,
                     code == Z_ERRNO       ? strerror(errno)
                     : code == Z_BUF_ERROR ? "the gzip file ends too early"
                                           : text);
}

int table_input_line(struct table_input *input, struct buffer *line, bool *more,
                     bool *cut, struct error *err)
{
    size_t start = line->size;
    uint8_t piece[4096];
    size_t filled = 0;
    int byte;

    *cut = false;
    while ((byte = take_byte(input)) >= 0 && byte != '\n') {
        piece[filled++] = (uint8_t)byte;
        if (filled < sizeof(piece))
            continue;
        if (line->size - start < TABLE_LINE_MAX)
            buffer_append(line, piece, filled);
        else
            *cut = true;
        filled = 0;
    }
    if (byte < 0 && check_end(input, err) < 0)
        return -1;
    if (!*cut)
        buffer_append(line, piece, filled);
    if (line->size > start && line->bytes[line->size - 1] == '\r')
        line->size--;
    *more = byte >= 0 || filled > 0 || line->size > start;
    input->lines += *more;
    if (buffer_failed(line))
        return error_no_memory(err, "the file to read");
    return 0;
}

uint64_t table_input_line_number(const struct table_input *input)
{
    return input->lines;
}

double table_input_progress(const struct table_input *input)
{
    return input->size > 0 ? (double)gzoffset(input->file) / input->size : 0;
}

void table_input_close(struct table_input *input)
{
    if (!input)
        return;
    gzclose(input->file);
    free(input);
}
