/*
 * fuzz_table.c - any bytes as a table of any format: it ends, and every field
 * is terminated text of the length it says.
 */
#include "common/base/table.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_rows(struct table *table)
{
    enum table_result result = TABLE_ROW;
    const struct table_field *fields = NULL;
    struct error why = {0}, err = {0};

    while (table_next(table, &result, &fields, &why, &err) == 0 &&
           result != TABLE_END)
        for (size_t i = 0; result == TABLE_ROW && i < table_column_count(table);
             i++)
            assert(strlen(fields[i].text) == fields[i].size);
}

/* The first byte chooses the format, the header and the separator. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char separators[][4] = {"", ",", ";", "tab", "|", "::"};
    char path[64] = "/tmp/fuzz_table.XXXXXX";
    struct table *table = NULL;
    struct error err = {0};

    int fd = mkstemp(path);
    assert(fd >= 0);
    if (size > 1 && write(fd, bytes + 1, size - 1) == (ssize_t)(size - 1)) {
        struct table_options options = {.format = bytes[0] % 4,
                                        .header = bytes[0] / 4 % 3};
        strcpy(options.separator, separators[bytes[0] / 12 % 6]);
        if (table_open(path, &options, &table, &err) == 0)
            read_rows(table);
        table_close(table);
    }
    unlink(path);
    close(fd);
    return 0;
}
