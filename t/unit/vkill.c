/*
 * kill -9 of a store under eight writers, on a file: every block that was
 * synced must be there again, and the arenas clean.
 *
 *	t_vkill [rounds [seed]]
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <arena/arena.h>
#include <arena/arenas.h>
#include <arena/check.h>
#include <base/err.h>
#include <base/mem.h>
#include <os/clock.h>
#include <os/diskio.h>
#include "tap.h"

enum { WRITERS = 8, SIZE = 8000, PARTSIZE = 96 << 20, MOST = 100000 };

/* what a writer tells: its blocks below n are synced */
typedef struct Told {
	u32 w, n;
} Told;

static char path[256];
static int told; /* pipe */
static Store *store;
static u32 first[WRITERS], synced[WRITERS];

static void block(u8 *p, u32 w, u32 i)
{
	u32 x = w * 7919 + i * 104729 + 17;

	for (u32 k = 0; k < SIZE / 4; k++) {
		x = x * 1664525u + 1013904223u;
		memcpy(p + 4 * k, &x, 4);
	}
}

static void *writer(void *arg)
{
	u32 w = (u32)(uintptr_t)arg;
	u8 *p = mem_array(8, SIZE);

	for (u32 i = first[w];;) {
		StoreReq r[8] = { 0 };

		for (int k = 0; k < 8; k++, i++) {
			r[k] = (StoreReq){ .type = VtData, .p = p + k * SIZE, .n = SIZE };
			block(r[k].p, w, i);
		}
		store_write(store, r, 8);
		if (r[7].failed) /* full: nothing more to test */
			pause();
		if (store_sync(store) == 0 && write(told, &(Told){ w, i }, sizeof(Told)) != sizeof(Told))
			_exit(1);
	}
	return NULL;
}

static Store *start(void)
{
	autofree char *text = mem_printf("arenas %s\n", path);
	VtConf *c = conf_parse(text, strlen(text), "conf");
	ArenasOpt o = { .cache = 1 << 18 };
	Store *s = arenas_open(c, &o);

	conf_free(c);
	return s;
}

static void child(void)
{
	pthread_t t;

	store = start();
	if (store == NULL)
		_exit(1);
	for (int w = 0; w < WRITERS; w++)
		if (pthread_create(&t, NULL, writer, (void *)(uintptr_t)w) != 0)
			_exit(1);
	for (;;)
		pause();
}

/* runs the writers until so many syncs were told, then kills them */
static bool one(u32 syncs)
{
	int fd[2], status;
	pid_t pid;
	Told t;

	if (pipe(fd) < 0)
		return false;
	told = fd[1];
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		child();
	}
	close(fd[1]);
	for (u32 i = 0; i < syncs && read(fd[0], &t, sizeof t) == sizeof t; i++)
		synced[t.w] = t.n;
	kill(pid, SIGKILL);
	while (read(fd[0], &t, sizeof t) == sizeof t)
		synced[t.w] = t.n;
	close(fd[0]);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void fault(void *arg, Arena *a, const Fault *f)
{
	printf("# %s clump %u at %llu: %s\n", a->t.name, f->clump, (unsigned long long)f->at, f->why);
}

static u32 look(i64 *ms)
{
	i64 began = clock_ms();
	Store *s = start();
	u8 *want = mem_new(SIZE), *got = mem_new(SIZE);
	u32 bad = s == NULL;
	Check c = { .fault = fault };
	Part *p;

	*ms = clock_ms() - began;
	for (u32 w = 0; s != NULL && w < WRITERS; w++)
		for (u32 i = first[w] > 16 ? first[w] - 16 : 0; i < synced[w]; i++) {
			StoreReq r = { .type = VtData, .p = got, .n = SIZE };

			block(want, w, i);
			r.score = score_of(want, SIZE);
			store_read(s, &r, 1);
			bad += r.failed || memcmp(want, got, SIZE) != 0;
			free(r.err);
		}
	free(want);
	free(got);
	if (s != NULL)
		store_close(s);
	p = part_open(path, DiskRead);
	for (int i = 0; p != NULL && i < p->n; i++)
		bad += arena_check(p->arena[i], &c) != 0;
	part_close(p);
	return bad;
}

static bool format(void)
{
	PartFmt f = { .version = ARENA5, .blocksize = 8192, .arenasize = 16 << 20 };
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	bool good = fd >= 0 && diskio_truncate(fd, PARTSIZE) == 0;
	Disk *d = good ? disk_open(path, DiskWrite) : NULL;

	close(fd);
	good = d != NULL && part_format(d, "k", &f, NULL, NULL) == 0;
	disk_close(d);
	return good;
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? (u32)atoi(argv[1]) : 4, x = argc > 2 ? (u32)atoi(argv[2]) : 1, bad = 0, blocks = 0;
	i64 ms, worst = 0;

	snprintf(path, sizeof path, "%s/vkill.%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
	ok(format(), "formatted");
	for (u32 i = 0; i < rounds && bad == 0; i++) {
		x = x * 1664525u + 1013904223u;
		if (!one(1 + (x >> 20) % 40))
			bad++;
		bad += look(&ms);
		worst = ms > worst ? ms : worst;
		for (int w = 0; w < WRITERS; w++) {
			blocks += synced[w] - first[w];
			first[w] = synced[w];
		}
		if (blocks > 7000 && i + 1 < rounds) { /* it would fill up */
			blocks = 0;
			bad += !format();
			memset(first, 0, sizeof first);
			memset(synced, 0, sizeof synced);
		}
	}
	is_int(bad, 0, "%u times killed, slowest start %lld ms", rounds, (long long)worst);
	unlink(path);
	return done();
}
