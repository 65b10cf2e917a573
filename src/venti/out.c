#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/mem.h>
#include <venti/out.h>

enum { BATCH = 8 }; /* requests that are started together */

typedef struct Slot {
	VReq r;
	u8 *buf;
	bool busy; /* started, not waited for */
} Slot;

struct BlockOut {
	Venti *v;
	u32 size;
	int n, next;        /* slots are used in turn */
	VReq *batch[BATCH]; /* made, not started */
	int nbatch;
	char *why;          /* the first failure */
	u64 sent, known;
	Slot slot[];
};

BlockOut *out_new(Venti *v, u32 size, int window)
{
	BlockOut *o = mem_new(sizeof *o + (size_t)window * sizeof(Slot));

	o->v = v;
	o->size = size;
	o->n = window;
	for (int i = 0; i < window; i++)
		o->slot[i].buf = mem_array(1, size);
	return o;
}

static void start(BlockOut *o)
{
	if (o->nbatch > 0)
		vreq_start(o->v, o->batch, o->nbatch);
	o->nbatch = 0;
}

static void finish(BlockOut *o, Slot *s)
{
	if (!s->busy)
		return;
	for (int i = 0; i < o->nbatch; i++)
		if (o->batch[i] == &s->r) {
			start(o);
			break;
		}
	if (vreq_wait(o->v, &s->r) < 0 && o->why == NULL)
		o->why = mem_str(rerrstr());
	s->busy = false;
}

static int failed(const BlockOut *o)
{
	return o->why == NULL ? 0 : werrstr("%s", o->why);
}

u8 *out_room(BlockOut *o)
{
	finish(o, &o->slot[o->next]);
	return failed(o) < 0 ? NULL : o->slot[o->next].buf;
}

int out_send(BlockOut *o, int type, u32 n, const Score *known, Score *s)
{
	Slot *at = &o->slot[o->next];

	n = (u32)block_trim(type, at->buf, n);
	*s = n == 0 ? score_zero : score_of(at->buf, n);
	if (n == 0 || (known != NULL && score_eq(known, s))) {
		o->known += n;
		return failed(o);
	}
	at->r = (VReq){ .op = MsgWrite, .type = (u8)type, .hashed = true, .score = *s, .p = at->buf, .n = n };
	at->busy = true;
	o->batch[o->nbatch++] = &at->r;
	o->next = (o->next + 1) % o->n;
	o->sent += n;
	if (o->nbatch == BATCH || o->slot[o->next].busy)
		start(o);
	return failed(o);
}

int out_block(BlockOut *o, int type, const void *p, u32 n, Score *s)
{
	u8 *room = out_room(o);

	if (room == NULL)
		return -1;
	memcpy(room, p, n);
	return out_send(o, type, n, NULL, s);
}

int out_drain(BlockOut *o)
{
	start(o);
	for (int i = 0; i < o->n; i++)
		finish(o, &o->slot[(o->next + i) % o->n]);
	return failed(o);
}

void out_bytes(const BlockOut *o, u64 *sent, u64 *known)
{
	*sent += o->sent;
	*known += o->known;
}

void out_free(BlockOut *o)
{
	if (o == NULL)
		return;
	(void)!out_drain(o);
	for (int i = 0; i < o->n; i++)
		free(o->slot[i].buf);
	free(o->why);
	free(o);
}

void treew_init(Treew *t, u32 psize)
{
	*t = (Treew){ .psize = psize };
}

void treew_free(Treew *t)
{
	for (int i = 0; i < ENTRYDEPTH; i++)
		free(t->p[i]);
	*t = (Treew){ 0 };
}

/* add puts a pointer into level l, which is flushed up only when the next one needs the place. */
static int add(Treew *t, BlockOut *o, int l, const Score *s)
{
	Score up;

	if (l >= ENTRYDEPTH)
		return werrstr("the file is too large: more than %d levels of pointer blocks", ENTRYDEPTH);
	if (t->p[l] == NULL)
		t->p[l] = mem_array(1, t->psize);
	if (t->used[l] == t->psize) {
		if (out_block(o, VtPointer0 + l, t->p[l], t->psize, &up) < 0 || add(t, o, l + 1, &up) < 0)
			return -1;
		t->used[l] = 0;
	}
	memcpy(t->p[l] + t->used[l], s->b, SCORE);
	t->used[l] += SCORE;
	return 0;
}

int treew_add(Treew *t, BlockOut *o, const Score *s)
{
	if (t->n++ == 0) {
		t->one = *s;
		return 0;
	}
	return t->n == 2 && add(t, o, 0, &t->one) < 0 ? -1 : add(t, o, 0, s);
}

static int top(Treew *t, BlockOut *o, Entry *e)
{
	Score s = t->one;
	int l = 0;

	for (; t->n > 1; l++) {
		bool last = l + 1 == ENTRYDEPTH || t->used[l + 1] == 0;

		if (out_block(o, VtPointer0 + l, t->p[l], t->used[l], &s) < 0)
			return -1;
		t->used[l] = 0;
		if (last)
			break;
		if (add(t, o, l + 1, &s) < 0)
			return -1;
	}
	e->score = s;
	e->depth = (u8)(t->n > 1 ? l + 1 : 0);
	return 0;
}

int treew_end(Treew *t, BlockOut *o, bool dir, u32 dsize, u64 size, Entry *e)
{
	int r;

	*e = (Entry){ .psize = t->psize, .dsize = dsize, .flags = EntryActive, .dir = dir, .size = size, .score = score_zero };
	if (t->n == 0)
		return 0;
	r = top(t, o, e);
	if (e->depth > 0 || size % dsize != 0)
		e->flags |= EntryLocal; /* so does Plan 9's vac: not for a file of one whole block */
	memset(t->used, 0, sizeof t->used);
	t->n = 0;
	return r;
}
