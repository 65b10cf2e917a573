/*
 * The contents of ramfs's files: blocks, the missing ones being zero.
 */
#ifndef FS_RAMBLOCK_H
#define FS_RAMBLOCK_H

#include <base/u.h>

enum { RAMBLOCK = 32 * 1024 };

typedef struct RamPool {
	u64 used, limit; /* bytes of blocks; limit 0: none */
} RamPool;

typedef struct RamData {
	u64 length;
	u8 **block; /* nblock of them, NULL where all is zero */
	u32 nblock;
} RamData;

/* ramdata_read copies what there is of n bytes at off to p and returns how many. */
u32 ramdata_read(const RamData *d, void *p, u32 n, u64 off);

/* ramdata_write writes n bytes at off, all or nothing: -1 when the pool is full or the file would be too long. */
int ramdata_write(RamPool *pool, RamData *d, const void *p, u32 n, u64 off) must_use;

/* ramdata_mayset says (-1, errstr) whether a length may become n; ramdata_truncate sets it, longer or shorter. */
int ramdata_mayset(u64 n) must_use;
void ramdata_truncate(RamPool *pool, RamData *d, u64 n);

/* ramdata_free frees the table of a truncated file. */
void ramdata_free(RamData *d);

#endif
