/*
 * Writing: the log and its group commit.
 *
 * A batch's scores, and the comparisons of blocks that are there already,
 * are made without a lock.  Then, under lk, the new ones' clumps go to the
 * disk's memory with one gathered write from where the caller has them, and
 * into the index; from then on everybody can read them.
 *
 * Sync: whoever finds no sync running becomes the one that syncs, for all
 * that was written so far; the others wait for that one or the next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include "astore.h"

/* A block on its way to the log. */
typedef struct New {
	const Score *score;
	const u8 *p;   /* as it goes to the disk */
	u8 *packed;    /* what to free */
	u32 n;         /* of the block */
	Clump c;
	u8 head[CLUMP];
	bool failed, again; /* again: somebody may have written it meanwhile */
	char *err;
} New;

/* A run of clumps for one gathered write. */
typedef struct Run {
	Place *p;
	New *w[BATCH];
	int n;
	u64 bytes;
} Run;

void place_adddir(Place *p, const ClumpInfo *ci)
{
	if (p->ndir == p->capdir) {
		p->capdir = p->capdir == 0 ? 512 : p->capdir * 2;
		p->dir = mem_grow(p->dir, p->capdir, sizeof *p->dir);
	}
	p->dir[p->ndir++] = *ci;
}

static void new_fail(New *w, const char *why)
{
	w->failed = true;
	if (w->err == NULL)
		w->err = mem_str(why);
}

static void run_account(Astore *s, Run *r)
{
	Place *p = r->p;
	ArenaStats *st = &p->a->t.st;

	for (int i = 0; i < r->n; i++) {
		New *w = r->w[i];
		u64 at = st->used;

		place_adddir(p, &w->c.info);
		st->used += CLUMP + (u64)w->c.info.size;
		st->data += w->n;
		st->clumps++;
		st->cclumps += w->c.encoding != ClumpPlain;
		s->since++;
		if (index_add(s->ix, w->score, w->c.info.type, p->at + at, CLUMP + w->c.info.size) < 0)
			new_fail(w, rerrstr());
	}
	p->a->t.wtime = r->w[0]->c.time;
	if (p->a->t.ctime == 0)
		p->a->t.ctime = p->a->t.wtime;
	p->dirty = true;
	s->written += r->bytes;
}

/* writes the run at the end of its arena, with the zeros that end the log */
static void run_write(Astore *s, Run *r)
{
	static u8 zero[CLUMPFREE];
	IoVec v[2 * BATCH + 1];
	Arena *a;
	int n = 0;

	if (r->n == 0)
		return;
	a = r->p->a;
	for (int i = 0; i < r->n; i++) {
		fmt_putclump(&r->w[i]->c, r->w[i]->head, a->t.magic);
		v[n++] = (IoVec){ r->w[i]->head, CLUMP };
		v[n++] = (IoVec){ (void *)(uintptr_t)r->w[i]->p, r->w[i]->c.info.size };
	}
	v[n++] = (IoVec){ zero, CLUMPFREE };
	if ((r->p->marked && place_unmark(r->p) < 0) || disk_writev(a->disk, v, n, a->base + a->t.st.used) < 0) {
		if (errcode(rerrstr()) != Enospace) { /* a full disk may get room again; a bad one is left alone */
			snprintf(r->p->why, sizeof r->p->why, "%s", rerrstr());
			r->p->broken = true;
		}
		for (int i = 0; i < r->n; i++)
			new_fail(r->w[i], rerrstr());
	} else {
		run_account(s, r);
	}
	*r = (Run){ 0 };
}

/* does w fit behind the run in its arena? */
static bool run_fits(const Run *r, const Place *p, const New *w)
{
	const Arena *a = p->a;
	u64 used = a->t.st.used + (r->p == p ? r->bytes : 0);
	u32 clumps = a->t.st.clumps + (u32)(r->p == p ? r->n : 0);

	return used + CLUMP + w->c.info.size + 2 * CLUMPFREE + fmt_dirsize(clumps + 1, a->blocksize) <= a->room;
}

/* the arena to append to; full ones are left to be sealed */
static Place *write_place(Astore *s, Run *r, const New *w)
{
	for (; s->cur < s->n; s->cur++) {
		Place *p = &s->place[s->cur];

		if (p->broken || p->a->t.st.sealed)
			continue;
		if (run_fits(r, p, w))
			return p;
		run_write(s, r);
		if (p->broken)
			continue;
		p->a->t.st.sealed = true;
		p->tosum = true;
		s->kick = true;
		cond_all(&s->moved);
	}
	return NULL;
}

static const char *write_why(Astore *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->place[i].broken)
			return s->place[i].why;
	return errtext(Enospace);
}

/* the log may not run too far ahead of the tails */
static void write_wait(Astore *s)
{
	for (int i = 0; i < s->n && !s->stop; i++) {
		Place *p = &s->place[i];

		while (!s->stop && !p->broken && p->a->t.st.used > p->tailused + TAILMAX) {
			s->kick = true;
			cond_all(&s->moved);
			(void)cond_wait(&s->moved, &s->lk, 1000);
		}
	}
}

/* lk is held */
static void write_log(Astore *s, New *w, int n)
{
	Run r = { 0 };

	for (int i = 0; i < n; i++) {
		Place *p;

		if (w[i].failed || w[i].again)
			continue;
		p = write_place(s, &r, &w[i]);
		if (p == NULL) {
			new_fail(&w[i], write_why(s));
			continue;
		}
		if (r.p != NULL && r.p != p)
			run_write(s, &r);
		r.p = p;
		r.w[r.n++] = &w[i];
		r.bytes += CLUMP + (u64)w[i].c.info.size;
	}
	run_write(s, &r);
}

/* was a block like this one written since `count` entries were in the index?  lk is held */
static bool write_raced(Astore *s, const New *w, u64 count)
{
	IndexHit hit[INDEXHITS];

	return index_count(s->ix) != count && index_find(s->ix, w->score, w->c.info.type, hit) > 0;
}

static void write_start(Astore *s, Place *p, u64 from, u64 to)
{
	if (p != NULL && to > from)
		disk_start(p->a->disk, p->a->base + from, to - from);
}

static void write_new(Astore *s, New *w, int n, u64 count, bool first)
{
	Place *hint = NULL;
	u64 from = 0, to = 0;

	lock(&s->lk);
	if (!s->opt.readonly)
		write_wait(s);
	for (int i = 0; i < n; i++)
		w[i].again = first && write_raced(s, &w[i], count);
	write_log(s, w, n);
	if (s->written - s->started >= STARTEVERY && s->cur < s->n) {
		hint = &s->place[s->cur];
		to = hint->a->t.st.used;
		from = to > s->written - s->started ? to - (s->written - s->started) : 0;
		s->started = s->written;
		s->kick |= hint->a->t.st.used > hint->tailused + TAILLAG;
		if (s->kick)
			cond_all(&s->moved);
	}
	unlock(&s->lk);
	write_start(s, hint, from, to);
}

static void new_make(Astore *s, New *w, const Score *score, int type, const u8 *p, u32 n)
{
	ConfPack pack;

	*w = (New){ .score = score, .p = p, .n = n };
	w->c = (Clump){ .info = { .type = (u8)type, .size = (u16)n, .data = (u16)n, .score = *score }, .encoding = ClumpPlain,
		.time = (u32)clock_wall() };
	pack = __atomic_load_n(&s->pack, __ATOMIC_RELAXED);
	if (pack == PackNone || n == 0)
		return;
	w->packed = mem_new(n);
	if (clump_pack(&w->c, pack, p, n, w->packed))
		w->p = w->packed;
}

static bool write_ok(Astore *s, StoreReq *r)
{
	if (r->n > BLOCKMAX)
		store_fail(r, "lump too large");
	else if (r->type < 0 || r->type >= TypeCorrupt)
		store_fail(r, "invalid lump type");
	else if (s->opt.readonly)
		store_fail(r, "store is read only");
	else if (r->n == 0)
		r->old = true;
	else
		return true;
	if (!r->failed)
		r->score = score_zero;
	return false;
}

/* has the block been written by an earlier request of the batch?  -1: no */
static int write_twin(StoreReq **q, int n, const StoreReq *r)
{
	for (int i = 0; i < n; i++)
		if (score_eq(&q[i]->score, &r->score) && q[i]->type == r->type)
			return i;
	return -1;
}

static void write_collide(Astore *s, StoreReq *r)
{
	char hex[SCORETEXT];

	store_fail(r, "refused: other bytes with score %s are there already (a SHA-1 collision)", score_print(&r->score, hex));
	astore_say(s, "%s", r->err);
}

/* compares with what is there; leaves in q those that are new */
static int write_known(Astore *s, StoreReq **q, int n)
{
	Fetch f[BATCH];
	int left = 0;

	for (int i = 0; i < n; i++)
		f[i] = (Fetch){ .score = &q[i]->score, .type = q[i]->type, .p = q[i]->p, .n = q[i]->n, .compare = true };
	fetch_all(s, f, n);
	for (int i = 0; i < n; i++) {
		if (f[i].state == FetchFound) {
			q[i]->old = true;
			s->count.dups++;
		} else if (f[i].state == FetchCollide) {
			write_collide(s, q[i]);
		} else {
			q[left++] = q[i]; /* absent, or damaged: then this is its new copy */
		}
	}
	return left;
}

static int write_fresh(Astore *s, StoreReq **q, int n, u64 count, bool first)
{
	New w[BATCH];
	int left = 0;

	for (int i = 0; i < n; i++)
		new_make(s, &w[i], &q[i]->score, q[i]->type, q[i]->p, q[i]->n);
	write_new(s, w, n, count, first);
	for (int i = 0; i < n; i++) {
		free(w[i].packed);
		if (w[i].failed) {
			store_fail(q[i], "%s", w[i].err);
			free(w[i].err);
		} else if (w[i].again) {
			q[left++] = q[i];
		} else {
			s->count.writes++;
			s->count.wbytes += q[i]->n;
		}
	}
	return left;
}

static void write_twins(StoreReq *r, int n)
{
	for (int i = 1; i < n; i++)
		for (int k = 0; k < i && !r[i].failed && r[i].old; k++)
			if (r[k].failed && score_eq(&r[k].score, &r[i].score) && r[k].type == r[i].type)
				store_fail(&r[i], "%s", r[k].err);
}

static void write_some(Astore *s, StoreReq *r, int n)
{
	StoreReq *q[BATCH];
	int nq = 0;
	u64 count;

	for (int i = 0; i < n; i++) {
		int twin;

		if (!write_ok(s, &r[i]))
			continue;
		r[i].score = score_of(r[i].p, r[i].n);
		twin = write_twin(q, nq, &r[i]);
		if (twin < 0)
			q[nq++] = &r[i];
		else if (q[twin]->n == r[i].n && memcmp(q[twin]->p, r[i].p, r[i].n) == 0)
			r[i].old = true;
		else
			write_collide(s, &r[i]);
	}
	count = index_count(s->ix);
	nq = write_known(s, q, nq);
	if (nq > 0)
		nq = write_fresh(s, q, nq, count, true);
	if (nq > 0 && (nq = write_known(s, q, nq)) > 0) /* raced: look again, once; a second copy would do no harm */
		(void)write_fresh(s, q, nq, 0, false);
	write_twins(r, n);
}

void astore_write(Store *st, StoreReq *r, int n)
{
	for (int i = 0; i < n; i += BATCH)
		write_some((Astore *)st, r + i, n - i < BATCH ? n - i : BATCH);
}

int astore_append(Astore *s, const Score *score, int type, const u8 *p, u32 n)
{
	New w;
	int rc = 0;

	new_make(s, &w, score, type, p, n);
	write_new(s, &w, 1, 0, false);
	if (w.failed)
		rc = werrstr("%s", w.err);
	free(w.err);
	free(w.packed);
	return rc;
}

/* marks what is on d as clean before it is synced: what is written from now on is for the next sync */
static void sync_clean(Astore *s, const Disk *d)
{
	for (int i = 0; i < s->n; i++)
		if (s->place[i].a->disk == d)
			s->place[i].dirty = false;
}

/* syncs the disks of the places that are dirty; lk is held, and given up meanwhile */
static int sync_disks(Astore *s)
{
	int rc = 0;

	for (int i = 0; i < s->n; i++) {
		Place *p = &s->place[i];
		Disk *d = p->a->disk;
		bool bad;

		if (!p->dirty)
			continue;
		sync_clean(s, d);
		unlock(&s->lk);
		bad = disk_sync(d) < 0;
		lock(&s->lk);
		if (!bad)
			continue;
		rc = -1;
		if (!p->broken) {
			p->broken = true;
			snprintf(p->why, sizeof p->why, "%s", rerrstr());
		}
	}
	return rc;
}

static void sync_lead(Astore *s)
{
	u64 upto = s->written;

	s->syncing = true;
	if (sync_disks(s) < 0 && s->syncfail == NULL)
		s->syncfail = mem_str(rerrstr());
	s->syncing = false;
	s->synced = upto;
	s->count.syncs++;
	cond_all(&s->moved);
}

int astore_sync(Store *st)
{
	Astore *s = (Astore *)st;
	u64 want;
	int rc;

	lock(&s->lk);
	want = s->written;
	while (s->synced < want)
		if (s->syncing)
			(void)cond_wait(&s->moved, &s->lk, -1);
		else
			sync_lead(s);
	rc = s->syncfail != NULL ? werrstr("what was written is not safe: %s", s->syncfail) : 0;
	unlock(&s->lk);
	return rc;
}
