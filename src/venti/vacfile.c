/* The files of an archive. */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <venti/vac.h>
#include "vacimpl.h"

enum { AHEAD = 8 }; /* blocks of a directory that are asked for when it is listed */
enum { BADBLOCKS = 16 }; /* in one directory, before the rest of its blocks is not looked at */

struct VacList {
	VacFile *f;
	u64 next;           /* meta block to be read next */
	VBlock *b;          /* mb's */
	MetaBlock mb;
	u32 i;              /* entry in mb to be returned next */
	int bad;            /* blocks that were none */
};

VacFile *vacfile_new(Vac *vac, VacDir *d, const Entry *e, const Entry *me, u64 qidoffset)
{
	VacFile *f = mem_new(sizeof *f);

	ref_init(&f->ref, "VacFile");
	f->vac = vac;
	f->dir = *d;
	f->e = *e;
	f->me = *me;
	f->qidoffset = qidoffset + (d->qidspace ? d->qidoffset : 0);
	return f;
}

VacFile *vacfile_take(VacFile *f)
{
	ref_take(&f->ref);
	return f;
}

void vacfile_drop(VacFile *f)
{
	if (f == NULL || !ref_drop(&f->ref))
		return;
	vacdir_clear(&f->dir);
	free(f);
}

bool vacfile_isdir(const VacFile *f) { return f->dir.mode & ModeDir; }
u64 vacfile_qid(const VacFile *f) { return f->qidoffset + f->dir.qid; }

/* make takes d over and checks that its entries are what it says */
static VacFile *make(VacFile *dir, VacDir *d, const Entry *e, const Entry *me)
{
	bool isdir = d->mode & ModeDir;

	if (!vacdir_goodname(d->elem))
		werrstr("'%s' cannot be the name of a file", d->elem);
	else if (!(e->flags & EntryActive) || e->gen != d->gen || e->dir != isdir)
		werrstr("%s: its entry is not there", d->elem);
	else if (isdir && (!(me->flags & EntryActive) || me->gen != d->mgen || me->dir))
		werrstr("%s: the entry of its names is not there", d->elem);
	else
		return vacfile_new(dir->vac, d, e, me, dir->qidoffset);
	vacdir_clear(d);
	return NULL;
}

/* child finds the entries of d in dir */
static VacFile *child(VacFile *dir, VacDir *d)
{
	Entry e, me = { 0 };

	if (tree_entry(dir->vac->cache, &dir->e, d->entry, &e) < 0 ||
	    ((d->mode & ModeDir) && tree_entry(dir->vac->cache, &dir->e, d->mentry, &me) < 0)) {
		vacdir_clear(d);
		return NULL;
	}
	return make(dir, d, &e, &me);
}

/* load makes *b (dropping what it was) and mb meta block bn */
static int load(VacFile *dir, u64 bn, VBlock **b, MetaBlock *mb)
{
	if (*b != NULL)
		vblock_drop(*b);
	mb->n = 0;
	*b = tree_block(dir->vac->cache, &dir->me, bn);
	if (*b != NULL && meta_unpack(mb, vblock_bytes(*b), dir->me.dsize) == 0)
		return 0;
	mb->n = 0;
	return -1;
}

/* first compares a block's first name with elem */
static int first(const MetaBlock *mb, const char *elem, int *c)
{
	MetaEntry me;

	if (meta_entry(mb, 0, &me) < 0)
		return -1;
	*c = meta_cmp(mb, &me, elem);
	return 0;
}

/* bisect: the last block whose first name is not behind elem; blocks are known to be in order and not empty */
static int bisect(VacFile *dir, const char *elem, VBlock **b, MetaBlock *mb)
{
	u64 lo = 0, hi = entry_blocks(&dir->me);

	while (hi - lo > 1) {
		u64 mid = (lo + hi) / 2;
		int c;

		if (load(dir, mid, b, mb) < 0 || first(mb, elem, &c) < 0)
			return -1;
		if (c <= 0)
			lo = mid;
		else
			hi = mid;
	}
	return load(dir, lo, b, mb);
}

/* scan looks through all blocks, and sees whether they are in order */
static int scan(VacFile *dir, const char *elem, VBlock **b, MetaBlock *mb, MetaEntry *me)
{
	u64 n = entry_blocks(&dir->me);
	char last[METANAME + 1] = "";
	bool inorder = true;

	for (u64 bn = 0; bn < n; bn++) {
		MetaEntry end;
		size_t len;
		const char *name;
		u32 i;
		int c, r;

		if (load(dir, bn, b, mb) < 0)
			return -1;
		r = meta_search(mb, elem, &i, me);
		if (r != 0)
			return r;
		if (mb->n == 0 || meta_entry(mb, mb->n - 1, &end) < 0 || first(mb, last, &c) < 0 || (bn > 0 && c <= 0)) {
			inorder = false;
			continue;
		}
		name = meta_name(mb, &end, &len);
		len = len < METANAME ? len : METANAME;
		memcpy(last, name, len);
		last[len] = 0;
	}
	__atomic_store_n(&dir->inorder, inorder ? 1 : -1, __ATOMIC_RELAXED);
	return 0;
}

VacFile *vacfile_walk(VacFile *dir, const char *elem)
{
	VBlock *b = NULL;
	MetaBlock mb = { 0 };
	MetaEntry me;
	VacDir d;
	u32 i;
	int r;

	if (!vacfile_isdir(dir))
		return errnull(Enotdir);
	if (entry_blocks(&dir->me) > 0 && __atomic_load_n(&dir->inorder, __ATOMIC_RELAXED) > 0) {
		r = bisect(dir, elem, &b, &mb);
		r = r < 0 ? -1 : meta_search(&mb, elem, &i, &me);
	} else
		r = scan(dir, elem, &b, &mb, &me);
	if (r == 0)
		errset(Enonexist);
	r = r > 0 ? vacdir_unpack(&d, mb.buf + me.off, me.n) : -1;
	if (b != NULL)
		vblock_drop(b);
	return r < 0 ? NULL : child(dir, &d);
}

long vacfile_read(VacFile *f, void *p, u32 n, u64 off)
{
	return tree_read(f->vac->cache, &f->e, p, n, off);
}

char *vacfile_text(VacFile *f, u32 max, size_t *n)
{
	char *s;
	long r;

	if (f->e.size > max) {
		werrstr("%llu bytes, which is too long", (unsigned long long)f->e.size);
		return NULL;
	}
	s = mem_array(f->e.size + 1, 1);
	r = vacfile_read(f, s, (u32)f->e.size, 0);
	if (r == (long)f->e.size) {
		*n = (size_t)r;
		return s;
	}
	free(s);
	return NULL;
}

VacList *vaclist_new(VacFile *f)
{
	VacList *l;

	if (!vacfile_isdir(f))
		return errnull(Enotdir);
	l = mem_new(sizeof *l);
	l->f = f;
	(void)!tree_ahead(f->vac->cache, &f->me, 0, AHEAD);
	(void)!tree_ahead(f->vac->cache, &f->e, 0, AHEAD);
	return l;
}

void vaclist_free(VacList *l)
{
	if (l == NULL)
		return;
	if (l->b != NULL)
		vblock_drop(l->b);
	free(l);
}

int vaclist_next(VacList *l, VacFile **f)
{
	VacDir d;

	while (l->i >= l->mb.n) {
		if (l->next >= entry_blocks(&l->f->me))
			return 0;
		l->i = 0;
		if (load(l->f, l->next++, &l->b, &l->mb) < 0) {
			if (++l->bad == BADBLOCKS) /* a stream can claim 2^32 of them at no cost */
				l->next = UINT64_MAX;
			return -1;
		}
	}
	if (vacdir_get(&d, &l->mb, l->i++) < 0)
		return -1;
	*f = child(l->f, &d);
	return *f == NULL ? -1 : 1;
}
