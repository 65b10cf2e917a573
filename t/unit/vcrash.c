/*
 * Crashes: several threads write and sync on a disk that remembers; then,
 * for many moments and many choices of what unsynced writes reached the
 * disk, the store is opened on what would be there.  Every block that was
 * synced before that moment must be read, and the arenas must be clean.
 *
 *	t_vcrash [crashes [seed]]
 */
#include <pthread.h>
#include <stdlib.h>
#include <arena/arena.h>
#include <arena/arenas.h>
#include <arena/check.h>
#include <arena/simdisk.h>
#include <base/err.h>
#include <base/mem.h>
#include "tap.h"

enum { WRITERS = 4, BLOCKS = 120, SIZE = 8 << 20, MAX = 16384 };

static Disk *disk;
static Store *store;
static u32 made; /* operations that formatting took */
static u32 synced[WRITERS][BLOCKS]; /* the moment from which on it must survive; 0: never */

static u32 block(u8 *p, u32 w, u32 i)
{
	u32 x = w * 7919 + i * 104729 + 17, n = i % 5 == 0 ? x % MAX + 1 : 8000;

	for (u32 k = 0; k < n; k++) {
		x = x * 1664525u + 1013904223u;
		p[k] = (u8)(x >> 24);
	}
	return n;
}

static void *writer(void *arg)
{
	u32 w = (u32)(uintptr_t)arg, from = 0;
	u8 *p = mem_array(4, MAX);

	for (u32 i = 0; i < BLOCKS;) {
		StoreReq r[4] = { 0 };
		int n = 0;

		for (; n < 4 && i < BLOCKS; n++, i++)
			r[n] = (StoreReq){ .type = VtData, .p = p + (size_t)n * MAX, .n = block(p + (size_t)n * MAX, w, i) };
		store_write(store, r, n);
		for (int k = 0; k < n; k++)
			if (r[k].failed)
				printf("# %s\n", r[k].err);
		if (i / 4 % (w + 2) == 0 && store_sync(store) == 0) {
			u32 now = simdisk_ops(disk);

			for (; from < i; from++)
				synced[w][from] = now;
		}
		if (w == 0 && i == BLOCKS / 2 && arenas_checkpoint(store) < 0)
			printf("# checkpoint: %s\n", rerrstr());
	}
	free(p);
	return NULL;
}

static void on_fault(void *arg, Arena *a, const Fault *f)
{
	printf("# %s clump %u at %llu: %s\n", a->t.name, f->clump, (unsigned long long)f->at, f->why);
}

static const VtConf conf;
static const ArenasOpt opt = { .cache = 1 << 18 };

static u32 lost(Store *s, u32 at)
{
	u8 *want = mem_new(MAX), *got = mem_new(MAX);
	u32 bad = 0;

	for (u32 w = 0; w < WRITERS; w++)
		for (u32 i = 0; i < BLOCKS; i++)
			if (synced[w][i] != 0 && synced[w][i] <= at) {
				u32 n = block(want, w, i);
				StoreReq r = { .type = VtData, .score = score_of(want, n), .p = got, .n = MAX };

				store_read(s, &r, 1);
				if (r.failed || r.n != n || memcmp(got, want, n) != 0)
					bad++;
				free(r.err);
			}
	free(want);
	free(got);
	return bad;
}

/* what is there after a crash takes new blocks, and those are there after a close */
static bool goes_on(Store *s, u32 seed)
{
	u8 p[100], got[100];
	StoreReq r = { .type = VtData, .p = p, .n = sizeof p };
	bool good;

	memset(p, (int)seed, sizeof p);
	memcpy(p, &seed, sizeof seed);
	store_write(s, &r, 1);
	good = !r.failed;
	free(r.err);
	r = (StoreReq){ .type = VtData, .p = got, .n = sizeof got, .score = r.score };
	store_read(s, &r, 1);
	good = good && !r.failed && memcmp(p, got, sizeof p) == 0;
	free(r.err);
	return good;
}

/* the arenas on d are clean; d is freed */
static bool clean(Disk *d)
{
	Check c = { .fault = on_fault };
	Part *p = part_load(d);
	long bad = p == NULL;

	for (int i = 0; p != NULL && i < p->n; i++)
		bad += arena_check(p->arena[i], &c) != 0;
	part_close(p);
	return bad == 0;
}

static bool crash(u32 at, u32 seed)
{
	Disk *d = simdisk_crash(disk, at, seed);
	Store *s;
	u32 gone;
	bool fine;

	simdisk_hold(d);
	s = arenas_opendisks(&d, 1, &conf, &opt);
	if (s == NULL) {
		printf("# crash %u seed %u: %s\n", at, seed, rerrstr());
		disk_close(d);
		return false;
	}
	gone = lost(s, at);
	fine = goes_on(s, seed);
	store_close(s);
	fine = clean(d) && fine;
	if (gone > 0 || !fine)
		printf("# crash %u seed %u: %u synced blocks lost%s\n", at, seed, gone, fine ? "" : ", not clean");
	return gone == 0 && fine;
}

static void run(void)
{
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 1 << 20 };
	pthread_t t[WRITERS];

	disk = simdisk_new(SIZE);
	ok(part_format(disk, "a", &f, NULL, NULL) == 0, "formatted");
	made = simdisk_ops(disk);
	simdisk_hold(disk);
	store = arenas_opendisks(&disk, 1, &conf, &opt);
	ok(store != NULL, "open (%s)", rerrstr());
	for (int i = 0; i < WRITERS; i++)
		ok(pthread_create(&t[i], NULL, writer, (void *)(uintptr_t)i) == 0, "writer %d", i);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	store_close(store);
}

static u32 random32(u32 *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 7;
}

static void crashes(u32 n, u32 seed)
{
	u32 ops = simdisk_ops(disk), bad = 0, x = seed, known = 0;

	for (u32 w = 0; w < WRITERS; w++)
		for (u32 i = 0; i < BLOCKS; i++)
			known += synced[w][i] != 0;
	ok(known > WRITERS * BLOCKS / 2, "%u blocks were synced in %u operations", known, ops);
	for (u32 i = 0; i < n; i++)
		bad += !crash(made + random32(&x) % (ops + 1 - made), i < n / 8 ? i % 2 : random32(&x) % 100000 + 2);
	is_int(bad, 0, "%u crashes, seed %u", n, seed);
	ok(crash(ops, 0) && crash(ops, 1), "after the close");
	disk_close(disk);
}

/* a disk that fails says so, and what was there stays readable */
static void failures(void)
{
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 1 << 20 };
	u8 p[5000] = "a block", got[5000];
	Disk *d = simdisk_new(4 << 20);
	StoreReq r = { .type = VtData, .p = p, .n = sizeof p };
	Store *s;
	ArenaInfo info;

	ok(part_format(d, "a", &f, NULL, NULL) == 0, "formatted");
	s = arenas_opendisks(&d, 1, &conf, &opt);
	store_write(s, &r, 1);
	ok(!r.failed && store_sync(s) == 0, "a block");
	simdisk_fail(d, SimFull);
	p[0]++;
	store_write(s, &r, 1);
	ok(r.failed && strstr(r.err, "file system is full") != NULL, "a full disk: %s", r.err);
	free(r.err);
	simdisk_fail(d, SimNone);
	r = (StoreReq){ .type = VtData, .p = p, .n = sizeof p };
	store_write(s, &r, 1);
	ok(!r.failed, "with room again it goes on");
	simdisk_fail(d, SimWrite);
	p[0]++;
	for (int i = 0; i < 4; i++) { /* each failure takes one arena */
		free(r.err);
		r = (StoreReq){ .type = VtData, .p = p, .n = sizeof p };
		store_write(s, &r, 1);
		ok(r.failed && strstr(r.err, "i/o error") != NULL, "a broken disk: %s", r.err);
	}
	free(r.err);
	arenas_info(s, 0, &info);
	ok(info.readonly, "its arena is read only: %s", info.why);
	simdisk_fail(d, SimNone);
	p[0]--;
	r = (StoreReq){ .type = VtData, .score = score_of(p, sizeof p), .p = got, .n = sizeof got };
	store_read(s, &r, 1);
	ok(!r.failed && memcmp(p, got, sizeof p) == 0, "reads go on");
	store_close(s);
}

static void badsync(void)
{
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 1 << 20 };
	u8 p[5000] = "a block";
	Disk *d = simdisk_new(4 << 20);
	StoreReq r = { .type = VtData, .p = p, .n = sizeof p };
	Store *s;

	ok(part_format(d, "a", &f, NULL, NULL) == 0, "formatted");
	s = arenas_opendisks(&d, 1, &conf, &opt);
	store_write(s, &r, 1);
	simdisk_fail(d, SimSync);
	ok(!r.failed && store_sync(s) < 0, "a sync that fails: %s", rerrstr());
	simdisk_fail(d, SimNone);
	ok(store_sync(s) < 0, "is not forgotten: %s", rerrstr());
	store_close(s);
}

enum { BIG = 50000, FIT = 20 }; /* so many of them fit into an arena */

static Score put_big(Store *s, u32 i)
{
	u8 *p = mem_new(BIG);
	StoreReq r = { .type = VtData, .p = p, .n = BIG };

	memset(p, (int)i + 1, BIG);
	store_write(s, &r, 1);
	ok(!r.failed, "block %u", i);
	free(r.err);
	free(p);
	return r.score;
}

static Score beyond;

/* while the disk is synced the log moves on to the second arena */
static void move_on(void *s)
{
	ArenaInfo a, b;

	beyond = put_big(s, FIT);
	arenas_info(s, 0, &a);
	arenas_info(s, 1, &b);
	ok(a.clumps == FIT && b.clumps == 1, "is in the next arena");
}

/* what is written while a disk is synced is there after the next sync, in whatever arena it is */
static void twosyncs(void)
{
	static const ArenasOpt quiet = { .cache = 1 << 18, .noflush = true };
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 1 << 20 };
	u8 *got = mem_new(BIG);
	StoreReq r = { .type = VtData, .p = got, .n = BIG };
	Disk *d = simdisk_new(4 << 20), *left;
	Store *s;

	ok(part_format(d, "a", &f, NULL, NULL) == 0, "formatted");
	simdisk_hold(d);
	s = arenas_opendisks(&d, 1, &conf, &quiet);
	for (u32 i = 0; i < FIT; i++)
		(void)put_big(s, i);
	simdisk_onsync(d, move_on, s);
	ok(store_sync(s) == 0 && store_sync(s) == 0, "two syncs");
	left = simdisk_crash(d, simdisk_ops(d), 0);
	store_close(s);
	disk_close(d);
	s = arenas_opendisks(&left, 1, &conf, &opt);
	r.score = beyond;
	store_read(s, &r, 1);
	ok(!r.failed, "what was written during the first is on the disk after the second");
	free(r.err);
	free(got);
	store_close(s);
}

int main(int argc, char **argv)
{
	run();
	crashes(argc > 1 ? (u32)atoi(argv[1]) : 100, argc > 2 ? (u32)atoi(argv[2]) : 1);
	failures();
	badsync();
	twosyncs();
	return done();
}
