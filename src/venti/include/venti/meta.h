/*
 * The metadata of a vac archive's files.  A directory has two streams: one
 * of entries (entry.h), one of MetaBlocks, which hold a MetaEntry (packed
 * VacDir) per file, found by binary search within the block.  Blocks of a
 * directory are in no particular order.  All sizes come from outside and
 * are checked here.
 */
#ifndef VENTI_META_H
#define VENTI_META_H

#include <base/u.h>

enum {
	METAHDR = 12,      /* bytes before a MetaBlock's index */
	METAIDX = 4,       /* bytes of an index entry: offset2 size2 */
	METAPER = 100,     /* block size / METAPER: room in the index */
	METAFULL = 80,     /* percent of a block that new entries may fill */
	METANAME = 1024,   /* bytes of the longest name or user taken */
	METAVERS = 8,      /* the version that vac writes */
};

/* modes: the low nine bits are permissions */
enum {
	ModeSticky = 1 << 9,
	ModeSetuid = 1 << 10,
	ModeSetgid = 1 << 11,
	ModeAppend = 1 << 12,
	ModeExcl = 1 << 13,
	ModeLink = 1 << 14, /* the contents are a symbolic link's target */
	ModeDir = 1 << 15,
	ModeTemp = 1 << 19,
	ModeSnap = 1 << 20,
	ModeDev = 1 << 21,  /* the contents are "c MINOR MAJOR" or "b MINOR MAJOR" */
	ModePipe = 1 << 22,
};

/* one file's metadata; strings are its own */
typedef struct VacDir {
	char *elem;
	u32 entry, gen;   /* where its data's entry is, which generation of it */
	u32 mentry, mgen; /* a directory's meta stream */
	u64 qid;
	char *uid, *gid, *mid;
	u32 mtime, mcount, ctime, atime; /* seconds; modifications */
	u32 mode;
	bool plan9;        /* p9path and p9version are there (versions 7 and 8) */
	u64 p9path;
	u32 p9version;
	bool qidspace;     /* qids below it are qidoffset more, and at most qidmax */
	u64 qidoffset, qidmax;
} VacDir;

typedef struct MetaBlock {
	u8 *buf;            /* the caller's */
	u32 max;            /* bytes of buf */
	u32 size, free;     /* bytes in use, and of those, in holes */
	u32 maxindex, n;    /* room in the index, entries in it */
	bool botch;         /* longer names precede their prefixes (vac); else strcmp's order (fossil) */
} MetaBlock;

typedef struct MetaEntry {
	u32 off, n; /* bytes buf[off..off+n) */
} MetaEntry;

/* meta_unpack looks at a whole block (an empty one has no entries); buf must outlive mb, and is changed only by meta_add
 * and meta_change; -1 if it is no meta block. */
int meta_unpack(MetaBlock *mb, const u8 *buf, size_t n) must_use;

/* meta_init makes an empty vac block of n zeroed bytes with the usual room in its index; meta_pack writes its header. */
void meta_init(MetaBlock *mb, u8 *buf, size_t n);
void meta_pack(MetaBlock *mb);

/* meta_entry finds entry i and checks that it has a name; -1 if it has not. */
int meta_entry(const MetaBlock *mb, u32 i, MetaEntry *me) must_use;

/* meta_name returns the name of a checked entry, *n bytes. */
const char *meta_name(const MetaBlock *mb, const MetaEntry *me, size_t *n);

/* meta_cmp orders an entry's name against elem as this block does. */
int meta_cmp(const MetaBlock *mb, const MetaEntry *me, const char *elem);

/* meta_order is the order of two names in a vac's (botch) or a fossil's block. */
int meta_order(bool botch, const char *a, size_t na, const char *b, size_t nb);

/* meta_search: 1 and *i, *me if elem is there; 0 and in *i where it would go; -1 if the block is damaged. */
int meta_search(const MetaBlock *mb, const char *elem, u32 *i, MetaEntry *me) must_use;

/* meta_room says whether an entry of n bytes may still go into the block. */
bool meta_room(const MetaBlock *mb, u32 n);

/* meta_add packs d (version METAVERS) after the last entry; -1 if it does not fit or is there already. */
int meta_add(MetaBlock *mb, const VacDir *d) must_use;

/* meta_change replaces the entry named d->elem, which keeps its place: -1 if it is not there or cannot grow. */
int meta_change(MetaBlock *mb, const VacDir *d) must_use;

/* vacdir_unpack fills d (vacdir_clear frees) from n packed bytes of version 7, 8 or 9. */
int vacdir_unpack(VacDir *d, const u8 *p, size_t n) must_use;

/* vacdir_get is meta_entry and vacdir_unpack. */
int vacdir_get(VacDir *d, const MetaBlock *mb, u32 i) must_use;

/* vacdir_size is the bytes that vacdir_pack writes at p; version is 8 or 9. */
size_t vacdir_size(const VacDir *d, int version);
void vacdir_pack(const VacDir *d, int version, u8 *p);

/* vacdir_copy makes dst a copy with strings of its own; vacdir_clear frees d's strings. */
void vacdir_copy(VacDir *dst, const VacDir *src);
void vacdir_clear(VacDir *d);

/* vacdir_goodname says whether elem can be a file's name: not empty, . or .., without a slash. */
bool vacdir_goodname(const char *elem);

#endif
