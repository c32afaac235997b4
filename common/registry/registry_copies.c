#include "common/registry/registry_copies.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/registry/registry_client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 640, HEAD_MAX = 1024 };

static void path_of(const struct registry_copies *copies, uint32_t number,
                    char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s/schemas/%" PRIu32, copies->folder, number);
}

bool registry_copies_read(const struct registry_copies *copies, uint32_t number,
                          struct buffer *answer)
{
    const size_t head = strlen(copies->url) + 1;
    char path[PATH_SIZE];
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct error err;

    buffer_clear(answer);
    if (copies->folder[0] == '\0')
        return false;
    path_of(copies, number, path);
    if (access(path, F_OK) != 0)
        return false;
    if (file_read(path, REGISTRY_ANSWER_MAX + HEAD_MAX, &bytes, &size, &err) <
        0) {
        log_warn("the copy of a schema cannot be read", "reason=\"%s\"",
                 err.text);
        return false;
    }
    const bool is_ours = size > head && bytes[head - 1] == '\n' &&
                         memcmp(bytes, copies->url, head - 1) == 0;
    if (is_ours)
        buffer_append(answer, bytes + head, size - head);
    free(bytes);
    return is_ours && !buffer_failed(answer);
}

void registry_copies_write(const struct registry_copies *copies,
                           uint32_t number, const struct buffer *answer)
{
    struct buffer file = {0};
    char path[PATH_SIZE];
    struct error err;

    if (copies->folder[0] == '\0')
        return;
    snprintf(path, sizeof(path), "%s/schemas", copies->folder);
    if (mkdir(copies->folder, 0777) < 0 && errno != EEXIST)
        log_warn("the folder for copies of schemas cannot be made",
                 "folder=\"%s\"", copies->folder);
    (void)mkdir(path, 0777); /* where it is not there, the file says so */
    path_of(copies, number, path);
    buffer_append(&file, copies->url, strlen(copies->url));
    buffer_append(&file, "\n", 1);
    buffer_append(&file, answer->bytes, answer->size);
    const int status = buffer_failed(&file)
                           ? error_no_memory(&err, "the copy of a schema")
                           : file_replace(path, file.bytes, file.size, &err);
    if (status < 0)
        log_warn("no copy of a schema was made", "reason=\"%s\"", err.text);
    buffer_free(&file);
}
