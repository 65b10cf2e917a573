/*
 * dmcrash DISK LOG [MOST [SEED]]: a venti's store on a Linux block device of which dm-log-writes keeps every write, in the order in
 * which they reached the disk, with each flush.  Four threads write and sync, and each sync puts a mark into the log.  Then the
 * log is gone through: at each flush, at most MOST of them (200), and at as many other places, the disk as it was then is
 * made again in memory; every block whose mark is before that place must be there, and the arenas clean.  Both block devices
 * are overwritten.  For Linux in QEMU (bench/crash); TAP.
 */
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <arena/arena.h>
#include <arena/arenas.h>
#include <arena/check.h>
#include <arena/simdisk.h>
#include <base/bytes.h>
#include <base/err.h>
#include <base/lock.h>
#include <base/mem.h>
#include <os/diskio.h>
#include "unit/tap.h"

enum { WRITERS = 4, BLOCKS = 120, MAX = 16384, SIZE = 16 << 20, SECTOR = 512 };
enum { LogFlush = 1, LogFua = 2, LogDiscard = 4, LogMark = 8 };

#define LOGMAGIC 0x6a736677736872u

static Lock lk; /* one message at a time */
static int control;
static Store *store;

static const VtConf conf;
static const ArenasOpt opt = { .cache = 1 << 18 };

static u32 block(u8 *p, u32 w, u32 i)
{
	u32 x = w * 7919 + i * 104729 + 17, n = i % 5 == 0 ? x % MAX + 1 : 8000;

	for (u32 k = 0; k < n; k++) {
		x = x * 1664525u + 1013904223u;
		p[k] = (u8)(x >> 24);
	}
	return n;
}

typedef union DmBuf {
	struct dm_ioctl h;
	char all[4096];
} DmBuf;

static DmBuf *dm_begin(u32 data)
{
	DmBuf *b = mem_new(sizeof *b);

	b->h = (struct dm_ioctl){ .version = { 4, 0, 0 }, .data_size = sizeof *b, .data_start = sizeof b->h, .target_count = data };
	snprintf(b->h.name, sizeof b->h.name, "ventilog");
	return b;
}

static bool dm_end(DmBuf *b, unsigned long cmd, const char *what)
{
	bool good = ioctl(control, cmd, b) == 0;

	if (!good)
		perror(what);
	free(b);
	return good;
}

static bool dm_make(const char *disk, const char *log)
{
	DmBuf *b = dm_begin(1);
	struct dm_target_spec *t = (void *)(b->all + sizeof b->h);

	if (!dm_end(dm_begin(0), DM_DEV_CREATE, "device"))
		return false;
	*t = (struct dm_target_spec){ .length = SIZE / SECTOR, .target_type = "log-writes" };
	snprintf((char *)(t + 1), 1000, "%s %s", disk, log);
	return dm_end(b, DM_TABLE_LOAD, "table") && dm_end(dm_begin(0), DM_DEV_SUSPEND, "resume");
}

static void dm_mark(const char *text)
{
	DmBuf *b = dm_begin(0);
	struct dm_target_msg *m = (void *)(b->all + sizeof b->h);

	m->sector = 0;
	snprintf(m->message, 200, "mark %s", text);
	lock(&lk);
	(void)dm_end(b, DM_TARGET_MSG, "mark");
	unlock(&lk);
}

static void *writer(void *arg)
{
	u32 w = (u32)(uintptr_t)arg;
	u8 *p = mem_array(4, MAX);
	char text[32];

	for (u32 i = 0; i < BLOCKS;) {
		StoreReq r[4] = { 0 };
		int n = 0;

		for (; n < 4 && i < BLOCKS; n++, i++)
			r[n] = (StoreReq){ .type = VtData, .p = p + (size_t)n * MAX, .n = block(p + (size_t)n * MAX, w, i) };
		store_write(store, r, n);
		for (int k = 0; k < n; k++)
			if (r[k].failed)
				printf("# %s\n", r[k].err);
		if (i / 4 % (w + 2) != 0 || store_sync(store) < 0)
			continue;
		snprintf(text, sizeof text, "synced-%u-%u", w, i);
		dm_mark(text);
		if (w == 0 && i > BLOCKS / 2 && arenas_checkpoint(store) < 0)
			printf("# checkpoint: %s\n", rerrstr());
	}
	free(p);
	return NULL;
}

static bool fill(const char *dev)
{
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 1 << 20 };
	Disk *d = disk_open(dev, DiskWrite);
	pthread_t t[WRITERS];

	if (d == NULL || part_format(d, "d", &f, NULL, NULL) < 0 || disk_sync(d) < 0)
		return false;
	dm_mark("formatted");
	store = arenas_opendisks(&d, 1, &conf, &opt);
	if (store == NULL)
		return false;
	for (int i = 0; i < WRITERS; i++)
		if (pthread_create(&t[i], NULL, writer, (void *)(uintptr_t)i) != 0)
			return false;
	for (int i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	store_close(store);
	return true;
}

/* what the log says, in order, as operations of a disk in memory */
typedef struct Point {
	u32 at;                /* operations before it */
	bool flush;
	u32 synced[WRITERS];   /* blocks that are promised by then */
} Point;

static Point *point;
static u32 npoint;
static Disk *sim;

static void point_add(u32 at, bool flush, const u32 synced[WRITERS])
{
	point = mem_grow(point, npoint + 1, sizeof *point);
	point[npoint] = (Point){ .at = at, .flush = flush };
	memcpy(point[npoint++].synced, synced, sizeof point->synced);
}

/* one entry's data; false if it is none that this disk can have */
static bool replay_write(int fd, u64 from, u64 sector, u64 n)
{
	u8 *p = mem_try(n + 1);
	bool good = p != NULL && sector <= SIZE && n <= SIZE - sector && diskio_read(fd, p, n, from) == 0 &&
		disk_write(sim, p, n, sector) == 0;

	free(p);
	return good;
}

static bool replay(const char *log)
{
	u8 head[SECTOR];
	u32 synced[WRITERS] = { 0 }, w, i, at = 0;
	u64 entries, unit, place;
	bool formatted = false;
	autofd int fd = open(log, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || diskio_read(fd, head, SECTOR, 0) < 0 || le64(head) != LOGMAGIC)
		return false;
	entries = le64(head + 16);
	unit = place = le32(head + 24);
	sim = simdisk_new(SIZE);
	for (u64 k = 0; k < entries; k++) {
		u64 sector, n, flags;

		if (diskio_read(fd, head, SECTOR, place) < 0)
			return false;
		sector = le64(head) * unit;
		n = le64(head + 8) * unit;
		flags = le64(head + 16);
		place += unit;
		if (flags & LogMark) {
			head[SECTOR - 1] = '\0';
			formatted |= strstr((char *)head + 32, "formatted") != NULL;
			if (sscanf((char *)head + 32, "synced-%u-%u", &w, &i) == 2 && w < WRITERS && i <= BLOCKS)
				synced[w] = i;
		}
		if (n > 0 && !(flags & LogDiscard)) {
			if (!replay_write(fd, place, sector, n))
				return false;
			at++;
			place += n;
		}
		if (formatted)
			point_add(at, (flags & (LogFlush | LogFua)) != 0, synced);
	}
	return true;
}

static u32 lost(Store *s, const Point *p)
{
	u8 *want = mem_new(MAX), *got = mem_new(MAX);
	u32 bad = 0;

	for (u32 w = 0; w < WRITERS; w++)
		for (u32 i = 0; i < p->synced[w]; i++) {
			u32 n = block(want, w, i);
			StoreReq r = { .type = VtData, .score = score_of(want, n), .p = got, .n = MAX };

			store_read(s, &r, 1);
			bad += r.failed || r.n != n || memcmp(got, want, n) != 0;
			free(r.err);
		}
	free(want);
	free(got);
	return bad;
}

static void on_fault(void *arg, Arena *a, const Fault *f)
{
	printf("# %s clump %u at %llu: %s\n", a->t.name, f->clump, (unsigned long long)f->at, f->why);
}

static bool check(const Point *p)
{
	Disk *d = simdisk_crash(sim, p->at, 1);
	Check c = { .fault = on_fault };
	u32 gone;
	long bad;
	Store *s;
	Part *q;

	simdisk_hold(d);
	s = arenas_opendisks(&d, 1, &conf, &opt);
	if (s == NULL) {
		printf("# after %u writes: %s\n", p->at, rerrstr());
		return false;
	}
	gone = lost(s, p);
	store_close(s);
	q = part_load(d);
	bad = q == NULL;
	for (int i = 0; q != NULL && i < q->n; i++)
		bad += arena_check(q->arena[i], &c) != 0;
	part_close(q);
	if (gone > 0 || bad > 0)
		printf("# after %u writes: %u synced blocks lost, %ld arenas not clean\n", p->at, gone, bad);
	return gone == 0 && bad == 0;
}

/* checks at most `most` of the points that are flushes, or that are not */
static void checks(bool flush, u32 most, u32 x)
{
	u32 n = 0, left = most, tried = 0, bad = 0;

	for (u32 i = 0; i < npoint; i++)
		n += point[i].flush == flush;
	for (u32 i = 0; i < npoint && n > 0; i++) {
		if (point[i].flush != flush)
			continue;
		x = x * 1664525u + 1013904223u;
		if ((u64)(x >> 8) * n < (u64)left << 24 && left > 0) {
			bad += !check(&point[i]);
			tried++;
			left--;
		}
		n--;
	}
	ok(tried > 0 && bad == 0, "%u prefixes of the log, %s: no synced block lost, the arenas clean", tried,
		flush ? "each up to a flush" : "between flushes");
}

int main(int argc, char **argv)
{
	u32 most = argc > 3 ? (u32)atoi(argv[3]) : 200, seed = argc > 4 ? (u32)atoi(argv[4]) : 1, known = 0;
	char dev[64];

	if (argc < 3) {
		fprintf(stderr, "usage: dmcrash disk log [most [seed]]\n");
		return 2;
	}
	lock_init(&lk, RankLeaf);
	control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	if (!ok(control >= 0 && dm_make(argv[1], argv[2]), "a device of dm-log-writes"))
		return done();
	snprintf(dev, sizeof dev, "/dev/dm-0");
	ok(fill(dev), "blocks (%s)", rerrstr());
	ok(dm_end(dm_begin(0), DM_DEV_REMOVE, "remove"), "the log is whole");
	if (ok(replay(argv[2]) && npoint > 0, "it can be read")) {
		for (int w = 0; w < WRITERS; w++)
			known += point[npoint - 1].synced[w];
		ok(known > WRITERS * BLOCKS / 2, "%u writes and %u other entries, %u blocks are promised", point[npoint - 1].at, npoint, known);
		checks(true, most, seed);
		checks(false, most, seed);
	}
	return done();
}
