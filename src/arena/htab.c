/*
 * The index.
 *
 * Tables of 8-byte slots, open addressing, linear probing:
 *
 *	place[40] in units of 16 bytes, plus 1; class[4] of the clump's size; print[20] of the score
 *
 * A miss looks at memory only (one wrong candidate in some 100,000); a hit
 * gives one disk read of the right length, since a clump starts within
 * known 16 bytes and is no longer than its class.  Nothing is ever taken
 * out, and a slot is written once, so look-ups need no lock: a slot is read
 * and written whole, and a table becomes visible before its first entry.
 *
 * Growth: when the newest table is LOAD full another is added, as large as
 * all before it, and filled; the old ones stay as they are.  No entry ever
 * moves, so nothing stops for it, at the price of a probe per table (a
 * dozen for a billion blocks).  The next start makes one table of them.
 *
 * Memory: 8/LOAD = 9.4 bytes a block just before growth, 19 just after it.
 *
 * The hash is mixed with a random key, so that nobody can send blocks that
 * fall into one place.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <arena/htab.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/random.h>

enum { TABLES = 40, SMALLEST = 1 << 12, PRINT = 20, CLASS = 4, LOADNUM = 85 };

#define PLACES ((1ull << 40) - 1)
#define INDEXMAGIC 0x7864692d73746e61ull /* "ants-idx" */

static const u32 classes[1 << CLASS] = { 128, 512, 1024, 1536, 2048, 3072, 4096 + 64, 6144, 8192 + 64, 12288, 16384 + 64,
	24576, 32768 + 64, 40960, 57344 + 64, 65535 + 64 };

typedef struct Table {
	u64 n;        /* slots */
	u64 used, max;
	_Atomic u64 *slot;
} Table;

struct Index {
	u64 key;
	_Atomic int n; /* tables */
	Table t[TABLES];
};

static u64 mix(u64 h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	return h ^ h >> 32;
}

static u64 index_hash(const Index *x, const Score *s, int type) { return mix(le64(s->b) ^ x->key ^ (u64)type << 56); }
static u64 table_home(const Table *t, u64 h) { return (u64)((unsigned __int128)h * t->n >> 64); }

static int table_new(Table *t, u64 n)
{
	t->slot = n <= SIZE_MAX / 16 ? calloc(n, sizeof *t->slot) : NULL;
	if (t->slot == NULL)
		return errset(Enomem);
	t->n = n;
	t->max = n / 100 * LOADNUM;
	t->used = 0;
	return 0;
}

static Index *index_make(u64 slots, u64 key)
{
	Index *x = mem_new(sizeof *x);

	x->key = key;
	if (table_new(&x->t[0], slots > SMALLEST ? slots : SMALLEST) < 0) {
		free(x);
		return NULL;
	}
	atomic_init(&x->n, 1);
	return x;
}

Index *index_new(u64 expect)
{
	u64 key;

	random_bytes(&key, sizeof key);
	return index_make(expect / LOADNUM * 100 + SMALLEST, key);
}

void index_free(Index *x)
{
	if (x == NULL)
		return;
	for (int i = 0; i < x->n; i++)
		free(x->t[i].slot);
	free(x);
}

u64 index_count(const Index *x)
{
	u64 sum = 0;

	for (int i = 0, n = atomic_load(&x->n); i < n; i++)
		sum += __atomic_load_n(&x->t[i].used, __ATOMIC_RELAXED);
	return sum;
}

u64 index_slots(const Index *x)
{
	u64 sum = 0;

	for (int i = 0, n = atomic_load(&x->n); i < n; i++)
		sum += x->t[i].n;
	return sum;
}

static u32 class_of(u32 n)
{
	u32 c = 0;

	while (c < nelem(classes) - 1 && classes[c] < n)
		c++;
	return c;
}

static void table_put(Table *t, u64 h, u64 v)
{
	u64 i = table_home(t, h);

	while (atomic_load_explicit(&t->slot[i], memory_order_relaxed) != 0)
		i = i + 1 < t->n ? i + 1 : 0;
	atomic_store_explicit(&t->slot[i], v, memory_order_release);
	__atomic_store_n(&t->used, t->used + 1, __ATOMIC_RELAXED);
}

int index_add(Index *x, const Score *s, int type, u64 at, u32 n)
{
	int last = atomic_load(&x->n) - 1;
	u64 h = index_hash(x, s, type);

	if (at / GRAIN >= PLACES)
		return werrstr("more than 16 TB of arenas");
	if (x->t[last].used >= x->t[last].max) {
		if (last + 1 == TABLES)
			return errset(Enomem);
		if (table_new(&x->t[last + 1], index_slots(x)) < 0)
			return -1;
		atomic_store(&x->n, ++last + 1);
	}
	table_put(&x->t[last], h, (at / GRAIN + 1) << (CLASS + PRINT) | (u64)class_of(n) << PRINT | (h & ((1 << PRINT) - 1)));
	return 0;
}

static int table_find(const Table *t, u64 h, IndexHit *hit, int max)
{
	u64 i = table_home(t, h), v;
	int n = 0;

	while (n < max && (v = atomic_load_explicit(&t->slot[i], memory_order_acquire)) != 0) {
		if (((v ^ h) & ((1 << PRINT) - 1)) == 0) {
			hit[n].at = ((v >> (CLASS + PRINT)) - 1) * GRAIN;
			hit[n++].n = classes[v >> PRINT & ((1 << CLASS) - 1)];
		}
		i = i + 1 < t->n ? i + 1 : 0;
	}
	return n;
}

int index_find(const Index *x, const Score *s, int type, IndexHit hit[INDEXHITS])
{
	u64 h = index_hash(x, s, type);
	int n = 0;

	for (int i = 0, tables = atomic_load(&x->n); i < tables && n < INDEXHITS; i++)
		n += table_find(&x->t[i], h, hit + n, INDEXHITS - n);
	return n;
}

/* saved: magic[8] key[8] tables[8], then of each n[8] used[8] slot[8]*n; little-endian as the machine */
u64 index_bytes(const Index *x) { return 24 + (u64)atomic_load(&x->n) * 16 + index_slots(x) * 8; }

int index_save(const Index *x, int (*put)(void *arg, const void *p, size_t n), void *arg)
{
	u64 head[3] = { INDEXMAGIC, x->key, (u64)atomic_load(&x->n) };

	if (put(arg, head, sizeof head) < 0)
		return -1;
	for (u64 i = 0; i < head[2]; i++) {
		const Table *t = &x->t[i];
		u64 size[2] = { t->n, t->used };

		if (put(arg, size, sizeof size) < 0 || put(arg, (const void *)t->slot, t->n * sizeof *t->slot) < 0)
			return -1;
	}
	return 0;
}

static int table_load(Table *t, u64 most, int (*get)(void *arg, void *p, size_t n), void *arg)
{
	u64 size[2];

	if (get(arg, size, sizeof size) < 0)
		return -1;
	if (size[0] < SMALLEST || size[0] > most / sizeof *t->slot)
		return werrstr("a table of a bad size");
	if (table_new(t, size[0]) < 0)
		return -1;
	if (get(arg, (void *)t->slot, t->n * sizeof *t->slot) < 0)
		return -1;
	for (u64 i = 0; i < t->n; i++) /* a table that grew while it was saved has more; one without a gap has no end */
		t->used += atomic_load_explicit(&t->slot[i], memory_order_relaxed) != 0;
	return t->used <= t->n / 100 * 95 ? 0 : werrstr("a table that is too full");
}

static int index_get(Index *x, u64 most, int (*get)(void *arg, void *p, size_t n), void *arg)
{
	u64 head[3];

	if (get(arg, head, sizeof head) < 0)
		return -1;
	if (head[0] != INDEXMAGIC || head[2] < 1 || head[2] > TABLES)
		return werrstr("not a saved index");
	x->key = head[1];
	for (; (u64)x->n < head[2]; x->n++)
		if (table_load(&x->t[x->n], most, get, arg) < 0) {
			free(x->t[x->n].slot);
			return -1;
		}
	return 0;
}

Index *index_load(u64 most, int (*get)(void *arg, void *p, size_t n), void *arg)
{
	Index *x = mem_new(sizeof *x);

	if (index_get(x, most, get, arg) == 0)
		return x;
	index_free(x);
	return NULL;
}
