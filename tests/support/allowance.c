#include "support/allowance.h"

#include <check.h>
#include <stdlib.h>

enum { FACTOR_MAX = 100 };

static int factor_of(const char *name)
{
    const char *text = getenv(name);
    char *end = NULL;

    if (!text || !*text)
        return 1;
    long factor = strtol(text, &end, 10);
    ck_assert_msg(*end == '\0' && factor >= 1 && factor <= FACTOR_MAX,
                  "%s=%s is no number from 1 to %d", name, text, FACTOR_MAX);
    return (int)factor;
}

int64_t allowance_ms(unsigned ms)
{
    return (int64_t)ms * factor_of("PCTR_TEST_PATIENCE");
}

unsigned allowance_rate(unsigned per_second)
{
    return per_second / (unsigned)factor_of("PCTR_TEST_PATIENCE");
}

long allowance_kib(long kib)
{
    return kib * factor_of("PCTR_TEST_MEMORY");
}
