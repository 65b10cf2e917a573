/*
 * A Store in memory: a chained hash table under one lock.  It promises
 * nothing over a crash; sync does nothing.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <arena/store.h>
#include <base/err.h>
#include <base/mem.h>

enum { BUCKETS = 1 << 16 };

typedef struct MemBlock MemBlock;

struct MemBlock {
	MemBlock *next;
	Score score;
	int type;
	u32 n;
	u8 p[];
};

typedef struct MemStore {
	Store store;
	pthread_mutex_t lock; /* everything below */
	MemBlock *bucket[BUCKETS];
	u64 blocks, bytes, max;
} MemStore;

static MemBlock **memstore_find(MemStore *m, const Score *s, int type)
{
	MemBlock **b = &m->bucket[s->b[0] << 8 | s->b[1]];

	while (*b != NULL && !((*b)->type == type && score_eq(&(*b)->score, s)))
		b = &(*b)->next;
	return b;
}

static void memstore_get(MemStore *m, StoreReq *r)
{
	MemBlock *b = *memstore_find(m, &r->score, r->type);
	char hex[SCORETEXT];

	if (b == NULL) {
		store_fail(r, "no block with score %s/%d exists", score_print(&r->score, hex), r->type);
	} else if (b->n > r->n) {
		store_fail(r, "read too small: asked for %u need at least %u", r->n, b->n);
	} else {
		memcpy(r->p, b->p, b->n);
		r->n = b->n;
	}
}

static void memstore_put(MemStore *m, StoreReq *r)
{
	MemBlock **place, *b;

	r->score = score_of(r->p, r->n);
	place = memstore_find(m, &r->score, r->type);
	r->old = *place != NULL;
	if (r->old) {
		if ((*place)->n != r->n || memcmp((*place)->p, r->p, r->n) != 0)
			store_fail(r, "score collision");
		return;
	}
	if (m->bytes + r->n > m->max || (b = mem_try(sizeof *b + r->n)) == NULL) {
		store_fail(r, "%s", errtext(Enospace));
		return;
	}
	*b = (MemBlock){ .score = r->score, .type = r->type, .n = r->n };
	memcpy(b->p, r->p, r->n);
	*place = b;
	m->blocks++;
	m->bytes += r->n;
}

static void memstore_each(Store *s, StoreReq *r, int n, void (*fn)(MemStore *, StoreReq *))
{
	MemStore *m = (MemStore *)s;

	pthread_mutex_lock(&m->lock);
	for (int i = 0; i < n; i++)
		fn(m, &r[i]);
	pthread_mutex_unlock(&m->lock);
}

static void memstore_read(Store *s, StoreReq *r, int n) { memstore_each(s, r, n, memstore_get); }
static void memstore_write(Store *s, StoreReq *r, int n) { memstore_each(s, r, n, memstore_put); }
static int memstore_sync(Store *s) { return 0; }

static void memstore_stats(Store *s, Buf *json)
{
	MemStore *m = (MemStore *)s;

	pthread_mutex_lock(&m->lock);
	buf_printf(json, "\"blocks\":%llu,\"bytes\":%llu,\"max\":%llu", (unsigned long long)m->blocks,
		(unsigned long long)m->bytes, (unsigned long long)m->max);
	pthread_mutex_unlock(&m->lock);
}

static void memstore_close(Store *s)
{
	MemStore *m = (MemStore *)s;

	for (int i = 0; i < BUCKETS; i++)
		for (MemBlock *b = m->bucket[i], *next; b != NULL; b = next) {
			next = b->next;
			free(b);
		}
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static const StoreOps memstore_ops = {
	.read = memstore_read,
	.write = memstore_write,
	.sync = memstore_sync,
	.stats = memstore_stats,
	.close = memstore_close,
};

Store *memstore_new(u64 max)
{
	MemStore *m = mem_new(sizeof *m);

	m->store = (Store){ .op = &memstore_ops, .name = "memory" };
	pthread_mutex_init(&m->lock, NULL);
	m->max = max;
	return &m->store;
}
