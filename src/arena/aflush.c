/*
 * The flusher: what nobody asked to sync is synced within FLUSHMS; directory
 * lines and tails follow the log; full arenas get their last tail.
 *
 * Order of one flush (I3): directory blocks, sync, tail, sync.  So a tail
 * that is on the disk never speaks of clumps or lines that are not.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include "astore.h"

enum { IDLEROUNDS = 10, CKPTCLUMPS = 1000000 };

int place_unmark(Place *p)
{
	p->a->t.clean = false;
	if (arena_puttail(p->a) < 0 || disk_sync(p->a->disk) < 0)
		return -1;
	p->marked = false;
	return 0;
}

/* directory lines that are on the disk now need not be kept, but for those of the last, unfinished block */
static void place_written(Place *p, u32 n, u64 used)
{
	u32 gone = n - n % p->a->perblock;

	memmove(p->dir, p->dir + gone, (p->ndir - gone) * sizeof *p->dir);
	p->ndir -= gone;
	p->dirfirst += gone;
	p->tailused = used;
}

int place_flush(Astore *s, Place *p, bool clean)
{
	Arena now;
	ClumpInfo *ci;
	u32 n, first;
	int rc;

	lock(&s->lk);
	now = *p->a;
	n = p->ndir;
	first = p->dirfirst;
	ci = mem_array((size_t)n + 1, sizeof *ci);
	if (n > 0)
		memcpy(ci, p->dir, n * sizeof *ci);
	unlock(&s->lk);
	now.t.indexed = now.t.st;
	now.t.clean = clean;
	rc = arena_putdir(&now, first, n, ci);
	if (rc == 0)
		rc = disk_sync(now.disk);
	if (rc == 0)
		rc = arena_puttail(&now);
	if (rc == 0)
		rc = disk_sync(now.disk);
	free(ci);
	if (rc < 0) {
		astore_break(s, p, "%s", rerrstr());
		return -1;
	}
	lock(&s->lk);
	place_written(p, n, now.t.st.used);
	p->marked = clean;
	p->a->t.clean = clean;
	cond_all(&s->moved);
	unlock(&s->lk);
	return 0;
}

/* a place whose tail is due; idle: any that lags at all */
static Place *flush_next(Astore *s, bool idle)
{
	for (int i = 0; i < s->n; i++) {
		Place *p = &s->place[i];
		u64 lag = p->a->t.st.used - p->tailused;

		if (!p->broken && (lag > TAILLAG || (lag > 0 && (idle || p->a->t.st.sealed)) || (p->tosum && p->tailused != UINT64_MAX)))
			return p;
	}
	return NULL;
}

static void flush_tails(Astore *s, bool idle)
{
	Place *p;

	while ((p = flush_next(s, idle)) != NULL) {
		bool full = p->a->t.st.sealed;

		unlock(&s->lk);
		place_flush(s, p, false);
		lock(&s->lk);
		if (full && p->tosum) {
			p->tosum = false;
			cond_all(&s->moved); /* the reader sums it */
		}
	}
}

/* one round; lk is held.  quiet counts the rounds without a write. */
static void flush_round(Astore *s, u64 *last, int *quiet)
{
	*quiet = s->written == *last ? *quiet + 1 : 0;
	*last = s->written;
	s->kick = false;
	if (s->synced < s->written && !s->syncing) {
		unlock(&s->lk);
		if (astore_sync(&s->store) < 0)
			astore_say(s, "%s", rerrstr());
		lock(&s->lk);
	}
	flush_tails(s, s->flushall || *quiet == IDLEROUNDS);
	if (s->flushall) {
		s->flushall = false;
		cond_all(&s->moved);
	}
	if (s->since > CKPTCLUMPS && s->index != NULL) {
		unlock(&s->lk);
		if (ckpt_save(s) < 0)
			astore_say(s, "%s", rerrstr());
		lock(&s->lk);
	}
}

void astore_flusher(void *arg)
{
	Astore *s = arg;
	u64 last = 0;
	int quiet = 0;

	lock(&s->lk);
	while (!s->stop) {
		if (!s->kick)
			(void)cond_wait(&s->moved, &s->lk, FLUSHMS);
		flush_round(s, &last, &quiet);
	}
	unlock(&s->lk);
}
