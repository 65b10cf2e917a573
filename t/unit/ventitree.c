/* The block cache and the trees above it: what is read is what was written, memory stays bounded, damage is an error. */
#include <base/bytes.h>
#include <venti/cache.h>
#include "tap.h"
#include "ventisrv.h"

enum { DSIZE = 1000, PSIZE = 100, NP = PSIZE / SCORE };

static Venti *v;

/* byte is what the file of the tests has at off; every tenth block is a hole, every seventh ends early */
static u8 byte(u64 off)
{
	u64 bn = off / DSIZE, o = off % DSIZE;

	if (bn % 10 == 3 || (bn % 7 == 1 && o > 600))
		return 0;
	return (u8)(bn * 31 + o % 251 + 1);
}

static Score put(int type, u8 *p, size_t n)
{
	Score s;

	if (venti_write(v, &s, type, p, (u32)block_trim(type, p, n)) < 0)
		abort();
	return s;
}

/* plant writes the subtree of a level from block bn on and returns its score */
static Score plant(int level, u64 bn, u64 end, int datatype)
{
	u8 p[DSIZE] = { 0 };
	u64 step = 1;

	if (level == 0) {
		for (u64 i = 0; i < DSIZE; i++)
			p[i] = byte(bn * DSIZE + i);
		return put(datatype, p, DSIZE);
	}
	for (int i = 1; i < level; i++)
		step *= NP;
	for (u64 i = 0; i < NP; i++) {
		Score s = bn + i * step < end ? plant(level - 1, bn + i * step, end, datatype) : score_zero;

		memcpy(p + i * SCORE, s.b, SCORE);
	}
	return put(VtPointer0 + level - 1, p, PSIZE);
}

static Entry file(u64 size)
{
	Entry e = { .psize = PSIZE, .dsize = DSIZE, .flags = EntryActive, .size = size };

	e.depth = (u8)entry_depth(size, PSIZE, DSIZE);
	e.score = plant(e.depth, 0, entry_blocks(&e), VtData);
	return e;
}

/* same counts the bytes of p[n] that are not the file's at off */
static int differ(const u8 *p, size_t n, u64 off)
{
	int bad = 0;

	for (size_t i = 0; i < n; i++)
		bad += p[i] != byte(off + i);
	return bad;
}

static int reads_all(VCache *c, const Entry *e, u64 off, int ahead)
{
	TreeRead t;
	const u8 *p;
	size_t n;
	VBlock *b;
	int bad = 0;

	treeread_init(&t, c, e, off, ahead);
	while ((b = treeread_next(&t, &p, &n)) != NULL) {
		bad += differ(p, n, t.off - n);
		vblock_drop(b);
	}
	return bad + (n != 0) + (t.off != (off > e->size ? off : e->size));
}

static void sizes(void)
{
	static const u64 size[] = { 0, 1, DSIZE - 1, DSIZE, DSIZE + 1, NP * DSIZE, NP * DSIZE + 1, 26 * DSIZE, 126 * DSIZE + 5, 700 * DSIZE };

	for (size_t i = 0; i < nelem(size); i++) {
		VCache *c = vcache_new(v, 64 * DSIZE);
		VCacheStats s;
		Entry e = file(size[i]);
		u8 p[3 * DSIZE];
		long n;
		int bad = 0;

		is_int(reads_all(c, &e, 0, 1), 0, "%d bytes at depth %d one by one", (int)size[i], e.depth);
		is_int(reads_all(c, &e, size[i] / 3, 20), 0, "with blocks ahead");
		for (u64 off = 0; off < size[i]; off += 1777) {
			n = tree_read(c, &e, p, sizeof p, off);
			bad += n != (long)(size[i] - off < sizeof p ? size[i] - off : sizeof p) || differ(p, (size_t)n, off);
		}
		is_int(bad, 0, "pieces of it");
		is_int(tree_read(c, &e, p, 10, size[i]), 0, "nothing at the end");
		is_int(tree_read(c, &e, p, 10, UINT64_MAX - 3), 0, "nor far behind it");
		vcache_stats(c, &s);
		ok(s.bytes <= 64 * DSIZE, "%d bytes are kept", (int)s.bytes);
		vcache_free(c);
	}
}

/* several trees' first blocks, of different types, are asked for once */
static void wants(void)
{
	VCache *c = vcache_new(v, 64 * DSIZE);
	Entry e[3] = { file(DSIZE), file(NP * DSIZE), file(26 * DSIZE) };
	VWant w[4];
	VCacheStats s;

	for (int i = 0; i < 3; i++)
		w[i] = vwant_top(&e[i]);
	w[3] = w[0];
	vcache_want(c, w, 4);
	vcache_stats(c, &s);
	is_int((int)s.ahead, 3, "three blocks asked for, a fourth is one of them");
	for (int i = 0; i < 3; i++)
		is_int(reads_all(c, &e[i], 0, 1), 0, "file %d", i);
	vcache_stats(c, &s);
	ok(s.hits >= 3, "which are not asked for again");
	w[1] = (VWant){ score_zero, VtData, DSIZE };
	w[2].full = BLOCKMOST + 1;
	vcache_want(c, w + 1, 2);
	vcache_stats(c, &s);
	is_int((int)s.ahead, 3, "the empty block and one too large are not");
	vcache_free(c);
}

typedef struct Reader {
	VCache *c;
	const Entry *e;
	int i, bad;
	pthread_t th;
} Reader;

static void reader(void *arg)
{
	Reader *r = arg;

	for (int k = 0; k < 3; k++)
		r->bad += reads_all(r->c, r->e, (u64)(r->i * 10000), 4 + 8 * r->i);
}

static void threads(u64 max)
{
	VCache *c = vcache_new(v, max);
	Entry e = file(300 * DSIZE);
	Reader r[4];
	VCacheStats s;
	int bad = 0;

	for (int i = 0; i < 4; i++) {
		r[i] = (Reader){ .c = c, .e = &e, .i = i };
		if (thread_new(&r[i].th, "reader", reader, &r[i]) < 0)
			abort();
	}
	for (int i = 0; i < 4; i++) {
		thread_join(r[i].th);
		bad += r[i].bad;
	}
	vcache_stats(c, &s);
	is_int(bad, 0, "four readers of one cache of %d bytes (%d hits, %d misses)", (int)max, (int)s.hits, (int)s.misses);
	ok(s.bytes <= max, "which keeps %d", (int)s.bytes);
	vcache_free(c);
}

static void damage(void)
{
	VCache *c = vcache_new(v, 1 << 20);
	Entry e = { .psize = PSIZE, .dsize = DSIZE, .flags = EntryActive, .depth = 7, .size = 70000ull * DSIZE, .score = score_zero };
	u8 p[DSIZE], junk[PSIZE];
	Score s;

	is_int(tree_read(c, &e, p, DSIZE, 69999ull * DSIZE), DSIZE, "a hole of any depth");
	is_int(p[0] + p[DSIZE - 1], 0, "is zeros");
	is_int(tree_score(c, &e, 70000, &s), -1, "no block behind the end: %s", rerrstr());
	memset(junk, 0x5a, sizeof junk);
	e.score = put(VtPointer0 + 6, junk, PSIZE);
	is_int(tree_read(c, &e, p, DSIZE, 0), -1, "pointers to nothing: %s", rerrstr());
	ok(tree_block(c, &e, 69999) == NULL, "everywhere");
	e.score = put(VtData, junk, PSIZE);
	is_int(tree_read(c, &e, p, 1, 5), -1, "data for pointers: %s", rerrstr());
	e = (Entry){ .psize = PSIZE, .dsize = 512, .flags = EntryActive, .size = 512 };
	memset(p, 7, sizeof p);
	e.score = put(VtData, p, DSIZE);
	is_int(tree_read(c, &e, p, 1, 5), -1, "a block that is larger than it should: %s", rerrstr());
	is_int(tree_entry(c, &e, 0, &e), -1, "entries in a file: %s", rerrstr());
	ok(vcache_get(c, &s, VtData, BLOCKMOST + 1) == NULL, "too large: %s", rerrstr());
	vcache_free(c);
}

static void entries(void)
{
	VCache *c = vcache_new(v, 1 << 20);
	Entry e = { .psize = 260, .dsize = DSIZE, .flags = EntryActive, .size = 5 }, d = e, got;
	u8 p[DSIZE] = { 0 };

	for (u32 i = 0; i < 3; i++) {
		e.size = i + 1;
		entry_pack(&e, p + i * ENTRY);
	}
	p[2 * ENTRY + 4] = 0; /* a pointer size of 4 */
	d.dir = true;
	d.size = 3 * ENTRY;
	d.score = put(VtDir, p, DSIZE);
	is_int(tree_entry(c, &d, 1, &got), 0, "an entry");
	is_int(got.size, 2, "of a directory");
	is_int(tree_entry(c, &d, 2, &got), -1, "a damaged one: %s", rerrstr());
	is_int(tree_entry(c, &d, 3, &got), 0, "one behind the end");
	is_int(got.flags, 0, "is not active");
	is_int(tree_entry(c, &d, 1 << 30, &got), 0, "far behind");
	vcache_free(c);
}

int main(void)
{
	TestVenti *t = tv_new();

	v = venti_fd(tv_pair(t), NULL);
	sizes();
	wants();
	threads(4 * DSIZE);
	threads(100 * DSIZE);
	threads(1 << 20);
	damage();
	entries();
	venti_close(v);
	tv_free(t, NULL);
	return done();
}
