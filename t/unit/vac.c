/*
 * Archives.  The vectors (two by Plan 9's vac, one rerun, one fossil's) are
 * read, and written again from what was read: the same root score, so every
 * block is the same.
 */
#include <stdlib.h>
#include <base/err.h>
#include <venti/vac.h>
#include <venti/vacw.h>
#include "tap.h"
#include "vectors.h"
#include "ventisrv.h"

static Venti *v;
static VCache *cache;

static void load_vectors(Store *s)
{
	char *all = vector_open("venti/blocks.hex"), *line, *next = all;
	static u8 buf[BLOCKMAX];
	long n = 0;

	while (next != NULL && (line = strsep(&next, "\n")) != NULL && line[0] != 0) {
		StoreReq r = { .type = atoi(strchr(line, '.') + 1), .p = buf };
		char text[SCORETEXT];

		r.n = (u32)vector_hex(strchr(line, ' ') + 1, buf, sizeof buf);
		store_write(s, &r, 1);
		n += !r.failed && strncmp(score_print(&r.score, text), line, 40) == 0;
	}
	free(all);
	ok(n > 1000, "%ld blocks of the vectors", n);
}

/* the 1 KiB vectors lack the block with their root's own metadata: it is made here, its score is the vectors' */
static void make_root_meta(void)
{
	u8 p[1024] = { 0 };
	VacDir d = { .elem = (char *)(uintptr_t)"/", .mode = 0777 | ModeDir };
	MetaBlock mb;
	char text[SCORETEXT];
	Score s;

	d.uid = d.gid = (char *)(uintptr_t)"vac";
	d.mid = (char *)(uintptr_t)"";
	meta_init(&mb, p, sizeof p);
	(void)!meta_add(&mb, &d);
	d.qidspace = true;
	d.qidmax = 312;
	(void)!meta_change(&mb, &d);
	ok(venti_write(v, &s, VtData, p, (u32)block_trim(VtData, p, sizeof p)) == 0, "written");
	is_str(score_print(&s, text), "022433719eb7f459c62524a6d5f382bdeb69f948", "the root's metadata");
}

static Vac *open_vac(const char *text)
{
	Score s;
	Vac *vac;

	ok(vac_parse(text, &s) == 0, "%.12s", text);
	vac = vac_open(cache, &s);
	if (!ok(vac != NULL, "is an archive")) {
		printf("# %s\n", rerrstr());
		exit(1);
	}
	return vac;
}

/* what a directory holds, in the order of its numbers */
typedef struct Kids {
	VacFile **f;
	int n;
} Kids;

static int by_qid(const void *a, const void *b)
{
	u64 x = (*(VacFile *const *)a)->dir.qid, y = (*(VacFile *const *)b)->dir.qid;

	return x < y ? -1 : x > y;
}

static Kids kids(VacFile *dir)
{
	VacList *l = vaclist_new(dir);
	Kids k = { NULL, 0 };
	VacFile *f;
	int r;

	while ((r = vaclist_next(l, &f)) != 0) {
		if (r < 0) {
			ok(false, "list: %s", rerrstr());
			break;
		}
		k.f = mem_grow(k.f, (size_t)k.n + 1, sizeof k.f[0]);
		k.f[k.n++] = f;
	}
	vaclist_free(l);
	if (k.n > 0)
		qsort(k.f, (size_t)k.n, sizeof k.f[0], by_qid);
	return k;
}

static long nfiles, nwalk, ndata, badwalk, baddata;

/* copy_data reads a file and makes its blocks again */
static void copy_data(VacFile *f, BlockOut *o)
{
	u64 n = entry_blocks(&f->e), left = f->e.size;
	Treew t;
	Entry e;

	treew_init(&t, f->e.psize);
	for (u64 i = 0; i < n; i++) {
		u32 m = left < f->e.dsize ? (u32)left : f->e.dsize;
		VBlock *b = tree_block(cache, &f->e, i);
		Score s;

		if (b == NULL || out_block(o, VtData, vblock_bytes(b), m, &s) < 0 || treew_add(&t, o, &s) < 0)
			baddata++;
		if (b != NULL)
			vblock_drop(b);
		left -= m;
	}
	if (treew_end(&t, o, false, f->e.dsize, f->e.size, &e) < 0 || !score_eq(&e.score, &f->e.score) ||
	    e.depth != f->e.depth || e.flags != f->e.flags) {
		printf("# %s: depth %d %d, flags %#x %#x\n", f->dir.elem, e.depth, f->e.depth, e.flags, f->e.flags);
		baddata++;
	}
	ndata += (long)n;
	treew_free(&t);
}

static void copy_dir(VacFile *from, VacwDir *to, BlockOut *o)
{
	Kids k = kids(from);

	for (int i = 0; i < k.n; i++) {
		VacFile *f = k.f[i], *again = vacfile_walk(from, f->dir.elem);

		nfiles++;
		badwalk += again == NULL || vacfile_qid(again) != vacfile_qid(f);
		vacfile_drop(again);
		if (vacfile_isdir(f)) {
			VacwDir *d = vacwdir_dir(to, o, &f->dir);

			if (d == NULL)
				ok(false, "%s", rerrstr());
			else
				copy_dir(f, d, o);
		} else {
			i64 place = vacwdir_file(to, o, &f->dir);

			copy_data(f, o);
			if (place < 0 || vacwdir_told(to, o, place, &f->e) < 0)
				ok(false, "%s", rerrstr());
		}
		vacfile_drop(f);
	}
	if (vacwdir_end(to, o) < 0)
		ok(false, "end: %s", rerrstr());
	free(k.f);
}

static void test_again(const char *text, int want)
{
	Vac *vac = open_vac(text);
	VacFile *top = vac_root(vac);
	const Root *old = vac_rootblock(vac);
	Vacw *w = vacw_new(old->blocksize, 0);
	BlockOut *o = out_new(v, old->blocksize, 16);
	char got[SCORETEXT + 4] = "vac:";
	u8 p[ROOT];
	Score s;
	Root r;

	nfiles = nwalk = ndata = badwalk = baddata = 0;
	copy_dir(top, vacw_root(w), o);
	ok(vacw_end(w, o, &old->prev, &r) == 0 && out_drain(o) == 0, "written again");
	root_pack(&r, p);
	s = score_of(p, ROOT);
	score_print(&s, got + 4);
	is_str(got, text, "with the same score");
	is_int(nfiles, want, "files");
	is_int(badwalk, 0, "each found by its name");
	is_int(baddata, 0, "contents in the same blocks (%ld)", ndata);
	out_free(o);
	vacw_free(w);
	vacfile_drop(top);
	vac_close(vac);
}

static int count(VacFile *dir)
{
	Kids k = kids(dir);
	int n = k.n;

	for (int i = 0; i < k.n; i++) {
		n += vacfile_isdir(k.f[i]) ? count(k.f[i]) : 0;
		vacfile_drop(k.f[i]);
	}
	free(k.f);
	return n;
}

static void test_fossil(void)
{
	Vac *vac = open_vac("vac:803179659611fce3a0c23ae154433ae70074c363");
	VacFile *top = vac_root(vac), *f = vacfile_walk(top, "active"), *g = f != NULL ? vacfile_walk(f, "adm") : NULL;
	VacFile *users = g != NULL ? vacfile_walk(g, "users") : NULL;
	ok(users != NULL && users->e.size == 100 && strcmp(users->dir.uid, "adm") == 0, "a fossil's /active/adm/users");
	is_int(count(top), 33, "files");
	ok(vacfile_walk(top, "nothing") == NULL, "what is not there is not found");
	vacfile_drop(users);
	vacfile_drop(g);
	vacfile_drop(f);
	vacfile_drop(top);
	vac_close(vac);
}

static void add_file(VacwDir *d, BlockOut *o, const char *name, u32 mode)
{
	VacDir in = { .elem = (char *)(uintptr_t)name, .mode = mode };
	Entry e = { .psize = 1020, .dsize = 1024, .flags = EntryActive, .score = score_zero };
	i64 place;

	in.uid = in.gid = in.mid = (char *)(uintptr_t)"x";
	place = vacwdir_file(d, o, &in);
	if (place < 0 || vacwdir_told(d, o, place, &e) < 0)
		ok(false, "add: %s", rerrstr());
}

/* a large directory in order is searched by halves; odd names and false entries are refused one by one */
static void test_large(void)
{
	Vacw *w = vacw_new(1024, 0);
	BlockOut *o = out_new(v, 1024, 4);
	char name[32];
	Vac *vac;
	VacFile *top, *f;
	VacList *l;
	u8 p[ROOT];
	Root r;
	Score s;
	int bad = 0, n = 0, c;

	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "f%05d", i);
		add_file(vacw_root(w), o, name, 0644);
	}
	add_file(vacw_root(w), o, "..", 0644);
	add_file(vacw_root(w), o, "x/y", 0644);
	add_file(vacw_root(w), o, "zdir", 0755 | ModeDir);
	ok(vacwdir_end(vacw_root(w), o) == 0 && vacw_end(w, o, NULL, &r) == 0, "2000 files");
	root_pack(&r, p);
	ok(out_block(o, VtRoot, p, ROOT, &s) == 0 && out_drain(o) == 0, "stored");
	vac = vac_open(cache, &s);
	top = vac_root(vac);
	ok(vacfile_walk(top, "f02000") == NULL, "not there");
	for (int i = 0; i < 2000; i += 7) {
		snprintf(name, sizeof name, "f%05d", i);
		f = vacfile_walk(top, name);
		bad += f == NULL || strcmp(f->dir.elem, name) != 0;
		vacfile_drop(f);
	}
	is_int(bad, 0, "all found");
	is_int(top->inorder, -1, "names that are not in order are noticed");
	ok(vacfile_walk(top, "..") == NULL && vacfile_walk(top, "x/y") == NULL && vacfile_walk(top, "zdir") == NULL, "odd ones refused");
	l = vaclist_new(top);
	bad = 0;
	while ((c = vaclist_next(l, &f)) != 0) {
		bad += c < 0;
		n += c > 0;
		if (c > 0)
			vacfile_drop(f);
	}
	is_int(bad, 3, "three names are refused in a list");
	is_int(n, 2000, "the others are listed");
	vaclist_free(l);
	vacfile_drop(top);
	vac_close(vac);
	out_free(o);
	vacw_free(w);
}

static void test_hostile(void)
{
	u8 p[ROOT], dir[3 * ENTRY] = { 0 };
	Root r = { .type = "vac", .blocksize = 8192 };
	Entry e = { .flags = EntryActive, .dir = true, .psize = 8180, .dsize = 8192, .depth = 7, .size = 3 * ENTRY, .score = score_zero };
	Score s;

	entry_pack(&e, dir);
	e.dir = false;
	e.depth = 4;
	e.size = 1ull << 44;
	entry_pack(&e, dir + ENTRY);
	entry_pack(&e, dir + 2 * ENTRY);
	(void)!venti_write(v, &r.score, VtDir, dir, (u32)block_trim(VtDir, dir, sizeof dir));
	root_pack(&r, p);
	(void)!venti_write(v, &s, VtRoot, p, ROOT);
	ok(vac_open(cache, &s) == NULL, "a root without its name: %s", rerrstr());
	memset(p, 0, sizeof p);
	(void)!venti_write(v, &s, VtRoot, p, ROOT);
	ok(vac_open(cache, &s) == NULL, "zeros: %s", rerrstr());
	ok(vac_parse("/etc/passwd", &s) == -1 && vac_parse("foo:da39a3ee5e6b4b0d3255bfef95601890afd80709", &s) == -1, "no score");
}

int main(void)
{
	TestVenti *t = tv_new();

	v = venti_fd(tv_pair(t), NULL);
	if (v == NULL)
		return 1;
	cache = vcache_new(v, 1 << 20);
	load_vectors(t->store);
	make_root_meta();
	test_again("vac:26b575081e4657bccbf2e694945ea116ca150458", 52);
	test_again("vac:5bfbd3cec149f451f869307cad5c2f900ea17ed7", 311);
	test_again("vac:fddba255eb816cd7bfc14667ddda30c89b92cc51", 311);
	test_fossil();
	test_large();
	test_hostile();
	is_int(ref_live("VacFile"), 0, "no file is left");
	vcache_free(cache);
	venti_close(v);
	tv_free(t, NULL);
	return done();
}
