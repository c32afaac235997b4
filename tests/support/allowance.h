/*
 * allowance.h - how long a test waits, and how much memory it allows.
 *
 * Limits in tests are for the program as it is built to run. Sanitizers make it
 * several times slower and larger: then PCTR_TEST_PATIENCE and PCTR_TEST_MEMORY
 * say by how much, from 1 to 100.
 */
#ifndef SUPPORT_ALLOWANCE_H
#define SUPPORT_ALLOWANCE_H

#include <stdint.h>

int64_t allowance_ms(unsigned ms);

/* Of what must go on beside the program for some time: as much slower. */
unsigned allowance_rate(unsigned per_second);

long allowance_kib(long kib);

#endif
