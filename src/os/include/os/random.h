/*
 * Random bytes from the kernel.
 */
#ifndef OS_RANDOM_H
#define OS_RANDOM_H

#include <base/u.h>

/* random_bytes fills p[n] with bytes fit for keys; it does not return if the kernel has none. */
void random_bytes(void *p, size_t n);

/* random_u32 returns a number in [0, below), without bias. */
u32 random_u32(u32 below);

#endif
