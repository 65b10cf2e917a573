/*
 * The cache.  SHARDS parts, each a ring of bytes under a lock of its own:
 * a block is appended, and the oldest ones make room; one that was read
 * meanwhile is appended once more instead (second chance).  So there is no
 * allocation, no fragmentation, and the bytes are what was asked for.
 */
#include <stdlib.h>
#include <string.h>
#include <base/bytes.h>
#include <base/lock.h>
#include <base/mem.h>
#include "cache.h"

enum { SHARDS = 16, ALIGN = 8, PERBUCKET = 8192, CHANCES = 4 };

typedef struct Entry {
	u32 next;    /* of its bucket, NONE at the end */
	u32 n;
	Score score;
	u8 type;
	bool used;   /* read since it was appended */
	u16 pad;
} Entry;

#define NONE UINT32_MAX

typedef struct Shard {
	Lock lk;     /* everything below */
	u8 *mem;
	u32 size, head, tail, wrap; /* bytes [tail, head) are taken, or [tail, wrap) and [0, head) when wrapped */
	bool wrapped;
	u32 nbucket;
	u32 *bucket;
} Shard;

struct Cache {
	u64 bytes;
	Shard s[SHARDS];
};

Cache *cache_new(u64 bytes)
{
	Cache *c = mem_new(sizeof *c);
	u64 each = bytes / SHARDS & ~(u64)(ALIGN - 1);

	if (each > UINT32_MAX / 2)
		each = UINT32_MAX / 2 & ~(u64)(ALIGN - 1);
	for (int i = 0; i < SHARDS; i++) {
		Shard *s = &c->s[i];

		lock_init(&s->lk, RankLeaf);
		s->nbucket = (u32)(each / PERBUCKET) + 1;
		s->bucket = mem_array(s->nbucket, sizeof *s->bucket);
		memset(s->bucket, 0xff, s->nbucket * sizeof *s->bucket);
		s->mem = mem_try(each + ALIGN);
		s->size = s->mem != NULL ? (u32)each : 0;
		c->bytes += s->size + s->nbucket * sizeof *s->bucket;
	}
	return c;
}

void cache_free(Cache *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < SHARDS; i++) {
		free(c->s[i].mem);
		free(c->s[i].bucket);
	}
	free(c);
}

u64 cache_bytes(const Cache *c) { return c->bytes; }

static Shard *cache_shard(Cache *c, const Score *s) { return &c->s[s->b[8] % SHARDS]; }
static Entry *entry_at(Shard *s, u32 at) { return (Entry *)(void *)(s->mem + at); }
static u32 entry_size(u32 n) { return (u32)((sizeof(Entry) + n + ALIGN - 1) & ~(u32)(ALIGN - 1)); }
static u32 *shard_bucket(Shard *s, const Score *score) { return &s->bucket[le32(score->b) % s->nbucket]; }

static Entry *shard_find(Shard *s, const Score *score, int type)
{
	for (u32 at = *shard_bucket(s, score); at != NONE; at = entry_at(s, at)->next) {
		Entry *e = entry_at(s, at);

		if (e->type == (u8)type && score_eq(&e->score, score))
			return e;
	}
	return NULL;
}

static void shard_unlink(Shard *s, u32 at)
{
	u32 *p = shard_bucket(s, &entry_at(s, at)->score);

	while (*p != at)
		p = &entry_at(s, *p)->next;
	*p = entry_at(s, at)->next;
}

/* drops the oldest */
static void shard_drop(Shard *s)
{
	u32 at = s->tail;

	s->tail += entry_size(entry_at(s, at)->n);
	shard_unlink(s, at);
	if (s->wrapped && s->tail == s->wrap) {
		s->wrapped = false;
		s->tail = 0;
	}
}

static bool shard_empty(const Shard *s) { return !s->wrapped && s->head == s->tail; }

/* makes room for n bytes at s->head by dropping old ones */
static void shard_room(Shard *s, u32 n)
{
	for (;; shard_drop(s)) {
		if (shard_empty(s))
			s->head = s->tail = 0;
		if (!s->wrapped && s->size - s->head >= n)
			return;
		if (!s->wrapped) {
			s->wrap = s->head;
			s->head = 0;
			s->wrapped = true;
		}
		if (s->tail - s->head >= n)
			return;
	}
}

static void shard_append(Shard *s, const Score *score, int type, const void *p, u32 n)
{
	u32 size = entry_size(n), *b = shard_bucket(s, score), at;
	Entry *e;

	shard_room(s, size);
	at = s->head;
	e = entry_at(s, at);
	*e = (Entry){ .next = *b, .n = n, .score = *score, .type = (u8)type };
	memcpy(e + 1, p, n);
	*b = at;
	s->head += size;
}

/* the oldest was read: it is put in front again, so long as there are chances */
static void shard_spare(Shard *s)
{
	u8 copy[BLOCKMAX + sizeof(Entry)];

	for (int i = 0; i < CHANCES && !shard_empty(s); i++) {
		Entry *e = entry_at(s, s->tail), *was = (Entry *)(void *)copy;

		if (!e->used || e->n > BLOCKMAX)
			return;
		memcpy(copy, e, sizeof *e + e->n);
		shard_drop(s);
		shard_append(s, &was->score, was->type, was + 1, was->n);
	}
}

long cache_get(Cache *c, const Score *score, int type, void *p, u32 n)
{
	Shard *s = cache_shard(c, score);
	Entry *e;
	long size = -1;

	lock(&s->lk);
	e = shard_find(s, score, type);
	if (e != NULL) {
		size = e->n;
		e->used = true;
		if (e->n <= n)
			memcpy(p, e + 1, e->n);
	}
	unlock(&s->lk);
	return size;
}

int cache_same(Cache *c, const Score *score, int type, const void *p, u32 n)
{
	Shard *s = cache_shard(c, score);
	Entry *e;
	int same = -1;

	lock(&s->lk);
	e = shard_find(s, score, type);
	if (e != NULL)
		same = e->n == n && memcmp(e + 1, p, n) == 0;
	unlock(&s->lk);
	return same;
}

void cache_put(Cache *c, const Score *score, int type, const void *p, u32 n)
{
	Shard *s = cache_shard(c, score);

	if (entry_size(n) > s->size / 4)
		return;
	lock(&s->lk);
	if (shard_find(s, score, type) == NULL) {
		if (s->wrapped || s->size - s->head < entry_size(n))
			shard_spare(s);
		shard_append(s, score, type, p, n);
	}
	unlock(&s->lk);
}
