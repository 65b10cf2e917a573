/* A disk in memory that remembers. */
#include <stdlib.h>
#include <string.h>
#include <arena/simdisk.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>

enum { SECTOR = 512 };

/* A write, or a sync (p is NULL), which covers the operations before `covers`. */
typedef struct SimOp {
	u64 off;
	size_t n;
	u8 *p;
	u32 covers;
} SimOp;

typedef struct Sim {
	Disk disk;
	Lock lk; /* all below */
	u8 *mem;
	bool record;
	int refs;
	SimFault fault;
	SimOp *op;
	u32 nop, cap;
	void (*onsync)(void *arg);
	void *arg;
} Sim;

static Sim *sim_of(Disk *d) { return container_of(d, Sim, disk); }

static int sim_read(Disk *d, void *p, size_t n, u64 off)
{
	Sim *s = sim_of(d);
	int rc = 0;

	lock(&s->lk);
	if (s->fault == SimRead)
		rc = errset(Eio);
	else
		memcpy(p, s->mem + off, n);
	unlock(&s->lk);
	return rc;
}

static SimOp *sim_add(Sim *s)
{
	if (s->nop == s->cap) {
		s->cap = s->cap == 0 ? 256 : 2 * s->cap;
		s->op = mem_grow(s->op, s->cap, sizeof *s->op);
	}
	s->op[s->nop] = (SimOp){ 0 };
	return &s->op[s->nop++];
}

static void sim_put(Sim *s, const IoVec *v, int n, u64 off)
{
	size_t sum = 0;
	u64 at = off;
	SimOp *o;

	for (int i = 0; i < n; at += v[i++].n) {
		if (v[i].n > 0)
			memcpy(s->mem + at, v[i].p, v[i].n);
		sum += v[i].n;
	}
	if (!s->record)
		return;
	o = sim_add(s);
	o->off = off;
	o->n = sum;
	o->p = mem_new(sum + 1);
	memcpy(o->p, s->mem + off, sum);
}

static int sim_writev(Disk *d, IoVec *v, int n, u64 off)
{
	Sim *s = sim_of(d);
	int rc = 0;

	lock(&s->lk);
	if (s->fault == SimWrite || s->fault == SimFull)
		rc = errset(s->fault == SimFull ? Enospace : Eio);
	else
		sim_put(s, v, n, off);
	unlock(&s->lk);
	return rc;
}

static int sim_sync(Disk *d)
{
	Sim *s = sim_of(d);
	int rc = 0;
	u32 covers;

	lock(&s->lk);
	covers = s->nop;
	if (s->onsync != NULL) {
		void (*fn)(void *) = s->onsync;

		s->onsync = NULL;
		unlock(&s->lk);
		fn(s->arg);
		lock(&s->lk);
	}
	if (s->fault == SimSync)
		rc = errset(Eio);
	else if (s->record)
		sim_add(s)->covers = covers;
	unlock(&s->lk);
	return rc;
}

static void sim_start(Disk *d, u64 off, u64 n) {}

static void sim_close(Disk *d)
{
	Sim *s = sim_of(d);

	if (s->refs-- > 0)
		return;
	for (u32 i = 0; i < s->nop; i++)
		free(s->op[i].p);
	free(s->op);
	free(s->mem);
	free(s->disk.name);
	free(s);
}

static const DiskOps sim_ops = {
	.read = sim_read,
	.cached = sim_read,
	.writev = sim_writev,
	.start = sim_start,
	.sync = sim_sync,
	.close = sim_close,
};

static Sim *sim_make(u64 size, bool record)
{
	Sim *s = mem_new(sizeof *s);

	s->disk = (Disk){ .op = &sim_ops, .name = mem_str("simdisk"), .size = size, .writable = true, .fd = -1 };
	lock_init(&s->lk, RankLeaf);
	s->mem = mem_new(size);
	s->record = record;
	return s;
}

Disk *simdisk_new(u64 size) { return &sim_make(size, true)->disk; }

void simdisk_hold(Disk *d) { sim_of(d)->refs++; }

u32 simdisk_ops(Disk *d)
{
	Sim *s = sim_of(d);
	u32 n;

	lock(&s->lk);
	n = s->nop;
	unlock(&s->lk);
	return n;
}

void simdisk_fail(Disk *d, SimFault kind)
{
	Sim *s = sim_of(d);

	lock(&s->lk);
	s->fault = kind;
	unlock(&s->lk);
}

void simdisk_onsync(Disk *d, void (*fn)(void *arg), void *arg)
{
	Sim *s = sim_of(d);

	lock(&s->lk);
	s->onsync = fn;
	s->arg = arg;
	unlock(&s->lk);
}

static u32 sim_random(u32 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* an unsynced write: lost, there, or there in part */
static void sim_maybe(Sim *to, const SimOp *o, u32 seed, u32 *x)
{
	u32 r = sim_random(x) % 4;

	if (seed == 0 || (seed != 1 && r == 0))
		return;
	if (seed == 1 || r < 3) {
		memcpy(to->mem + o->off, o->p, o->n);
		return;
	}
	for (u64 at = o->off; at < o->off + o->n;) {
		u64 next = (at / SECTOR + 1) * SECTOR, end = next < o->off + o->n ? next : o->off + o->n;

		if (sim_random(x) % 2)
			memcpy(to->mem + at, o->p + (at - o->off), end - at);
		at = end;
	}
}

Disk *simdisk_crash(Disk *d, u32 at, u32 seed)
{
	Sim *s = sim_of(d), *to = sim_make(d->size, false);
	u32 safe = 0, x = seed * 2654435761u + at + 1;

	lock(&s->lk);
	for (u32 i = 0; i < at && i < s->nop; i++)
		if (s->op[i].p == NULL && s->op[i].covers > safe)
			safe = s->op[i].covers;
	for (u32 i = 0; i < at && i < s->nop; i++) {
		const SimOp *o = &s->op[i];

		if (o->p != NULL && i < safe)
			memcpy(to->mem + o->off, o->p, o->n);
		else if (o->p != NULL)
			sim_maybe(to, o, seed, &x);
	}
	unlock(&s->lk);
	return &to->disk;
}
