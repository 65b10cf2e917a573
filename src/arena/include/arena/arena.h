/*
 * One arena, and the partition that it is in: what the store and the tools
 * share.  Nothing here locks: an Arena belongs to one thread, or its user
 * has a lock.
 *
 *	start           base                                    base+room       end
 *	[head][clump clump clump 0000 ....... directory, growing down][tail, score]
 */
#ifndef ARENA_ARENA_H
#define ARENA_ARENA_H

#include <arena/clump.h>
#include <arena/disk.h>
#include <arena/fmt.h>

typedef struct Arena {
	Disk *disk;
	u64 start, end;   /* on the disk, with head and tail */
	u64 base, room;   /* where clumps begin, bytes for clumps and directory */
	u32 blocksize, perblock; /* clump infos in a block of the directory */
	ArenaTail t;
	char *headbad, *tailbad; /* what is wrong with them, NULL if nothing */
} Arena;

/* arena_load reads head and tail of the arena at [start, stop); either may be bad (headbad, tailbad), not both; the
 * caller frees.  name is what the partition's table calls it, NULL if unknown. */
Arena *arena_load(Disk *d, u64 start, u64 stop, u32 blocksize, const char *name) must_use;
void arena_free(Arena *a);

/* arena_single loads the arena whose head is at offset off of d (a copy made by rdarena). */
Arena *arena_single(Disk *d, u64 off) must_use;

/* arena_new makes an empty arena on the disk. */
int arena_new(Disk *d, u32 version, const char *name, u64 start, u64 stop, u32 blocksize) must_use;

/* arena_puthead and arena_puttail write them as a->t says. */
int arena_puthead(Arena *a) must_use;
int arena_puttail(Arena *a) must_use;

/* arena_limit returns where the directory begins once it has so many clumps: clumps and their 4 zeros end before it. */
u64 arena_limit(const Arena *a, u32 clumps);

/* arena_fits says whether a clump of size bytes (without head) still fits. */
bool arena_fits(const Arena *a, u32 size);

/* arena_getdir reads n lines of the directory from line first on; arena_putdir writes whole blocks: first is a multiple
 * of a->perblock. */
int arena_getdir(Arena *a, u32 first, u32 n, ClumpInfo *ci) must_use;
int arena_putdir(Arena *a, u32 first, u32 n, const ClumpInfo *ci) must_use;

/* arena_sum computes the SHA-1 of the arena with its score taken as zeros; tick (may be NULL) is called every 256 KB. */
int arena_sum(Arena *a, Score *s, bool (*tick)(void *, u64 done), void *arg) must_use;

/* Reading an arena's clumps one after the other. */
typedef struct ClumpScan {
	Arena *a;
	u64 at;      /* of the clump that is next */
	u64 limit;   /* clumps end before it */
	u8 *buf, *scratch;
	u64 bufat;   /* place of buf's first byte */
	size_t nbuf;
} ClumpScan;

/* scan_begin starts at place at; clumps must end before limit. */
void scan_begin(ClumpScan *s, Arena *a, u64 at, u64 limit);
void scan_end(ClumpScan *s);

/* scan_next reads the next clump: 1, with its bytes at *data until the next call; 0 if there is none (zeros, or the end);
 * -1 if what is there is no clump (s->at stays), -2 if the disk failed. */
int scan_next(ClumpScan *s, Clump *c, const u8 **data, bool check) must_use;

/* scan_find moves s->at to the next place, at most window bytes on, where a clump with a right score is; false: none. */
bool scan_find(ClumpScan *s, u64 window);

/* What recovery did. */
typedef struct Recovery {
	ClumpInfo *ci; /* lines of the directory from line first on that were found beyond the tail; the caller frees ci */
	u32 first, n;
	u64 lost;      /* bytes between good clumps that hold none */
	bool changed;
} Recovery;

/*
 * arena_recover brings a->t up to the clumps that are there, whatever a crash left of head, tail and directory; with
 * write also on the disk.  -1: the disk failed.
 */
int arena_recover(Arena *a, bool write, Recovery *r) must_use;

/* arena_dirgood says whether the directory's sizes add up to what the tail says is used, setting *data to the blocks'. */
int arena_dirgood(Arena *a, bool *good) must_use;

typedef struct Part {
	Disk *disk;
	PartHead head;
	Arena **arena;
	int n;
} Part;

/* part_open opens a partition and loads its arenas; NULL with the reason, also if an arena has neither head nor tail. */
Part *part_open(const char *spec, DiskMode mode) must_use;

/* part_load is part_open on a disk, which it takes over unless it fails. */
Part *part_load(Disk *d) must_use;
void part_close(Part *p);

/* part_find returns the arena with that name, NULL if none. */
Arena *part_find(Part *p, const char *name);

typedef struct PartFmt {
	u32 version, blocksize; /* of arenas: 4 or 5 */
	u64 arenasize;
	bool zero;              /* write zeros over everything first */
} PartFmt;

/* part_format makes an arena partition on d, of arenas name0, name1 ...; tick (may be NULL) is called as zeros are written. */
int part_format(Disk *d, const char *name, const PartFmt *f, bool (*tick)(void *, u64 done), void *arg) must_use;

#endif
