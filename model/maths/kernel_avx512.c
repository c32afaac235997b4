#include "model/maths/kernel_sets.h"

#define KERNEL kernel_avx512
#define KERNEL_NAME "avx512"
#include "model/maths/kernel_body.inc"
