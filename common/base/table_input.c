#include "common/base/table_input.h"
#include "common/base/descriptors.h"

#include "common/base/table.h"
#include "common/base/unpacked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AHEAD_MAX = 8 };

struct table_input {
    char path[512];
    struct unpacked_file *file;
    double size;          /* of the file on disk; 0 when unknown */
    uint64_t lines;       /* read so far */
    const uint8_t *piece; /* what is left of the newest one */
    size_t left;
    uint8_t ahead[AHEAD_MAX]; /* bytes that were peeked at */
    size_t ahead_from, ahead_count;
};

enum { END_OF_FILE = -1, READ_FAILED = -2 };

/* The next byte, END_OF_FILE or READ_FAILED. */
static int read_byte(struct table_input *input, struct error *err)
{
    if (input->left == 0 &&
        unpacked_file_next(input->file, &input->piece, &input->left, err) < 0) {
        error_wrap(err, "read '%s' behind line %llu", input->path,
                   (unsigned long long)input->lines);
        return READ_FAILED;
    }
    if (input->left == 0)
        return END_OF_FILE;
    input->left--;
    return *input->piece++;
}

/* Files without text that could be read, known by their first bytes. */
static int check_packing(struct table_input *input, struct error *err)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *name, *advice;
    } known[] = {
        {"PK\003\004", 4, "a zip archive", "unzip it"},
        {"\xfd\x37zXZ", 5, "packed by xz", "unxz it"},
        {"BZh", 3, "packed by bzip2", "bunzip2 it"},
        {"\x28\xb5\x2f\xfd", 4, "packed by zstd", "unzstd it"},
        {"7z\xbc\xaf", 4, "a 7z archive", "unpack it"},
        {"\xff\xfe", 2, "text in UTF-16", "iconv -f UTF-16 -t UTF-8"},
        {"\xfe\xff", 2, "text in UTF-16", "iconv -f UTF-16 -t UTF-8"},
        {"PAR1", 4, "a Parquet file", "write it as CSV"},
        {"{\"", 2, "JSON", "write it as CSV"},
        {"{ \"", 3, "JSON", "write it as CSV"},
        {"[{", 2, "JSON", "write it as CSV"},
        {"[\n", 2, "JSON", "write it as CSV"},
        {"SQLite f", 8, "an SQLite database", "write it as CSV"},
    };
    int byte = 0;

    while (input->ahead_count < AHEAD_MAX &&
           (byte = read_byte(input, err)) >= 0)
        input->ahead[input->ahead_count++] = (uint8_t)byte;
    if (byte == READ_FAILED)
        return -1;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (input->ahead_count >= known[i].size &&
            memcmp(input->ahead, known[i].bytes, known[i].size) == 0)
            return error_set(err, ERROR_FORMAT,
                             "'%s' is %s: %s; text and gzip are read",
                             input->path, known[i].name, known[i].advice);
    return 0;
}

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
        if (fd < 0)
            error_system(err, ERROR_INPUT, errno, "read '%s'", path);
        else
            error_set(err, ERROR_INPUT, "read '%s': is a folder", path);
        goto failed;
    }
    if (unpacked_file_open(fd, &input->file, err) < 0) {
        free(input);
        return -1;
    }
    snprintf(input->path, sizeof(input->path), "%s",
             is_stdin ? "standard input" : path);
    input->size = is_stdin ? 0 : (double)info.st_size;
    if (check_packing(input, err) < 0) {
        table_input_close(input);
        return -1;
    }
    *out = input;
    return 0;

failed:
    if (fd >= 0)
        close(fd);
    free(input);
    return -1;
}

static int take_byte(struct table_input *input, struct error *err)
{
    if (input->ahead_from < input->ahead_count)
        return input->ahead[input->ahead_from++];
    return read_byte(input, err);
}

int table_input_line(struct table_input *input, struct buffer *line, bool *more,
                     bool *cut, struct error *err)
{
    size_t start = line->size;
    uint8_t piece[4096];
    size_t filled = 0;
    int byte;

    *cut = false;
    while ((byte = take_byte(input, err)) >= 0 && byte != '\n') {
        piece[filled++] = (uint8_t)byte;
        if (filled < sizeof(piece))
            continue;
        if (line->size - start < TABLE_LINE_MAX)
            buffer_append(line, piece, filled);
        else
            *cut = true;
        filled = 0;
    }
    if (byte == READ_FAILED)
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
    return input->size > 0
               ? (double)unpacked_file_offset(input->file) / input->size
               : 0;
}

void table_input_close(struct table_input *input)
{
    if (!input)
        return;
    unpacked_file_close(input->file);
    free(input);
}
