/*
 * Blocks of a venti in memory: bounded, counted, for any number of threads.
 * What was read once is there until others were used more recently; what
 * two threads want at once is asked for once; what is wanted soon can be
 * asked for ahead.
 *
 * Above it, the blocks of an entry's tree by number.
 */
#ifndef VENTI_CACHE_H
#define VENTI_CACHE_H

#include <venti/client.h>
#include <venti/entry.h>

typedef struct VCache VCache;
typedef struct VBlock VBlock;

/* vcache_new keeps at most max bytes of blocks, besides those that are held; v stays the caller's. */
VCache *vcache_new(Venti *v, u64 max) must_use;

/* vcache_free waits for what was asked for ahead; no block may be held. */
void vcache_free(VCache *c);

/* vcache_get returns a block of a wire type, extended to full bytes (block_extend), held until vblock_drop; NULL with an
 * error; may block. */
VBlock *vcache_get(VCache *c, const Score *s, int type, u32 full) must_use;

/* vcache_ahead asks for n blocks of one type that will be wanted; those that are there, and what does not fit, are not asked for. */
void vcache_ahead(VCache *c, const Score *s, int n, int type, u32 full);

/* A block that will be wanted: vcache_want asks for n of them, of any types, in one go (and for no more than 64). */
typedef struct VWant {
	Score score;
	u8 type;
	u32 full;
} VWant;

void vcache_want(VCache *c, const VWant *w, int n);

/* vwant_top is the first block of e's tree. */
VWant vwant_top(const Entry *e);

/* vblock_bytes are its full bytes, not to be changed. */
const u8 *vblock_bytes(const VBlock *b);
void vblock_drop(VBlock *b);

typedef struct VCacheStats {
	u64 hits, misses, ahead; /* ahead: asked for ahead */
	u64 bytes, blocks;       /* there now */
} VCacheStats;

void vcache_stats(VCache *c, VCacheStats *s);

/* tree_score finds the score of block bn of e's tree (the zero score for a hole); an error behind the end; may block. */
int tree_score(VCache *c, const Entry *e, u64 bn, Score *s) must_use;

/* tree_hole returns how many blocks from block bn on are known to have been left out as zeros; 0 if bn has not, or its
 * pointers cannot be read. */
u64 tree_hole(VCache *c, const Entry *e, u64 bn);

/* tree_block returns block bn of e's tree, of e->dsize bytes; may block. */
VBlock *tree_block(VCache *c, const Entry *e, u64 bn) must_use;

/* tree_ahead asks for n blocks of e's tree from bn on, as far as one pointer block, which it reads, leads. */
int tree_ahead(VCache *c, const Entry *e, u64 bn, int n) must_use;

/* tree_read reads at most n bytes at off of e's e->size bytes and returns how many, 0 at the end; may block. */
long tree_read(VCache *c, const Entry *e, void *p, size_t n, u64 off) must_use;

/* tree_entry unpacks entry i of a directory's tree; one behind the end is not active. */
int tree_entry(VCache *c, const Entry *dir, u64 i, Entry *e) must_use;

/* A file that is read from front to back, with blocks asked for ahead. */
typedef struct TreeRead {
	VCache *cache;
	Entry e;
	u64 off;   /* of the next byte */
	u64 asked; /* blocks before this were asked for */
	int ahead; /* blocks */
} TreeRead;

/* treeread_init begins at off with at most ahead blocks on the way. */
void treeread_init(TreeRead *t, VCache *c, const Entry *e, u64 off, int ahead);

/* treeread_hole passes over blocks that were never written, if t->off is where one begins: the bytes of zeros. */
u64 treeread_hole(TreeRead *t);

/* treeread_next returns the block with the byte at t->off and sets p and n to what it has from there on; NULL with *n 0
 * at the end, NULL with *n 1 for an error; the caller drops the block. */
VBlock *treeread_next(TreeRead *t, const u8 **p, size_t *n) must_use;

#endif
