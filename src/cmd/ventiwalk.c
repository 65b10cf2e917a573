/*
 * A stack of scores to be read, a window of reads on the way, and a table of
 * the scores that were put on the stack, so that each is read once.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <venti/entry.h>
#include "ventitool.h"
#include "ventiwalk.h"

enum { WINDOW = 64, RootScore = 258, RootPrev = 280, EntryFlags = 8, EntryScore = 20, FlagDir = 2, FlagDepth = 0x1c };

typedef struct Want {
	Score score;
	u8 type;
	bool used; /* of the table */
} Want;

typedef struct Walk {
	Venti *v;
	Want *stack;
	size_t n, cap;
	Want *seen;
	size_t nseen, capseen;
	VReq r[WINDOW];
	u8 *p[WINDOW];
	Want on[WINDOW];
	u32 first, last; /* reads first <= i < last are on the way */
} Walk;

void ventiwalk_kids(int type, const u8 *p, u32 n, void (*each)(void *arg, const u8 *score, int type), void *arg)
{
	if (type == TypeRoot && n == ROOT) {
		each(arg, p + RootPrev, TypeRoot);
		each(arg, p + RootScore, TypeDir);
	} else if (type == TypeDir) {
		for (u32 i = 0; i + ENTRY <= n; i += ENTRY)
			if (p[i + EntryFlags] & EntryActive)
				each(arg, p + i + EntryScore, ((p[i + EntryFlags] & FlagDir) ? TypeDir : TypeData) + ((p[i + EntryFlags] & FlagDepth) >> 2));
	} else if (type != TypeData && type != TypeRoot) {
		for (u32 i = 0; i + SCORE <= n; i += SCORE)
			each(arg, p + i, type - 1);
	}
}

static Want *slot(Walk *w, const Score *s, int type)
{
	size_t i = ((u32)s->b[0] | (u32)s->b[1] << 8 | (u32)s->b[2] << 16 | (u32)s->b[3] << 24) & (w->capseen - 1);

	while (w->seen[i].used && !(w->seen[i].type == type && score_eq(&w->seen[i].score, s)))
		i = (i + 1) & (w->capseen - 1);
	return &w->seen[i];
}

static void grow(Walk *w)
{
	Want *old = w->seen;
	size_t n = w->capseen;

	w->capseen = n == 0 ? 1024 : n * 2;
	w->seen = mem_array(w->capseen, sizeof *w->seen);
	for (size_t i = 0; i < n; i++)
		if (old[i].used)
			*slot(w, &old[i].score, old[i].type) = old[i];
	free(old);
}

static void add(void *arg, const u8 *score, int type)
{
	static const Score none;
	Walk *w = arg;
	Want k = { .type = (u8)type, .used = true }, *at;

	memcpy(k.score.b, score, SCORE);
	if (score_eq(&k.score, &score_zero) || score_eq(&k.score, &none))
		return;
	if (w->nseen >= w->capseen / 4 * 3)
		grow(w);
	at = slot(w, &k.score, type);
	if (at->used)
		return;
	*at = k;
	w->nseen++;
	if (w->n == w->cap) {
		w->cap = w->cap * 2 + 256;
		w->stack = mem_grow(w->stack, w->cap, sizeof *w->stack);
	}
	w->stack[w->n++] = k;
}

static void launch(Walk *w)
{
	u32 i = w->last++ % WINDOW;
	VReq *r = &w->r[i];

	w->on[i] = w->stack[--w->n];
	if (w->p[i] == NULL)
		w->p[i] = mem_new(BLOCKMAX);
	*r = (VReq){ .op = MsgRead, .type = (u8)ventitool_wire(w->on[i].type), .score = w->on[i].score, .p = w->p[i], .n = BLOCKMAX };
	vreq_start(w->v, &r, 1);
}

/* run reads until the stack is empty; after a failure it only waits */
static int run(Walk *w, VentiWalk *sum)
{
	char hex[SCORETEXT];
	int rc = 0;

	for (;;) {
		u32 i = w->first % WINDOW;

		while (rc == 0 && w->n > 0 && w->last - w->first < WINDOW)
			launch(w);
		if (w->first == w->last)
			return rc;
		w->first++;
		if (vreq_wait(w->v, &w->r[i]) < 0) {
			if (rc == 0)
				rc = werrstr("block %s: %s", score_print(&w->on[i].score, hex), rerrstr());
			continue;
		}
		sum->blocks++;
		sum->bytes += w->r[i].n;
		if (rc == 0)
			ventiwalk_kids(w->on[i].type, w->p[i], w->r[i].n, add, w);
	}
}

int ventiwalk_tree(Venti *v, const Score *s, int type, VentiWalk *sum)
{
	Walk *w = mem_new(sizeof *w);
	autofree char *why = NULL;
	int rc;

	w->v = v;
	*sum = (VentiWalk){ 0 };
	add(w, s->b, type);
	rc = run(w, sum);
	if (rc < 0)
		why = mem_str(rerrstr());
	for (int i = 0; i < WINDOW; i++)
		free(w->p[i]);
	free(w->stack);
	free(w->seen);
	free(w);
	return rc < 0 ? werrstr("%s", why) : 0;
}
