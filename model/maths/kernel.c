#include "model/maths/kernel_sets.h"

#ifdef PCTR_X86_64
static const struct kernel *const with_avx512[] = {&kernel_avx512, &kernel_avx2,
                                                   &kernel_portable, NULL};
static const struct kernel *const with_avx2[] = {&kernel_avx2, &kernel_portable,
                                                 NULL};
#endif
static const struct kernel *const portable[] = {&kernel_portable, NULL};

const struct kernel *const *kernel_all(void)
{
#ifdef PCTR_X86_64
    if (__builtin_cpu_supports("avx512f"))
        return with_avx512;
    if (__builtin_cpu_supports("avx2"))
        return with_avx2;
#endif
    return portable;
}

const struct kernel *kernel_best(void)
{
    return kernel_all()[0];
}
