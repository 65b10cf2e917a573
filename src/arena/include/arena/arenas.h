/*
 * The Store that keeps blocks in arenas, in the format that Plan 9 and
 * plan9port read (doc/storage.md), with an index of our own in memory.
 *
 * A block that is lost to a flipped bit or a bad disk is asked for from
 * `heal`, verified, served, and written in its old place.
 */
#ifndef ARENA_ARENAS_H
#define ARENA_ARENAS_H

#include <arena/conf.h>
#include <arena/disk.h>
#include <arena/store.h>

typedef struct ArenasOpt {
	bool readonly;   /* -r: nothing is written, not even what a crash left undone */
	bool noring;     /* read with pread only */
	bool noflush;    /* nothing is synced or flushed but by who asks for it; for tests */
	bool rebuild;    /* make the index anew from the arenas, whatever its checkpoint says */
	u64 cache;       /* bytes of verified blocks kept in memory; 0: mem + bcmem of the configuration, or 64 MB */
	u64 scrub;       /* bytes a second that the background scrub reads; 0: it does not run */
	void (*log)(void *arg, const char *text); /* one line of news, from any thread; NULL: none */
	/* heal fetches a block from a mirror into p (room for n): its size, or -1; called by any thread; NULL: no mirror */
	long (*heal)(void *arg, const Score *score, int type, u8 *p, u32 n);
	void *arg;
} ArenasOpt;

/*
 * arenas_open opens all partitions of c (which it copies), recovers from a crash, loads or rebuilds the index; NULL with
 * what, where and why.  Blocks until the store can be used.  o may be NULL.
 */
Store *arenas_open(const VtConf *c, const ArenasOpt *o) must_use;

/* arenas_opendisks is arenas_open on n disks, which it takes over (also when it fails), in place of c's arenas; for tests. */
Store *arenas_opendisks(Disk *const *d, int n, const VtConf *c, const ArenasOpt *o) must_use;

/* How one arena is; texts belong to the caller's structure. */
typedef struct ArenaInfo {
	char name[64];
	const char *part;     /* the partition, as in the configuration; the Store's */
	u32 version, blocksize;
	u64 start, stop;      /* on the partition */
	u32 ctime, wtime;     /* seconds since 1970 */
	u32 clumps, cclumps;  /* blocks, compressed ones */
	u64 used, data;       /* bytes of clumps; of blocks before compression */
	bool sealed, readonly;
	Score score;          /* once sealed and summed, else zeros */
	char why[128];        /* why it is read only */
} ArenaInfo;

/* arenas_count returns how many arenas s (of arenas_open) has; arenas_info describes the i'th in the index's order. */
int arenas_count(Store *s);
void arenas_info(Store *s, int i, ArenaInfo *info);

/* Figures of the whole store, since it was opened where they count. */
typedef struct ArenasTotal {
	u64 size, used, data;       /* bytes of room, of clumps, of blocks before compression */
	u64 clumps, cclumps, arenas, sealed, active; /* active: arenas with something in them */
	u64 writes, wbytes, dups, syncs, reads, rbytes, hits, healed, lost; /* lost: reads that found damage and no cure */
	u64 slots, indexbytes, cachebytes, unsynced;
	u64 scrubbed, scrubtotal, scrubbad; /* bytes of the running scrub, damage found by all */
} ArenasTotal;

void arenas_total(Store *s, ArenasTotal *t);

/* arenas_checkpoint writes directories, tails and the index's checkpoint (/flushdcache, /flushicache); may block. */
int arenas_checkpoint(Store *s) must_use;

/* arenas_scrub sets the rate in bytes a second (0 stops) of the background scrub, which reads everything, in rounds. */
void arenas_scrub(Store *s, u64 rate);

#endif
