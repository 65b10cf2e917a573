/*
 * Blocks on their way to a venti, from one thread.  A BlockOut owns room for
 * a window of blocks; the next block is made in its room, so that nothing is
 * copied, and is sent while the thread makes others.  A failed write is
 * told by the next call and by all that follow.
 */
#ifndef VENTI_OUT_H
#define VENTI_OUT_H

#include <venti/client.h>
#include <venti/entry.h>
#include <venti/score.h>

typedef struct BlockOut BlockOut;

/* out_new makes room for window blocks of at most size bytes; out_free waits for those under way. */
BlockOut *out_new(Venti *v, u32 size, int window) must_use;
void out_free(BlockOut *o);

/* out_room returns the place of the next block (size bytes, contents undefined), NULL after a failure; may block. */
u8 *out_room(BlockOut *o) must_use;

/*
 * out_send trims and sends the n bytes in the room as a block of a wire type and sets *s.  A block that is known to
 * be there (known, may be NULL, is its score) is not sent, nor an empty one.
 */
int out_send(BlockOut *o, int type, u32 n, const Score *known, Score *s) must_use;

/* out_block is out_send of a copy of p[n]. */
int out_block(BlockOut *o, int type, const void *p, u32 n, Score *s) must_use;

/* out_drain returns when all that was sent has been answered. */
int out_drain(BlockOut *o) must_use;

/* out_bytes adds what was sent and what was known to *sent and *known. */
void out_bytes(const BlockOut *o, u64 *sent, u64 *known);

/*
 * A Treew makes the pointer blocks above a file's blocks, whose scores it is
 * given in order; it keeps one pointer block a level, and can be used for
 * one file after another.
 */
typedef struct Treew {
	u32 psize;
	u64 n; /* blocks added */
	u8 *p[ENTRYDEPTH];
	u32 used[ENTRYDEPTH];
	Score one; /* the first block's */
} Treew;

/* treew_init makes t empty, treew_free frees it. */
void treew_init(Treew *t, u32 psize);
void treew_free(Treew *t);

/* treew_add adds the next block; -1 as out_send. */
int treew_add(Treew *t, BlockOut *o, const Score *s) must_use;

/* treew_end sends what is left, fills e for a file of size bytes in blocks of dsize and makes t empty. */
int treew_end(Treew *t, BlockOut *o, bool dir, u32 dsize, u64 size, Entry *e) must_use;

#endif
