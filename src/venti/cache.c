/*
 * The cache.  A block is in the hash table from the moment it is asked for;
 * its bytes are set once and then never change.
 *
 *	Asked --a thread takes the waiting upon itself--> Awaited --> Ready or Failed
 *
 * A block asked for ahead stays Asked, with its request on the way, until
 * somebody wants it, or until it is to make room.  Failed blocks leave the
 * table at once; who holds one gets its error.
 *
 * c->lk protects everything but the bytes and the request, which belong to
 * the thread that asks or waits.  Requests are started and waited for without
 * it.  Only blocks that nobody holds are on the lru list.
 */
#include <stdlib.h>
#include <string.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <venti/cache.h>

typedef enum State { New, Asked, Awaited, Ready, Failed } State;

struct VBlock {
	VBlock *next; /* in its bucket */
	Link lru;
	VCache *cache;
	Score score;
	u8 type;
	State state;
	bool hashed; /* in the table */
	u32 full;
	int ref;
	char *err;
	VReq r;
	u8 p[];
};

struct VCache {
	Venti *v;
	u64 max;
	Lock lk; /* all below */
	Cond changed;
	u32 mask;
	VBlock **bucket;
	List lru; /* least recently used first */
	VCacheStats stats;
};

enum { PERBUCKET = 8192, LEASTBUCKETS = 64, MOSTBUCKETS = 1 << 20, BATCH = 64 };

VCache *vcache_new(Venti *v, u64 max)
{
	VCache *c = mem_new(sizeof *c);
	u32 n = LEASTBUCKETS;

	while (n < MOSTBUCKETS && (u64)n * PERBUCKET < max)
		n *= 2;
	c->v = v;
	c->max = max;
	c->mask = n - 1;
	c->bucket = mem_array(n, sizeof c->bucket[0]);
	lock_init(&c->lk, RankLeaf);
	cond_init(&c->changed);
	list_init(&c->lru);
	return c;
}

static VBlock **slot(VCache *c, const Score *s, int type, u32 full)
{
	u32 h = (u32)s->b[0] | (u32)s->b[1] << 8 | (u32)s->b[2] << 16;
	VBlock **b = &c->bucket[h & c->mask];

	while (*b != NULL && !((*b)->full == full && (*b)->type == type && score_eq(&(*b)->score, s)))
		b = &(*b)->next;
	return b;
}

/* unhash takes b out of the table; blocks that nobody holds are the caller's to free */
static void unhash(VCache *c, VBlock *b)
{
	VBlock **p = &c->bucket[((u32)b->score.b[0] | (u32)b->score.b[1] << 8 | (u32)b->score.b[2] << 16) & c->mask];

	while (*p != b)
		p = &(*p)->next;
	*p = b->next;
	b->hashed = false;
	c->stats.blocks--;
	c->stats.bytes -= b->full;
}

static void free_block(VBlock *b)
{
	free(b->err);
	free(b);
}

/* await waits for b's request; the lock is held, and given up meanwhile */
static void await(VCache *c, VBlock *b)
{
	int rc;

	b->state = Awaited;
	unlock(&c->lk);
	rc = vreq_wait(c->v, &b->r);
	if (rc == 0)
		block_extend(b->type, b->p, b->r.n, b->full);
	lock(&c->lk);
	b->state = rc == 0 ? Ready : Failed;
	if (rc < 0)
		b->err = mem_str(rerrstr());
	if (b->state == Failed && b->hashed)
		unhash(c, b);
	cond_all(&c->changed);
}

static void drop(VCache *c, VBlock *b)
{
	if (--b->ref > 0)
		return;
	if (b->hashed)
		list_add(&c->lru, &b->lru);
	else
		free_block(b);
}

/* evict frees what was not used for longest until `need` more bytes fit; it says whether they do */
static bool evict(VCache *c, u64 need)
{
	list_each(k, &c->lru)
	{
		VBlock *b = list_item(k, VBlock, lru);

		if (c->stats.bytes + need <= c->max)
			break;
		if (b->state == Asked && !vreq_done(&b->r))
			continue;
		list_del(&b->lru);
		unhash(c, b);
		if (b->state == Asked) { /* answered: this does not block */
			b->ref = 1;
			await(c, b);
			drop(c, b);
			return evict(c, need); /* the list may have changed */
		}
		free_block(b);
	}
	return c->stats.bytes + need <= c->max;
}

/* enter puts a new block into the table, held once */
static VBlock *enter(VCache *c, const Score *s, int type, u32 full)
{
	VBlock *b = mem_try(sizeof *b + full), **at;

	if (b == NULL)
		return NULL;
	memset(b, 0, sizeof *b);
	b->cache = c;
	b->score = *s;
	b->type = (u8)type;
	b->full = full;
	b->ref = 1;
	b->hashed = true;
	list_init(&b->lru);
	b->r = (VReq){ .op = MsgRead, .type = (u8)type, .score = *s, .p = b->p, .n = full };
	at = &c->bucket[((u32)s->b[0] | (u32)s->b[1] << 8 | (u32)s->b[2] << 16) & c->mask];
	b->next = *at;
	*at = b;
	c->stats.blocks++;
	c->stats.bytes += full;
	return b;
}

static void take(VBlock *b)
{
	if (b->ref++ == 0)
		list_del(&b->lru);
}

/* settle brings a held block to Ready; else it drops it and sets the error */
static VBlock *settle(VCache *c, VBlock *b)
{
	while (b->state != Ready && b->state != Failed) {
		if (b->state == Asked)
			await(c, b);
		else
			cond_wait(&c->changed, &c->lk, -1);
	}
	if (b->state == Ready)
		return b;
	werrstr("%s", b->err);
	drop(c, b);
	return NULL;
}

VBlock *vcache_get(VCache *c, const Score *s, int type, u32 full)
{
	VBlock *b;

	if (full > BLOCKMOST) {
		werrstr("a block of %u bytes is too large", full);
		return NULL;
	}
	lock(&c->lk);
	b = *slot(c, s, type, full);
	if (b != NULL) {
		c->stats.hits++;
		take(b);
	} else {
		c->stats.misses++;
		evict(c, full);
		b = *slot(c, s, type, full);
		if (b != NULL)
			take(b);
		else if ((b = enter(c, s, type, full)) != NULL) {
			VReq *r = &b->r;

			unlock(&c->lk);
			vreq_start(c->v, &r, 1);
			lock(&c->lk);
			b->state = Asked;
			cond_all(&c->changed);
		}
	}
	if (b != NULL)
		b = settle(c, b);
	unlock(&c->lk);
	return b;
}

/* wish enters a block that nobody holds yet, if it is not there and there is room; false when there is none */
static bool wish(VCache *c, const VWant *w, VBlock **b, int *k)
{
	if (w->full > BLOCKMOST || score_eq(&w->score, &score_zero) || *slot(c, &w->score, w->type, w->full) != NULL)
		return true;
	if (!evict(c, w->full))
		return false;
	if (*slot(c, &w->score, w->type, w->full) != NULL)
		return true;
	b[*k] = enter(c, &w->score, w->type, w->full);
	if (b[*k] == NULL)
		return false;
	++*k;
	return true;
}

void vcache_want(VCache *c, const VWant *w, int n)
{
	VBlock *b[BATCH];
	VReq *r[BATCH];
	int k = 0;

	lock(&c->lk);
	for (int i = 0; i < n && k < BATCH; i++)
		if (!wish(c, &w[i], b, &k))
			break;
	c->stats.ahead += (u64)k;
	unlock(&c->lk);
	if (k == 0)
		return;
	for (int i = 0; i < k; i++)
		r[i] = &b[i]->r;
	vreq_start(c->v, r, k);
	lock(&c->lk);
	for (int i = 0; i < k; i++) {
		b[i]->state = Asked;
		drop(c, b[i]);
	}
	cond_all(&c->changed);
	unlock(&c->lk);
}

void vcache_ahead(VCache *c, const Score *s, int n, int type, u32 full)
{
	VWant w[BATCH];

	if (n > BATCH)
		n = BATCH;
	for (int i = 0; i < n; i++)
		w[i] = (VWant){ s[i], (u8)type, full };
	vcache_want(c, w, n);
}

VWant vwant_top(const Entry *e)
{
	return (VWant){ e->score, (u8)entry_type(e, e->depth), e->depth > 0 ? e->psize : e->dsize };
}

const u8 *vblock_bytes(const VBlock *b) { return b->p; }

void vblock_drop(VBlock *b)
{
	VCache *c;

	if (b == NULL)
		return;
	c = b->cache;
	lock(&c->lk);
	drop(c, b);
	evict(c, 0);
	unlock(&c->lk);
}

void vcache_stats(VCache *c, VCacheStats *s)
{
	lock(&c->lk);
	*s = c->stats;
	unlock(&c->lk);
}

void vcache_free(VCache *c)
{
	Link *k;

	if (c == NULL)
		return;
	while ((k = list_pop(&c->lru)) != NULL) {
		VBlock *b = list_item(k, VBlock, lru);

		if (b->state == Asked && vreq_wait(c->v, &b->r) < 0)
			b->state = Failed; /* nobody wanted it */
		free_block(b);
	}
	free(c->bucket);
	free(c);
}
