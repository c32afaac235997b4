/*
 * failing_memory.h - memory that is refused once, at the chosen place.
 *
 * The linker leads the allocations of all that is linked in here (--wrap), not
 * those of shared libraries.
 */
#ifndef SUPPORT_FAILING_MEMORY_H
#define SUPPORT_FAILING_MEMORY_H

/* After so many more allocations one fails; below 0: none does. */
void failing_memory_after(long allocations);

#endif
