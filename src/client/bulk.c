/*
 * Bulk transfers: a ring of depth requests in flight, answered in order.
 * The one thread starts them all and waits for the oldest, so it receives
 * the answers itself.
 *
 * A read shorter than asked moves every later byte: what was asked behind
 * it is thrown away and asked again from the right offset.  A file that
 * gives few bytes at a time is thus read one request at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include "impl.h"

enum { MAXDEPTH = 256 };

typedef struct Slot {
	Rpc *rpc;
	Fcall r;
	u32 asked;
	char *buf;
} Slot;

typedef struct Ring {
	CFid *f;
	Slot *s;
	int depth, first, n; /* the slots in flight are s[first .. first+n) modulo depth */
	u64 off;             /* of the next request */
	u64 done;            /* bytes */
} Ring;

static int ring_init(Ring *g, CFid *f, u64 off, int depth)
{
	*g = (Ring){ .f = f, .off = off };
	g->depth = depth < 1 ? 1 : depth > MAXDEPTH ? MAXDEPTH : depth;
	if (f->omode < 0)
		return errset(Enotopen);
	g->s = mem_array((size_t)g->depth, sizeof *g->s);
	for (int i = 0; i < g->depth; i++) {
		g->s[i].buf = mem_try(f->iounit);
		if (g->s[i].buf == NULL)
			return -1;
	}
	return 0;
}

static Slot *ring_slot(Ring *g)
{
	return &g->s[(g->first + g->n) % g->depth];
}

/* ring_start sends t for the next slot */
static int ring_start(Ring *g, Slot *s, Fcall *t)
{
	t->fid = g->f->fid;
	t->offset = g->off;
	t->count = s->asked;
	s->rpc = rpc_begin(g->f->c, t, &s->r, s->buf, s->asked, 0);
	if (s->rpc == NULL)
		return -1;
	g->off += s->asked;
	g->n++;
	return 0;
}

/* ring_wait waits for the oldest request */
static Slot *ring_wait(Ring *g)
{
	Slot *s = &g->s[g->first];
	int rc = rpc_end(g->f->c, s->rpc, NULL);

	g->first = (g->first + 1) % g->depth;
	g->n--;
	return rc < 0 ? NULL : s;
}

/* ring_end waits for what is in flight and forgets it */
static void ring_empty(Ring *g)
{
	char was[ERRMAX];

	snprintf(was, sizeof was, "%s", rerrstr());
	while (g->n > 0)
		ring_wait(g);
	werrstr("%s", was);
}

static i64 ring_end(Ring *g, bool good)
{
	ring_empty(g);
	for (int i = 0; g->s != NULL && i < g->depth; i++)
		free(g->s[i].buf);
	free(g->s);
	return good ? (i64)g->done : -1;
}

/* fill keeps depth reads in flight, none beyond end */
static int fill(Ring *g, u64 end)
{
	while (g->n < g->depth && g->off < end) {
		Slot *s = ring_slot(g);

		s->asked = end - g->off < g->f->iounit ? (u32)(end - g->off) : g->f->iounit;
		if (ring_start(g, s, &(Fcall){ .type = Tread }) < 0)
			return -1;
	}
	return 0;
}

i64 client_readall(CFid *f, u64 off, i64 max, int depth, int (*sink)(void *arg, const void *p, u32 n), void *arg)
{
	u64 end = max < 0 || off + (u64)max < off ? UINT64_MAX : off + (u64)max;
	Ring g;
	Slot *s;

	if (ring_init(&g, f, off, depth) < 0)
		return ring_end(&g, false);
	while (fill(&g, end) == 0) {
		if (g.n == 0)
			return ring_end(&g, true);
		s = ring_wait(&g);
		if (s == NULL)
			break;
		if (s->r.count == 0)
			return ring_end(&g, true);
		if (sink(arg, s->buf, s->r.count) < 0)
			break;
		g.done += s->r.count;
		if (s->r.count < s->asked) {
			ring_empty(&g);
			g.off = off + g.done;
		}
	}
	return ring_end(&g, false);
}

/* written takes the oldest answer; a write that took fewer bytes than given is an error: others are behind it */
static int written(Ring *g)
{
	Slot *s = ring_wait(g);

	if (s == NULL)
		return -1;
	g->done += s->r.count;
	if (s->r.count < s->asked)
		return werrstr("the server took %u of %u bytes", s->r.count, s->asked);
	return 0;
}

i64 client_writeall(CFid *f, u64 off, int depth, long (*source)(void *arg, void *p, u32 n), void *arg)
{
	Ring g;
	long n;

	if (ring_init(&g, f, off, depth) < 0)
		return ring_end(&g, false);
	for (;;) {
		Slot *s = ring_slot(&g);

		if (g.n == g.depth && written(&g) < 0)
			break;
		n = source(arg, s->buf, f->iounit);
		if (n < 0)
			break;
		if (n == 0) {
			while (g.n > 0)
				if (written(&g) < 0)
					return ring_end(&g, false);
			return ring_end(&g, true);
		}
		s->asked = (u32)n;
		if (ring_start(&g, s, &(Fcall){ .type = Twrite, .data = s->buf }) < 0)
			break;
	}
	return ring_end(&g, false);
}
