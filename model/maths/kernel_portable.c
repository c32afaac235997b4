#include "model/kernel_sets.h"

#define KERNEL kernel_portable
#define KERNEL_NAME "portable"
#include "model/kernel_body.inc"
