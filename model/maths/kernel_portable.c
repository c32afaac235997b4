#include "model/maths/kernel_sets.h"

#define KERNEL kernel_portable
#define KERNEL_NAME "portable"
#include "model/maths/kernel_body.inc"
