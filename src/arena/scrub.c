/*
 * The reader: sums arenas that are full, and reads everything in rounds to
 * find what the disk has forgotten, as fast as it is told to.
 */
#include <stdlib.h>
#include <string.h>
#include <arena/check.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include "astore.h"

enum { NAPMS = 200 };

static bool reader_stopped(Astore *s)
{
	bool stop;

	lock(&s->lk);
	stop = s->stop;
	unlock(&s->lk);
	return stop;
}

static bool sum_tick(void *arg, u64 done) { return !reader_stopped(arg); }

static void sum_place(Astore *s, Place *p)
{
	char hex[SCORETEXT];
	Arena now;
	Score score;

	lock(&s->lk);
	now = *p->a;
	unlock(&s->lk);
	now.t.indexed = now.t.st;
	if (arena_sum(&now, &score, sum_tick, s) < 0) {
		if (!reader_stopped(s))
			astore_break(s, p, "%s", rerrstr());
		return;
	}
	now.t.score = score;
	if (arena_puttail(&now) < 0 || disk_sync(now.disk) < 0) {
		astore_break(s, p, "%s", rerrstr());
		return;
	}
	lock(&s->lk);
	p->a->t.score = score;
	unlock(&s->lk);
	astore_say(s, "arena %s is sealed: %s", now.t.name, score_print(&score, hex));
}

/* lk is held */
static Place *sum_next(Astore *s)
{
	static const Score none;

	for (int i = 0; i < s->n; i++) {
		Place *p = &s->place[i];

		if (p->a->t.st.sealed && !p->tosum && !p->broken && score_eq(&p->a->t.score, &none))
			return p;
	}
	return NULL;
}

typedef struct Scrub {
	Astore *s;
	Place *p;
	i64 began;
	u64 done;
} Scrub;

static void scrub_fault(void *arg, Arena *a, const Fault *f)
{
	Scrub *x = arg;
	Astore *s = x->s;
	u8 *block;

	s->scrubbad++;
	astore_say(s, "scrub: arena %s clump %u at %llu: %s", a->t.name, f->clump, (unsigned long long)f->at, f->why);
	astore_break(s, x->p, "scrub: %s", f->why);
	if (f->kind != FaultClump || f->info.type == TypeCorrupt || s->opt.heal == NULL || s->opt.readonly)
		return;
	block = mem_new(BLOCKMAX);
	{
		Fetch h = { .score = &f->info.score, .type = f->info.type, .p = block, .n = BLOCKMAX, .place = x->p,
			.off = a->base + f->at / GRAIN * GRAIN, .len = GRAIN + CLUMP };

		(void)fetch_heal(s, &h);
	}
	free(block);
}

/* keeps to the rate: sleeps in small steps, so that a change of rate or the end is noticed */
static bool scrub_tick(void *arg, u64 bytes)
{
	Scrub *x = arg;
	u64 rate;

	x->done += bytes;
	x->s->scrubbed += bytes;
	while ((rate = x->s->scrubrate) != 0 && !reader_stopped(x->s)) {
		i64 due = x->began + (i64)((double)x->done / (double)rate * 1000), now = clock_ms();

		if (now >= due)
			return true;
		lock(&x->s->lk);
		if (!x->s->stop)
			(void)cond_wait(&x->s->moved, &x->s->lk, due - now < NAPMS ? (int)(due - now) : NAPMS);
		unlock(&x->s->lk);
	}
	return false;
}

long scrub_place(Astore *s, Place *p)
{
	Scrub x = { .s = s, .p = p, .began = clock_ms() };
	Check c = { .quick = true, .fault = scrub_fault, .tick = scrub_tick, .arg = &x };
	Arena now;

	lock(&s->lk);
	now = *p->a;
	now.t.st.used = 0; /* of a growing arena what has its directory on the disk */
	for (u32 i = 0; i < p->ndir; i++) {
		now.t.st.used += CLUMP + (u64)p->dir[i].size;
		now.t.st.data -= p->dir[i].data;
		now.t.st.cclumps -= p->dir[i].size < p->dir[i].data;
	}
	now.t.st.used = p->a->t.st.used - now.t.st.used;
	now.t.st.clumps -= p->ndir;
	unlock(&s->lk);
	return arena_check(&now, &c);
}

static void scrub_round(Astore *s)
{
	u64 total = 0;

	for (int i = 0; i < s->n; i++)
		total += s->place[i].a->t.st.used;
	s->scrubbed = 0;
	s->scrubtotal = total;
	for (int i = 0; i < s->n && s->scrubrate != 0 && !reader_stopped(s); i++)
		if (s->place[i].a->t.st.clumps > 0 && scrub_place(s, &s->place[i]) < 0)
			break;
	if (s->scrubrate != 0 && !reader_stopped(s))
		astore_say(s, "scrub: a round is over, %llu faults so far", (unsigned long long)s->scrubbad);
}

void astore_reader(void *arg)
{
	Astore *s = arg;
	i64 next = clock_ms();

	lock(&s->lk);
	while (!s->stop) {
		Place *p = s->opt.readonly ? NULL : sum_next(s);
		bool scrub = p == NULL && s->scrubrate != 0 && clock_ms() >= next;

		if (p == NULL && !scrub) {
			(void)cond_wait(&s->moved, &s->lk, NAPMS);
			continue;
		}
		unlock(&s->lk);
		if (p != NULL)
			sum_place(s, p);
		else
			scrub_round(s);
		if (scrub)
			next = clock_ms() + 1000;
		lock(&s->lk);
	}
	unlock(&s->lk);
}
