/*
 * Locks: a VacwDir's lk protects what the walker and those that tell share:
 * the entries and the count of what is missing.  Meta blocks are made by the
 * walker alone, and by the thread that closes, when nobody adds any more.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <venti/vacw.h>

struct VacwDir {
	Vacw *w;
	VacwDir *up;
	u32 upentry;      /* its place in up */
	char *uid, *gid;  /* of the directory: what Plan 9's vac gives new files first */
	MetaBlock mb;
	u8 *buf;          /* mb's bytes, NULL: no block begun */
	Treew meta;
	u64 nmeta;        /* blocks of meta that were sent */
	Lock lk;
	u8 *entries;      /* protected by lk */
	u32 n, cap;       /* of entries */
	u64 missing;      /* protected by lk: files not told, 1 for the end */
};

struct Vacw {
	u32 bsize, psize;
	u64 qid;
	VacwDir *root;
	Entry e[2]; /* the root's, once it is written */
	bool done;  /* it is */
};

static VacwDir *dir_new(Vacw *w, VacwDir *up, u32 upentry, const char *uid, const char *gid)
{
	VacwDir *d = mem_new(sizeof *d);

	d->w = w;
	d->up = up;
	d->upentry = upentry;
	d->uid = mem_str(uid);
	d->gid = mem_str(gid);
	treew_init(&d->meta, w->psize);
	lock_init(&d->lk, RankLeaf);
	d->missing = 1;
	return d;
}

static void dir_free(VacwDir *d)
{
	treew_free(&d->meta);
	free(d->uid);
	free(d->gid);
	free(d->buf);
	free(d->entries);
	free(d);
}

Vacw *vacw_new(u32 bsize, u64 qid)
{
	Vacw *w;

	if (bsize < VACBLOCKLEAST || bsize > BLOCKMAX) {
		werrstr("blocks of %u bytes: %d to %d are possible", bsize, VACBLOCKLEAST, BLOCKMAX);
		return NULL;
	}
	w = mem_new(sizeof *w);
	w->bsize = bsize;
	w->psize = entry_psize(bsize);
	w->qid = qid;
	w->root = dir_new(w, NULL, 0, "vac", "vac");
	return w;
}

void vacw_free(Vacw *w)
{
	if (w == NULL)
		return;
	if (!w->done)
		dir_free(w->root);
	free(w);
}

VacwDir *vacw_root(Vacw *w) { return w->root; }
u32 vacw_bsize(const Vacw *w) { return w->bsize; }

u64 vacw_skip(Vacw *w, u64 n)
{
	u64 q = w->qid;

	w->qid += n;
	return q;
}

/* flush sends the meta block that is being filled */
static int flush(VacwDir *d, BlockOut *o)
{
	Score s;

	if (d->buf == NULL)
		return 0;
	if (out_block(o, VtData, d->buf, d->w->bsize, &s) < 0 || treew_add(&d->meta, o, &s) < 0)
		return -1;
	d->nmeta++;
	free(d->buf);
	d->buf = NULL;
	return 0;
}

/* begin sees to a meta block with room for an entry that begins with n0 bytes and is n bytes in the end */
static int begin(VacwDir *d, BlockOut *o, size_t n0, size_t n)
{
	if (d->buf != NULL && meta_room(&d->mb, (u32)n0) && n <= d->mb.max - d->mb.size)
		return 0;
	if (flush(d, o) < 0)
		return -1;
	d->buf = mem_array(1, d->w->bsize);
	meta_init(&d->mb, d->buf, d->w->bsize);
	return 0;
}

/* the steps of Plan 9's vac, which leave their traces (meta.c): created with the directory's owners, then changed */
static int put_meta(VacwDir *d, BlockOut *o, const VacDir *in, u32 entry)
{
	VacDir first = { .elem = in->elem, .uid = d->uid, .gid = d->gid, .mid = (char *)(uintptr_t)"", .entry = entry };
	VacDir all = *in;
	bool qidspace = in->qidspace;

	first.qid = d->w->qid + 1;
	first.mtime = first.atime = first.ctime = in->ctime;
	first.mode = in->mode;
	all.entry = entry;
	all.gen = all.mcount = 0;
	all.plan9 = false;
	all.qid = first.qid;
	if (begin(d, o, vacdir_size(&first, METAVERS), vacdir_size(&all, METAVERS)) < 0)
		return -1;
	all.qidspace = false;
	if (meta_add(&d->mb, &first) < 0 || meta_change(&d->mb, &all) < 0)
		return -1;
	all.qidspace = qidspace;
	if (qidspace && meta_change(&d->mb, &all) < 0)
		return -1;
	d->w->qid++;
	return 0;
}

/* reserve makes room for n entries, and one more thing to be told */
static void reserve(VacwDir *d, u32 n)
{
	lock(&d->lk);
	if (d->n + n > d->cap) {
		u32 cap = d->cap == 0 ? 8 : 2 * d->cap;

		d->entries = mem_grow(d->entries, cap, ENTRY);
		memset(d->entries + (size_t)d->cap * ENTRY, 0, (size_t)(cap - d->cap) * ENTRY);
		d->cap = cap;
	}
	d->n += n;
	d->missing++;
	unlock(&d->lk);
}

i64 vacwdir_file(VacwDir *d, BlockOut *o, const VacDir *in)
{
	u32 place = d->n;

	if (put_meta(d, o, in, place) < 0)
		return -1;
	reserve(d, 1);
	return place;
}

VacwDir *vacwdir_dir(VacwDir *d, BlockOut *o, const VacDir *in)
{
	u32 place = d->n;

	if (put_meta(d, o, in, place) < 0)
		return NULL;
	reserve(d, 2);
	return dir_new(d->w, d, place, in->uid, in->gid);
}

/* told is true for the one that told the last */
static bool told(VacwDir *d, i64 place, const Entry *e, const Entry *me)
{
	bool last;

	lock(&d->lk);
	if (e != NULL)
		entry_pack(e, d->entries + place * ENTRY);
	if (me != NULL)
		entry_pack(me, d->entries + (place + 1) * ENTRY);
	last = --d->missing == 0;
	unlock(&d->lk);
	return last;
}

static int write_entries(VacwDir *d, BlockOut *o, Entry *e)
{
	u32 per = entry_per(d->w->bsize);
	Treew t;
	int r = 0;

	treew_init(&t, d->w->psize);
	for (u32 i = 0; i < d->n && r == 0; i += per) {
		u32 n = d->n - i < per ? d->n - i : per;
		Score s;

		r = out_block(o, VtDir, d->entries + (size_t)i * ENTRY, n * ENTRY, &s);
		if (r == 0)
			r = treew_add(&t, o, &s);
	}
	if (r == 0)
		r = treew_end(&t, o, true, d->w->bsize, (u64)d->w->bsize * (d->n / per) + ENTRY * (d->n % per), e);
	treew_free(&t);
	return r;
}

/* finish writes d and frees it; what is above may then be complete as well */
static int finish(VacwDir *d, BlockOut *o)
{
	for (;;) {
		VacwDir *up = d->up;
		u32 place = d->upentry;
		Entry e[2];

		if (flush(d, o) < 0 || write_entries(d, o, &e[0]) < 0 ||
		    treew_end(&d->meta, o, false, d->w->bsize, d->nmeta * d->w->bsize, &e[1]) < 0)
			return -1;
		for (int i = 0; i < 2; i++)
			e[i].flags |= e[i].size > 0 ? EntryLocal : 0;
		if (up == NULL) {
			d->w->e[0] = e[0];
			d->w->e[1] = e[1];
			d->w->done = true;
		}
		dir_free(d);
		if (up == NULL || !told(up, place, &e[0], &e[1]))
			return 0;
		d = up;
	}
}

int vacwdir_told(VacwDir *d, BlockOut *o, i64 place, const Entry *e)
{
	return told(d, place, e, NULL) ? finish(d, o) : 0;
}

int vacwdir_old(VacwDir *d, BlockOut *o, const VacDir *in, const Entry *e, const Entry *me)
{
	bool dir = in->mode & ModeDir;
	u32 place = d->n;

	if (put_meta(d, o, in, place) < 0)
		return -1;
	reserve(d, dir ? 2 : 1);
	return told(d, place, e, dir ? me : NULL) ? finish(d, o) : 0;
}

int vacwdir_end(VacwDir *d, BlockOut *o)
{
	return told(d, 0, NULL, NULL) ? finish(d, o) : 0;
}

static int root_meta(Vacw *w, BlockOut *o, Entry *e)
{
	autofree u8 *buf = mem_array(1, w->bsize);
	VacDir d = { .elem = (char *)(uintptr_t)"/", .uid = (char *)(uintptr_t)"vac", .mode = 0777 | ModeDir };
	MetaBlock mb;
	Score s;
	Treew t;

	d.gid = d.uid;
	d.mid = (char *)(uintptr_t)"";
	meta_init(&mb, buf, w->bsize);
	if (meta_add(&mb, &d) < 0)
		return -1;
	d.qidspace = true;
	d.qidmax = w->qid + 1;
	if (meta_change(&mb, &d) < 0 || out_block(o, VtData, buf, w->bsize, &s) < 0)
		return -1;
	treew_init(&t, w->psize);
	if (treew_add(&t, o, &s) < 0 || treew_end(&t, o, false, w->bsize, w->bsize, e) < 0)
		return -1;
	e->flags |= EntryLocal;
	return 0;
}

int vacw_end(Vacw *w, BlockOut *o, const Score *prev, Root *r)
{
	u8 top[3 * ENTRY];
	Entry e;

	if (!w->done)
		return werrstr("the archive's root was not finished");
	if (root_meta(w, o, &e) < 0)
		return -1;
	entry_pack(&w->e[0], top);
	entry_pack(&w->e[1], top + ENTRY);
	entry_pack(&e, top + 2 * ENTRY);
	*r = (Root){ .type = "vac", .blocksize = w->bsize };
	if (prev != NULL)
		r->prev = *prev;
	return out_block(o, VtDir, top, sizeof top, &r->score);
}
