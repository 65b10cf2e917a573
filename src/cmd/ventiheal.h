/*
 * Blocks that a disk has lost, from ventis that have them too.  Lost blocks
 * are few: each is asked for on a connection of its own.
 */
#ifndef CMD_VENTIHEAL_H
#define CMD_VENTIHEAL_H

#include <venti/score.h>

/* The hosts that are asked, in their order; the caller's. */
typedef struct VentiHeal {
	char **host;
	int n;
} VentiHeal;

/* ventiheal_fetch reads the block with that score and type into p (room for n) from the first host of h (a VentiHeal)
 * that has it: its size, or -1 with what the last one said; may block for seconds; any thread may call. */
long ventiheal_fetch(void *h, const Score *score, int type, u8 *p, u32 n);

#endif
