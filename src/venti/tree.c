/* The blocks of an entry's tree. */
#include <string.h>
#include <base/err.h>
#include <venti/cache.h>

enum { AHEADMAX = 64 };

/* below returns how many data blocks one score at a level leads to, at most a number larger than any file has */
static u64 below(const Entry *e, int level)
{
	u64 n = 1, np = e->psize / SCORE;

	for (int i = 1; i < level && n <= UINT32_MAX; i++)
		n *= np;
	return n;
}

/* down goes from the entry to a level (0: data, 1: the lowest pointer block) above block bn, or to where there is nothing
 * below; returns where it came to, *s being the score there */
static int down(VCache *c, const Entry *e, u64 bn, int level, Score *s)
{
	u64 np = e->psize / SCORE;
	int l;

	if (bn >= entry_blocks(e))
		return werrstr("block %llu is behind the end", (unsigned long long)bn);
	*s = e->score;
	for (l = e->depth; l > level && !score_eq(s, &score_zero); l--) {
		VBlock *b = vcache_get(c, s, entry_type(e, l), e->psize);

		if (b == NULL)
			return -1;
		memcpy(s->b, vblock_bytes(b) + bn / below(e, l) % np * SCORE, SCORE);
		vblock_drop(b);
	}
	return l;
}

int tree_score(VCache *c, const Entry *e, u64 bn, Score *s)
{
	return down(c, e, bn, 0, s) < 0 ? -1 : 0;
}

u64 tree_hole(VCache *c, const Entry *e, u64 bn)
{
	u64 all = entry_blocks(e), span;
	Score s;
	int l;

	if (bn >= all || (l = down(c, e, bn, 0, &s)) < 0 || !score_eq(&s, &score_zero))
		return 0;
	span = below(e, l + 1);
	span -= bn % span;
	return span < all - bn ? span : all - bn;
}

VBlock *tree_block(VCache *c, const Entry *e, u64 bn)
{
	Score s;

	return down(c, e, bn, 0, &s) < 0 ? NULL : vcache_get(c, &s, entry_type(e, 0), e->dsize);
}

int tree_ahead(VCache *c, const Entry *e, u64 bn, int n)
{
	u64 np = e->psize / SCORE, at = bn % np, all = entry_blocks(e);
	Score s, many[AHEADMAX];
	VBlock *b;

	if (n > AHEADMAX)
		n = AHEADMAX;
	if (bn >= all || e->depth == 0)
		return 0;
	if (down(c, e, bn, 1, &s) < 0)
		return -1;
	if (score_eq(&s, &score_zero))
		return 0;
	b = vcache_get(c, &s, entry_type(e, 1), e->psize);
	if (b == NULL)
		return -1;
	if ((u64)n > np - at)
		n = (int)(np - at);
	if ((u64)n > all - bn)
		n = (int)(all - bn);
	memcpy(many, vblock_bytes(b) + at * SCORE, (size_t)n * SCORE);
	vblock_drop(b);
	vcache_ahead(c, many, n, entry_type(e, 0), e->dsize);
	return 0;
}

long tree_read(VCache *c, const Entry *e, void *p, size_t n, u64 off)
{
	size_t done = 0;

	if (off >= e->size)
		return 0;
	if (n > e->size - off)
		n = (size_t)(e->size - off);
	if (n > e->dsize && tree_ahead(c, e, off / e->dsize, (int)(n / e->dsize < AHEADMAX ? n / e->dsize + 1 : AHEADMAX)) < 0)
		return -1;
	while (done < n) {
		u32 o = (u32)((off + done) % e->dsize);
		size_t k = e->dsize - o < n - done ? e->dsize - o : n - done;
		VBlock *b = tree_block(c, e, (off + done) / e->dsize);

		if (b == NULL)
			return done > 0 ? (long)done : -1;
		memcpy((u8 *)p + done, vblock_bytes(b) + o, k);
		vblock_drop(b);
		done += k;
	}
	return (long)done;
}

int tree_entry(VCache *c, const Entry *dir, u64 i, Entry *e)
{
	u32 per = entry_per(dir->dsize);
	VBlock *b;
	int rc;

	*e = (Entry){ 0 };
	if (!dir->dir)
		return werrstr("entries are wanted from a stream of data");
	if (i / per >= entry_blocks(dir) || i % per * ENTRY + ENTRY > dir->size - i / per * dir->dsize)
		return 0;
	b = tree_block(c, dir, i / per);
	if (b == NULL)
		return -1;
	rc = entry_unpack(e, vblock_bytes(b) + i % per * ENTRY);
	vblock_drop(b);
	return rc;
}

void treeread_init(TreeRead *t, VCache *c, const Entry *e, u64 off, int ahead)
{
	*t = (TreeRead){ .cache = c, .e = *e, .off = off, .ahead = ahead, .asked = off / (e->dsize > 0 ? e->dsize : 1) };
}

/* look asks for more when half of what is on the way has been used */
static int look(TreeRead *t, u64 bn)
{
	if (t->ahead <= 1 || t->asked > bn + (u64)t->ahead / 2 || t->asked >= entry_blocks(&t->e))
		return 0;
	while (t->asked < bn + (u64)t->ahead && t->asked < entry_blocks(&t->e)) {
		u64 np = t->e.psize / SCORE, room = np - t->asked % np, want = bn + (u64)t->ahead - t->asked;

		if (want > AHEADMAX)
			want = AHEADMAX;
		if (want > room)
			want = room;
		if (tree_ahead(t->cache, &t->e, t->asked, (int)want) < 0)
			return -1;
		t->asked += want;
	}
	return 0;
}

u64 treeread_hole(TreeRead *t)
{
	u64 bn = t->off / t->e.dsize, n = t->off % t->e.dsize == 0 ? tree_hole(t->cache, &t->e, bn) : 0, was = t->off;

	if (n == 0)
		return 0;
	t->off = bn + n == entry_blocks(&t->e) ? t->e.size : (bn + n) * t->e.dsize;
	if (t->asked < bn + n)
		t->asked = bn + n;
	return t->off - was;
}

VBlock *treeread_next(TreeRead *t, const u8 **p, size_t *n)
{
	u32 o;
	u64 left = t->off < t->e.size ? t->e.size - t->off : 0;
	VBlock *b;

	*n = left > 0;
	if (left == 0)
		return NULL;
	if (look(t, t->off / t->e.dsize) < 0)
		return NULL;
	b = tree_block(t->cache, &t->e, t->off / t->e.dsize);
	if (b == NULL)
		return NULL;
	o = (u32)(t->off % t->e.dsize);
	*p = vblock_bytes(b) + o;
	*n = t->e.dsize - o < left ? t->e.dsize - o : (size_t)left;
	t->off += *n;
	return b;
}
