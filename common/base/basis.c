#include "common/base/basis.h"

const char *basis_name(enum basis basis)
{
    static const char *const names[BASIS_COUNT] = {
        [BASIS_LEARNED] = "learned",   [BASIS_PARTIAL] = "partial",
        [BASIS_FALLBACK] = "fallback", [BASIS_ANONYMOUS] = "anonymous",
        [BASIS_NONE] = "none",         [BASIS_ASSUMED] = "assumed",
    };
    return names[basis];
}
