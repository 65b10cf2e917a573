/*
 * Reading.  A block is looked for in the cache, then at the places that the
 * index gives.  What Linux has in memory is copied at once; the rest of a
 * call's blocks is read together, by io_uring where Linux lets us.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include "astore.h"

enum { POOL = 32, SLOT = CLUMPMAX + GRAIN };

Reader *reader_get(Astore *s)
{
	Reader *r;

	lock(&s->poollk);
	r = s->pool;
	if (r != NULL) {
		s->pool = r->next;
		s->npool--;
	}
	unlock(&s->poollk);
	if (r != NULL)
		return r;
	r = mem_new(sizeof *r);
	r->buf = mem_array(1, SCRATCH);
	r->block = mem_new(CLUMPMAX);
	return r;
}

/* no rings from now on, which is told once */
static void reader_noring(Astore *s)
{
	if (!atomic_exchange(&s->noring, true))
		astore_say(s, "%s: blocks are read one by one", rerrstr());
}

/* makes r's ring when it is first wanted; false if Linux does not let us */
static bool reader_ring(Astore *s, Reader *r)
{
	if (!s->noring && r->ring == NULL && (r->ring = ring_new(BATCH)) == NULL)
		reader_noring(s);
	return !s->noring;
}

static void reader_free(Reader *r)
{
	ring_free(r->ring);
	free(r->buf);
	free(r->block);
	free(r);
}

void reader_put(Astore *s, Reader *r)
{
	lock(&s->poollk);
	if (s->npool < POOL) {
		r->next = s->pool;
		s->pool = r;
		s->npool++;
		r = NULL;
	}
	unlock(&s->poollk);
	if (r != NULL)
		reader_free(r);
}

void reader_freeall(Astore *s)
{
	for (Reader *r = s->pool, *next; r != NULL; r = next) {
		next = r->next;
		reader_free(r);
	}
}

static void fetch_end(Fetch *f, FetchState state)
{
	f->state = state;
	f->done = true;
}

/* is what is at p, of n bytes, the block?  Sets what f found. */
static void fetch_deliver(Fetch *f, const u8 *p, u32 n)
{
	if (f->compare) {
		fetch_end(f, n == f->n && memcmp(p, f->p, n) == 0 ? FetchFound : FetchCollide);
	} else if (n > f->n) {
		f->need = n;
		fetch_end(f, FetchSmall);
	} else {
		memcpy(f->p, p, n);
		f->n = n;
		fetch_end(f, FetchFound);
	}
}

/*
 * One clump at p, len bytes there.  The head's score may be damaged, or be
 * that of another block (the index gives wrong candidates, rarely): then the
 * bytes' own score tells.
 */
static void fetch_clump(Fetch *f, Reader *r, const Clump *c, const u8 *data, u32 len)
{
	bool named = c->info.type == f->type && score_eq(&c->info.score, f->score);
	const u8 *p = data;
	Score s;

	if (c->info.size > len) {
		f->damaged = true;
		return;
	}
	if (c->encoding != ClumpPlain) {
		if (clump_unpack(c, data, r->block) < 0) {
			f->damaged = true;
			return;
		}
		p = r->block;
	}
	if (named && f->compare && c->info.data == f->n && memcmp(p, f->p, f->n) == 0) {
		fetch_end(f, FetchFound);
		return;
	}
	s = score_of(p, c->info.data);
	if (score_eq(&s, f->score))
		fetch_deliver(f, p, c->info.data);
	else if (!score_eq(&s, &c->info.score))
		f->damaged = true;
}

/* the candidate's bytes have come */
static void fetch_look(Fetch *f, Reader *r)
{
	u32 magic = f->place->a->t.magic;
	bool any = false;
	Clump c;

	for (u32 o = 0; o < GRAIN && o + CLUMP <= f->len && !f->done; o++)
		if (be32(f->buf + o) == magic && fmt_getclump(&c, f->buf + o, magic) == 0) {
			any = true;
			fetch_clump(f, r, &c, f->buf + o + CLUMP, f->len - o - CLUMP);
		}
	if (!any)
		f->damaged = true;
}

/* the next candidate is at hand, or there is none */
static bool fetch_next(Astore *s, Fetch *f)
{
	for (; !f->done && f->at < f->nhit; f->at++) {
		IndexHit *h = &f->hit[f->at];
		Place *p = astore_place(s, h->at);
		u64 in = p != NULL ? h->at - p->at : 0, left = p != NULL && in < p->a->room ? p->a->room - in : 0;

		if (left < CLUMP)
			continue;
		f->place = p;
		f->off = p->a->base + in;
		f->len = left < h->n + GRAIN ? (u32)left : h->n + GRAIN;
		return true;
	}
	if (!f->done)
		fetch_end(f, f->damaged ? FetchDamaged : FetchMissing);
	return false;
}

static void fetch_failed(Astore *s, Fetch *f)
{
	f->damaged = true;
	astore_break(s, f->place, "%s", rerrstr());
}

static void fetch_slow(Astore *s, Fetch *f, Reader *r)
{
	if (disk_read(f->place->a->disk, f->buf, f->len, f->off) < 0)
		fetch_failed(s, f);
	else
		fetch_look(f, r);
	f->at++;
}

/* together if Linux can do that */
static void fetch_ring(Astore *s, Fetch **f, int n, Reader *r)
{
	RingRead v[BATCH];
	int rc;

	if (n < 2 || !reader_ring(s, r)) {
		for (int i = 0; i < n; i++)
			fetch_slow(s, f[i], r);
		return;
	}
	for (int i = 0; i < n; i++) {
		Disk *d = f[i]->place->a->disk;

		v[i] = (RingRead){ .fd = d->fd, .p = f[i]->buf, .n = f[i]->len, .off = d->base + f[i]->off };
	}
	rc = ring_read(r->ring, v, n);
	if (rc < 0)
		reader_noring(s);
	for (int i = 0; i < n; i++)
		if (rc < 0 || v[i].got != (long)f[i]->len) { /* short or refused: the plain way tells why */
			fetch_slow(s, f[i], r);
		} else {
			fetch_look(f[i], r);
			f[i]->at++;
		}
}

/* reads the candidates at hand of n fetches, as many together as there is room for */
static void fetch_round(Astore *s, Fetch **f, int n, Reader *r)
{
	Fetch *slow[BATCH];
	int nslow = 0;
	u32 used = 0;

	for (int i = 0; i < n; i++) {
		Disk *d = f[i]->place->a->disk;

		if (used + f[i]->len > SCRATCH) {
			fetch_ring(s, slow, nslow, r);
			nslow = 0;
			used = 0;
		}
		f[i]->buf = r->buf + used;
		if (disk_cached(d, f[i]->buf, f[i]->len, f[i]->off) == 0) {
			fetch_look(f[i], r);
			f[i]->at++;
		} else if (d->fd < 0) {
			fetch_slow(s, f[i], r);
		} else {
			slow[nslow++] = f[i];
			used += f[i]->len;
		}
	}
	fetch_ring(s, slow, nslow, r);
}

static void fetch_cached(Astore *s, Fetch *f)
{
	long n = f->compare ? cache_same(s->cache, f->score, f->type, f->p, f->n) : cache_get(s->cache, f->score, f->type, f->p, f->n);

	if (n < 0)
		return;
	if (f->compare) {
		fetch_end(f, n == 1 ? FetchFound : FetchCollide);
	} else if ((u32)n > f->n) {
		f->need = (u32)n;
		fetch_end(f, FetchSmall);
	} else {
		f->n = (u32)n;
		fetch_end(f, FetchFound);
	}
	s->count.hits += !f->compare;
}

void fetch_all(Astore *s, Fetch *f, int n)
{
	Reader *r = NULL;
	Fetch *todo[BATCH];
	int ntodo;

	for (int i = 0; i < n; i++) {
		fetch_cached(s, &f[i]);
		if (!f[i].done)
			f[i].nhit = index_find(s->ix, f[i].score, f[i].type, f[i].hit);
	}
	for (;;) {
		ntodo = 0;
		for (int i = 0; i < n; i++)
			if (!f[i].done && fetch_next(s, &f[i]))
				todo[ntodo++] = &f[i];
		if (ntodo == 0)
			break;
		if (r == NULL)
			r = reader_get(s);
		fetch_round(s, todo, ntodo, r);
		for (int i = 0; i < ntodo; i++)
			if (todo[i]->done && todo[i]->state == FetchFound && !todo[i]->compare)
				cache_put(s->cache, todo[i]->score, todo[i]->type, todo[i]->p, todo[i]->n);
	}
	if (r != NULL)
		reader_put(s, r);
}

/* puts the block's bytes back in their place, if a head that names it is there and it is plain */
static bool heal_inplace(Fetch *f, u32 n)
{
	u8 b[GRAIN + CLUMP];
	Arena *a = f->place->a;
	Clump c;

	if (f->len < sizeof b || disk_read(a->disk, b, sizeof b, f->off) < 0)
		return false;
	for (u32 o = 0; o < GRAIN; o++)
		if (fmt_getclump(&c, b + o, a->t.magic) == 0 && score_eq(&c.info.score, f->score) && c.info.type == f->type &&
			c.encoding == ClumpPlain && c.info.size == n)
			return disk_write(a->disk, f->p, n, f->off + o + CLUMP) == 0 && disk_sync(a->disk) == 0;
	return false;
}

/*
 * Takes a place among those that mirrors are asked for, -1 if there is none, or the block has one: our mirror may have us
 * for its own, and have lost the same block.
 */
static int heal_begin(Astore *s, const Score *score)
{
	int at = -1;

	lock(&s->poollk);
	for (int i = 0; i < HEALS; i++)
		if (s->healing[i] == NULL) {
			at = i;
		} else if (score_eq(s->healing[i], score)) {
			at = -1;
			break;
		}
	if (at >= 0)
		s->healing[at] = score;
	unlock(&s->poollk);
	return at;
}

static long heal_ask(Astore *s, Fetch *f)
{
	int at = s->opt.heal != NULL ? heal_begin(s, f->score) : -1;
	long n;

	if (at < 0)
		return -1;
	n = s->opt.heal(s->opt.arg, f->score, f->type, f->p, f->n);
	lock(&s->poollk);
	s->healing[at] = NULL;
	unlock(&s->poollk);
	return n;
}

bool fetch_heal(Astore *s, Fetch *f)
{
	char hex[SCORETEXT];
	long n = heal_ask(s, f);
	Score got;

	if (n < 0 || n > (long)f->n)
		return false;
	got = score_of(f->p, (size_t)n);
	if (!score_eq(&got, f->score))
		return false;
	f->n = (u32)n;
	s->count.healed++;
	if (!s->opt.readonly && !heal_inplace(f, f->n) && astore_append(s, f->score, f->type, f->p, f->n) < 0)
		astore_say(s, "block %s came from the mirror and could not be kept: %s", score_print(f->score, hex), rerrstr());
	else
		astore_say(s, "block %s was healed from the mirror", score_print(f->score, hex));
	return true;
}

static void read_answer(Astore *s, StoreReq *r, Fetch *f)
{
	char hex[SCORETEXT];

	if (f->state == FetchDamaged) {
		astore_break(s, f->place, "a block is damaged");
		if (fetch_heal(s, f))
			f->state = FetchFound;
	}
	switch (f->state) {
	case FetchFound:
		r->n = f->n;
		s->count.reads++;
		s->count.rbytes += f->n;
		return;
	case FetchSmall:
		store_fail(r, "read too small: asked for %u need at least %u", r->n, f->need);
		return;
	case FetchDamaged:
		s->count.lost++;
		store_fail(r, "block %s/%d is damaged in arena %s", score_print(&r->score, hex), r->type, f->place->a->t.name);
		astore_say(s, "%s", r->err);
		return;
	default: store_fail(r, "no block with score %s/%d exists", score_print(&r->score, hex), r->type);
	}
}

static void read_some(Astore *s, StoreReq *r, int n)
{
	Fetch f[BATCH];

	for (int i = 0; i < n; i++) {
		f[i] = (Fetch){ .score = &r[i].score, .type = r[i].type, .p = r[i].p, .n = r[i].n };
		if (score_eq(&r[i].score, &score_zero)) {
			f[i].n = 0;
			fetch_end(&f[i], FetchFound);
		}
	}
	fetch_all(s, f, n);
	for (int i = 0; i < n; i++)
		read_answer(s, &r[i], &f[i]);
}

void astore_read(Store *st, StoreReq *r, int n)
{
	for (int i = 0; i < n; i += BATCH)
		read_some((Astore *)st, r + i, n - i < BATCH ? n - i : BATCH);
}
