/*
 * The structures of venti's disks, in bytes: Plan 9's format, which
 * plan9port's venti reads and writes too (doc/storage.md has the grammar).
 * Integers are big-endian.  Nothing here touches a disk.
 */
#ifndef ARENA_FMT_H
#define ARENA_FMT_H

#include <venti/score.h>

enum {
	PARTBLANK = 256 * 1024,  /* bytes before a partition's head: not ours, but for the configuration at 248 KB */
	PARTHEAD = 512,          /* bytes of a partition's head */
	PARTVERSION = 3,
	ARENA4 = 4, ARENA5 = 5,  /* versions of arenas */
	ANAME = 64,              /* an arena's name with its NUL */
	ARENAMIN = 1024 * 1024,  /* bytes of the smallest arena that is made */
	ARENASMAX = 31 * 1024,   /* arenas of a partition */
	DISKBLOCK = 64 * 1024,   /* largest block size of a partition */
	CLUMP = 38,              /* bytes of a clump's head */
	CLUMPMAX = CLUMP + 65535,
	CLUMPINFO = 25,          /* bytes of its line in the directory */
	CLUMPFREE = 4,           /* zeros behind the last clump */
	TAILMARK = 16,           /* our bytes in a tail, before the score */
};

enum {
	ClumpMagic4 = 0xd15cb10cu, /* of version 4; a version 5 arena has a number of its own */
	ClumpPlain = 1,            /* encodings */
	ClumpWhack = 2,
	ClumpZstd = 'z',           /* ours: no other venti reads it */
	TypeCorrupt = 255,         /* a clump given up for lost */
};

typedef struct PartHead {
	u32 version, blocksize, arenabase;
} PartHead;

typedef struct ArenaMap {
	char name[ANAME];
	u64 start, stop;
} ArenaMap;

typedef struct ArenaHead {
	u32 version;
	char name[ANAME];
	u32 blocksize;
	u64 size; /* of the arena with head and tail */
	u32 magic;
} ArenaHead;

typedef struct ArenaStats {
	u32 clumps, cclumps; /* of which compressed */
	u64 used, data;      /* bytes of clumps with heads; of blocks */
	bool sealed;
} ArenaStats;

typedef struct ArenaTail {
	u32 version;
	char name[ANAME];
	ArenaStats indexed, st; /* what plan9port's index has; what the arena has */
	u32 ctime, wtime, magic;
	bool clean;  /* our mark: nothing was written after st */
	Score score; /* zeros until sealed and summed */
} ArenaTail;

typedef struct ClumpInfo {
	u8 type;
	u16 size, data; /* bytes on the disk without the head; of the block */
	Score score;
} ClumpInfo;

typedef struct Clump {
	ClumpInfo info;
	u8 encoding;
	u32 creator, time;
} Clump;

/* Each fmt_getX reads an X at p, which must have its bytes (tail and head: blocksize of them); -1 with what is wrong. */
int fmt_getpart(PartHead *h, const u8 *p) must_use;
int fmt_gethead(ArenaHead *h, const u8 *p) must_use;
int fmt_gettail(ArenaTail *t, const u8 *p, u32 blocksize) must_use;
int fmt_getclump(Clump *c, const u8 *p, u32 magic) must_use;
void fmt_getinfo(ClumpInfo *ci, const u8 *p);

/* Each fmt_putX writes one; head and tail fill a whole block of blocksize bytes. */
void fmt_putpart(const PartHead *h, u8 p[PARTHEAD]);
void fmt_puthead(const ArenaHead *h, u8 *p, u32 blocksize);
void fmt_puttail(const ArenaTail *t, u8 *p, u32 blocksize);
void fmt_putclump(const Clump *c, u8 p[CLUMP], u32 magic);
void fmt_putinfo(const ClumpInfo *ci, u8 p[CLUMPINFO]);

/* fmt_getmap reads the table of arenas, text of at most n bytes: an array of *count, the caller's; NULL with the reason. */
ArenaMap *fmt_getmap(const char *text, size_t n, int *count) must_use;

/* fmt_putmap writes the table to text of n bytes (the rest zeros); -1 if it does not fit. */
int fmt_putmap(const ArenaMap *m, int count, char *text, size_t n) must_use;

/* fmt_nameok says whether s can be an arena's name: printable, no space at all, shorter than 64. */
bool fmt_nameok(const char *s);

/* fmt_dirsize returns the bytes that the directory of so many clumps takes (never less than a block). */
u64 fmt_dirsize(u32 clumps, u32 blocksize);

#endif
