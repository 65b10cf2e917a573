/* Reading every block of a tree once, with many on the way. */
#ifndef CMD_VENTIWALK_H
#define CMD_VENTIWALK_H

#include <venti/client.h>

typedef struct VentiWalk {
	u64 blocks, bytes;
} VentiWalk;

/* ventiwalk_tree reads all blocks below s, of a type as in ventitool.h; -1 with the first that is not there. */
int ventiwalk_tree(Venti *v, const Score *s, int type, VentiWalk *w) must_use;

/* ventiwalk_kids calls each with every score in a block of a type and what is its type. */
void ventiwalk_kids(int type, const u8 *p, u32 n, void (*each)(void *arg, const u8 *score, int type), void *arg);

#endif
