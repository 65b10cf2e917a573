/*
 * The index's checkpoint: the state of every arena that the index knows, and
 * the tables.
 *
 *	arenas[8], then of each name[64] magic[4] clumps[4] used[8] place[8] last score[20] pad[4], then index_save's
 *
 * What is saved was synced first, so that no clump it speaks of can vanish;
 * a table may have more than the states say, since appending goes on: those
 * are entered twice at the next start, which does no harm.
 */
#include <stdlib.h>
#include <string.h>
#include <arena/index.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include "astore.h"
#include "isect.h"

enum { STATE = ANAME + 4 + 4 + 8 + 8 + SCORE + 4 };

static void state_put(const Place *p, const Score *last, u8 b[STATE])
{
	const Arena *a = p->a;

	memset(b, 0, STATE);
	memcpy(b, a->t.name, strlen(a->t.name));
	put_le32(b + ANAME, a->t.magic);
	put_le32(b + ANAME + 4, a->t.st.clumps);
	put_le64(b + ANAME + 8, a->t.st.used);
	put_le64(b + ANAME + 16, p->at);
	memcpy(b + ANAME + 24, last->b, SCORE);
}

/* the score of a place's last clump: of the lines in memory, or of the directory */
static int state_last(Place *p, Score *last)
{
	ClumpInfo ci = { 0 };
	u32 n = p->a->t.st.clumps;

	if (p->ndir > 0)
		ci = p->dir[p->ndir - 1];
	else if (n > 0 && arena_getdir(p->a, n - 1, 1, &ci) < 0)
		return -1;
	*last = ci.score;
	return 0;
}

static int ckpt_states(Astore *s, u8 *b)
{
	int rc = 0;

	lock(&s->lk);
	for (int i = 0; i < s->n && rc == 0; i++) {
		Score last;

		rc = state_last(&s->place[i], &last);
		if (rc == 0)
			state_put(&s->place[i], &last, b + (size_t)i * STATE);
	}
	s->since = 0;
	unlock(&s->lk);
	return rc;
}

static int ckpt_write(Astore *s, IsectIo *io, const u8 *states)
{
	u64 n = (u64)s->n;

	if (isect_put(io, &n, sizeof n) < 0 || isect_put(io, states, (size_t)s->n * STATE) < 0)
		return -1;
	return index_save(s->ix, isect_put, io) < 0 ? -1 : isect_commit(io);
}

int ckpt_save(Astore *s)
{
	Disk *d = isect_open(s->index, DiskWrite);
	u8 *states;
	IsectIo io = { 0 };
	int rc;

	if (d == NULL)
		return -1;
	states = mem_array((size_t)s->n + 1, STATE);
	rc = ckpt_states(s, states);
	if (rc == 0)
		rc = astore_sync(&s->store);
	if (rc == 0)
		rc = isect_write(&io, d);
	if (rc == 0)
		rc = ckpt_write(s, &io, states);
	isect_end(&io);
	free(states);
	disk_close(d);
	return rc;
}

/* does a saved state fit the arena that is there now? */
static bool state_fits(Place *p, const Recovery *r, const u8 *b)
{
	u32 n = le32(b + ANAME + 4), stored = p->a->t.st.clumps - r->n;
	ClumpInfo ci = { 0 };

	if (strncmp((const char *)b, p->a->t.name, ANAME) != 0 || le32(b + ANAME) != p->a->t.magic || le64(b + ANAME + 16) != p->at ||
		n > p->a->t.st.clumps || le64(b + ANAME + 8) > p->a->t.st.used)
		return false;
	if (n > stored)
		ci = r->ci[n - 1 - stored];
	else if (n > 0 && arena_getdir(p->a, n - 1, 1, &ci) < 0)
		return false;
	return n == 0 || memcmp(ci.score.b, b + ANAME + 24, SCORE) == 0;
}

static bool ckpt_fits(Astore *s, IsectIo *io, const Recovery *r, u32 *from, u64 *fromat)
{
	u64 n;
	u8 b[STATE];

	if (isect_get(io, &n, sizeof n) < 0 || n > (u64)s->n)
		return false;
	for (u64 i = 0; i < n; i++) {
		if (isect_get(io, b, sizeof b) < 0 || !state_fits(&s->place[i], &r[i], b))
			return false;
		from[i] = le32(b + ANAME + 4);
		fromat[i] = le64(b + ANAME + 8);
	}
	return true;
}

static bool ckpt_read(Astore *s, IsectIo *io, const Recovery *r, u32 *from, u64 *fromat)
{
	if (!ckpt_fits(s, io, r, from, fromat)) {
		astore_say(s, "%s: the checkpoint is not of these arenas: the index is made anew", s->index);
		return false;
	}
	s->ix = index_load(io->size, isect_get, io);
	if (s->ix != NULL && isect_whole(io))
		return true;
	astore_say(s, "%s: the checkpoint is damaged: the index is made anew", s->index);
	index_free(s->ix);
	s->ix = NULL;
	return false;
}

bool ckpt_load(Astore *s, const Recovery *r, u32 *from, u64 *fromat)
{
	Disk *d;
	IsectIo io;
	bool good = false;

	if (s->index == NULL)
		return false;
	d = isect_open(s->index, DiskRead);
	if (d == NULL) {
		astore_say(s, "%s", rerrstr());
		free(s->index);
		s->index = NULL;
		return false;
	}
	if (!s->opt.rebuild && isect_read(&io, d) == 0) {
		good = ckpt_read(s, &io, r, from, fromat);
		isect_end(&io);
	}
	disk_close(d);
	s->loaded = good;
	return good;
}

static int check_place(Astore *s, Place *p, IndexCheck *c)
{
	enum { LINES = 16384 };
	ClumpInfo *ci = mem_array(LINES, sizeof *ci);
	u64 at = 0;
	int rc = 0;

	for (u32 i = 0, n; i < p->a->t.st.clumps && rc == 0; i += n) {
		n = p->a->t.st.clumps - i < LINES ? p->a->t.st.clumps - i : LINES;
		rc = arena_getdir(p->a, i, n, ci);
		for (u32 k = 0; k < n && rc == 0; at += CLUMP + (u64)ci[k++].size) {
			IndexHit h[INDEXHITS];
			int hits, j = 0;

			if (ci[k].type == TypeCorrupt)
				continue;
			hits = index_find(s->ix, &ci[k].score, ci[k].type, h);
			while (j < hits && h[j].at != (p->at + at) / GRAIN * GRAIN)
				j++;
			c->clumps++;
			c->missing += j == hits && hits < INDEXHITS;
		}
	}
	free(ci);
	return rc;
}

int arenas_checkindex(Store *st, IndexCheck *c)
{
	Astore *s = (Astore *)st;

	*c = (IndexCheck){ .entries = index_count(s->ix), .checkpoint = s->loaded };
	for (int i = 0; i < s->n; i++)
		if (check_place(s, &s->place[i], c) < 0)
			return -1;
	return 0;
}

int arenas_find(Store *st, const Score *score, void (*fn)(void *arg, const char *arena, u64 at, const Clump *c), void *arg)
{
	Astore *s = (Astore *)st;
	int found = 0;

	for (int type = 0; type < TypeCorrupt; type++) {
		IndexHit h[INDEXHITS];
		int n = index_find(s->ix, score, type, h);

		for (int i = 0; i < n; i++) {
			Place *p = astore_place(s, h[i].at);
			u8 b[GRAIN + CLUMP];
			Clump c;

			if (p == NULL || disk_read(p->a->disk, b, sizeof b, p->a->base + h[i].at - p->at) < 0)
				continue;
			for (u32 o = 0; o < GRAIN; o++)
				if (fmt_getclump(&c, b + o, p->a->t.magic) == 0 && score_eq(&c.info.score, score)) {
					fn(arg, p->a->t.name, h[i].at - p->at + o, &c);
					found++;
				}
		}
	}
	return found;
}
