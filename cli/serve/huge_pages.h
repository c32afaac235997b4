/*
 * huge_pages.h - this program once more, with malloc on huge pages.
 *
 * The C library reads that wish before main(), from GLIBC_TUNABLES, so the
 * process replaces itself; its number stays. Millions of small messages in
 * librdkafka's queues cost a quarter less CPU with it.
 */
#ifndef CLI_HUGE_PAGES_H
#define CLI_HUGE_PAGES_H

/* Returns when GLIBC_TUNABLES is set, by us or by somebody else, or when it
 * cannot be done. Nothing may have been started yet. */
void huge_pages_use(void);

#endif
