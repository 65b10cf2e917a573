/*
 * The index from outside: where its checkpoints are, and checking it.
 */
#ifndef ARENA_INDEX_H
#define ARENA_INDEX_H

#include <arena/arenas.h>
#include <arena/clump.h>
#include <arena/disk.h>

/* isect_format makes d an empty place for checkpoints of an index. */
int isect_format(Disk *d, const char *name) must_use;

typedef struct IndexCheck {
	u64 clumps, entries; /* blocks in the arenas; entries in the index */
	u64 missing;         /* blocks that the index lacks */
	bool checkpoint;     /* the index came from a checkpoint */
} IndexCheck;

/* arenas_checkindex looks up every block of a store of arenas_open in its index. */
int arenas_checkindex(Store *s, IndexCheck *c) must_use;

/* arenas_find calls fn with the arena, place and size of every clump with that score, of any type; how many. */
int arenas_find(Store *s, const Score *score, void (*fn)(void *arg, const char *arena, u64 at, const Clump *c), void *arg) must_use;

#endif
