/*
 * Entries and roots: how a venti's blocks make files.  An entry names a tree
 * of blocks: pointer blocks of psize bytes, depth levels of them, above blocks
 * of dsize bytes.  A root names the first block of an archive.
 */
#ifndef VENTI_ENTRY_H
#define VENTI_ENTRY_H

#include <base/u.h>
#include <venti/score.h>

enum {
	ENTRY = 40,           /* bytes of a packed entry */
	ROOT = 300,           /* bytes of a packed root */
	ENTRYDEPTH = 7,       /* levels of pointer blocks at most */
	BLOCKLEAST = 256,     /* psize and dsize are at least this and at most that */
	BLOCKMOST = 1 << 20,
};

#define FILEMAX ((1ull << 48) - 1) /* bytes of the largest file */

enum {
	EntryActive = 0x01,
	EntryLocal = 0x20, /* Plan 9's vac leaves it set in every tree that has a block; means nothing here */
	EntryNoarchive = 0x80,
};

typedef struct Entry {
	u32 gen;
	u32 psize, dsize;
	u8 flags;  /* Entry* above */
	bool dir;  /* its blocks hold entries */
	u8 depth;
	u64 size;  /* bytes */
	Score score;
} Entry;

typedef struct Root {
	char name[128], type[128]; /* type is "vac" */
	Score score;               /* of a dir block */
	u32 blocksize;
	Score prev;                /* the root before; zero bytes if there is none */
} Root;

/* entry_unpack reads 40 bytes; an entry that is not active is 0 with flags that say so; -1 for sizes that cannot be. */
int entry_unpack(Entry *e, const u8 *p) must_use;

/* entry_pack writes 40 bytes; sizes of 64 KiB and more must be a number below 2048 shifted left. */
void entry_pack(const Entry *e, u8 *p);

/* entry_depth returns the levels of pointer blocks that size bytes need. */
int entry_depth(u64 size, u32 psize, u32 dsize);

/* entry_blocks returns how many data blocks there are, entry_per how many entries are in a block of dsize bytes. */
u64 entry_blocks(const Entry *e);
static inline u32 entry_per(u32 dsize) { return dsize / ENTRY; }

/* entry_type returns the wire type of the block at level (0: the data, depth: the one that the entry names). */
int entry_type(const Entry *e, int level);

/* entry_psize returns the size of pointer blocks that goes with a block size. */
u32 entry_psize(u32 blocksize);

/* root_unpack reads 300 bytes, root_pack writes them; -1 for another version or a size that cannot be. */
int root_unpack(Root *r, const u8 *p) must_use;
void root_pack(const Root *r, u8 *p);

#endif
