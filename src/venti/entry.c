/* Entries and roots (big-endian; protocols in venti(6) and vac's format). */
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <venti/entry.h>

enum {
	FlagDir = 0x02,
	FlagDepth = 0x1c,
	FlagBig = 0x40,
	RootVersion = 2,
	RootBig = 0x8000,
	PSIZEMOST = 60000,
};

/* big sizes are a number below 2048 and how far it is shifted */
static u64 big_get(u32 v) { return (u64)(v >> 5) << (v & 31); }

static u16 big_put(u32 n)
{
	u32 shift = 0;

	for (; n >= 1 << 11; n >>= 1)
		shift++;
	return (u16)(n << 5 | shift);
}

static u64 size_get(const u8 *p, bool big) { return big ? big_get(be16(p)) : be16(p); }
static u16 size_put(u32 n, bool big) { return big ? big_put(n) : (u16)n; }
static bool goodsize(u64 n) { return n >= BLOCKLEAST && n <= BLOCKMOST; }

int entry_unpack(Entry *e, const u8 *p)
{
	u64 psize, dsize;
	u8 flags = p[8];

	*e = (Entry){ .gen = be32(p), .flags = flags & (EntryActive | EntryLocal | EntryNoarchive), .dir = flags & FlagDir,
		      .depth = (flags & FlagDepth) >> 2 };
	e->size = (u64)be16(p + 14) << 32 | be32(p + 16);
	memcpy(e->score.b, p + 20, SCORE);
	psize = size_get(p + 4, flags & FlagBig);
	dsize = size_get(p + 6, flags & FlagBig);
	if (!(flags & EntryActive))
		return 0;
	if (psize == 0 && dsize == 0 && score_eq(&e->score, &score_zero))
		psize = dsize = 4096; /* old archives' empty files */
	if (!goodsize(psize) || !goodsize(dsize))
		return werrstr("damaged entry: blocks of %llu and %llu bytes", (unsigned long long)psize, (unsigned long long)dsize);
	e->psize = (u32)psize;
	e->dsize = (u32)dsize;
	if (entry_depth(e->size, e->psize, e->dsize) > e->depth || entry_blocks(e) > UINT32_MAX)
		return werrstr("damaged entry: %llu bytes at depth %d", (unsigned long long)e->size, e->depth);
	return 0;
}

void entry_pack(const Entry *e, u8 *p)
{
	bool big = e->psize >= 1 << 16 || e->dsize >= 1 << 16;

	put_be32(p, e->gen);
	put_be16(p + 4, size_put(e->psize, big));
	put_be16(p + 6, size_put(e->dsize, big));
	p[8] = (u8)(e->flags | (e->dir ? FlagDir : 0) | (big ? FlagBig : 0) | e->depth << 2);
	memset(p + 9, 0, 5);
	put_be16(p + 14, (u16)(e->size >> 32));
	put_be32(p + 16, (u32)e->size);
	memcpy(p + 20, e->score.b, SCORE);
}

int entry_depth(u64 size, u32 psize, u32 dsize)
{
	u64 np = psize / SCORE, n = size / dsize + (size % dsize != 0);
	int d = 0;

	for (; n > 1; d++)
		n = (n + np - 1) / np;
	return d;
}

u64 entry_blocks(const Entry *e) { return e->size / e->dsize + (e->size % e->dsize != 0); }

int entry_type(const Entry *e, int level)
{
	if (level > 0)
		return VtPointer0 + level - 1;
	return e->dir ? VtDir : VtData;
}

u32 entry_psize(u32 blocksize)
{
	u32 n = blocksize < PSIZEMOST ? blocksize : PSIZEMOST;

	return n - n % SCORE;
}

int root_unpack(Root *r, const u8 *p)
{
	u32 version = be16(p);
	u64 size = size_get(p + 278, version & RootBig);

	if ((version & ~(u32)RootBig) != RootVersion)
		return werrstr("a root of version %u: only %d is known", version, RootVersion);
	if (!goodsize(size))
		return werrstr("damaged root: blocks of %llu bytes", (unsigned long long)size);
	memcpy(r->name, p + 2, sizeof r->name);
	memcpy(r->type, p + 130, sizeof r->type);
	r->name[sizeof r->name - 1] = r->type[sizeof r->type - 1] = 0;
	memcpy(r->score.b, p + 258, SCORE);
	r->blocksize = (u32)size;
	memcpy(r->prev.b, p + 280, SCORE);
	return 0;
}

void root_pack(const Root *r, u8 *p)
{
	bool big = r->blocksize >= 1 << 16;

	memset(p, 0, ROOT);
	put_be16(p, big ? RootVersion | RootBig : RootVersion);
	memcpy(p + 2, r->name, sizeof r->name);
	memcpy(p + 130, r->type, sizeof r->type);
	memcpy(p + 258, r->score.b, SCORE);
	put_be16(p + 278, size_put(r->blocksize, big));
	memcpy(p + 280, r->prev.b, SCORE);
}
