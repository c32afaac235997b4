#include "cli/snapshot/movers_print.h"

#include <inttypes.h>
#include <stdio.h>

void movers_print(const struct movers *movers, const char *what)
{
    char id[ID_SAFE_SIZE];

    printf("\n%s: %" PRIu64 " in both, %" PRIu64 " only before, %" PRIu64
           " only after; moved most:\n",
           what, movers->both, movers->only_before, movers->only_after);
    for (size_t i = 0; i < movers->count; i++) {
        const struct mover *mover = &movers->top[i];
        id_print_safe(&mover->id, id);
        printf("  %-20s %10.6f -> %.6f  %+.6f%s\n", id, mover->before,
               mover->after, mover->after - mover->before,
               !mover->known_before  ? "  new"
               : !mover->known_after ? "  gone"
                                     : "");
    }
}

static void write_pair(struct json_writer *to, double before, double after)
{
    json_writer_open(to, '[');
    json_writer_real(to, before);
    json_writer_real(to, after);
    json_writer_close(to, ']');
}

void movers_write(struct json_writer *to, const struct movers *movers)
{
    json_writer_open(to, '{');
    json_writer_name(to, "both");
    json_writer_unsigned(to, movers->both);
    json_writer_name(to, "only_before");
    json_writer_unsigned(to, movers->only_before);
    json_writer_name(to, "only_after");
    json_writer_unsigned(to, movers->only_after);
    json_writer_name(to, "moved");
    json_writer_open(to, '[');
    for (size_t i = 0; i < movers->count; i++) {
        const struct mover *mover = &movers->top[i];
        json_writer_open(to, '{');
        json_writer_name(to, "id");
        json_writer_id(to, &mover->id);
        json_writer_name(to, "p");
        write_pair(to, mover->before, mover->after);
        json_writer_name(to, "known");
        json_writer_open(to, '[');
        json_writer_boolean(to, mover->known_before);
        json_writer_boolean(to, mover->known_after);
        json_writer_close(to, ']');
        json_writer_close(to, '}');
    }
    json_writer_close(to, ']');
    json_writer_close(to, '}');
}
