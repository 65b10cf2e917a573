/*
 * The index: from a score and type to the place of a clump, in memory, 8
 * bytes a block (htab.c has the why).  Look-ups may run in any number of
 * threads beside one insertion; insertions are the caller's to serialise.
 */
#ifndef ARENA_HTAB_H
#define ARENA_HTAB_H

#include <base/u.h>
#include <venti/score.h>

enum {
	GRAIN = 16,       /* places are kept in units of so many bytes; a clump is longer */
	INDEXHITS = 8,    /* most candidates of one look-up */
};

typedef struct Index Index;

/* One place where the block may be: the clump begins in [at, at + GRAIN) and has at most n bytes, head included. */
typedef struct IndexHit {
	u64 at;
	u32 n;
} IndexHit;

/* index_new makes an index with room for expect blocks, more tables coming as it grows. */
Index *index_new(u64 expect) must_use;
void index_free(Index *x);

/* index_add enters a clump of n bytes at place `at` (below 16 TB); -1 if there is no memory. */
int index_add(Index *x, const Score *s, int type, u64 at, u32 n) must_use;

/* index_find fills h with the places where the block may be, the oldest first, and returns how many. */
int index_find(const Index *x, const Score *s, int type, IndexHit h[INDEXHITS]);

/* index_count returns the entries, index_slots the slots (8 bytes each) of all tables. */
u64 index_count(const Index *x);
u64 index_slots(const Index *x);

/* index_save writes the index with put, index_load reads one of at most `most` bytes with get; both are called in order. */
int index_save(const Index *x, int (*put)(void *arg, const void *p, size_t n), void *arg) must_use;
Index *index_load(u64 most, int (*get)(void *arg, void *p, size_t n), void *arg) must_use;

/* index_bytes returns how many bytes index_save writes. */
u64 index_bytes(const Index *x);

#endif
