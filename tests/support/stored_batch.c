#include "support/stored_batch.h"

#include "support/own_broker.h"

#include <check.h>
#include <stdio.h>

/* Kafka's format 2: the offset (8), the length of what follows (4), and a head
 * of 49 bytes up to the records. */
enum { BEFORE_LENGTH = 8, BEFORE_REST = 12, HEAD = 49 };

static long length_at(FILE *file, long at)
{
    unsigned char bytes[4];

    if (fseek(file, at + BEFORE_LENGTH, SEEK_SET) != 0 ||
        fread(bytes, sizeof(bytes), 1, file) != 1)
        return 0;
    return (long)((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                  (uint32_t)bytes[2] << 8 | bytes[3]);
}

void stored_batch_find_last(const char *topic, int32_t partition,
                            struct stored_batch *out)
{
    char folder[256];
    long at = 0, length, size;

    own_broker_folder(folder, sizeof(folder));
    snprintf(out->path, sizeof(out->path),
             "%s/node-1/log/%s-%d/00000000000000000000.log", folder, topic,
             (int)partition);
    FILE *file = fopen(out->path, "rb");
    ck_assert_msg(file != NULL, "no %s", out->path);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    out->at = -1;
    while ((length = length_at(file, at)) > HEAD &&
           at + BEFORE_REST + length <= size) {
        out->at = at + BEFORE_REST + HEAD + (length - HEAD) / 2;
        at += BEFORE_REST + length;
    }
    fclose(file);
    ck_assert_int_gt(out->at, 0);
}

void stored_batch_flip(const struct stored_batch *batch)
{
    FILE *file = fopen(batch->path, "r+b");

    ck_assert_ptr_nonnull(file);
    fseek(file, batch->at, SEEK_SET);
    int byte = fgetc(file);
    ck_assert_int_ge(byte, 0);
    fseek(file, batch->at, SEEK_SET);
    ck_assert_int_eq(fputc(~byte & 0xff, file), ~byte & 0xff);
    ck_assert_int_eq(fclose(file), 0);
}
