/* The store of arenas: writing, reading, closing, opening again, filling up, damage. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <arena/arena.h>
#include <arena/arenas.h>
#include <arena/check.h>
#include <arena/index.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/diskio.h>
#include "tap.h"

enum { BIG = BLOCKMAX };

static char path[256];
static char told[ERRMAX]; /* the last failed request's error */
static pthread_mutex_t newslock = PTHREAD_MUTEX_INITIALIZER;
static char news[4096]; /* what the store said */

static void hear(void *arg, const char *text)
{
	size_t n;

	pthread_mutex_lock(&newslock);
	n = strlen(news);
	snprintf(news + n, sizeof news - n, "%s\n", text);
	pthread_mutex_unlock(&newslock);
}

static const char *said(void)
{
	static char copy[sizeof news];

	pthread_mutex_lock(&newslock);
	memcpy(copy, news, sizeof copy);
	pthread_mutex_unlock(&newslock);
	return copy;
}

/* block i of a series: its size and bytes depend on i and seed only */
static u32 block(u8 *p, u32 seed, u32 i)
{
	u32 x = seed * 2654435761u + i * 40503u + 1, n = i % 7 == 0 ? x % BIG + 1 : 8192;

	for (u32 k = 0; k < n; k++) {
		x = x * 1664525u + 1013904223u;
		p[k] = i % 3 == 0 ? (u8)("the quick brown fox "[k % 20] ^ (k % 97 == 0 ? x >> 24 : 0)) : (u8)(x >> 24);
	}
	return n;
}

static void format(u64 size, u64 arenasize, u32 version)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	PartFmt f = { .version = version, .blocksize = 8192, .arenasize = arenasize };
	Disk *d;

	ok(fd >= 0 && diskio_truncate(fd, size) == 0, "a file");
	close(fd);
	d = disk_open(path, DiskWrite);
	ok(d != NULL && part_format(d, "a", &f, NULL, NULL) == 0, "formatted (%s)", rerrstr());
	disk_close(d);
}

static Store *start(const char *more, ArenasOpt o)
{
	autofree char *text = mem_printf("arenas %s\n%s", path, more);
	VtConf *c = conf_parse(text, strlen(text), "conf");
	Store *s;

	told[0] = news[0] = 0;
	o.log = hear;
	if (o.cache == 0)
		o.cache = 1 << 20;
	s = arenas_open(c, &o);
	ok(s != NULL, "open (%s)", rerrstr());
	conf_free(c);
	return s;
}

static u32 write_all(Store *s, u32 seed, u32 n, bool old)
{
	u32 good = 0;
	enum { AT = 16 };
	u8 *b = mem_array(AT, BIG);

	for (u32 i = 0; i < n; i += AT) {
		StoreReq r[AT] = { 0 };
		int some = n - i < AT ? (int)(n - i) : AT;

		for (int k = 0; k < some; k++) {
			r[k].p = b + (size_t)k * BIG;
			r[k].type = VtData;
			r[k].n = block(r[k].p, seed, i + (u32)k);
		}
		store_write(s, r, some);
		for (int k = 0; k < some; k++) {
			good += !r[k].failed && r[k].old == old;
			if (r[k].failed)
				snprintf(told, sizeof told, "%s", r[k].err);
			free(r[k].err);
		}
	}
	free(b);
	return good;
}

static u32 read_all(Store *s, u32 seed, u32 n)
{
	u32 good = 0;
	enum { AT = 16 };
	u8 *want = mem_new(BIG), *b = mem_array(AT, BIG);
	u32 size[AT];

	for (u32 i = 0; i < n; i += AT) {
		StoreReq r[AT] = { 0 };
		int some = n - i < AT ? (int)(n - i) : AT;

		for (int k = 0; k < some; k++) {
			size[k] = block(want, seed, i + (u32)k);
			r[k] = (StoreReq){ .score = score_of(want, size[k]), .type = VtData, .p = b + (size_t)k * BIG, .n = BIG };
		}
		store_read(s, r, some);
		for (int k = 0; k < some; k++) {
			u32 len = block(want, seed, i + (u32)k);

			good += !r[k].failed && r[k].n == len && memcmp(r[k].p, want, len) == 0;
			if (r[k].failed)
				snprintf(told, sizeof told, "%s", r[k].err);
			free(r[k].err);
		}
	}
	free(b);
	free(want);
	return good;
}

static long faults;
static char fault[256];

static void on_fault(void *arg, Arena *a, const Fault *f)
{
	snprintf(fault, sizeof fault, "%s clump %u: %s", a->t.name, f->clump, f->why);
	printf("# %s\n", fault);
}

/* how many faults the checker finds in the partition */
static long check(bool quick)
{
	Check c = { .quick = quick, .fault = on_fault };
	Part *p = part_open(path, DiskRead);

	faults = p != NULL ? 0 : -1;
	for (int i = 0; p != NULL && i < p->n; i++)
		faults += arena_check(p->arena[i], &c);
	part_close(p);
	return faults;
}

static void rounds(const char *conf, ArenasOpt o, u32 version)
{
	enum { N = 700 };
	Store *s;
	ArenasTotal t;

	format(64 << 20, 16 << 20, version);
	s = start(conf, o);
	is_int(write_all(s, 1, N, false), N, "%s: new blocks", conf);
	is_int(read_all(s, 1, N), N, "read at once");
	is_int(write_all(s, 1, N, true), N, "once more: old ones");
	is_int(store_sync(s), 0, "sync");
	arenas_total(s, &t);
	ok(t.writes == N && t.dups == N && t.unsynced == 0 && t.clumps == N, "figures");
	store_close(s);
	is_int(check(false), 0, "the partition is clean");
	s = start(conf, o);
	is_str(said(), "", "opened again without a word");
	is_int(read_all(s, 1, N), N, "all there");
	is_int(write_all(s, 1, N, true), N, "all known");
	is_int(write_all(s, 2, 100, false), 100, "and more");
	store_close(s);
	s = start("", (ArenasOpt){ .readonly = true });
	is_int(read_all(s, 1, N) + read_all(s, 2, 100), N + 100, "read only: all there");
	is_int(write_all(s, 3, 1, false), 0, "read only: %s", told);
	store_close(s);
}

static void fills(void)
{
	Store *s;
	u32 n;
	ArenaInfo info;
	i64 until = clock_ms() + 60000;

	format(6 << 20, 2 << 20, ARENA5);
	s = start("", (ArenasOpt){ 0 });
	n = write_all(s, 4, 1000, false);
	ok(n > 300 && n < 1000, "%u blocks fit", n);
	is_str(told, "file system is full", "then it is full");
	is_int(store_sync(s), 0, "sync");
	ok(read_all(s, 4, n) >= n - 20, "reads go on");
	do {
		usleep(10000);
		arenas_info(s, 0, &info);
	} while (info.score.b[0] == 0 && info.score.b[1] == 0 && clock_ms() < until);
	ok(info.sealed, "the first arena is sealed");
	store_close(s);
	is_int(check(false), 0, "clean");
	s = start("", (ArenasOpt){ 0 });
	is_str(said(), "", "opened again");
	is_int(write_all(s, 9, 1, false), 0, "still full: %s", told);
	store_close(s);
}

static void wrongs(void)
{
	u8 *p = mem_new(BIG + 1);
	Store *s;
	StoreReq r[3] = { { .p = p, .n = BIG + 1, .type = VtData }, { .p = p, .n = 0, .type = VtData }, { .p = p, .n = 5, .type = 255 } };

	format(4 << 20, 4 << 20, ARENA5);
	s = start("", (ArenasOpt){ 0 });
	store_write(s, r, 3);
	ok(r[0].failed && strcmp(r[0].err, "lump too large") == 0, "too large");
	ok(!r[1].failed && score_eq(&r[1].score, &score_zero), "nothing has the zero score");
	ok(r[2].failed, "a bad type: %s", r[2].err);
	free(r[0].err);
	free(r[2].err);
	memcpy(p, "hello", 5);
	r[0] = (StoreReq){ .p = p, .n = 5, .type = VtData };
	r[1] = (StoreReq){ .p = p, .n = 5, .type = VtData };
	store_write(s, r, 2);
	ok(!r[0].failed && !r[0].old && !r[1].failed && r[1].old, "a block twice in one call");
	r[1] = (StoreReq){ .p = p, .n = 4, .type = VtData, .score = r[0].score };
	r[2] = (StoreReq){ .p = p + 100, .n = 10, .type = VtDir, .score = r[0].score };
	store_read(s, r + 1, 2);
	is_str(r[1].err, "read too small: asked for 4 need at least 5", "too small");
	is_str(r[2].err, "no block with score aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d/2 exists", "another type");
	free(r[1].err);
	free(r[2].err);
	ok(part_open(path, DiskWrite) == NULL && strstr(rerrstr(), "another program") != NULL, "a second writer: %s", rerrstr());
	store_close(s);
	free(p);
}

static void flip(u64 at)
{
	u8 b;
	int fd = open(path, O_RDWR);

	ok(pread(fd, &b, 1, (off_t)at) == 1, "flip a bit at %llu", (unsigned long long)at);
	b ^= 4;
	ok(pwrite(fd, &b, 1, (off_t)at) == 1, "done");
	close(fd);
}

static long mirror(void *arg, const Score *score, int type, u8 *p, u32 n)
{
	return block(p, 5, *(u32 *)arg);
}

static void damage(void)
{
	Store *s;
	Part *p;
	u64 base;
	u32 which = 1;
	char hex[SCORETEXT];
	u8 *b = mem_new(BIG);
	u32 n0 = block(b, 5, 0);
	Score first = score_of(b, n0);

	format(8 << 20, 8 << 20, ARENA5);
	s = start("", (ArenasOpt){ 0 });
	is_int(write_all(s, 5, 50, false), 50, "blocks");
	store_close(s);
	p = part_open(path, DiskRead);
	base = p->arena[0]->base;
	part_close(p);
	flip(base + CLUMP + n0 + CLUMP + 1000); /* in the second's bytes */
	ok(check(false) >= 1, "the check finds it: %s", fault);
	s = start("", (ArenasOpt){ 0 });
	is_int(read_all(s, 5, 50), 49, "one is gone: %s", told);
	is_int(write_all(s, 6, 1, false), 0, "and the arena takes no more");
	store_close(s);
	s = start("", (ArenasOpt){ .heal = mirror, .arg = &which });
	is_int(read_all(s, 5, 50), 50, "with a mirror all is well");
	store_close(s);
	is_int(check(false), 0, "it was healed in its place");
	flip(base + 10); /* in the first clump's head: its score */
	s = start("", (ArenasOpt){ 0 });
	is_int(read_all(s, 5, 50), 50, "a damaged head costs no block %s", score_print(&first, hex));
	store_close(s);
	is_int(check(false), 1, "but is found");
	free(b);
}

static void indexed(bool from, u32 clumps, const char *what)
{
	autofree char *conf = mem_printf("isect %s.i\n", path);
	Store *s = start(conf, (ArenasOpt){ 0 });
	IndexCheck c;

	is_int(arenas_checkindex(s, &c), 0, "%s: check the index", what);
	ok(c.checkpoint == from && c.missing == 0 && c.clumps == clumps, "%s, %llu blocks of %u, %llu missing",
		c.checkpoint ? "from a checkpoint" : "made anew", (unsigned long long)c.clumps, clumps, (unsigned long long)c.missing);
	is_int(read_all(s, 1, 300), 300, "all read");
	store_close(s);
}

static void checkpoints(void)
{
	autofree char *isect = mem_printf("%s.i", path), *conf = mem_printf("isect %s\n", isect);
	int fd = open(isect, O_RDWR | O_CREAT | O_TRUNC, 0600);
	Store *s;
	Disk *d;

	ok(fd >= 0 && diskio_truncate(fd, 8 << 20) == 0, "a file for the index");
	close(fd);
	format(32 << 20, 8 << 20, ARENA5);
	s = start(conf, (ArenasOpt){ 0 });
	ok(strstr(said(), "not an index section") != NULL, "%s", said());
	is_int(write_all(s, 1, 300, false), 300, "blocks");
	store_close(s);
	d = disk_open(isect, DiskWrite);
	ok(isect_format(d, "isect0") == 0, "fmtisect");
	disk_close(d);
	indexed(false, 300, "new");
	indexed(true, 300, "again");
	s = start("", (ArenasOpt){ 0 });
	is_int(write_all(s, 2, 500, false), 500, "more, in another arena, the index looking away");
	store_close(s);
	indexed(true, 800, "and some that it had not");
	d = disk_open(isect, DiskWrite);
	for (u64 at = 256 << 10; at < d->size; at += 4096) {
		u8 b;

		if (disk_read(d, &b, 1, at + 20) < 0)
			break;
		b ^= 1;
		if (at > 256 << 10 && disk_write(d, &b, 1, at + 20) < 0)
			break;
	}
	disk_close(d);
	indexed(false, 800, "damaged");
	indexed(true, 800, "and again");
	format(32 << 20, 8 << 20, ARENA5);
	s = start(conf, (ArenasOpt){ 0 });
	ok(strstr(said(), "not of these arenas") != NULL, "%s", said());
	is_int(read_all(s, 1, 10), 0, "other arenas: nothing there");
	store_close(s);
	unlink(isect);
}

int main(void)
{
	snprintf(path, sizeof path, "%s/arenas.%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
	rounds("", (ArenasOpt){ 0 }, ARENA5);
	rounds("compress whack\n", (ArenasOpt){ .noring = true }, ARENA4);
	rounds("compress zstd\n", (ArenasOpt){ 0 }, ARENA5);
	fills();
	wrongs();
	damage();
	checkpoints();
	unlink(path);
	return done();
}
