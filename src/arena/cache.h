/*
 * Blocks that were verified, in a bounded piece of memory.
 */
#ifndef CACHE_H
#define CACHE_H

#include <base/u.h>
#include <venti/score.h>

typedef struct Cache Cache;

/* cache_new makes a cache of at most so many bytes, all told. */
Cache *cache_new(u64 bytes) must_use;
void cache_free(Cache *c);

/* cache_get copies the block to p (room for n): its size; -1 if it is not there; if it is larger than n nothing is
 * copied. */
long cache_get(Cache *c, const Score *s, int type, void *p, u32 n);

/* cache_same says whether the cache has the block with just these bytes: 1 yes, 0 others, -1 it does not have it. */
int cache_same(Cache *c, const Score *s, int type, const void *p, u32 n);

/* cache_put keeps a copy of a verified block. */
void cache_put(Cache *c, const Score *s, int type, const void *p, u32 n);

u64 cache_bytes(const Cache *c);

#endif
